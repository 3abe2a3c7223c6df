import KafkaWire

extension DeleteGroupsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteGroupsRequest {
        let groupsNames = values.stringArray()
        return DeleteGroupsRequest(
            groupsNames: groupsNames)
    }
}

extension DeleteGroupsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteGroupsResponse {
        let throttleTimeMs = values.int32()
        let results = values.array { DeleteGroupsResponse.Group.sample(&$0, version: version) }
        return DeleteGroupsResponse(
            throttleTimeMs: throttleTimeMs,
            results: results)
    }
}

extension DeleteGroupsResponse.Group: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DeleteGroupsResponse.Group {
        let groupId = values.string()
        let errorCode = values.errorCode()
        return DeleteGroupsResponse.Group(
            groupId: groupId,
            errorCode: errorCode)
    }
}
