/// Tells whether the directory of topics has changed.
package struct DirectoryStamp: Equatable, Sendable {
    let numbers: UInt32
    let topics: Int
    let partitions: Int
}
