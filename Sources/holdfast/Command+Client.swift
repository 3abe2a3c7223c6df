import HoldfastClient
import Server

extension Flag {
    static let bootstrap = Flag("bootstrap", "HOST:PORT,...", "Kafka addresses to begin with", need: .required)
}

/// What commands that talk to brokers share.
extension Command {
    static func bootstrap(_ arguments: Arguments) throws(CommandFailure) -> [BrokerAddress] {
        try arguments.addresses("bootstrap").map { BrokerAddress(host: $0.host, port: $0.port) }
    }

    static func clientSettings() -> ClientSettings {
        var settings = ClientSettings()
        settings.clientID = "holdfast-cli"
        return settings
    }

    static func admin(_ arguments: Arguments) throws(CommandFailure) -> HoldfastAdmin {
        let addresses = try bootstrap(arguments)
        return try asking { () throws(HoldfastError) in
            try HoldfastAdmin(bootstrap: addresses, settings: clientSettings())
        }
    }

    /// `NAME=VALUE`; the value may be empty.
    static func setting(_ text: String) -> (name: String, value: String)? {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, !sides[0].isEmpty else { return nil }
        return (String(sides[0]), String(sides[1]))
    }

    /// Runs `body`; what the cluster or the client objects to ends the command.
    @discardableResult
    static func asking<Result>(_ body: () throws(HoldfastError) -> Result) throws(CommandFailure) -> Result {
        do {
            return try body()
        } catch {
            throw .failed(error.description)
        }
    }
}

/// `--acks`
enum AcksChoice: String, CaseIterable {
    case none, leader, quorum

    var acknowledgement: Acknowledgement {
        switch self {
        case .none: .none
        case .leader: .leader
        case .quorum: .quorum
        }
    }
}
