import SpiceNetlist

/// A: the analog code models of ngspice's XSPICE that are expressions or transfer functions of their inputs. Each becomes
/// a source at its output (ngspice manual, chapter 8.2).
enum CodeModelCard: ElementKind {
    static let description = ElementDescription(
        letter: "a", name: "XSPICE code model",
        syntax: "Aname in|[in1 in2 …] out model, each port a node, %v(node), %vd(n+ n-), %i(node) or %id(n+ n-)",
        summary: """
            The analog models gain, summer, mult, divide, limit, int, d_dt, s_xfer and pwl of voltages; outputs are \
            voltages, or with %i and %id currents out of their node into the model. Digital models and the others are not there.
            """,
        example: """
            A filter of second order, a sum and a limiter
            v1 in 0 dc 1 ac 1 sin(0 1 1k)
            a1 in low filter
            a2 [in low] sum add
            a3 sum %vd(out 0) clip
            r1 out 0 1k
            .model filter s_xfer(num_coeff=[1] den_coeff=[1 1.414 1] denormalized_freq=6283)
            .model add summer(in_gain=[1 -1])
            .model clip limit(gain=2 out_lower_limit=-1 out_upper_limit=1)
            .tran 10u 3m
            .ac dec 5 100 10k
            .print tran v(low) v(sum) v(out)
            .print ac vdb(low)
            .end
            """,
        modelTypes: Model.allCases.map(\.rawValue), outputs: BehaviouralEquations.outputTable)

    private enum Model: String, CaseIterable {
        case gain, summer, mult, divide, limit, int
        case derivative = "d_dt"
        case transfer = "s_xfer"
        case lines = "pwl"

        /// What its card may say.
        var parameters: [String] {
            switch self {
            case .gain: ["in_offset", "gain", "out_offset"]
            case .summer, .mult: ["in_offset", "in_gain", "out_gain", "out_offset"]
            case .divide:
                [
                    "num_offset", "num_gain", "den_offset", "den_gain", "den_lower_limit", "den_domain", "fraction",
                    "out_gain", "out_offset",
                ]
            case .limit:
                ["in_offset", "gain", "out_lower_limit", "out_upper_limit", "limit_range", "fraction"]
            case .int: ["in_offset", "gain", "out_ic"]
            case .derivative:
                ["gain", "out_offset", "out_lower_limit", "out_upper_limit", "limit_range"]
            case .transfer: ["in_offset", "gain", "num_coeff", "den_coeff", "int_ic", "denormalized_freq"]
            case .lines: ["x_array", "y_array", "input_domain", "fraction"]
            }
        }
    }

    /// Nodes that a port lies between, and whether it is a current.
    private struct Port {
        var nodes: [Token]
        var isCurrent: Bool
    }

    static func elaborate(_ card: ElementCard) {
        guard card.dialect != .ltspice else {
            card.error(
                "\(card.name) is a device of LTspice's own, and A devices are not there",
                hint: "write gates, flip-flops and samplers as B sources with switches and capacitors")
            return
        }
        var words: [Token] = []
        while card.remainingPositionalCount > 1, let field = card.nextField() { words.append(field.value) }
        if let name = card.nextWord, let found = card.scope.model(name), !found.isBroken,
            Model(rawValue: found.type) == nil
        {
            card.error(
                "model '\(name)' is of type '\(found.type)', a code model that is not there",
                at: card.peekField()?.value,
                hint:
                    "there are \(description.modelTypes.joined(separator: " ")); write logic as B sources, or compile "
                    + "Verilog-A: `--osdi`")
            return
        }
        guard let model = card.model(description.modelTypes), let kind = Model(rawValue: model.type) else { return }
        for assignment in model.assignments where !kind.parameters.contains(assignment.name) {
            card.error(
                "'\(assignment.name)' of model '\(model.name)' is not there", at: assignment.token,
                hint: "\(kind.rawValue) takes " + kind.parameters.joined(separator: " "))
            return
        }
        guard var ports = ports(words, card), let output = ports.popLast(), !ports.isEmpty else {
            card.error("\(card.name) needs an input and an output", hint: "the card reads \(description.syntax)")
            return
        }
        let wanted = kind == .divide ? 2 : 1
        guard kind == .summer || kind == .mult || ports.count == wanted else {
            card.error("\(kind.rawValue) takes \(wanted) input(s), and \(card.name) gives \(ports.count)")
            return
        }
        if let current = ports.first(where: \.isCurrent) {
            card.error(
                "an input of \(card.name) is a current", at: current.nodes.first,
                hint: "sense it: `h1 x 0 v1 1` behind a 0 V source v1, and take x")
            return
        }
        guard let plus = output.nodes.first.flatMap(card.node),
            let minus = output.nodes.count > 1 ? card.node(output.nodes[1]) : 0
        else { return }
        let reader = Reader(card: card, model: model)
        let inputs = ports.map { port in
            Expression.probe(
                Probe(kind: .voltage, arguments: port.nodes.map(card.text)),
                port.nodes.first?.range ?? card.identity.range)
        }
        if kind == .transfer {
            let source = TransferSource.Source(plus: plus, minus: minus, isVoltage: !output.isCurrent)
            guard let function = reader.transferFunction(),
                let input = reader.sum([inputs[0], reader.number("in_offset", 0)])
            else { return }
            return source.add(card, DeferredProgram(expression: input, scope: card.scope), function)
        }
        guard let value = reader.value(kind, inputs) else { return }
        let program = DeferredProgram(expression: value, scope: card.scope)
        if output.isCurrent {
            Behavioural.currentSource(card, plus, minus, program)
        } else {
            Behavioural.voltageSource(card, plus, minus, program)
        }
    }

    /// The ports among the words: brackets only group, `%…` says what the next port or group is.
    private static func ports(_ words: [Token], _ card: ElementCard) -> [Port]? {
        var ports: [Port] = []
        var type = "%v"
        var isGrouped = false
        var pending: [Token] = []
        for word in words {
            var token = word
            var closes = false
            var text = card.text(token)
            if text.hasPrefix("[") {
                isGrouped = true
                token.range.start += 1
                text.removeFirst()
            }
            if text.hasSuffix("]") {
                closes = true
                token.range.end -= 1
                text.removeLast()
            }
            if text.hasPrefix("%") {
                guard ["%v", "%vd", "%i", "%id"].contains(text) else {
                    card.error("\(card.name) has a port of type \(text), which is not there", at: token)
                    return nil
                }
                type = text
            } else if !text.isEmpty {
                pending.append(token)
                if pending.count == (type.hasSuffix("d") ? 2 : 1) {
                    ports.append(Port(nodes: pending, isCurrent: type.hasPrefix("%i")))
                    pending = []
                    if !isGrouped { type = "%v" }
                }
            }
            if closes {
                isGrouped = false
                type = "%v"
            }
        }
        return pending.isEmpty ? ports : nil
    }

    /// Reads a model's parameters as parts of an expression; nil stands for a mistake that was reported.
    private struct Reader {
        let card: ElementCard
        let model: ModelCard
        private var range: SourceRange { model.range }

        init(card: ElementCard, model: ModelCard) {
            self.card = card
            self.model = model
        }

        func number(_ name: String, _ absent: Double) -> Expression? {
            guard model.gives(name) else { return .number(absent, range) }
            return model.value(of: name).map { .number($0, range) }
        }

        /// `name=[a b c]`, in its order; nil where the model does not give it or after an error.
        func vector(_ name: String) -> [Double]? {
            guard let token = model.field(name) else { return nil }
            let text = card.elaborator.netlist.sources.text(range)
            let bytes = Array(text.utf8)
            var position = Int(token.range.start) - Int(range.start)
            var pieces: [String] = [""]
            guard bytes.indices.contains(position), bytes[position] == UInt8(ascii: "[") else {
                return model.value(of: name).map { [$0] }
            }
            position += 1
            var isAtMargin = false
            while position < bytes.count, bytes[position] != UInt8(ascii: "]") {
                let byte = bytes[position]
                // `+` at the margin joins lines.
                if " \t\r\n,".utf8.contains(byte) || (isAtMargin && byte == UInt8(ascii: "+")) {
                    pieces.append("")
                } else {
                    pieces[pieces.count - 1].append(Character(UnicodeScalar(byte)))
                }
                isAtMargin = byte == UInt8(ascii: "\n") || (isAtMargin && byte == UInt8(ascii: " "))
                position += 1
            }
            var values: [Double] = []
            for piece in pieces where !piece.isEmpty {
                guard let value = Number.parse(piece, dialect: card.dialect)?.value else {
                    card.error("'\(piece)' is no number of \(name)=[…] in model '\(model.name)'", at: token)
                    return nil
                }
                values.append(value)
            }
            return values
        }

        func sum(_ terms: [Expression?]) -> Expression? { join(.add, terms) }
        func product(_ factors: [Expression?]) -> Expression? { join(.multiply, factors) }

        private func join(_ operation: Expression.BinaryOperator, _ parts: [Expression?]) -> Expression? {
            var result: Expression?
            for part in parts {
                guard let part else { return nil }
                result = result.map { .binary(operation, $0, part, range) } ?? part
            }
            return result
        }

        private func limited(_ value: Expression?, _ lower: Double, _ upper: Double) -> Expression? {
            guard let value, let low = number("out_lower_limit", lower), let high = number("out_upper_limit", upper)
            else {
                return nil
            }
            return .call("min", [.call("max", [value, low], range), high], range)
        }

        /// Inputs with their offsets and gains, one each or one for all.
        private func scaled(_ inputs: [Expression]) -> [Expression?] {
            let offsets = model.gives("in_offset") ? vector("in_offset") : [0]
            let gains = model.gives("in_gain") ? vector("in_gain") : [1]
            guard let offsets, let gains, let lastOffset = offsets.last, let lastGain = gains.last else { return [nil] }
            return inputs.enumerated().map { place, input in
                let offset = place < offsets.count ? offsets[place] : lastOffset
                let gain = place < gains.count ? gains[place] : lastGain
                return product([.number(gain, range), sum([input, .number(offset, range)])])
            }
        }

        func value(_ kind: Model, _ inputs: [Expression]) -> Expression? {
            let input = inputs[0]
            switch kind {
            case .gain:
                return sum([
                    product([number("gain", 1), sum([input, number("in_offset", 0)])]), number("out_offset", 0),
                ])
            case .summer:
                return sum([product([number("out_gain", 1), sum(scaled(inputs))]), number("out_offset", 0)])
            case .mult:
                return sum([product([number("out_gain", 1), product(scaled(inputs))]), number("out_offset", 0)])
            case .divide:
                let numerator = product([number("num_gain", 1), sum([input, number("num_offset", 0)])])
                let denominator = product([number("den_gain", 1), sum([inputs[1], number("den_offset", 0)])])
                guard let numerator, let denominator, let least = number("den_lower_limit", 1e-10) else { return nil }
                let kept = Expression.call(
                    "if",
                    [
                        .binary(.less, denominator, .number(0, range), range),
                        .call("min", [denominator, .unary(.minus, least, range)], range),
                        .call("max", [denominator, least], range),
                    ], range)
                let quotient = Expression.binary(.divide, numerator, kept, range)
                return sum([product([number("out_gain", 1), quotient]), number("out_offset", 0)])
            case .limit:
                return limited(product([number("gain", 1), sum([input, number("in_offset", 0)])]), -1, 1)
            case .int:
                guard let shifted = sum([input, number("in_offset", 0)]) else { return nil }
                return sum([product([number("gain", 1), .call("sdt", [shifted], range)]), number("out_ic", 0)])
            case .derivative:
                let slope = product([number("gain", 1), .call("ddt", [input], range)])
                let value = sum([slope, number("out_offset", 0)])
                return model.gives("out_lower_limit") || model.gives("out_upper_limit")
                    ? limited(value, -.infinity, .infinity) : value
            case .lines:
                guard let xs = vector("x_array"), let ys = vector("y_array") else {
                    card.error("model '\(model.name)' needs x_array and y_array")
                    return nil
                }
                guard xs.count == ys.count, xs.count > 1 else {
                    card.error("x_array and y_array of model '\(model.name)' are not of one length above 1")
                    return nil
                }
                let points = zip(xs, ys).flatMap { [Expression.number($0, range), .number($1, range)] }
                return .call("pwl", [input] + points, range)
            case .transfer: return nil
            }
        }

        /// gain·N(s/ω)/D(s/ω); coefficients begin with the highest power.
        func transferFunction() -> TransferFunction? {
            guard let above = vector("num_coeff"), let below = vector("den_coeff"), !above.isEmpty, !below.isEmpty
            else {
                card.error("model '\(model.name)' needs num_coeff and den_coeff")
                return nil
            }
            if let start = vector("int_ic"), start.contains(where: { $0 != 0 }) {
                card.error(
                    "int_ic of model '\(model.name)' is not there", hint: "states start from rest, or from 0 with uic")
                return nil
            }
            let unit = model.value(of: "denormalized_freq") ?? 1
            let gain = model.value(of: "gain") ?? 1
            guard unit > 0 else {
                card.error("denormalized_freq of model '\(model.name)' must be above 0, not \(unit.plain)")
                return nil
            }
            func scaled(_ coefficients: [Double], _ factor: Double) -> [Double] {
                var power = factor
                return coefficients.reversed().map { coefficient in
                    defer { power /= unit }
                    return coefficient * power
                }
            }
            guard let function = TransferFunction(scaled(above, gain), over: scaled(below, 1)) else {
                card.error("the denominator of model '\(model.name)' is 0")
                return nil
            }
            return function
        }
    }
}
