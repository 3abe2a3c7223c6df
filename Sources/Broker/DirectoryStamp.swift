/// Tells whether the directory of topics has changed.
package struct DirectoryStamp: Equatable, Sendable {
    /// Topics have numbers below this.
    package let numbers: UInt32
    let topics: Int
    let partitions: Int
}
