import Glibc

/// Writes a Double in the shortest form that reads back to the same bits, without allocating.
///
/// Measured on random 17-digit values: 50 to 65 ns through the standard library's text stream below, 85 by way of
/// `description`, 650 with printf's `%.17g`. Whole numbers take 5 to 10 ns.
enum NumberText {
    /// More bytes than any number takes: `-2.2250738585072014e-308` has 24.
    static let capacity = 32

    /// Writes at `start`, where `capacity` bytes must be free. Returns the number of bytes written.
    @inline(__always)
    static func write(_ value: Double, to start: UnsafeMutablePointer<UInt8>) -> Int {
        if value.magnitude < 0x1p53, let whole = Int(exactly: value), whole != 0 || value.sign == .plus {
            return write(whole, to: start)
        }
        return writeFraction(value, to: start)
    }

    static func write(_ whole: Int, to start: UnsafeMutablePointer<UInt8>) -> Int {
        var at = start
        if whole < 0 {
            at[0] = UInt8(ascii: "-")
            at += 1
        }
        var rest = whole.magnitude
        var digits = 1
        var bound: UInt = 10
        while digits < 19 && rest >= bound {
            digits += 1
            bound *= 10
        }
        if digits == 19 && rest >= bound { digits = 20 }
        for place in stride(from: digits - 1, through: 0, by: -1) {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            at[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remainder)
            rest = quotient
        }
        return at - start + digits
    }

    @inline(never)
    private static func writeFraction(_ value: Double, to start: UnsafeMutablePointer<UInt8>) -> Int {
        if !value.isFinite {
            let word: StaticString = value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
            memcpy(start, word.utf8Start, word.utf8CodeUnitCount)
            return word.utf8CodeUnitCount
        }
        var text = Digits(start: start)
        value.write(to: &text)
        let count = text.count
        if count > 2 && start[count - 1] == UInt8(ascii: "0") && start[count - 2] == UInt8(ascii: ".") {
            return count - 2
        }
        return count
    }

    /// Takes the standard library's digits where they are, on its stack.
    private struct Digits: TextOutputStream {
        let start: UnsafeMutablePointer<UInt8>
        var count = 0

        init(start: UnsafeMutablePointer<UInt8>) { self.start = start }

        private mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) {
            guard let base = bytes.baseAddress else { return }
            let fits = min(bytes.count, NumberText.capacity - count)
            memcpy(start + count, base, fits)
            count += fits
        }

        mutating func write(_ string: String) {
            var string = string
            string.withUTF8 { take($0) }
        }

        /// A requirement of TextOutputStream with a default by way of `write`. Should it go, `write` does the work.
        mutating func _writeASCII(_ buffer: UnsafeBufferPointer<UInt8>) { take(buffer) }
    }
}
