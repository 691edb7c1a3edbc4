import Glibc

/// `ddx(expression, quantity)`: the partial derivative as instructions of its own.
extension ExpressionCompiler {
    mutating func derivative(of operand: Operand, by variable: Operand) -> Operand {
        switch operand {
        case .constant: return .number(0)
        case .input: return .number(operand == variable ? 1 : 0)
        case .result(let index): return derivative(ofInstruction: index, by: variable)
        }
    }

    private mutating func derivative(ofInstruction index: Int, by variable: Operand) -> Operand {
        let (operation, operands) = instruction(index)
        let a = operands[0]
        let value = Operand.result(index)
        let da = derivative(of: a, by: variable)
        func second() -> Operand { operands[1] }
        func times(_ compiler: inout ExpressionCompiler, _ slope: Operand) -> Operand {
            compiler.emit(.multiply, slope, da)
        }
        switch operation {
        case .add: return emit(.add, da, derivative(of: second(), by: variable))
        case .subtract: return emit(.subtract, da, derivative(of: second(), by: variable))
        case .multiply:
            let db = derivative(of: second(), by: variable)
            return emit(.add, emit(.multiply, da, second()), emit(.multiply, a, db))
        case .divide:
            // (a' − (a/b) b')/b
            let db = derivative(of: second(), by: variable)
            return emit(.divide, emit(.subtract, da, emit(.multiply, value, db)), second())
        case .negate: return emit(.negate, da)
        case .power, .absolutePower, .signedPower:
            // aᵇ (b' ln|a| + b a'/a)
            let db = derivative(of: second(), by: variable)
            let growth = emit(.multiply, db, emit(.log, a))
            let slope = emit(.divide, emit(.multiply, second(), da), a)
            return emit(.multiply, value, emit(.add, growth, slope))
        case .select:
            let then = derivative(of: operands[1], by: variable)
            let otherwise = derivative(of: operands[2], by: variable)
            return emit(.select, a, then, otherwise)
        case .minimum, .maximum:
            let db = derivative(of: second(), by: variable)
            let first = emit(operation == .minimum ? .lessOrEqual : .greaterOrEqual, a, second())
            return emit(.select, first, da, db)
        case .exp: return times(&self, value)
        case .log: return emit(.divide, da, a)
        case .log10: return emit(.divide, emit(.multiply, da, .number(1 / Glibc.log(10.0))), a)
        case .decibel: return emit(.divide, emit(.multiply, da, .number(20 / Glibc.log(10.0))), a)
        case .sqrt: return emit(.divide, emit(.multiply, da, .number(0.5)), value)
        case .sin: return times(&self, emit(.cos, a))
        case .cos: return emit(.negate, times(&self, emit(.sin, a)))
        case .tan: return times(&self, emit(.add, .number(1), emit(.multiply, value, value)))
        case .asin, .acos:
            let root = emit(.sqrt, emit(.subtract, .number(1), emit(.multiply, a, a)))
            let slope = emit(.divide, da, root)
            return operation == .asin ? slope : emit(.negate, slope)
        case .atan: return emit(.divide, da, emit(.add, .number(1), emit(.multiply, a, a)))
        case .sinh: return times(&self, emit(.cosh, a))
        case .cosh: return times(&self, emit(.sinh, a))
        case .tanh: return times(&self, emit(.subtract, .number(1), emit(.multiply, value, value)))
        case .asinh: return emit(.divide, da, emit(.sqrt, emit(.add, emit(.multiply, a, a), .number(1))))
        case .acosh: return emit(.divide, da, emit(.sqrt, emit(.subtract, emit(.multiply, a, a), .number(1))))
        case .atanh: return emit(.divide, da, emit(.subtract, .number(1), emit(.multiply, a, a)))
        case .abs: return times(&self, emit(.sign, a))
        case .ramp: return times(&self, emit(.step, a))
        case .hypotenuse:
            let db = derivative(of: second(), by: variable)
            let sum = emit(.add, emit(.multiply, a, da), emit(.multiply, second(), db))
            return emit(.divide, sum, value)
        case .atan2:
            let db = derivative(of: second(), by: variable)
            let turn = emit(.subtract, emit(.multiply, second(), da), emit(.multiply, a, db))
            let square = emit(.add, emit(.multiply, a, a), emit(.multiply, second(), second()))
            return emit(.divide, turn, square)
        case .remainder: return da
        case .limit:
            let above = emit(.greater, a, operands[1])
            let below = emit(.less, a, operands[2])
            return emit(.select, emit(.and, above, below), da, .number(0))
        case .unitRamp:
            let inside = emit(.and, emit(.greater, a, .number(0)), emit(.less, a, .number(1)))
            return emit(.select, inside, da, .number(0))
        case .copySign: return times(&self, emit(.multiply, emit(.sign, a), emit(.sign, second())))
        case .table:
            // The slope between two points close by, exact within a straight piece.
            let h = emit(.multiply, .number(1e-6), emit(.maximum, emit(.abs, a), .number(1e-3)))
            let table = tableIndex(index)
            let up = emit(.table, [emit(.add, a, h)], table: table)
            let down = emit(.table, [emit(.subtract, a, h)], table: table)
            return times(&self, emit(.divide, emit(.subtract, up, down), emit(.multiply, h, .number(2))))
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .and, .or, .exclusiveOr, .not, .sign,
            .step, .nearest, .truncate, .floor, .ceiling, .round:
            return .number(0)
        }
    }
}
