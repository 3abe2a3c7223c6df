import KafkaWire
import Testing

/// The tables of APIs and error codes.
struct TableTests {
    @Test func everyApiHasOneWindow() {
        #expect(SupportedApis.all.map(\.key) == ApiKey.allCases)
        #expect(SupportedApis.all.map(\.key.rawValue) == SupportedApis.all.map(\.key.rawValue).sorted())
        #expect(ApiCase.all.map(\.key) == ApiKey.allCases)
        for api in SupportedApis.all {
            #expect(SupportedApis[api.key] == api)
            #expect(api.minimumAdvertised <= api.minimumServed && api.minimumServed <= api.maximum)
            #expect(api.minimumAdvertised == api.minimumServed || api.key == .produce)
        }
    }

    @Test(arguments: ApiCase.all) func messagesAgreeWithTheTable(_ api: ApiCase) {
        #expect(api.request.apiKey == api.key && api.response.apiKey == api.key)
        #expect(api.request.firstFlexible == SupportedApis[api.key].firstFlexible)
        #expect(api.response.firstFlexible == SupportedApis[api.key].firstFlexible)
    }

    /// What old librdkafka looks for to turn features on.
    @Test func windowsThatClientsDependOn() {
        let windows = ApiVersionsResponse.served.apiKeys
        func contains(_ key: Int16, _ version: Int16) -> Bool {
            windows.contains { $0.apiKey == key && $0.minVersion <= version && $0.maxVersion >= version }
        }
        let wanted = [
            (0, 0), (0, 3), (0, 7), (1, 4), (1, 10), (2, 1), (3, 0), (8, 2), (9, 1), (10, 0), (11, 0), (12, 0), (13, 0),
            (14, 0), (18, 0), (22, 0),
        ]
        for (key, version) in wanted {
            #expect(contains(Int16(key), Int16(version)), "key \(key) version \(version)")
        }
        #expect(!SupportedApis[.produce].serves(2))
    }

    @Test func onlyApiVersionsKeepsThePlainResponseHeader() {
        for api in SupportedApis.all {
            let expected = api.key != .apiVersions && api.maximum >= api.firstFlexible
            #expect(api.responseHeaderIsFlexible(api.maximum) == expected)
            #expect(!api.responseHeaderIsFlexible(api.firstFlexible - 1))
        }
    }

    @Test func errorCodes() {
        #expect(KafkaErrorCode.all.first == .unknownServerError && KafkaErrorCode.all.count == 135)
        #expect(KafkaErrorCode.all.last == .shareSessionLimitReached)
        #expect(KafkaErrorCode.notLeaderOrFollower.rawValue == 6)
        #expect(KafkaErrorCode.notLeaderOrFollower.name == "NOT_LEADER_OR_FOLLOWER")
        #expect(KafkaErrorCode.outOfOrderSequenceNumber.rawValue == 45)
        #expect(KafkaErrorCode.unsupportedVersion.name == "UNSUPPORTED_VERSION")
        #expect(KafkaErrorCode.notLeaderOrFollower.isRetriable && !KafkaErrorCode.messageTooLarge.isRetriable)
        #expect(!KafkaErrorCode.none.isError && KafkaErrorCode.unknownServerError.isError)
        let unknown = KafkaErrorCode(rawValue: 999)
        #expect(unknown.name == "ERROR_999" && !unknown.isRetriable)
        #expect(KafkaErrorCode(rawValue: .min).name == "ERROR_-32768")
        #expect(Set(KafkaErrorCode.all.map(\.name)).count == 135)
        #expect(KafkaErrorCode.all.filter(\.isRetriable).count == 32)
    }
}
