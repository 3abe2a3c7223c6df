import Broker
import Bytes
import KafkaWire

extension KafkaSession {
    /// AlterConfigs (key 33).
    func alterConfigs(_ header: KafkaRequestHeader, _ request: AlterConfigsRequest, frame: ByteSlice) {
        alter(header, request, request.resources.map(ConfigAlteration.init), frame: frame)
    }

    /// IncrementalAlterConfigs (key 44, KIP-339).
    func incrementalAlterConfigs(
        _ header: KafkaRequestHeader, _ request: IncrementalAlterConfigsRequest, frame: ByteSlice
    ) {
        alter(header, request, request.resources.map(ConfigAlteration.init), frame: frame)
    }

    /// Answers with every resource in the order asked for.
    private func alter<Kind>(
        _ header: KafkaRequestHeader, _ request: ConfigAlterationRequest<Kind>, _ alterations: [ConfigAlteration],
        frame: ByteSlice
    ) {
        func answer(_ call: LeaderCall, _ results: [(resource: ConfigResource, refusal: Refusal?)]) {
            call.answer(ConfigAlterationResponse<Kind>(responses: results.map { resource, refusal in
                .init(
                    errorCode: refusal?.code ?? .none, errorMessage: refusal?.message, resourceType: resource.type,
                    resourceName: resource.name)
            }))
        }
        lead(
            header, frame: frame, timeoutMs: nil,
            execute: { [self] call in
                alter(alterations, validateOnly: request.validateOnly, for: call) { answer(call, $0) }
            },
            refusal: { call in answer(call, alterations.map { ($0.resource, call.reason) }) })
    }

    private func alter(
        _ alterations: [ConfigAlteration], validateOnly: Bool, for call: LeaderCall,
        completion: @escaping ([(ConfigResource, Refusal?)]) -> Void
    ) {
        let repeated = Self.repeated(alterations.map(\.resource))
        let plans = AdminPlans(alterations, limit: gateway.settings.maximumItemsPerRequest) {
            alteration -> Result<Command, Refusal> in
            if repeated.contains(alteration.resource) { return .failure(.repeatedResource) }
            return Result { () throws(Refusal) in try alteration.plan(gateway.broker) }
        }
        carryOut(plans.commands { $0 }, validateOnly: validateOnly, for: call) { outcomes in
            completion(zip(alterations, plans.settled(by: outcomes)).map { alteration, result in
                guard case .failure(let refusal) = result else { return (alteration.resource, nil) }
                return (alteration.resource, refusal)
            })
        }
    }
}
