import KafkaWire

extension KafkaQuotaEntity: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> KafkaQuotaEntity {
        let entityType = values.string()
        return KafkaQuotaEntity(entityType: entityType, entityName: values.nullableString())
    }
}

extension AlterClientQuotasRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterClientQuotasRequest {
        let entries = values.array { AlterClientQuotasRequest.Entry.sample(&$0, version: version) }
        return AlterClientQuotasRequest(entries: entries, validateOnly: values.bool())
    }
}

extension AlterClientQuotasRequest.Entry: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterClientQuotasRequest.Entry {
        let entity = values.array { KafkaQuotaEntity.sample(&$0, version: version) }
        let operations = values.array { AlterClientQuotasRequest.Operation.sample(&$0, version: version) }
        return AlterClientQuotasRequest.Entry(entity: entity, operations: operations)
    }
}

extension AlterClientQuotasRequest.Operation: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterClientQuotasRequest.Operation {
        let key = values.string()
        let bits = values.doubleBits()
        return AlterClientQuotasRequest.Operation(key: key, valueBits: bits, remove: values.bool())
    }
}

extension AlterClientQuotasResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterClientQuotasResponse {
        let throttleTimeMs = values.int32()
        let entries = values.array { AlterClientQuotasResponse.Entry.sample(&$0, version: version) }
        return AlterClientQuotasResponse(throttleTimeMs: throttleTimeMs, entries: entries)
    }
}

extension AlterClientQuotasResponse.Entry: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterClientQuotasResponse.Entry {
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let entity = values.array { KafkaQuotaEntity.sample(&$0, version: version) }
        return AlterClientQuotasResponse.Entry(errorCode: errorCode, errorMessage: errorMessage, entity: entity)
    }
}

extension DescribeClientQuotasRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeClientQuotasRequest {
        let components = values.array { DescribeClientQuotasRequest.Component.sample(&$0, version: version) }
        return DescribeClientQuotasRequest(components: components, strict: values.bool())
    }
}

extension DescribeClientQuotasRequest.Component: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeClientQuotasRequest.Component {
        let entityType = values.string()
        let matchType = values.int8()
        return DescribeClientQuotasRequest.Component(
            entityType: entityType, matchType: matchType, match: values.nullableString())
    }
}

extension DescribeClientQuotasResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeClientQuotasResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let entries = values.nullableArray { DescribeClientQuotasResponse.Entry.sample(&$0, version: version) }
        return DescribeClientQuotasResponse(
            throttleTimeMs: throttleTimeMs, errorCode: errorCode, errorMessage: errorMessage, entries: entries)
    }
}

extension DescribeClientQuotasResponse.Entry: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeClientQuotasResponse.Entry {
        let entity = values.array { KafkaQuotaEntity.sample(&$0, version: version) }
        let quotas = values.array { DescribeClientQuotasResponse.Value.sample(&$0, version: version) }
        return DescribeClientQuotasResponse.Entry(entity: entity, values: quotas)
    }
}

extension DescribeClientQuotasResponse.Value: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeClientQuotasResponse.Value {
        let key = values.string()
        return DescribeClientQuotasResponse.Value(key: key, valueBits: values.doubleBits())
    }
}
