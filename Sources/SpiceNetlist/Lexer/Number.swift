import Glibc

/// A number as SPICE writes it: digits, exponent, scale suffix, unit letters.
///
/// Reading is exact: the decimal digits, the exponent and the suffix are joined before the one rounding, so `4.7k` is the
/// double nearest to 4700.
public struct Number: Sendable, Equatable {
    /// What a reader of the netlist may have meant otherwise.
    public enum Note: UInt8, Sendable {
        case none
        /// `1MHz`, `1MOhm`: M is 1e-3, mega is MEG.
        case megaLooksMeant
        /// `1F` is 1e-15. Whether a farad was meant, only the caller knows.
        case faradLooksMeant
        /// `1A` is 1e-18.
        case ampereLooksMeant
        /// Letters that are neither a suffix nor a unit.
        case unknownUnit
        /// `X` or `A` where the dialect does not have it as a suffix.
        case suffixOfOtherDialect
        /// A capital M and nothing behind it: milli to SPICE, mega to many who write a resistance.
        case capitalMilli
    }

    public var value: Double
    public var note: Note
    /// A code after IEC 60062: digits go on behind the letter that stands for the point, `4k7`.
    public var isCode = false

    /// Reads bytes that must be a number from the first to the last; nil if they are not one.
    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>, dialect: Dialect = .ngspice) -> Number? {
        parse(bytes, xIsMega: dialect.xSuffixIsMega, aIsAtto: dialect.aSuffixIsAtto)
    }

    @inline(__always)
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>, xIsMega: Bool, aIsAtto: Bool) -> Number? {
        guard let base = bytes.baseAddress else { return nil }
        var scanner = NumberScanner(base: base, count: bytes.count, xIsMega: xIsMega, aIsAtto: aIsAtto)
        guard let number = scanner.scan(), scanner.position == bytes.count else { return nil }
        return number
    }

    /// Reads text that must be a number from the first to the last character; nil if it is not one.
    public static func parse(_ text: String, dialect: Dialect = .ngspice) -> Number? {
        var text = text
        return text.withUTF8 { parse($0, dialect: dialect) }
    }
}

/// Reads the number at the start of some bytes.
struct NumberScanner {
    private let base: UnsafePointer<UInt8>
    private let count: Int
    private let xIsMega: Bool
    private let aIsAtto: Bool
    /// Behind the number once it is read.
    private(set) var position = 0

    private var mantissa: UInt64 = 0
    /// Digits in `mantissa`, leading zeros not counted.
    private var digits = 0
    private var exponent = 0
    private var droppedDigits = false
    private var isCode = false
    /// A factor that did not fit into the mantissa.
    private var lateFactor = 1.0

    init(base: UnsafePointer<UInt8>, count: Int, xIsMega: Bool, aIsAtto: Bool) {
        self.base = base
        self.count = count
        self.xIsMega = xIsMega
        self.aIsAtto = aIsAtto
    }

    /// The number with its suffix and unit; nil if there is no digit.
    @inline(__always)
    mutating func scan() -> Number? {
        var negative = false
        if position < count, base[position] == ASCII.minus || base[position] == ASCII.plus {
            negative = base[position] == ASCII.minus
            position += 1
        }
        let start = position
        readDigits(fraction: false)
        var sawDigit = position > start
        var sawPoint = false
        if position < count, base[position] == ASCII.dot {
            sawPoint = true
            position += 1
            let fraction = position
            readDigits(fraction: true)
            sawDigit = sawDigit || position > fraction
        }
        guard sawDigit else { return nil }
        let digitsEnd = position
        if position < count { readExponent() }
        var note = Number.Note.none
        if position < count,
            ASCII.isLetter(base[position]) || base[position] >= 0x80 || base[position] == UInt8(ascii: "%")
        {
            note = readSuffix(mayHoldDigits: !sawPoint && position == digitsEnd)
        }
        let magnitude = assemble(from: start, to: digitsEnd) * lateFactor
        return Number(value: negative ? -magnitude : magnitude, note: note, isCode: isCode)
    }

    @inline(__always)
    private mutating func readDigits(fraction: Bool) {
        while position < count {
            let digit = base[position] &- 0x30
            guard digit < 10 else { return }
            if digits < 19 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if mantissa != 0 { digits += 1 }
                if fraction { exponent -= 1 }
            } else {
                if digit != 0 { droppedDigits = true }
                if !fraction { exponent += 1 }
            }
            position += 1
        }
    }

    /// `e` or `d`, a sign and digits; without digits the letter is a unit.
    private mutating func readExponent() {
        let letter = base[position] | 0x20
        guard letter == UInt8(ascii: "e") || letter == UInt8(ascii: "d") else { return }
        var next = position + 1
        var negative = false
        if next < count, base[next] == ASCII.minus || base[next] == ASCII.plus {
            negative = base[next] == ASCII.minus
            next += 1
        }
        guard next < count, ASCII.isDigit(base[next]) else { return }
        var power = 0
        while next < count, ASCII.isDigit(base[next]) {
            power = min(power * 10 + Int(base[next] &- 0x30), 100_000)
            next += 1
        }
        exponent += negative ? -power : power
        position = next
    }

    /// The scale suffix and the letters behind it, which are skipped.
    private mutating func readSuffix(mayHoldDigits: Bool) -> Number.Note {
        let start = position
        let letter = base[position] | 0x20
        let second = position + 1 < count ? base[position + 1] | 0x20 : 0
        let third = position + 2 < count ? base[position + 2] | 0x20 : 0
        var note = Number.Note.none
        var length = 1
        var isScale = true
        switch letter {
        case UInt8(ascii: "t"): exponent += 12
        case UInt8(ascii: "g"): exponent += 9
        case UInt8(ascii: "k"): exponent += 3
        case UInt8(ascii: "u"): exponent -= 6
        case UInt8(ascii: "n"): exponent -= 9
        case UInt8(ascii: "p"): exponent -= 12
        case UInt8(ascii: "f"):
            exponent -= 15
            if !ASCII.isLetter(second) { note = .faradLooksMeant }
        case UInt8(ascii: "m"):
            if second == UInt8(ascii: "e"), third == UInt8(ascii: "g") {
                exponent += 6
                length = 3
            } else if second == UInt8(ascii: "i"), third == UInt8(ascii: "l") {
                scale(by: 254)
                exponent -= 7
                length = 3
            } else {
                exponent -= 3
                let isCapital = base[position] == UInt8(ascii: "M")
                if second == UInt8(ascii: "h") && third == UInt8(ascii: "z")
                    || isCapital
                        && (second == UInt8(ascii: "o") && third == UInt8(ascii: "h") || isOhmSign(position + 1))
                {
                    note = .megaLooksMeant
                } else if isCapital, position + 1 == count {
                    note = .capitalMilli
                }
            }
        case UInt8(ascii: "x"):
            if xIsMega { exponent += 6 } else { (note, isScale, length) = (.suffixOfOtherDialect, false, 0) }
        case UInt8(ascii: "a"):
            if aIsAtto, second != UInt8(ascii: "m") {
                exponent -= 18
                if !ASCII.isLetter(second) { note = .ampereLooksMeant }
            } else {
                (isScale, length) = (false, 0)
            }
        default:
            // The micro sign in UTF-8 (two code points look alike) and Latin-1.
            let byte = base[position]
            let next = position + 1 < count ? base[position + 1] : 0
            if byte == 0xC2 && next == 0xB5 || byte == 0xCE && next == 0xBC {
                exponent -= 6
                length = 2
            } else if byte == 0xB5 {
                exponent -= 6
            } else {
                (isScale, length) = (false, 0)
            }
        }
        position += length
        let isResistance = letter == UInt8(ascii: "r")
        if mayHoldDigits, isScale || isResistance, position + (isResistance ? 1 : 0) < count {
            readInnerDigits(skipping: isResistance ? 1 : 0)
        }
        let unit = position
        while position < count, ASCII.isLetter(base[position]) || base[position] >= 0x80 { position += 1 }
        if position < count, base[position] == UInt8(ascii: "%") { position += 1 }
        if note == .none, position > unit, position - start > 1, !isUnit(unit, position) { note = .unknownUnit }
        if note == .none, !isScale, position > unit, !isUnit(unit, position) { note = .unknownUnit }
        return note
    }

    /// Ω as the Greek letter or as the sign for ohm, in UTF-8.
    private func isOhmSign(_ start: Int) -> Bool {
        [[0xCE, 0xA9], [0xE2, 0x84, 0xA6]].contains { (sign: [UInt8]) in
            start + sign.count <= count && sign.indices.allSatisfy { base[start + $0] == sign[$0] }
        }
    }

    /// RKM code: the letter stands for the decimal point, `4k7`, `2R2`.
    private mutating func readInnerDigits(skipping: Int) {
        let start = position + skipping
        guard start < count, ASCII.isDigit(base[start]) else { return }
        var next = start
        var value = mantissa
        var places = 0
        while next < count, ASCII.isDigit(base[next]) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow, product < UInt64.max - 9 else { return }
            value = product + UInt64(base[next] &- 0x30)
            places += 1
            next += 1
        }
        mantissa = value
        digits += places
        exponent -= places
        position = next
        isCode = true
    }

    private mutating func scale(by factor: UInt64) {
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: factor)
        if overflow || droppedDigits { lateFactor = Double(factor) } else { mantissa = product }
    }

    // MARK: Joining

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// mantissa × 10^exponent, rounded once. Both factors are exact doubles on the fast path (Clinger 1990,
    /// doi:10.1145/93548.93557), so one multiplication or division rounds correctly.
    @inline(__always)
    private func assemble(from start: Int, to end: Int) -> Double {
        if mantissa <= 1 << 53, !droppedDigits, exponent >= -22, exponent <= 22 {
            let value = Double(mantissa)
            return exponent < 0 ? value / Self.powersOfTen[-exponent] : value * Self.powersOfTen[exponent]
        }
        return mantissa == 0 ? 0 : assembleSlowly(from: start, to: end)
    }

    private func assembleSlowly(from start: Int, to end: Int) -> Double {
        // Without a decimal point the locale cannot interfere.
        var text: [CChar] = []
        if droppedDigits {
            var skipped = 0
            for index in start..<end where ASCII.isDigit(base[index]) {
                if text.isEmpty && base[index] == 0x30 { continue }
                text.append(CChar(bitPattern: base[index]))
                skipped += 1
            }
            text.append(contentsOf: "e\(exponent - (skipped - digits))".utf8.map { CChar(bitPattern: $0) })
        } else {
            text.append(contentsOf: "\(mantissa)e\(exponent)".utf8.map { CChar(bitPattern: $0) })
        }
        text.append(0)
        return strtod(text, nil)
    }

    // MARK: Units

    private func isUnit(_ start: Int, _ end: Int) -> Bool {
        if end - start == 1, base[start] == UInt8(ascii: "%") { return true }
        guard end - start <= 12 else { return false }
        let text = ASCII.lowercased(UnsafeBufferPointer(start: base + start, count: end - start))
        return Self.units.contains(text)
    }

    private static let units: Set<String> = [
        "v", "volt", "volts", "a", "amp", "amps", "ampere", "amperes", "s", "sec", "secs", "second", "seconds", "hz",
        "hertz", "ohm", "ohms", "Ω", "ω", "ω", "f", "farad", "farads", "h", "henry", "henries", "w", "watt", "watts",
        "j", "c", "coul", "k", "deg", "degc", "degree", "degrees", "rad", "m", "meter", "meters", "metre", "metres",
        "um", "mm", "nm", "cm", "db", "siemens", "mho", "mhos", "t", "g", "e", "bit", "bits", "b", "mol",
        "vdc", "vac", "adc", "aac", "r", "p", "icro", "icron", "icrons", "ano", "ico", "illi", "ilo",
    ]
}
