import Bytes

/// A request or response body, or a structure inside one. The version is always that of the enclosing request; fields
/// that a version does not have take their default when decoded and are not written when encoded.
package protocol KafkaStructure: Equatable, Sendable {
    /// Least bytes of one encoded value over the served versions, to check a count before memory is taken for it.
    static var minimumSize: Int { get }

    init(from reader: inout ByteReader, version: Int16) throws(DecodeError)

    func encode(into writer: inout ByteWriter, version: Int16)
}

/// The body of a message with the API it belongs to.
package protocol KafkaBody: KafkaStructure, KafkaFlexible {
    static var apiKey: ApiKey { get }
}

extension KafkaBody {
    /// Bodies are never elements of an array.
    package static var minimumSize: Int { 1 }
}

package protocol KafkaRequestBody: KafkaBody {
    /// The highest version that can say all of this; a client sends none higher.
    var newestVersion: Int16 { get }
}

extension KafkaRequestBody {
    package var newestVersion: Int16 { SupportedApis[Self.apiKey].maximum }
}

package protocol KafkaResponseBody: KafkaBody {}
