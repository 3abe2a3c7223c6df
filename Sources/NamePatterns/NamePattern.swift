import CPcre2

/// A regular expression that the whole of a name is compared with: a topic's (KIP-848), or a transactional id
/// (KIP-1152). In the syntax of PCRE2 (pcre2pattern), of which RE2's, Kafka's, is nearly a part. A comparison has a
/// bounded number of steps, whatever the pattern: it comes from a client, and the event loop waits for it.
package final class NamePattern {
    /// For one name. Ordinary patterns take a few dozen.
    private static let maximumSteps: UInt32 = 2_000
    /// UTF-8.
    private static let maximumBytes = 1_024

    private let code: OpaquePointer
    private let match: OpaquePointer
    private let limits: OpaquePointer

    package init(_ text: String) throws(NamePatternError) {
        let bytes = Array(text.utf8)
        if bytes.count > Self.maximumBytes {
            throw NamePatternError("it has \(bytes.count) bytes, and \(Self.maximumBytes) are the most")
        }
        let options = UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_ENDANCHORED) | UInt32(PCRE2_UTF)
            | UInt32(PCRE2_NEVER_BACKSLASH_C) | UInt32(PCRE2_NO_AUTO_CAPTURE)
        var fault: Int32 = 0
        var place = 0
        guard let code = pcre2_compile_8(bytes, bytes.count, options, &fault, &place, nil) else {
            throw NamePatternError("\(Self.words(for: fault)), at byte \(place)")
        }
        guard let match = pcre2_match_data_create_8(1, nil), let limits = pcre2_match_context_create_8(nil) else {
            preconditionFailure("NamePattern: no memory")
        }
        pcre2_set_match_limit_8(limits, Self.maximumSteps)
        pcre2_set_heap_limit_8(limits, 1_024)
        (self.code, self.match, self.limits) = (code, match, limits)
    }

    deinit {
        pcre2_match_context_free_8(limits)
        pcre2_match_data_free_8(match)
        pcre2_code_free_8(code)
    }

    /// Throws when that cannot be told within the bound.
    package func matches(_ name: String) throws(NamePatternError) -> Bool {
        let bytes = Array(name.utf8)
        let result = pcre2_match_8(code, bytes, bytes.count, 0, 0, match, limits)
        if result == PCRE2_ERROR_NOMATCH { return false }
        if result < 0 { throw NamePatternError("\(Self.words(for: result)), comparing it with \(name)") }
        return true
    }

    private static func words(for fault: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(fault, &buffer, buffer.count)
        guard length >= 0 else { return "error \(fault)" }
        return String(decoding: buffer.prefix(Int(length)), as: UTF8.self)
    }
}

package struct NamePatternError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
