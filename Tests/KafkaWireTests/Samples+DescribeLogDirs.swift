import KafkaWire

extension DescribeLogDirsRequest: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeLogDirsRequest {
        let topics = values.nullableArray { DescribeLogDirsRequest.Topic.sample(&$0, version: version) }
        return DescribeLogDirsRequest(
            topics: topics)
    }
}

extension DescribeLogDirsResponse: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeLogDirsResponse {
        let throttleTimeMs = values.int32()
        let errorCode = values.errorCode()
        let results = values.array { DescribeLogDirsResponse.Directory.sample(&$0, version: version) }
        return DescribeLogDirsResponse(
            throttleTimeMs: throttleTimeMs,
            errorCode: version >= 3 ? errorCode : .none,
            results: results)
    }
}

extension DescribeLogDirsResponse.Directory: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeLogDirsResponse.Directory {
        let errorCode = values.errorCode()
        let logDir = values.string()
        let topics = values.array { DescribeLogDirsResponse.Topic.sample(&$0, version: version) }
        let totalBytes = values.int64()
        let usableBytes = values.int64()
        return DescribeLogDirsResponse.Directory(
            errorCode: errorCode,
            logDir: logDir,
            topics: topics,
            totalBytes: version >= 4 ? totalBytes : -1,
            usableBytes: version >= 4 ? usableBytes : -1)
    }
}

extension DescribeLogDirsResponse.Partition: Sampled {
    static func sample(_ values: inout TestValues, version: Int16) -> DescribeLogDirsResponse.Partition {
        let partitionIndex = values.int32()
        let partitionSize = values.int64()
        let offsetLag = values.int64()
        let isFutureKey = values.bool()
        return DescribeLogDirsResponse.Partition(
            partitionIndex: partitionIndex,
            partitionSize: partitionSize,
            offsetLag: offsetLag,
            isFutureKey: isFutureKey)
    }
}
