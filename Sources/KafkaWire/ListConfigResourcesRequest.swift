import Bytes

/// Asks what there is with settings of its own (KIP-1142); version 0 means client metrics alone.
package struct ListConfigResourcesRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.listConfigResources
    package static let firstFlexible: Int16 = 0

    /// Empty asks for all.
    package var resourceTypes: [Int8]

    package init(resourceTypes: [Int8]) {
        self.resourceTypes = resourceTypes
    }
}

extension ListConfigResourcesRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        resourceTypes = try version >= 1 ? reader.kafkaInt8Array(flexible: true) : []
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        if version >= 1 { writer.kafkaInt8Array(resourceTypes, flexible: true) }
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
