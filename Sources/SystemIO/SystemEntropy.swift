import CSystem
import Ports

/// Random bits of the operating system (getrandom).
package final class SystemEntropy: Entropy {
    package init() {}

    package func next() -> UInt64 {
        var value: UInt64 = 0
        let result = holdfast_random(&value, MemoryLayout<UInt64>.size)
        precondition(result == 0, "getrandom: errno \(-result)")
        return value
    }
}
