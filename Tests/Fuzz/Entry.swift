import Bytes
import Glibc

// libFuzzer's two entry points. The environment chooses what the process is for: FUZZ_TARGET names the target,
// FUZZ_SEEDS a folder to write the target's seeds to, FUZZ_LIST asks for the list of targets.

private let target: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else { fatalError("no target '\(name)'") }
    return target
}()

@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzing(_ count: UnsafeMutableRawPointer?, _ words: UnsafeMutableRawPointer?) -> CInt {
    if getenv("FUZZ_LIST") != nil {
        for target in FuzzTarget.all {
            print("\(target.name)\t\(target.maximumLength)\t\(target.allocationLimit)\t\(target.summary)")
        }
        exit(0)
    }
    guard let folder = getenv("FUZZ_SEEDS") else { return 0 }
    do {
        for (number, seed) in try target.seeds().enumerated() {
            write(seed, to: "\(String(cString: folder))/seed-\(number)")
        }
    } catch {
        fatalError("seeds of \(target.name): \(error)")
    }
    exit(0)
}

private func write(_ bytes: ByteSlice, to path: String) {
    guard let file = fopen(path, "w") else { fatalError("\(path): errno \(errno)") }
    let written = bytes.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    guard written == bytes.count, fclose(file) == 0 else { fatalError("\(path): errno \(errno)") }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func runOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        // A copy of exactly that size, so that the address sanitizer sees a read past its end.
        try target.run(ByteSlice(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        fatalError("\(target.name): \(error)")
    }
    return 0
}
