import CSystem

/// The process as the operating system sees it. Each reading costs a few system calls: for a metrics page, not for a
/// hot path.
package enum ProcessMetrics {
    /// Bytes of memory in RAM, nil where /proc is not mounted.
    package static var residentBytes: Int? { reading(holdfast_resident_bytes()) }
    package static var openDescriptors: Int? { reading(holdfast_open_descriptors()) }
    package static var descriptorLimit: Int? { reading(holdfast_descriptor_limit()) }

    /// Sets the allocator up for a process that handles megabyte-sized buffers; call once, before starting threads.
    package static func tuneMemory() throws(SystemError) {
        let result = holdfast_tune_memory()
        if result < 0 { throw SystemError("tuning the allocator", errno: -result) }
    }

    private static func reading(_ value: Int64) -> Int? { value < 0 ? nil : Int(value) }
}
