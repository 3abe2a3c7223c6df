import Broker
import KafkaWire

/// What is wrong with one item of an administrative request.
struct Refusal: Error {
    let code: KafkaErrorCode
    let message: String

    init(_ code: KafkaErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: BrokerError) { self.init(KafkaErrorCode(error), error.description) }

    /// Why a command was not carried out, or why nobody knows whether it was; nil when it was.
    init?(_ outcome: CommandBatch.Outcome) {
        switch outcome {
        case .applied(.refused(let error)): self.init(error)
        case .applied: return nil
        case .notLeading: self = .notController
        case .timedOut: self.init(.requestTimedOut, "not committed in time; it may still be carried out")
        }
    }

    static let notController = Refusal(.notController, "no leader takes requests now")
    static let unanswered = Refusal(
        .requestTimedOut, "passed on to the leader, which has not answered; it may still be carried out")
    static let repeatedTopic = Refusal(.invalidRequest, "the request names this topic twice")
    static let repeatedResource = Refusal(.invalidRequest, "the request names this resource twice")
    static let tooManyItems = Refusal(.policyViolation, "too many items in one request")
    static let unknownPartition = Refusal(.unknownPartition)
    static let unknownTopic = Refusal(.unknownTopicOrPartition, "this node knows no topic of that name")
}
