/// One change of a topic's configuration; a nil value returns it to the default.
package struct ConfigChange: Hashable, Sendable {
    package var name: String
    package var value: String?

    package init(name: String, value: String?) {
        self.name = name
        self.value = value
    }
}
