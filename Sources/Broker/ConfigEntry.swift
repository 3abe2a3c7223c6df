/// A topic configuration set away from its default.
package struct ConfigEntry: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
