import SpiceNetlist
import Testing

@testable import Hydron

/// A scope made by hand: parameters and functions as text, nodes `a`, `b`, … as unknowns 1, 2, …
final class ExpressionTestScope: ExpressionScope {
    var dialect: Dialect
    var options = SimulationOptions()
    var sources = SourceMap()
    var parameters: [String: ScopedParameter] = [:]
    var functions: [String: ScopedFunction] = [:]
    var files: [String: [(x: Double, y: Double)]] = [:]
    var auxiliaries: [(kind: AuxiliaryKind, program: Program)] = []
    var path: UInt64 = 0

    init(_ dialect: Dialect = .ngspice) { self.dialect = dialect }

    func expression(_ text: String) throws -> Expression {
        let file = sources.addText(text, path: "test")
        let netlist = Netlist(sources: sources, dialect: dialect, title: "", top: Block())
        var diagnostics = Diagnostics()
        let range = SourceRange(file: file, start: 0, end: UInt32(text.utf8.count))
        return try #require(netlist.expression(range, diagnostics: &diagnostics), "\(text): \(diagnostics.all)")
    }

    func define(_ name: String, _ text: String) throws { parameters[name] = .expression(try expression(text), self) }

    func define(_ name: String, _ arguments: [String], _ body: String) throws {
        functions[name] = ScopedFunction(arguments: arguments, body: try expression(body), scope: self)
    }

    func compile(_ text: String) throws -> Program {
        var diagnostics = Diagnostics()
        let program = ExpressionCompiler.compile(try expression(text), in: self, diagnostics: &diagnostics)
        return try #require(program, "\(text): \(diagnostics.all)")
    }

    /// The first error, with its hint, that compiling gives.
    func mistake(_ text: String) throws -> String? {
        var diagnostics = Diagnostics()
        let program = ExpressionCompiler.compile(try expression(text), in: self, diagnostics: &diagnostics)
        #expect((program == nil) == diagnostics.hasErrors)
        return diagnostics.all.first { $0.severity == .error }.map { $0.message + ($0.hint.map { "; \($0)" } ?? "") }
    }

    /// A constant's value.
    func value(_ text: String) throws -> Double {
        try #require(try compile(text).constant, "\(text) is not constant")
    }

    // MARK: ExpressionScope

    var parameterNames: [String] { parameters.keys.sorted() }
    var functionNames: [String] { functions.keys.sorted() }
    func parameter(_ name: String) -> ScopedParameter? { parameters[name] }
    func function(_ name: String) -> ScopedFunction? { functions[name] }
    func quantity(_ name: String) -> ProgramInput? { nil }

    func resolve(_ probe: Probe, _ range: SourceRange, _ diagnostics: inout Diagnostics) -> ResolvedProbe? {
        func unknown(_ name: String) -> Int32 {
            if name == "0" { return 0 }
            if name.hasPrefix("n"), let number = Int32(name.dropFirst()) { return number }
            return name.utf8.first.map { Int32($0) - 96 } ?? 0
        }
        var terms: [(input: ProgramInput, factor: Double)] = []
        for (index, node) in probe.arguments.enumerated() where unknown(node) > 0 {
            terms.append((.unknown(unknown(node)), index == 0 ? 1 : -1))
        }
        return ResolvedProbe(terms)
    }

    func auxiliary(_ kind: AuxiliaryKind, _ program: Program) -> ProgramInput? {
        auxiliaries.append((kind, program))
        return .unknown(Int32(100 + auxiliaries.count))
    }

    func points(
        inFile path: String, _ range: SourceRange, _ diagnostics: inout Diagnostics
    ) -> [(x: Double, y: Double)]? { files[path] }

    func random(_ key: UInt64) -> Double {
        var z = key &+ path &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(options[.seed])
        for _ in 0..<2 {
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            z ^= z >> 31
        }
        return (Double(z >> 11) + 0.5) / 9_007_199_254_740_992
    }
}

extension Program {
    /// The value and the gradient over its inputs, by duals of eight lanes.
    func differentiated(_ inputs: [Double]) -> (value: Double, gradient: [Double]) {
        var registers = [Dual<SIMD8<Double>>](repeating: Dual(constant: 0), count: max(registerCount, 1))
        var gradient: [Double] = []
        var value = 0.0
        var first = 0
        repeat {
            let last = min(first + 8, inputs.count)
            for (index, input) in inputs.enumerated() { registers[index] = Dual(constant: input) }
            for index in first..<last { registers[index] = Dual(variable: inputs[index], lane: index - first) }
            let result = registers.withUnsafeMutableBufferPointer { evaluate($0.baseAddress!) }
            value = result.value
            for index in first..<last { gradient.append(result.gradient[index - first]) }
            first = last
        } while first < inputs.count
        return (value, gradient)
    }
}
