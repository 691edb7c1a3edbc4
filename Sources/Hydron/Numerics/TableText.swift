import Glibc

extension String {
    func leftPadded(to width: Int) -> String {
        count >= width ? self : String(repeating: " ", count: width - count) + self
    }
}

extension Double {
    /// For messages: 5 instead of 5.0.
    var plain: String {
        let text = "\(self)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// For printed tables: "1.23457e-05", "0.25", "1000".
    var sixDigits: String {
        guard isFinite, self != 0 else { return self == 0 ? "0" : "\(self)" }
        var exponent = Int(Glibc.log10(magnitude).rounded(.down))
        var mantissa = (self / Glibc.pow(10, Double(exponent)) * 1e5).rounded() / 1e5
        if mantissa.magnitude >= 10 {
            mantissa /= 10
            exponent += 1
        }
        guard (-4...6).contains(exponent) else { return "\(mantissa.plain)e\(exponent)" }
        let scale = Glibc.pow(10, Double(5 - exponent))
        return ((self * scale).rounded() / scale).plain
    }
}
