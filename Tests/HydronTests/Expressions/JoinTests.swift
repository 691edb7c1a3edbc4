import Testing

@testable import Hydron

@Test func joinedProgramsKeepTheirOperands() {
    var program = Program()
    program.inputs = [.unknown(1)]
    program.constants = [10]
    program.instructions = [Program.Instruction(operation: .multiply, a: 1, b: 0)]
    program.result = 2
    let joined = program.combined(with: [(.unknown(1), 1)]) { compiler, r, v in compiler.emit(.divide, v, r) }
    #expect(program.value([4]) == 40)
    #expect(abs(joined.value([4]) - 0.1) < 1e-15)
}
