import KafkaWire

extension ListGroupsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListGroupsRequest {
        let statesFilter = values.stringArray()
        let typesFilter = values.stringArray()
        return ListGroupsRequest(
            statesFilter: version >= 4 ? statesFilter : [],
            typesFilter: version >= 5 ? typesFilter : [])
    }
}

extension ListGroupsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListGroupsResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let groups = values.array { ListGroupsResponse.Group.sample(&$0, version: version) }
        return ListGroupsResponse(
            throttleTimeMs: version >= 1 ? throttleTimeMs : 0,
            errorCode: errorCode,
            groups: groups)
    }
}

extension ListGroupsResponse.Group: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ListGroupsResponse.Group {
        let groupId = values.string()
        let protocolType = values.string()
        let groupState = values.string()
        let groupType = values.string()
        return ListGroupsResponse.Group(
            groupId: groupId,
            protocolType: protocolType,
            groupState: version >= 4 ? groupState : "",
            groupType: version >= 5 ? groupType : "")
    }
}
