/// One flag of a command, `--name PLACEHOLDER` or `--name=VALUE`; without a placeholder it takes no value.
struct Flag: Sendable {
    enum Need: Sendable { case required, optional, repeated }

    let name: String
    let placeholder: String?
    let help: String
    let need: Need
    let defaultValue: String?

    init(
        _ name: String, _ placeholder: String, _ help: String, need: Need = .optional,
        default defaultValue: String? = nil
    ) {
        self.name = name
        self.placeholder = placeholder
        self.help = help
        self.need = need
        self.defaultValue = defaultValue
    }

    /// A flag without a value.
    init(switch name: String, _ help: String) {
        self.name = name
        placeholder = nil
        self.help = help
        need = .optional
        defaultValue = nil
    }

    /// `--name PLACEHOLDER`
    var left: String { placeholder.map { "--\(name) \($0)" } ?? "--\(name)" }

    var synopsis: String {
        switch need {
        case .required: left
        case .optional: "[\(left)]"
        case .repeated: "[\(left)]..."
        }
    }
}
