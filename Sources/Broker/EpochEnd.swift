/// An epoch and the offset after its last record.
package struct EpochEnd: Hashable, Sendable {
    package var epoch: Int32
    package var offset: Int64
}
