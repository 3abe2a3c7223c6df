import Bytes
import KafkaWire

extension KafkaSession {
    /// Everything but Produce and Fetch.
    func handleOther(_ request: KafkaRequest, frame: ByteSlice) {
        switch request.body {
        case .apiVersions: respond(request.header, ApiVersionsResponse.served)
        default: close(reason: "\(request.header.apiKey) is not served")
        }
    }
}
