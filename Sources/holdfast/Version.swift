/// The version that `holdfast version` prints and that the client library tells brokers.
enum Version {
    static let text = "0.1.0"
}
