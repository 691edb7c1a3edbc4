import Glibc

/// Reads decimal numbers, correctly rounded.
enum NumberParser {
    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// The number that makes up all of `text`, nil where it is none. Blanks around it do not count.
    static func parse(_ text: some BidirectionalCollection<UInt8>) -> Double? {
        var start = text.startIndex
        var end = text.endIndex
        while start < end, text[start] <= 0x20 { start = text.index(after: start) }
        while start < end, text[text.index(before: end)] <= 0x20 { end = text.index(before: end) }
        let field = text[start..<end]
        if field.isEmpty { return nil }
        return fast(field) ?? slow(field)
    }

    /// Up to 19 digits whose integer and power of ten are both exact: one rounding gives the right answer.
    private static func fast(_ field: some Collection<UInt8>) -> Double? {
        var digits: UInt64 = 0
        var count = 0
        var exponent = 0
        var isNegative = false
        var sawPoint = false
        var sawDigit = false
        var at = field.startIndex
        if field[at] == UInt8(ascii: "-") || field[at] == UInt8(ascii: "+") {
            isNegative = field[at] == UInt8(ascii: "-")
            at = field.index(after: at)
        }
        while at < field.endIndex {
            let byte = field[at]
            if 0x30...0x39 ~= byte {
                sawDigit = true
                if digits != 0 || byte != 0x30 { count += 1 }
                if count > 19 { return nil }
                digits = digits * 10 + UInt64(byte & 15)
                if sawPoint { exponent -= 1 }
            } else if byte == UInt8(ascii: "."), !sawPoint {
                sawPoint = true
            } else {
                break
            }
            at = field.index(after: at)
        }
        if !sawDigit || digits > 1 << 53 { return nil }
        if at < field.endIndex {
            if field[at] | 0x20 != UInt8(ascii: "e") { return nil }
            at = field.index(after: at)
            var isNegativeExponent = false
            if at < field.endIndex, field[at] == UInt8(ascii: "-") || field[at] == UInt8(ascii: "+") {
                isNegativeExponent = field[at] == UInt8(ascii: "-")
                at = field.index(after: at)
            }
            var written = 0
            if at == field.endIndex { return nil }
            while at < field.endIndex {
                if !(0x30...0x39 ~= field[at]) || written > 400 { return nil }
                written = written * 10 + Int(field[at] & 15)
                at = field.index(after: at)
            }
            exponent += isNegativeExponent ? -written : written
        }
        let value: Double
        if digits == 0 {
            value = 0
        } else if 0...22 ~= exponent {
            value = Double(digits) * powersOfTen[exponent]
        } else if -22...(-1) ~= exponent {
            value = Double(digits) / powersOfTen[-exponent]
        } else {
            return nil
        }
        return isNegative ? -value : value
    }

    /// The C library, for what is left: long numbers, great exponents, inf and nan.
    private static func slow(_ field: some Collection<UInt8>) -> Double? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: field.count + 1) { buffer -> Double? in
            guard let base = buffer.baseAddress else { return nil }
            var count = 0
            for byte in field {
                base[count] = CChar(bitPattern: byte)
                count += 1
            }
            base[count] = 0
            var end: UnsafeMutablePointer<CChar>?
            let value = strtod(base, &end)
            return end == base + count ? value : nil
        }
    }
}
