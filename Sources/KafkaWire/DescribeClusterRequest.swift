import Bytes

/// Asks for the brokers and the controller (KIP-700).
package struct DescribeClusterRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeCluster
    package static let firstFlexible: Int16 = 0

    package var includeClusterAuthorizedOperations: Bool
    /// 1 brokers, 2 controllers (KIP-919).
    package var endpointType: Int8

    package init(includeClusterAuthorizedOperations: Bool, endpointType: Int8 = 1) {
        self.includeClusterAuthorizedOperations = includeClusterAuthorizedOperations
        self.endpointType = endpointType
    }
}

extension DescribeClusterRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeClusterRequest.firstFlexible
        includeClusterAuthorizedOperations = try reader.kafkaBool()
        endpointType = try version >= 1 ? reader.int8() : 1
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeClusterRequest.firstFlexible
        writer.kafkaBool(includeClusterAuthorizedOperations)
        if version >= 1 { writer.int8(endpointType) }
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}
