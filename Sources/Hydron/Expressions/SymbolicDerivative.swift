/// `ddx( )`: the derivative of an expression as an expression, so that it can be differentiated again by ``Dual``.
extension ExpressionCompiler {
    /// ∂f/∂x; nil where f does not depend on x.
    mutating func derivative(of f: Operand, by x: Operand) -> Operand? {
        var known: [Operand: Operand?] = [:]
        return derivative(of: f, by: x, &known)
    }

    private mutating func derivative(of f: Operand, by x: Operand, _ known: inout [Operand: Operand?]) -> Operand? {
        if f == x { return .number(1) }
        guard let (operation, operands, table) = instruction(f) else { return nil }
        if let found = known[f] { return found }
        var slopes: [Operand?] = []
        for operand in operands { slopes.append(derivative(of: operand, by: x, &known)) }
        let result = slopes.contains { $0 != nil } ? chain(operation, f, operands, slopes, table) : nil
        known[f] = .some(result)
        return result
    }

    private mutating func chain(
        _ operation: Program.Operation, _ f: Operand, _ operands: [Operand], _ slopes: [Operand?], _ table: Int32
    ) -> Operand? {
        let zero = Operand.number(0)
        let one = Operand.number(1)
        let (a, da) = (operands[0], slopes[0] ?? zero)
        let (b, db) = operands.count > 1 ? (operands[1], slopes[1] ?? zero) : (zero, zero)
        let (c, dc) = operands.count > 2 ? (operands[2], slopes[2] ?? zero) : (zero, zero)
        func half(_ compiler: inout ExpressionCompiler, _ value: Operand) -> Operand {
            compiler.emit(.multiply, value, .number(0.5))
        }
        switch operation {
        case .add: return emit(.add, da, db)
        case .subtract: return emit(.subtract, da, db)
        case .multiply: return emit(.add, emit(.multiply, da, b), emit(.multiply, a, db))
        case .divide:
            return emit(.divide, emit(.subtract, da, emit(.multiply, f, db)), b)
        case .negate: return emit(.negate, da)
        case .power, .powerOrZero, .powerRounded, .signedPower, .absolutePower:
            return powerSlope(operation, f, (a, da), (b, slopes.count > 1 ? slopes[1] : nil))
        case .select: return emit(.select, a, db, dc)
        case .exp: return emit(.multiply, f, da)
        case .log: return emit(.divide, da, a)
        case .log10: return emit(.divide, emit(.multiply, da, .number(0.43429448190325182765)), a)
        case .decibel: return emit(.divide, emit(.multiply, da, .number(20 * 0.43429448190325182765)), a)
        case .sqrt: return emit(.divide, emit(.multiply, half(&self, da), emit(.sign, a)), f)
        case .sin: return emit(.multiply, emit(.cos, a), da)
        case .cos: return emit(.negate, emit(.multiply, emit(.sin, a), da))
        case .tan: return emit(.multiply, emit(.add, one, emit(.multiply, f, f)), da)
        case .asin, .acos:
            let root = emit(.sqrt, emit(.subtract, one, emit(.multiply, a, a)))
            return emit(.divide, operation == .asin ? da : emit(.negate, da), root)
        case .atan: return emit(.divide, da, emit(.add, one, emit(.multiply, a, a)))
        case .atan2:
            let top = emit(.subtract, emit(.multiply, da, b), emit(.multiply, a, db))
            return emit(.divide, top, emit(.add, emit(.multiply, a, a), emit(.multiply, b, b)))
        case .sinh: return emit(.multiply, emit(.cosh, a), da)
        case .cosh: return emit(.multiply, emit(.sinh, a), da)
        case .tanh: return emit(.multiply, emit(.subtract, one, emit(.multiply, f, f)), da)
        case .asinh: return emit(.divide, da, emit(.sqrt, emit(.add, emit(.multiply, a, a), one)))
        case .acosh: return emit(.divide, da, emit(.sqrt, emit(.subtract, emit(.multiply, a, a), one)))
        case .atanh: return emit(.divide, da, emit(.subtract, one, emit(.multiply, a, a)))
        case .abs: return emit(.multiply, emit(.sign, a), da)
        case .copySign: return emit(.multiply, emit(.multiply, emit(.sign, a), emit(.sign, b)), da)
        case .minimum: return emit(.select, emit(.less, b, a), db, da)
        case .maximum: return emit(.select, emit(.less, a, b), db, da)
        case .limit: return emit(.select, emit(.less, a, b), db, emit(.select, emit(.greater, a, c), dc, da))
        case .ramp: return emit(.select, emit(.greater, a, zero), da, zero)
        case .unitRamp:
            return emit(.select, emit(.and, emit(.greater, a, zero), emit(.less, a, one)), da, zero)
        case .remainder:
            return emit(.subtract, da, emit(.multiply, db, emit(.truncate, emit(.divide, a, b))))
        case .hypotenuse:
            return emit(.divide, emit(.add, emit(.multiply, a, da), emit(.multiply, b, db)), f)
        case .realPart: return da
        case .table: return emit(.multiply, emit(.tableSlope, a, table: table), da)
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .and, .or, .exclusiveOr, .not, .sign,
            .step, .halfStep, .nearest, .truncate, .floor, .ceiling, .round, .tableSlope, .imaginaryPart, .phase:
            return nil
        }
    }

    /// d aᵇ = b aᵇ⁻¹ da + aᵇ ln|a| db, with what the dialect makes of a negative base.
    private mutating func powerSlope(
        _ operation: Program.Operation, _ f: Operand, _ base: (Operand, Operand), _ exponent: (Operand, Operand?)
    ) -> Operand {
        let lower = emit(.subtract, exponent.0, .number(1))
        let reduced: Program.Operation =
            switch operation {
            case .signedPower: .absolutePower
            case .absolutePower: .signedPower
            default: operation
            }
        let power = emit(reduced, base.0, lower)
        let first = emit(.multiply, emit(.multiply, exponent.0, power), base.1)
        guard let slope = exponent.1 else { return first }
        return emit(.add, first, emit(.multiply, emit(.multiply, f, emit(.log, base.0)), slope))
    }
}
