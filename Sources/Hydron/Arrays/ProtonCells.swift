/// Proton resistors at the crossings of an array: drain on the row, source on the column, gate on the gate line. The
/// physics is ``ProtonResistor``'s; what is kept for each cell is its state alone.
final class ProtonCells: GridCells {
    let shape: GridShape
    let matrix: CellMatrix
    var isLinear: Bool { false }
    let holdsCharge: Bool

    private let template: ProtonResistor
    /// One a cell with padding, where cells differ.
    private let devices: UnsafeMutablePointer<ProtonResistor>?
    private let initial: [Double]
    private var isMissing: [Bool] = []
    private var isStuck: [Bool] = []

    /// Occupancy and ionic charge through the gate [C] at the last accepted point, and as the iterate leaves them.
    private let x: Plane
    private let charge: Plane
    private let nextX: Plane
    private let nextCharge: Plane
    private var worstError = 0.0
    private var totals = [Double](repeating: 0, count: CrossbarTotal.allCases.count)

    init(_ shape: GridShape, _ values: ProtonCellValues) {
        self.shape = shape
        template = values.template
        initial = values.x0
        x = Plane(shape.size)
        charge = Plane(shape.size)
        nextX = Plane(shape.size)
        nextCharge = Plane(shape.size)
        if let own = values.devices {
            let storage = UnsafeMutablePointer<ProtonResistor>.allocate(capacity: shape.size)
            storage.initialize(repeating: template, count: shape.size)
            for row in 0..<shape.rows {
                for column in 0..<shape.columns {
                    storage[shape.index(row, column)] = own[row * shape.columns + column]
                }
            }
            devices = storage
        } else {
            devices = nil
        }
        let all = values.devices ?? [template]
        holdsCharge = all.contains { $0.gateDrain > 0 || $0.gateSource > 0 }
        let isSymmetric = all.allSatisfy { $0.gateDrain == $0.gateSource }
        let rowGate = Plane(shape.size)
        matrix = CellMatrix(
            rowColumn: Plane(shape.size), rowGate: rowGate, columnGate: isSymmetric ? rowGate : Plane(shape.size))
        func marks(_ cells: [Int32]) -> [Bool] {
            guard !cells.isEmpty else { return [] }
            var marks = [Bool](repeating: false, count: shape.size)
            for cell in cells { marks[shape.index(Int(cell) / shape.columns, Int(cell) % shape.columns)] = true }
            return marks
        }
        isMissing = marks(values.open)
        isStuck = marks(values.stuck)
        reset()
    }

    deinit { devices?.deallocate() }

    var bytes: Int {
        let planes = 6 + (matrix.rowGate === matrix.columnGate ? 0 : 1)
        return planes * shape.size * 8 + (devices == nil ? 0 : shape.size * MemoryLayout<ProtonResistor>.stride)
            + isMissing.count + isStuck.count
    }

    func reset() {
        for row in 0..<shape.rows {
            for column in 0..<shape.columns {
                x.base[shape.index(row, column)] = initial[row * shape.columns + column]
            }
        }
        nextX.copy(x)
        for plane in [charge, nextCharge] { plane.base.update(repeating: 0, count: shape.size) }
        for index in totals.indices { totals[index] = 0 }
        worstError = 0
    }

    func addCurrents(_ nodes: GridNodes, _ parallel: Parallel) {}

    @inline(__always) private func device(_ place: Int) -> UnsafePointer<ProtonResistor>? {
        devices.map { UnsafePointer($0 + place) }
    }

    func load(_ nodes: GridNodes, from last: PlaneVoltages, _ context: LoadContext, _ parallel: Parallel) {
        var template = self.template
        withUnsafePointer(to: &template) { template in
            nonisolated(unsafe) let (nodes, last, common) = (nodes, last, template)
            let shape = self.shape
            // One worst error a chunk; the largest is the same in whatever order.
            var errors = [Double](repeating: 0, count: shape.rowChunks)
            errors.withUnsafeMutableBufferPointer { errors in
                nonisolated(unsafe) let target = errors
                parallel.each(shape.rowChunks) { chunk in
                    var worst = 0.0
                    for row in shape.rowRange(chunk) {
                        let start = shape.index(row, 0)
                        for place in start..<start + shape.columns {
                            if !isMissing.isEmpty, isMissing[place] { continue }
                            worst = max(worst, load(place, device(place) ?? common, nodes, last, context))
                        }
                    }
                    target[chunk] = worst
                }
            }
            worstError = errors.max() ?? 0
        }
    }

    /// One cell; gives its step error.
    @inline(__always)
    private func load(
        _ place: Int, _ device: UnsafePointer<ProtonResistor>, _ nodes: GridNodes, _ last: PlaneVoltages,
        _ context: LoadContext
    ) -> Double {
        guard let gateVoltage = nodes.voltage.gate, let lastGate = last.gate, let gateCurrent = nodes.current.gate,
            let gateChargeSum = nodes.charge.gate, let gateScale = nodes.scale.gate
        else { return 0 }
        let d = nodes.voltage.row[place]
        let s = nodes.voltage.column[place]
        let g = gateVoltage[place]
        let multiplier = device.pointee.multiplier
        let cell = device.pointee.point(
            x: x.base[place], charge: charge.base[place],
            last: lastGate[place] - 0.5 * (last.row[place] + last.column[place]), vgc: g - 0.5 * (d + s),
            interval: context.conditions.interval, isStuck: !isStuck.isEmpty && isStuck[place])
        nextX.base[place] = cell.x
        nextCharge.base[place] = cell.ionicCharge

        let half = 0.5 * multiplier * cell.gateCurrent
        let channel = multiplier * cell.conductance * (d - s)
        let ions = multiplier * cell.ionicCharge
        let drainCharge = device.pointee.gateDrain * multiplier * (g - d)
        let sourceCharge = device.pointee.gateSource * multiplier * (g - s)
        nodes.current.row[place] += channel - half
        nodes.current.column[place] -= channel + half
        gateCurrent[place] += 2 * half
        let (qd, qs, qg) = (-0.5 * ions - drainCharge, -0.5 * ions - sourceCharge, ions + drainCharge + sourceCharge)
        nodes.charge.row[place] += qd
        nodes.charge.column[place] += qs
        gateChargeSum[place] += qg
        let alpha = context.alpha
        // Charges enter the balance as differences; their own rounding sets a floor to what can be asked of it.
        nodes.scale.row[place] = max(nodes.scale.row[place], abs(channel), abs(alpha * qd) * 1e-6)
        nodes.scale.column[place] = max(nodes.scale.column[place], abs(channel), abs(alpha * qs) * 1e-6)
        gateScale[place] = max(gateScale[place], abs(2 * half), abs(alpha * qg) * 1e-6)

        // What the channel's conductance gains by the gate's voltage is left out of the matrix: it is the only
        // unsymmetric term, smaller than the others by the change of x in a step, and the residual has it.
        let total = multiplier * (cell.gateSlope + alpha * cell.chargeSlope)
        matrix.rowColumn.base[place] = multiplier * cell.conductance - 0.25 * total
        if let rowGate = matrix.rowGate, let columnGate = matrix.columnGate {
            rowGate.base[place] = 0.5 * total + alpha * device.pointee.gateDrain * multiplier
            if columnGate !== rowGate {
                columnGate.base[place] = 0.5 * total + alpha * device.pointee.gateSource * multiplier
            }
        }
        return cell.error
    }

    func stepError() -> Double { worstError }

    func accept(
        _ now: PlaneVoltages, from last: PlaneVoltages, _ conditions: Conditions, _ parallel: Parallel
    ) {
        if conditions.interval > 0 { integrate(now, from: last, conditions, parallel) }
        x.copy(nextX)
        charge.copy(nextCharge)
    }

    /// Energies and charges of the step just taken, summed over the cells.
    private func integrate(
        _ now: PlaneVoltages, from last: PlaneVoltages, _ conditions: Conditions, _ parallel: Parallel
    ) {
        guard let gateVoltage = now.gate, let lastGate = last.gate else { return }
        let (h, weight) = (conditions.interval, conditions.endWeight)
        var template = self.template
        let shape = self.shape
        let width = totals.count
        var sums = [Double](repeating: 0, count: shape.rowChunks * width)
        withUnsafePointer(to: &template) { template in
            sums.withUnsafeMutableBufferPointer { sums in
                nonisolated(unsafe) let (now, last, common, target) = (now, last, template, sums)
                nonisolated(unsafe) let (gateVoltage, lastGate) = (gateVoltage, lastGate)
                parallel.each(shape.rowChunks) { chunk in
                    var part = ProtonResistor.StepEnergies()
                    var gained = 0.0
                    var stored = 0.0
                    var energy = 0.0
                    var plain = 0.0
                    for row in shape.rowRange(chunk) {
                        let start = shape.index(row, 0)
                        for place in start..<start + shape.columns {
                            if !isMissing.isEmpty, isMissing[place] { continue }
                            let device = device(place) ?? common
                            let ionic = nextCharge.base[place] - charge.base[place]
                            let a = (drain: last.row[place], source: last.column[place], gate: lastGate[place])
                            let b = (drain: now.row[place], source: now.column[place], gate: gateVoltage[place])
                            let occupancy = (x.base[place], nextX.base[place])
                            part += device.pointee.energies(
                                from: a, to: b, x: occupancy, ionicCharge: ionic, interval: h)
                            plain += device.pointee.chargeEnergy(
                                from: a, to: b, x: occupancy, ionicCharge: ionic, interval: h, endWeight: weight)
                            energy += device.pointee.storedEnergy(b) - device.pointee.storedEnergy(a)
                            gained += device.pointee.multiplier * ionic
                            stored +=
                                device.pointee.multiplier * device.pointee.physics.qmax
                                * (nextX.base[place] - x.base[place])
                        }
                    }
                    let base = chunk * width
                    target[base + CrossbarTotal.ionicEnergy.rawValue] = part.ionic
                    target[base + CrossbarTotal.switchingEnergy.rawValue] = part.switching
                    target[base + CrossbarTotal.channelEnergy.rawValue] = part.channel
                    target[base + CrossbarTotal.gateCharge.rawValue] = gained
                    target[base + CrossbarTotal.storedCharge.rawValue] = stored
                    target[base + CrossbarTotal.lostCharge.rawValue] = gained - stored
                    target[base + CrossbarTotal.storedEnergy.rawValue] = energy
                    target[base + CrossbarTotal.rampEnergy.rawValue] = part.ionic + part.channel - plain
                }
            }
        }
        for chunk in 0..<shape.rowChunks {
            for total in 0..<width { totals[total] += sums[chunk * width + total] }
        }
    }

    func total(_ quantity: CrossbarTotal) -> Double { totals[quantity.rawValue] }

    func value(_ quantity: CellQuantity, _ rowIndex: Int, _ columnIndex: Int, _ voltages: PlaneVoltages) -> Double {
        let place = shape.index(rowIndex, columnIndex)
        if quantity == .x { return x.base[place] }
        if quantity == .dx { return x.base[place] - initial[rowIndex * shape.columns + columnIndex] }
        let device = devices?[place] ?? template
        let d = voltages.row[place]
        let s = voltages.column[place]
        let g = voltages.gate?[place] ?? 0
        let vgc = g - 0.5 * (d + s)
        let isPresent = isMissing.isEmpty || !isMissing[place]
        let conductance = isPresent ? device.physics.channelConductance(x.base[place]) : 0
        let ig =
            isPresent
            ? (isStuck.isEmpty || !isStuck[place]
                ? device.physics.ionicCurrent(occupancy: x.base[place], vgc: vgc) : 0) + device.gel * vgc : 0
        switch quantity {
        case .x, .dx: return x.base[place]
        case .g: return device.multiplier * conductance
        case .id: return device.multiplier * conductance * (d - s)
        case .ig: return device.multiplier * ig
        case .vrow: return d
        case .vcol: return s
        case .vgate: return g
        case .vgc: return vgc
        case .p: return device.multiplier * (conductance * (d - s) * (d - s) + ig * vgc)
        }
    }
}
