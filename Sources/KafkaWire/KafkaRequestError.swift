import Bytes

/// Why a request frame could not be turned into a request.
package enum KafkaRequestError: Error, Equatable, Sendable {
    /// The stream is not Kafka, or is out of step: nothing can be answered.
    case malformedHeader(DecodeError)
    /// An API that is not served here, so that not even the layout of its response is known.
    case unknownApi(key: Int16, version: Int16, correlationId: Int32)
    /// A known API in a version that is not served. For ApiVersions the answer is
    /// `ApiVersionsResponse.unsupportedVersion`; for the others the layout of the response is unknown.
    case unsupportedVersion(KafkaRequestHeader)
    /// The header is good, the body is not what its version says.
    case malformedBody(KafkaRequestHeader, DecodeError)
}

extension KafkaRequestError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedHeader(let error): "malformed request header: \(error)"
        case .unknownApi(let key, let version, _): "unknown API key \(key) (version \(version))"
        case .unsupportedVersion(let header): "\(header.apiKey) version \(header.apiVersion) is not served"
        case .malformedBody(let header, let error):
            "malformed \(header.apiKey) request, version \(header.apiVersion): \(error)"
        }
    }
}
