import SpiceNetlist

/// Reads `.sens` as ngspice, SPICE2 and Xyce write it.
extension SensitivityAnalysis {
    static func read(_ card: Card, _ directive: Directive, _ reader: DirectiveReader) -> (any Analysis)? {
        guard let statement = reader.words(card, keepingCalls: true) else { return nil }
        let place = reader.sources.firstWord(of: card.range)
        var objectives: [Token] = []
        var parameters: [String]?
        var frequencies: [Double]?
        var followsAC = false
        var followsDC = false
        var fields = statement.fields[...]
        while let field = fields.popFirst() {
            let key = field.key.map(reader.text)
            /// What follows without a key belongs to the list.
            func list() -> [Token] {
                var tokens = [field.value]
                while let next = fields.first, next.key == nil {
                    tokens.append(next.value)
                    fields.removeFirst()
                }
                return tokens
            }
            switch key {
            case nil:
                guard field.value.kind == .word, ["ac", "dc"].contains(reader.text(field.value)) else {
                    objectives.append(field.value)
                    continue
                }
                // ngspice: `dc` asks for what is the default.
                guard reader.text(field.value) == "ac" else { continue }
                let shape = fields.prefix { $0.key == nil }.map(\.value)
                guard let found = reader.frequencies(shape[...], ".sens", card, syntax) else { return nil }
                frequencies = found
                fields = fields.dropFirst(shape.count)
            case "objfunc", "objvars":
                followsDC = true
                objectives += list()
            case "acobjfunc":
                followsAC = true
                objectives += list()
            case "param":
                parameters = list().map { reader.elaborator.netlist.dialect.hierarchicalParameter(reader.text($0)) }
            default:
                reader.error(".sens knows no '\(key ?? "")'", field.key?.range ?? place, hint: syntax)
                return nil
            }
        }
        guard !objectives.isEmpty else {
            reader.error(".sens names no output", place, hint: syntax)
            return nil
        }
        var items: [OutputItem] = []
        for token in objectives {
            // Xyce's objvars name nodes.
            if token.kind == .word, reader.elaborator.card.builder.unknowns.node(named: reader.text(token)) != nil {
                let node = reader.text(token)
                items.append(
                    OutputItem(
                        label: "v(\(node))", expression: .probe(Probe(kind: .voltage, arguments: [node]), token.range),
                        range: token.range))
                continue
            }
            guard let item = reader.outputItem(token) else { return nil }
            items.append(item)
        }
        if followsAC, frequencies == nil {
            guard
                let ac = reader.quietly({
                    reader.cards.first { $0.kind == .directive(.ac) }.flatMap { reader.readAC($0) }
                })
            else {
                reader.error(".sens of small signals needs frequencies", place, hint: "add `.ac dec 10 1 1k`")
                return nil
            }
            frequencies = ac.frequencies
        }
        guard let frequencies else {
            let sweep = followsDC ? reader.cards.first { $0.kind == .directive(.dc) } : nil
            let points = reader.quietly { sweep.flatMap { reader.readDC($0) } }.map {
                Points.dc(DCSweepAnalysis(sweeps: $0))
            }
            return SensitivityAnalysis(objectives: items, parameters: parameters, points: points ?? .operatingPoint)
        }
        var outputs: [LinearOutput] = []
        for token in objectives {
            guard let output = reader.output(token, of: ".sens ac", hint: syntax) else { return nil }
            outputs.append(output)
        }
        return SensitivityAnalysis(
            objectives: items, parameters: parameters, points: .frequencies(frequencies, outputs))
    }
}

extension DirectiveReader {
    /// Reads a card again that another analysis reads, and reports, itself.
    func quietly<Value>(_ read: () -> Value) -> Value {
        let kept = elaborator.diagnostics
        defer { elaborator.diagnostics = kept }
        return read()
    }
}
