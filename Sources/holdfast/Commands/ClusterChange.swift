import Bytes
import Server
import SystemIO

/// One `holdfast cluster` command: asks whoever answers, again while the answer is "not now", and shows how it goes.
struct ClusterChange {
    private static let pauseNanoseconds: UInt64 = 100_000_000
    /// What may be different in a moment.
    private static let passing: Set<String> = [
        "no-leader", "not-ready", "transferring", "change-pending", "no-quorum", "unreachable",
    ]
    /// It may have happened, or not.
    private static let uncertain: Set<String> = ["outcome-unknown", "no-answer"]

    private let admins: [Address]
    private let patience: UInt64

    private struct Answer {
        let code: String
        let words: String
    }

    init(_ arguments: Arguments) throws(CommandFailure) {
        admins = try arguments.addresses("admin")
        patience = UInt64(try arguments.integer("timeout-ms", in: 1...3_600_000)) * 1_000_000
    }

    /// Until it is done. If an earlier try may have done it, a refusal with the code `settledBy` says that it did.
    mutating func post(
        _ action: String, _ node: Int, _ addresses: [(String, String)] = [], settledBy settled: String
    ) throws(CommandFailure) {
        let deadline = SystemClock.monotonicNanoseconds + patience
        let fields = [("node", JSONValue.integer(Int64(node)))] + addresses.map { ($0.0, JSONValue.string($0.1)) }
        let body = JSONValue.object(fields).encoded
        var mayBeDone = false
        while true {
            guard let answer = ask(action, body) else { return }
            if Self.uncertain.contains(answer.code) { mayBeDone = true }
            if mayBeDone, answer.code == settled { return }
            let isPassing = Self.passing.contains(answer.code) || Self.uncertain.contains(answer.code)
            guard isPassing, SystemClock.monotonicNanoseconds < deadline else { throw .failed(answer.words) }
            SystemClock.sleep(nanoseconds: Self.pauseNanoseconds)
        }
    }

    /// The first answer that is more than "ask again"; nil means done.
    private func ask(_ action: String, _ body: String) -> Answer? {
        var last = Answer(code: "unreachable", words: "no node answers")
        for admin in admins {
            do throws(BlockingError) {
                let response = try BlockingHTTP.post(
                    host: admin.host, port: admin.port, path: "/cluster/\(action)", json: body,
                    timeoutMilliseconds: 15_000)
                if response.status < 300 { return nil }
                let answer = Self.problem(response)
                if !Self.passing.contains(answer.code) { return answer }
                last = answer
            } catch {
                if last.code == "unreachable" { last = Answer(code: "unreachable", words: "\(admin): \(error)") }
            }
        }
        return last
    }

    private static func problem(_ response: BlockingHTTP.Response) -> Answer {
        let text = response.body.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        do throws(JSONError) {
            let document = try JSONValue(parsing: text)
            return Answer(code: document["code"]?.text ?? "", words: document["error"]?.text ?? text)
        } catch {
            return Answer(code: "", words: "HTTP status \(response.status): \(text.prefix(200))")
        }
    }

    // MARK: Progress

    /// Shows how much a learner has, and promotes it as soon as that is nearly all.
    mutating func awaitCaughtUp(_ node: Int, seconds: Int) throws(CommandFailure) {
        let deadline = SystemClock.monotonicNanoseconds + UInt64(seconds) * 1_000_000_000
        let body = JSONValue.object([("node", .integer(Int64(node)))]).encoded
        var shown = ""
        var nextLine: UInt64 = 0
        while true {
            guard let answer = ask("promote", body), answer.code != "already-member" else { return }
            let isWaiting = answer.code == "not-caught-up" || Self.passing.contains(answer.code)
                || Self.uncertain.contains(answer.code)
            guard isWaiting, SystemClock.monotonicNanoseconds < deadline else { throw .failed(answer.words) }
            if answer.words != shown, SystemClock.monotonicNanoseconds >= nextLine {
                shown = answer.words
                nextLine = SystemClock.monotonicNanoseconds + 1_000_000_000
                Console.error(progress(of: node) ?? answer.words)
            }
            SystemClock.sleep(nanoseconds: Self.pauseNanoseconds)
        }
    }

    private func progress(of node: Int) -> String? {
        for document in statuses() {
            let follower = document["followers"]?.elements.first { $0["node"]?.int == Int64(node) }
            guard let matched = follower?["matched"]?.int, let last = document["last"]?.int else { continue }
            let share = last > 0 ? matched * 100 / last : 100
            return "node \(node): \(matched) of \(last) entries, \(share) %"
        }
        return nil
    }

    func awaitLeader(_ node: Int) throws(CommandFailure) {
        let deadline = SystemClock.monotonicNanoseconds + patience
        while !statuses().contains(where: { $0["node"]?.int == Int64(node) && $0["role"]?.text == "leader" }) {
            guard SystemClock.monotonicNanoseconds < deadline else {
                throw .failed("node \(node) did not take over; see 'holdfast status'")
            }
            SystemClock.sleep(nanoseconds: Self.pauseNanoseconds / 10)
        }
    }

    /// Of the nodes that answer. One that does not is no news here.
    private func statuses() -> [JSONValue] {
        ClusterStatus.ask(admins, timeoutMilliseconds: 2_000).compactMap(\.document)
    }
}
