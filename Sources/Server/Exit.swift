import Glibc

/// Ends the process without running anything else of ours.
func endProcess(code: Int32) -> Never {
    fflush(nil)
    _exit(code)
}

/// Starts the same program again in place of this one, with the same arguments and under the same process id: nothing
/// of this one is left, as if it had been killed. Without a `/proc` it only ends.
func beginAgain() -> Never {
    fflush(nil)
    var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
    arguments.append(nil)
    execv("/proc/self/exe", arguments)
    endProcess(code: 1)
}
