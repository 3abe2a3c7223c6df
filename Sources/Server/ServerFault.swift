import Node
import Ports
import SystemIO

/// Why a server cannot start.
package enum ServerFault: Error, CustomStringConvertible {
    case system(SystemError)
    case disk(DiskFailure)
    /// With the data directory, which the node knows only relative paths of.
    case node(NodeFault, data: String)
    case configuration(ConfigurationError)

    package var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .disk(let failure): "\(failure)"
        case .node(let fault, let data): "\(data): \(fault)"
        case .configuration(let error): "\(error)"
        }
    }
}
