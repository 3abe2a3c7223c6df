/// Numbers for people.
enum Figures {
    /// With that many digits after the point, rounded.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, value.magnitude < 1e15 else { return "-" }
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((value * Double(scale)).rounded())
        let whole = "\(scaled.magnitude / UInt(scale))"
        let sign = scaled < 0 ? "-" : ""
        guard digits > 0 else { return sign + whole }
        let part = "\(scaled.magnitude % UInt(scale))"
        return sign + whole + "." + String(repeating: "0", count: digits - part.count) + part
    }

    /// Nanoseconds, in milliseconds.
    static func milliseconds(_ nanoseconds: UInt64) -> String { fixed(Double(nanoseconds) / 1e6, 3) + " ms" }

    /// In binary units, to a tenth: "12.3 GiB".
    static func bytes(_ count: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(count)
        var unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return fixed(value, unit == 0 ? 0 : 1) + " " + units[unit]
    }

    /// "1,234,567"
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number.magnitude).reversed().enumerated() {
            if place > 0 && place % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + String(text.reversed())
    }
}
