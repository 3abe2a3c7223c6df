import Bytes

/// Asks for the quotas of those whom a filter lets through (KIP-546).
package struct DescribeClientQuotasRequest: KafkaRequestBody {
    package static let apiKey = ApiKey.describeClientQuotas
    package static let firstFlexible: Int16 = 1

    package var components: [Component]
    /// Only entities that have no other parts than the components'.
    package var strict: Bool

    package init(components: [Component], strict: Bool = false) {
        self.components = components
        self.strict = strict
    }
}

extension DescribeClientQuotasRequest {
    package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
        let flexible = version >= DescribeClientQuotasRequest.firstFlexible
        components = try reader.kafkaArray(of: Component.self, version: version, flexible: flexible)
        strict = try reader.kafkaBool()
        try reader.skipKafkaTaggedFields(flexible: flexible)
    }

    package func encode(into writer: inout ByteWriter, version: Int16) {
        let flexible = version >= DescribeClientQuotasRequest.firstFlexible
        writer.kafkaArray(components, version: version, flexible: flexible)
        writer.kafkaBool(strict)
        writer.kafkaNoTaggedFields(flexible: flexible)
    }
}

extension DescribeClientQuotasRequest {
    package struct Component: KafkaStructure {
        package var entityType: String
        /// 0 this name, 1 the default, 2 any.
        package var matchType: Int8
        package var match: String?

        package static let minimumSize = 4

        package init(entityType: String, matchType: Int8, match: String? = nil) {
            self.entityType = entityType
            self.matchType = matchType
            self.match = match
        }

        package init(from reader: inout ByteReader, version: Int16) throws(DecodeError) {
            let flexible = version >= DescribeClientQuotasRequest.firstFlexible
            entityType = try reader.kafkaString(flexible: flexible)
            matchType = try reader.int8()
            match = try reader.kafkaNullableString(flexible: flexible)
            try reader.skipKafkaTaggedFields(flexible: flexible)
        }

        package func encode(into writer: inout ByteWriter, version: Int16) {
            let flexible = version >= DescribeClientQuotasRequest.firstFlexible
            writer.kafkaString(entityType, flexible: flexible)
            writer.int8(matchType)
            writer.kafkaNullableString(match, flexible: flexible)
            writer.kafkaNoTaggedFields(flexible: flexible)
        }
    }
}
