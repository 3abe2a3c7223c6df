import KafkaWire

extension DescribeGroupsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeGroupsRequest {
        let groups = values.stringArray()
        let includeAuthorizedOperations = values.bool()
        return DescribeGroupsRequest(
            groups: groups,
            includeAuthorizedOperations: version >= 3 ? includeAuthorizedOperations : false)
    }
}

extension DescribeGroupsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeGroupsResponse {
        let throttleTimeMs = values.int32()
        let groups = values.array { DescribeGroupsResponse.Group.sample(&$0, version: version) }
        return DescribeGroupsResponse(
            throttleTimeMs: version >= 1 ? throttleTimeMs : 0,
            groups: groups)
    }
}

extension DescribeGroupsResponse.Group: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeGroupsResponse.Group {
        let errorCode = values.errorCode()
        let groupId = values.string()
        let groupState = values.string()
        let protocolType = values.string()
        let protocolData = values.string()
        let members = values.array { DescribeGroupsResponse.Member.sample(&$0, version: version) }
        let authorizedOperations = values.int32()
        return DescribeGroupsResponse.Group(
            errorCode: errorCode,
            groupId: groupId,
            groupState: groupState,
            protocolType: protocolType,
            protocolData: protocolData,
            members: members,
            authorizedOperations: version >= 3 ? authorizedOperations : Int32.min)
    }
}

extension DescribeGroupsResponse.Member: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeGroupsResponse.Member {
        let memberId = values.string()
        let groupInstanceId = values.nullableString()
        let clientId = values.string()
        let clientHost = values.string()
        let memberMetadata = values.bytes()
        let memberAssignment = values.bytes()
        return DescribeGroupsResponse.Member(
            memberId: memberId,
            groupInstanceId: version >= 4 ? groupInstanceId : nil,
            clientId: clientId,
            clientHost: clientHost,
            memberMetadata: memberMetadata,
            memberAssignment: memberAssignment)
    }
}
