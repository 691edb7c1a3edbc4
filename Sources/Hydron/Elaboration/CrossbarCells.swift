import SpiceNetlist
import Waveforms

/// The cells of an array's card: their values, targets and faults.
extension CrossbarCard {
    /// The values of a field for all cells, row by row.
    func cellValues(
        _ token: Token, _ key: String, _ size: (rows: Int, columns: Int, ports: [Bus])
    ) -> [Double]? {
        if token.kind == .string {
            return elaborator.cellValues(
                inFile: token, rows: size.rows, columns: size.columns, what: "\(key) of '\(name)'", in: scope)
        }
        if token.kind == .word, let number = elaborator.netlist.number(token) {
            return elaborator.values.checked(number, token).map {
                [Double](repeating: $0, count: size.rows * size.columns)
            }
        }
        guard let expression = elaborator.values.expression(token) else { return nil }
        let cells = CellScope(scope)
        let before = elaborator.diagnostics.errorCount
        guard
            let program = ExpressionCompiler.compile(expression, in: cells, diagnostics: &elaborator.diagnostics)
        else {
            if elaborator.diagnostics.errorCount == before {
                error("\(key) of '\(name)' can't be evaluated", at: token.range)
            }
            return nil
        }
        return cells.values(program, rows: size.rows, columns: size.columns, at: token.range)
    }

    private func place(_ index: Int, _ columns: Int) -> String { "[\(index / columns)][\(index % columns)]" }

    func resistorCells(_ size: (rows: Int, columns: Int, ports: [Bus])) -> CrossbarArray.Cells? {
        let isResistance = token("r") != nil
        guard let token = token("r") ?? token("g") else {
            error(
                "'\(name)' has no cells", at: card.range,
                hint: "name a model with cell=, or give the resistance r= or the conductance g= of the cells")
            return nil
        }
        for field in fields where ProtonResistor.Instance.index()[field.key] != nil && Key.index()[field.key] == nil {
            error(
                "cells of resistors have no '\(field.key)'", at: field.keyToken.range, hint: "name a model with cell=")
            return nil
        }
        guard var values = cellValues(token, isResistance ? "r" : "g", size) else { return nil }
        for index in values.indices {
            guard isResistance ? values[index] > 0 : values[index] >= 0 else {
                error(
                    "cell \(place(index, size.columns)) of '\(name)' has \(values[index]) \(isResistance ? "Ω" : "S")",
                    at: token.range, hint: isResistance ? "resistances are above 0" : "conductances are at least 0")
                return nil
            }
            if isResistance { values[index] = 1 / values[index] }
        }
        guard let open = faults("open", size) else { return nil }
        for cell in open { values[Int(cell)] = 0 }
        return .resistors(values)
    }

    func protonCells(
        _ model: ModelCard, _ values: ParameterValues<Key>, _ size: (rows: Int, columns: Int, ports: [Bus])
    ) -> CrossbarArray.Cells? {
        let general = model.values(ProtonResistor.Model.self)
        let ambient = elaborator.card.temperature(
            given: values.isGiven(.temp) ? values[.temp] : nil, rise: values[.dtemp])
        let index = ProtonResistor.Instance.index()
        var common = ParameterValues<ProtonResistor.Instance>()
        var spread: [(key: ProtonResistor.Instance, values: [Double])] = []
        var occupancy: [Double]?
        if values.isGiven(.m) { common[.m] = values[.m] }
        for field in fields {
            guard let key = index[field.key], Key.index()[field.key] == nil else { continue }
            guard let given = cellValues(field.value, field.key, size) else { return nil }
            let bounds = key.parameter.bounds
            if let wrong = given.firstIndex(where: { !bounds.contains($0) }) {
                error(
                    "\(field.key) of cell \(place(wrong, size.columns)) of '\(name)' is \(given[wrong]), but must be \(bounds)",
                    at: field.value.range, hint: key.parameter.meaning)
                return nil
            }
            if key == .x0 {
                occupancy = given
            } else if given.allSatisfy({ $0 == given[0] }) {
                common[key] = given[0]
            } else {
                spread.append((key, given))
            }
        }
        let template = ProtonResistor(
            model: general, instance: common, ambient: ambient, multiplier: scope.multiplier)
        let x0 = occupancy ?? [Double](repeating: template.x0, count: size.rows * size.columns)
        var cells = ProtonCellValues(template: template, x0: x0)
        // A store of hydrogen counts from each cell's own beginning.
        if !spread.isEmpty || (general[.qres] > 0 && occupancy != nil) {
            cells.devices = x0.indices.map { cell in
                var own = common
                own[.x0] = x0[cell]
                for (key, values) in spread { own[key] = values[cell] }
                return ProtonResistor(model: general, instance: own, ambient: ambient, multiplier: scope.multiplier)
            }
        }
        guard let open = faults("open", size), let stuck = faults("stuck", size) else { return nil }
        cells.open = open
        cells.stuck = stuck
        return .proton(cells)
    }

    /// `xtarget=`, `gtarget=`: what the cells' occupancies or conductances should be.
    func targets(
        _ size: (rows: Int, columns: Int, ports: [Bus]), hasOccupancy: Bool
    ) -> [CellQuantity: [Double]]? {
        var targets: [CellQuantity: [Double]] = [:]
        for (key, quantity) in [("xtarget", CellQuantity.x), ("gtarget", .g)] {
            guard let token = token(key) else { continue }
            guard quantity == .g || hasOccupancy else {
                error("cells of resistors have no occupancy", at: token.range, hint: "give gtarget= in siemens")
                return nil
            }
            guard let values = cellValues(token, key, size) else { return nil }
            targets[quantity] = values
        }
        return targets
    }

    /// Cells that `open=` or `stuck=` names: a list of `row:column`, or the probability of each.
    func faults(_ key: String, _ size: (rows: Int, columns: Int, ports: [Bus])) -> [Int32]? {
        guard let token = token(key) else { return [] }
        if token.kind == .string {
            guard let pairs = pairs(token, what: "row:column", first: size.rows, second: size.columns) else {
                return nil
            }
            return Set(pairs.map { Int32($0.0 * size.columns + $0.1) }).sorted()
        }
        guard let rate = elaborator.values.value(token, in: scope, what: key) else { return nil }
        guard 0...1 ~= rate else {
            error(
                "\(key) of '\(name)' is \(rate), but a rate is from 0 to 1", at: token.range,
                hint: "or list cells, \"3:17 4:0\"")
            return nil
        }
        guard rate > 0 else { return [] }
        let bits = elaborator.randomNumbers.bits(StableHash(name + key).state, in: scope)
        var cells: [Int32] = []
        for row in 0..<size.rows {
            for column in 0..<size.columns where RandomStream(bits, row, column).uniform < rate {
                cells.append(Int32(row * size.columns + column))
            }
        }
        return cells
    }
}

extension Elaborator {
    /// Values of cells from a file: NumPy's format, or rows of numbers with commas between.
    func cellValues(inFile token: Token, rows: Int, columns: Int, what: String, in scope: Scope) -> [Double]? {
        let path = netlist.sources.text(token.range)
        let outcome = netlist.withData(path, at: token.range, diagnostics: &diagnostics) {
            bytes -> Result<NumberArray, WaveformError> in
            do throws(WaveformError) {
                return .success(try NumberArray.read(bytes, path: path))
            } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case nil: return nil
        case .failure(let failure):
            error(
                "\(what): \(failure)", at: token.range, in: scope,
                hint: "a file holds a finite number for each cell: NumPy's .npy, or rows with commas between")
            return nil
        case .success(let array):
            // A vector serves an array of one row or one column.
            let fits = array.shape == [rows, columns] || array.shape.count == 1 && min(rows, columns) == 1
            guard fits, array.values.count == rows * columns else {
                let shape = array.shape.map(String.init).joined(separator: " × ")
                error(
                    "\(what): '\(path)' holds \(shape) numbers, but the array has \(rows) rows and \(columns) columns",
                    at: token.range, in: scope,
                    hint: array.shape == [columns, rows] ? "transpose it" : "rows come first")
                return nil
            }
            return array.values
        }
    }
}
