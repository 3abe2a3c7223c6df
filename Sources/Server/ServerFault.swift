import Node
import Ports
import SystemIO

/// Why a server cannot start.
package enum ServerFault: Error, CustomStringConvertible {
    case system(SystemError)
    case disk(DiskFailure)
    case node(NodeFault)
    case configuration(ConfigurationError)

    package var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .disk(let failure): "\(failure)"
        case .node(let fault): "\(fault)"
        case .configuration(let error): "\(error)"
        }
    }
}
