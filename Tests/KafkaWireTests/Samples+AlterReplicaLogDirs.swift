import KafkaWire

extension AlterReplicaLogDirsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterReplicaLogDirsRequest {
        let dirs = values.array { AlterReplicaLogDirsRequest.Directory.sample(&$0, version: version) }
        return AlterReplicaLogDirsRequest(
            dirs: dirs)
    }
}

extension AlterReplicaLogDirsRequest.Directory: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> AlterReplicaLogDirsRequest.Directory {
        let path = values.string()
        let topics = values.array { AlterReplicaLogDirsRequest.Topic.sample(&$0, version: version) }
        return AlterReplicaLogDirsRequest.Directory(
            path: path,
            topics: topics)
    }
}
