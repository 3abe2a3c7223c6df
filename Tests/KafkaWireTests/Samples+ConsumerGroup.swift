import KafkaWire

extension ConsumerGroupHeartbeatRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ConsumerGroupHeartbeatRequest {
        let groupId = values.string()
        let memberId = values.string()
        let memberEpoch = values.int32()
        let instanceId = values.nullableString()
        let rackId = values.nullableString()
        let rebalanceTimeoutMs = values.int32()
        let names = values.nullableStringArray()
        let regex = values.nullableString()
        let serverAssignor = values.nullableString()
        let topicPartitions = values.nullableArray { KafkaTopicPartitions.sample(&$0, version: version) }
        return ConsumerGroupHeartbeatRequest(
            groupId: groupId,
            memberId: memberId,
            memberEpoch: memberEpoch,
            instanceId: instanceId,
            rackId: rackId,
            rebalanceTimeoutMs: rebalanceTimeoutMs,
            subscribedTopicNames: names,
            subscribedTopicRegex: version >= 1 ? regex : nil,
            serverAssignor: serverAssignor,
            topicPartitions: topicPartitions)
    }
}

extension KafkaTopicPartitions: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> KafkaTopicPartitions {
        let topicId = values.uuid()
        return KafkaTopicPartitions(topicId: topicId, partitions: values.int32Array())
    }
}

extension ConsumerGroupHeartbeatResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ConsumerGroupHeartbeatResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let memberId = values.nullableString()
        let memberEpoch = values.int32()
        let heartbeatIntervalMs = values.int32()
        let hasAssignment = !values.isNull()
        let topics = hasAssignment ? values.array { KafkaTopicPartitions.sample(&$0, version: version) } : nil
        return ConsumerGroupHeartbeatResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: errorCode,
            errorMessage: errorMessage,
            memberId: memberId,
            memberEpoch: memberEpoch,
            heartbeatIntervalMs: heartbeatIntervalMs,
            assignment: topics)
    }
}

extension ConsumerGroupDescribeRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ConsumerGroupDescribeRequest {
        let groupIds = values.stringArray()
        return ConsumerGroupDescribeRequest(groupIds: groupIds, includeAuthorizedOperations: values.bool())
    }
}

extension ConsumerGroupDescribeResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> ConsumerGroupDescribeResponse {
        let throttleTimeMs = values.int32()
        return ConsumerGroupDescribeResponse(
            throttleTimeMs: throttleTimeMs,
            groups: values.array { Group.sample(&$0, version: version) })
    }
}

extension ConsumerGroupDescribeResponse.Group: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let groupId = values.string()
        let groupState = values.string()
        let groupEpoch = values.int32()
        let assignmentEpoch = values.int32()
        let assignorName = values.string()
        let members = values.array { ConsumerGroupDescribeResponse.Member.sample(&$0, version: version) }
        return Self(
            errorCode: errorCode,
            errorMessage: errorMessage,
            groupId: groupId,
            groupState: groupState,
            groupEpoch: groupEpoch,
            assignmentEpoch: assignmentEpoch,
            assignorName: assignorName,
            members: members,
            authorizedOperations: values.int32())
    }
}

extension ConsumerGroupDescribeResponse.Member: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let memberId = values.string()
        let instanceId = values.nullableString()
        let rackId = values.nullableString()
        let memberEpoch = values.int32()
        let clientId = values.string()
        let clientHost = values.string()
        let names = values.stringArray()
        let regex = values.nullableString()
        let assignment = values.array { ConsumerGroupDescribeResponse.TopicPartitions.sample(&$0, version: version) }
        let target = values.array { ConsumerGroupDescribeResponse.TopicPartitions.sample(&$0, version: version) }
        let memberType = values.int8()
        return Self(
            memberId: memberId,
            instanceId: instanceId,
            rackId: rackId,
            memberEpoch: memberEpoch,
            clientId: clientId,
            clientHost: clientHost,
            subscribedTopicNames: names,
            subscribedTopicRegex: regex,
            assignment: assignment,
            targetAssignment: target,
            memberType: version >= 1 ? memberType : -1)
    }
}

extension ConsumerGroupDescribeResponse.TopicPartitions: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let topicId = values.uuid()
        let topicName = values.string()
        return Self(topicId: topicId, topicName: topicName, partitions: values.int32Array())
    }
}
