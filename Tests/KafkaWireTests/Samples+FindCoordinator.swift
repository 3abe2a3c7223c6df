import KafkaWire

extension FindCoordinatorRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> FindCoordinatorRequest {
        let key = values.string()
        let keyType = values.int8()
        let coordinatorKeys = values.stringArray()
        return FindCoordinatorRequest(
            keyType: version >= 1 ? keyType : 0,
            coordinatorKeys: version >= 4 ? coordinatorKeys : [key])
    }
}

extension FindCoordinatorResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> FindCoordinatorResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let errorMessage = values.nullableString()
        let nodeId = values.int32()
        let host = values.string()
        let port = values.int32()
        let coordinators = values.array { Coordinator.sample(&$0, version: version) }
        let single = Coordinator(
            key: "", nodeId: nodeId, host: host, port: port, errorCode: errorCode,
            errorMessage: version >= 1 ? errorMessage : nil)
        return FindCoordinatorResponse(
            throttleTimeMs: version >= 1 ? throttleTimeMs : 0,
            coordinators: version >= 4 ? coordinators : [single])
    }
}

extension FindCoordinatorResponse.Coordinator: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> Self {
        let key = values.string()
        let nodeId = values.int32()
        let host = values.string()
        let port = values.int32()
        let errorCode = values.errorCode()
        return Self(
            key: key, nodeId: nodeId, host: host, port: port, errorCode: errorCode,
            errorMessage: values.nullableString())
    }
}
