import Bytes

/// The brokers and the controller.
package struct DescribeClusterResponse: KafkaResponseBody {
    package static let apiKey = ApiKey.describeCluster
    package static let firstFlexible: Int16 = 0

    /// How long the client should wait before its next request, in milliseconds.
    package var throttleTimeMs: Int32
    package var errorCode: KafkaErrorCode
    /// nil when there is nothing to add to the code.
    package var errorMessage: String?
    /// 1 brokers, 2 controllers (KIP-919).
    package var endpointType: Int8
    package var clusterId: String
    /// -1 when unknown.
    package var controllerId: Int32
    package var brokers: [Broker]
    /// Bit field; `Int32.min` when not asked for (KIP-430).
    package var clusterAuthorizedOperations: Int32

    package init(
        throttleTimeMs: Int32 = 0, errorCode: KafkaErrorCode = .none, errorMessage: String? = nil,
        endpointType: Int8 = 1, clusterId: String, controllerId: Int32 = -1, brokers: [Broker],
        clusterAuthorizedOperations: Int32 = Int32.min
    ) {
        self.throttleTimeMs = throttleTimeMs
        self.errorCode = errorCode
        self.errorMessage = errorMessage
        self.endpointType = endpointType
        self.clusterId = clusterId
        self.controllerId = controllerId
        self.brokers = brokers
        self.clusterAuthorizedOperations = clusterAuthorizedOperations
    }
}

extension DescribeClusterResponse {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeClusterResponse.firstFlexible
        throttleTimeMs = try reader.int32()
        errorCode = try reader.kafkaErrorCode()
        errorMessage = try reader.kafkaNullableString(flexible: flexible)
        endpointType = try version >= 1 ? reader.int8() : 1
        clusterId = try reader.kafkaString(flexible: flexible)
        controllerId = try reader.int32()
        brokers = try reader.kafkaArray(of: Broker.self, version: version, flexible: flexible)
        clusterAuthorizedOperations = try reader.int32()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeClusterResponse.firstFlexible
        writer.int32(throttleTimeMs)
        writer.kafkaErrorCode(errorCode)
        writer.kafkaNullableString(errorMessage, flexible: flexible)
        if version >= 1 { writer.int8(endpointType) }
        writer.kafkaString(clusterId, flexible: flexible)
        writer.int32(controllerId)
        writer.kafkaArray(brokers, version: version, flexible: flexible)
        writer.int32(clusterAuthorizedOperations)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeClusterResponse {
    package struct Broker: KafkaStructure {
        package var brokerId: Int32
        package var host: String
        package var port: Int32
        package var rack: String?

        package static let minimumSize = 11

        package init(brokerId: Int32, host: String, port: Int32, rack: String? = nil) {
            self.brokerId = brokerId
            self.host = host
            self.port = port
            self.rack = rack
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeClusterResponse.firstFlexible
            brokerId = try reader.int32()
            host = try reader.kafkaString(flexible: flexible)
            port = try reader.int32()
            rack = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeClusterResponse.firstFlexible
            writer.int32(brokerId)
            writer.kafkaString(host, flexible: flexible)
            writer.int32(port)
            writer.kafkaNullableString(rack, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
