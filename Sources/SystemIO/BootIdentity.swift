import CSystem

/// Which boot of the operating system this is, as a number: the kernel draws an identity at each (Linux,
/// `Documentation/admin-guide/sysctl/kernel.rst`, "random"). Containers have their host's, as they have its page cache.
enum BootIdentity {
    /// If the kernel does not tell, that of this process: then each start counts as one after a crash of the system.
    /// Never 0.
    static let current: UInt64 = {
        var identity: UInt64 = 0
        guard holdfast_boot_identity(&identity) == 0 else { return max(SystemEntropy().next(), 1) }
        return max(identity, 1)
    }()
}
