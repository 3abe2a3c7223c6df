@preconcurrency import Glibc
import Server

extension Command {
    static let serve = Command(
        "serve", "run a node until it is told to stop (SIGTERM, SIGINT)",
        flags: Setting.all.map { setting in
            Flag(setting.name, setting.placeholder, setting.help, default: setting.defaultValue)
        } + [Flag("config", "FILE", "configuration file")],
        details: """
            Every flag is also a line 'name = value' of the configuration file, and an environment variable:
            --node-id is HOLDFAST_NODE_ID. A flag wins over the environment, the environment over the file.
            The data directory must have been formatted once: see 'holdfast help format'.
            """
    ) { arguments throws(CommandFailure) in
        let configuration: Configuration
        do throws(ConfigurationError) {
            let values = try SettingValues(
                arguments: arguments.words, environment: environment(), readFile: readConfiguration)
            configuration = try Configuration(values)
        } catch {
            throw .usage(error.description)
        }
        do throws(ServerFault) {
            return try HoldfastServer(configuration).run()
        } catch {
            throw .failed(error.description)
        }
    }

    private static func readConfiguration(_ path: String) throws(ConfigurationError) -> String {
        do throws(CommandFailure) {
            return try TextFile.read(path)
        } catch {
            throw ConfigurationError("config file \(path): \(error.reason)")
        }
    }

    /// The process's environment; a variable that is not UTF-8 is taken with its bad bytes replaced.
    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let sides = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if sides.count == 2 { variables[String(sides[0])] = String(sides[1]) }
            next += 1
        }
        return variables
    }
}
