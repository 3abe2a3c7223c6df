import Bytes

/// Where a node named by a `KafkaLeader` can be reached (KIP-951).
package struct KafkaNodeEndpoint: KafkaStructure {
    package var nodeId: Int32
    package var host: String
    package var port: Int32
    package var rack: String?

    package static let minimumSize = 11

    package init(nodeId: Int32, host: String, port: Int32, rack: String? = nil) {
        self.nodeId = nodeId
        self.host = host
        self.port = port
        self.rack = rack
    }

    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        nodeId = try reader.int32()
        host = try reader.kafkaString(flexible: true)
        port = try reader.int32()
        rack = try reader.kafkaNullableString(flexible: true)
        try reader.skipKafkaTaggedFields(flexible: true)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        writer.int32(nodeId)
        writer.kafkaString(host, flexible: true)
        writer.int32(port)
        writer.kafkaNullableString(rack, flexible: true)
        writer.kafkaNoTaggedFields(flexible: true)
    }
}
