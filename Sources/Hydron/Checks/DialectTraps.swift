import SpiceNetlist

/// Finds text in the netlist's own file that another simulator reads as something else.
enum DialectTraps {
    static func find(in netlist: Netlist, diagnostics: inout Diagnostics) {
        look(at: netlist.top, netlist, &diagnostics)
    }

    private static func look(at block: Block, _ netlist: Netlist, _ diagnostics: inout Diagnostics) {
        for card in block.cards where card.range.file == 0 { look(at: card, netlist, &diagnostics) }
        for subcircuit in block.subcircuits { look(at: subcircuit.body, netlist, &diagnostics) }
    }

    private static func look(at card: Card, _ netlist: Netlist, _ diagnostics: inout Diagnostics) {
        let range = card.range
        let bytes = Array(netlist.sources.lowercased(range).utf8)
        func place(_ offset: Int, _ count: Int) -> SourceRange {
            SourceRange(
                file: range.file, start: range.start + UInt32(offset), end: range.start + UInt32(offset + count))
        }
        var isElement = false
        if case .element = card.kind { isElement = true }
        if netlist.sources.location(of: range).column > 1 {
            diagnostics.warning(
                "a line that begins with a blank is a comment in Xyce", at: place(0, 1), hint: "begin it at the margin")
        }
        var start = 0
        while start < bytes.count {
            let byte = bytes[start]
            let isWord = isWordByte(byte)
            if byte == UInt8(ascii: "^"), start + 1 >= bytes.count || bytes[start + 1] != byte,
                start == 0 || bytes[start - 1] != byte
            {
                diagnostics.warning(
                    "`^` is a power in ngspice, HSPICE and LTspice and an exclusive or in Xyce", at: place(start, 1),
                    hint: "write ** for powers")
            }
            if byte == UInt8(ascii: "$"), start > 0, bytes[start - 1] <= 0x20 || bytes[start - 1] == UInt8(ascii: ",") {
                diagnostics.warning(
                    "`$` begins a comment in ngspice and HSPICE alone", at: place(start, 1), hint: "write `;`")
                while start < bytes.count, bytes[start] != 0x0A { start += 1 }
                continue
            }
            if byte == UInt8(ascii: "/"), start + 1 < bytes.count, bytes[start + 1] == byte {
                diagnostics.warning(
                    "`//` begins a comment in ngspice and LTspice alone", at: place(start, 2), hint: "write `;`")
            }
            if byte == UInt8(ascii: ";")
                || byte == UInt8(ascii: "/") && start + 1 < bytes.count && bytes[start + 1] == byte
            {
                while start < bytes.count, bytes[start] != 0x0A { start += 1 }
                continue
            }
            guard isWord else {
                start += 1
                continue
            }
            var end = start
            while end < bytes.count, isWordByte(bytes[end]) { end += 1 }
            let word = String(decoding: bytes[start..<end], as: UTF8.self)
            if let finding = finding(word, isElement: isElement, isCall: end < bytes.count && bytes[end] == 0x28) {
                diagnostics.warning(finding.message, at: place(start, end - start), hint: finding.hint)
            }
            start = end
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || (0x30...0x39).contains(byte)
            || (0x61...0x7A).contains(byte)
    }

    private static func finding(_ word: String, isElement: Bool, isCall: Bool) -> (message: String, hint: String)? {
        if isCall, word == "log" {
            return (
                "`log` is the natural logarithm in ngspice, HSPICE and LTspice and the decimal one in Xyce",
                "write `ln` or `log10`"
            )
        }
        if isElement, word == "gnd" {
            return ("`gnd` is ground, but in Xyce an ordinary node", "write `0`")
        }
        guard let first = word.utf8.first, (0x30...0x39).contains(first) || first == UInt8(ascii: ".") else {
            return nil
        }
        if let number = Number.parse(word), number.isCode, let letter = word.firstIndex(where: \.isLetter),
            let prefix = Number.parse(String(word[...letter]))
        {
            // Only Hydron, LTspice and, asked to be compatible with it, ngspice read such codes.
            return (
                "`\(word)` is \(number.value.plain) here and in LTspice, but \(prefix.value.plain) in ngspice",
                "write the point as a point"
            )
        }
        var readings: [(names: [String], value: Double)] = []
        for dialect in Dialect.all {
            guard let value = Number.parse(word, dialect: dialect)?.value else { return nil }
            if let index = readings.firstIndex(where: { $0.value == value }) {
                readings[index].names.append(dialect.name)
            } else {
                readings.append(([dialect.name], value))
            }
        }
        guard readings.count > 1 else { return nil }
        let texts = readings.map { "\($0.value.plain) in \($0.names.joined(separator: ", "))" }
        return ("`\(word)` is \(texts.joined(separator: " and "))", "write the number with an exponent")
    }
}
