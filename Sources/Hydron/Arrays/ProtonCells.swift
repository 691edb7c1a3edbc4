import ComplexModule

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
    /// ``template``, where the loops find it.
    private let common: UnsafeMutablePointer<ProtonResistor>
    private let initial: [Double]
    /// By place, where there are any.
    private let missing: UnsafeMutablePointer<Bool>?
    private let stuck: UnsafeMutablePointer<Bool>?
    /// Whether eight cells are worked on side by side in time.
    private let allowsLanes: Bool

    /// Occupancy and ionic charge through the gate [C] at the last accepted point, and as the iterate leaves them.
    private var x: Plane
    private var charge: Plane
    private var nextX: Plane
    private var nextCharge: Plane
    /// Whether the latter two were written since the last accepted point.
    private var isLoaded = false
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
        func marks(_ cells: [Int32]) -> UnsafeMutablePointer<Bool>? {
            guard !cells.isEmpty else { return nil }
            let marks = UnsafeMutablePointer<Bool>.allocate(capacity: shape.size)
            marks.initialize(repeating: false, count: shape.size)
            for cell in cells { marks[shape.index(Int(cell) / shape.columns, Int(cell) % shape.columns)] = true }
            return marks
        }
        missing = marks(values.open)
        stuck = marks(values.stuck)
        common = .allocate(capacity: 1)
        common.initialize(to: values.template)
        allowsLanes = devices == nil && missing == nil && stuck == nil && values.template.physics.isPotentialFlat
        reset()
    }

    deinit {
        devices?.deallocate()
        common.deallocate()
        missing?.deallocate()
        stuck?.deallocate()
    }

    var bytes: Int {
        let planes = 6 + (matrix.rowGate === matrix.columnGate ? 0 : 1)
        return planes * shape.size * 8 + (devices == nil ? 0 : shape.size * MemoryLayout<ProtonResistor>.stride)
            + (missing == nil ? 0 : shape.size) + (stuck == nil ? 0 : shape.size)
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
        isLoaded = false
    }

    @inline(__always) private func device(_ place: Int) -> UnsafePointer<ProtonResistor> {
        UnsafePointer(devices.map { $0 + place } ?? common)
    }
    @inline(__always) private func isMissing(_ place: Int) -> Bool { missing.map { $0[place] } ?? false }
    @inline(__always) private func isStuck(_ place: Int) -> Bool { stuck.map { $0[place] } ?? false }

    func willLoad() { isLoaded = true }

    func load(row: Int, _ nodes: RowNodes, from last: PlaneVoltages, _ context: CellContext) -> Double {
        let start = shape.index(row, 0)
        let goTogether = allowsLanes && context.interval > 0
        var worst = 0.0
        var column = 0
        while column < shape.columns {
            let end = min(column + GridShape.lanes, shape.columns)
            if goTogether, end - column == GridShape.lanes {
                worst = max(worst, loadTogether(start, column, nodes, last, context))
            } else {
                for column in column..<end where !isMissing(start + column) {
                    worst = max(worst, load(start, column, nodes, last, context))
                }
            }
            column = end
        }
        return worst
    }

    /// One cell; gives its step error.
    @inline(__always)
    private func load(
        _ start: Int, _ column: Int, _ nodes: RowNodes, _ last: PlaneVoltages, _ context: CellContext
    ) -> Double {
        guard let gateVoltage = nodes.voltage.gate, let lastGate = last.gate, let gateCurrent = nodes.current.gate,
            let gateScale = nodes.scale.gate
        else { return 0 }
        let place = start + column
        let device = device(place)
        let d = nodes.voltage.row[place]
        let s = nodes.voltage.column[place]
        let g = gateVoltage[place]
        let multiplier = device.pointee.multiplier
        let cell = device.pointee.point(
            x: x.base[place], charge: charge.base[place],
            last: lastGate[place] - 0.5 * (last.row[place] + last.column[place]), vgc: g - 0.5 * (d + s),
            interval: context.interval, isStuck: isStuck(place))
        nextX.base[place] = cell.x
        nextCharge.base[place] = cell.ionicCharge

        let half = 0.5 * multiplier * cell.gateCurrent
        let channel = multiplier * cell.conductance * (d - s)
        let ions = multiplier * cell.ionicCharge
        let drainCharge = device.pointee.gateDrain * multiplier * (g - d)
        let sourceCharge = device.pointee.gateSource * multiplier * (g - s)
        let alpha = context.alpha
        let qd = alpha * (-0.5 * ions - drainCharge)
        let qs = alpha * (-0.5 * ions - sourceCharge)
        let qg = alpha * (ions + drainCharge + sourceCharge)
        nodes.current.row[place] += channel - half + qd
        nodes.current.column[place] += qs - (channel + half)
        gateCurrent[place] += 2 * half + qg
        // Charges enter the balance as differences; their own rounding sets a floor to what can be asked of it.
        nodes.scale.row[column] = max(abs(channel), abs(qd) * 1e-6)
        nodes.scale.column[column] = max(abs(channel), abs(qs) * 1e-6)
        gateScale[column] = max(abs(2 * half), abs(qg) * 1e-6)

        guard context.fillsMatrix else { return cell.error }
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

    /// Eight cells side by side; what ``load(_:_:_:_:_:)`` does for one.
    @inline(__always)
    private func loadTogether(
        _ start: Int, _ column: Int, _ nodes: RowNodes, _ last: PlaneVoltages, _ context: CellContext
    ) -> Double {
        guard let gateVoltage = nodes.voltage.gate, let lastGate = last.gate, let gateCurrent = nodes.current.gate,
            let gateScale = nodes.scale.gate
        else { return 0 }
        let place = start + column
        let device = self.common
        let (d, s) = (loadLanes(nodes.voltage.row + place), loadLanes(nodes.voltage.column + place))
        let g = loadLanes(gateVoltage + place)
        let vgc = g - 0.5 * (d + s)
        let before = loadLanes(lastGate + place) - 0.5 * (loadLanes(last.row + place) + loadLanes(last.column + place))
        let h = context.interval
        var occupancy = loadLanes(x.base + place)
        var ionicCharge = loadLanes(charge.base + place)
        let (multiplier, gel) = (device.pointee.multiplier, device.pointee.gel)
        var total = Lanes(repeating: multiplier * gel)
        var error = 0.0
        // Where a step moves none of them they cost no more than resistors: see ``ProtonResistor/point``.
        if !device.pointee.holds(occupancy, from: before, to: vgc, interval: h) {
            let step = device.pointee.physics.advance(x0: occupancy, from: before, to: vgc, interval: h)
            occupancy = step.x
            ionicCharge += h * step.meanCurrent
            total += (multiplier * context.alpha * h) * step.currentSlope
            error = step.error
        }
        storeLanes(occupancy, nextX.base + place)
        storeLanes(ionicCharge, nextCharge.base + place)

        let conductance = device.pointee.physics.channelConductance(occupancy)
        let half = 0.5 * multiplier * (gel * vgc)
        let channel = multiplier * conductance * (d - s)
        let ions = multiplier * ionicCharge
        let drainCharge = device.pointee.gateDrain * multiplier * (g - d)
        let sourceCharge = device.pointee.gateSource * multiplier * (g - s)
        let alpha = context.alpha
        let qd = alpha * (-0.5 * ions - drainCharge)
        let qs = alpha * (-0.5 * ions - sourceCharge)
        let qg = alpha * (ions + drainCharge + sourceCharge)
        let current = nodes.current
        storeLanes(loadLanes(current.row + place) + (channel - half + qd), current.row + place)
        storeLanes(loadLanes(current.column + place) + (qs - (channel + half)), current.column + place)
        storeLanes(loadLanes(gateCurrent + place) + (2 * half + qg), gateCurrent + place)
        let through = channel.absolute
        storeLanes(largerLanes(through, qd.absolute * 1e-6), nodes.scale.row + column)
        storeLanes(largerLanes(through, qs.absolute * 1e-6), nodes.scale.column + column)
        storeLanes(largerLanes((2 * half).absolute, qg.absolute * 1e-6), gateScale + column)

        guard context.fillsMatrix else { return error }
        storeLanes(multiplier * conductance - 0.25 * total, matrix.rowColumn.base + place)
        if let rowGate = matrix.rowGate, let columnGate = matrix.columnGate {
            storeLanes(0.5 * total + alpha * device.pointee.gateDrain * multiplier, rowGate.base + place)
            if columnGate !== rowGate {
                storeLanes(0.5 * total + alpha * device.pointee.gateSource * multiplier, columnGate.base + place)
            }
        }
        return error
    }

    func addCharges(row: Int, _ voltages: PlaneVoltages, _ charges: MutablePlanes) {
        guard let gateVoltage = voltages.gate, let gateCharge = charges.gate else { return }
        let start = shape.index(row, 0)
        for place in start..<start + shape.columns where !isMissing(place) {
            let device = device(place)
            let multiplier = device.pointee.multiplier
            let (d, s, g) = (voltages.row[place], voltages.column[place], gateVoltage[place])
            let ions = multiplier * nextCharge.base[place]
            let drainCharge = device.pointee.gateDrain * multiplier * (g - d)
            let sourceCharge = device.pointee.gateSource * multiplier * (g - s)
            charges.row[place] -= 0.5 * ions + drainCharge
            charges.column[place] -= 0.5 * ions + sourceCharge
            gateCharge[place] += ions + drainCharge + sourceCharge
        }
    }

    func gateCapacitances(_ place: Int) -> (row: Double, column: Double) {
        guard !isMissing(place) else { return (0, 0) }
        let device = device(place)
        let multiplier = device.pointee.multiplier
        return (device.pointee.gateDrain * multiplier, device.pointee.gateSource * multiplier)
    }

    func addDispersion(
        _ omega: Double, _ voltages: PlaneVoltages, _ add: (Int, Int, Int, Complex<Double>) -> Void
    ) {
        guard let gateVoltage = voltages.gate else { return }
        for row in 0..<shape.rows {
            for place in shape.index(row, 0)..<shape.index(row, shape.columns)
            where !isMissing(place) && !isStuck(place) {
                device(place).pointee.dispersion(
                    omega, x: x.base[place], (voltages.row[place], voltages.column[place], gateVoltage[place]),
                    hasStaticSlope: false, { add(place, $0, $1, $2) })
            }
        }
    }

    func accept(
        _ now: PlaneVoltages, from last: PlaneVoltages, _ conditions: Conditions, _ parallel: Parallel
    ) {
        guard isLoaded else { return }
        isLoaded = false
        if conditions.interval > 0 { integrate(now, from: last, conditions, parallel) }
        swap(&x, &nextX)
        swap(&charge, &nextCharge)
    }

    /// Energies and charges of the step just taken, summed over the cells.
    private func integrate(
        _ now: PlaneVoltages, from last: PlaneVoltages, _ conditions: Conditions, _ parallel: Parallel
    ) {
        let (shape, width) = (self.shape, totals.count)
        var sums = [Double](repeating: 0, count: shape.rowChunks * width)
        sums.withUnsafeMutableBufferPointer { sums in
            parallel.each(shape.rowChunks) { chunk in
                var part = ProtonResistor.StepTotals()
                for row in shape.rowRange(chunk) {
                    let start = shape.index(row, 0)
                    var column = 0
                    while column < shape.columns {
                        let end = min(column + GridShape.lanes, shape.columns)
                        if allowsLanes, end - column == GridShape.lanes {
                            addSteps(start + column, now, last, conditions, &part)
                        } else {
                            for place in start + column..<start + end where !isMissing(place) {
                                addStep(place, now, last, conditions, &part)
                            }
                        }
                        column = end
                    }
                }
                let base = chunk * width
                sums[base + CrossbarTotal.ionicEnergy.rawValue] = part.energies.ionic
                sums[base + CrossbarTotal.switchingEnergy.rawValue] = part.energies.switching
                sums[base + CrossbarTotal.channelEnergy.rawValue] = part.energies.channel
                sums[base + CrossbarTotal.gateCharge.rawValue] = part.gained
                sums[base + CrossbarTotal.storedCharge.rawValue] = part.stored
                sums[base + CrossbarTotal.lostCharge.rawValue] = part.gained - part.stored
                sums[base + CrossbarTotal.storedEnergy.rawValue] = part.energy
                sums[base + CrossbarTotal.rampEnergy.rawValue] =
                    part.energies.ionic + part.energies.channel - part.plain
            }
        }
        for chunk in 0..<shape.rowChunks {
            for total in 0..<width { totals[total] += sums[chunk * width + total] }
        }
    }

    @inline(__always)
    private func addStep(
        _ place: Int, _ now: PlaneVoltages, _ last: PlaneVoltages, _ conditions: Conditions,
        _ part: inout ProtonResistor.StepTotals
    ) {
        guard let gateVoltage = now.gate, let lastGate = last.gate else { return }
        let ionic = nextCharge.base[place] - charge.base[place]
        part.add(
            device(place).pointee, from: (last.row[place], last.column[place], lastGate[place]),
            to: (now.row[place], now.column[place], gateVoltage[place]), x: (x.base[place], nextX.base[place]),
            ionicCharge: ionic, conditions)
    }

    /// Eight cells side by side.
    @inline(__always)
    private func addSteps(
        _ place: Int, _ now: PlaneVoltages, _ last: PlaneVoltages, _ conditions: Conditions,
        _ part: inout ProtonResistor.StepTotals
    ) {
        guard let gateVoltage = now.gate, let lastGate = last.gate else { return }
        let occupancy = (loadLanes(x.base + place), loadLanes(nextX.base + place))
        let ionic = loadLanes(nextCharge.base + place) - loadLanes(charge.base + place)
        let isStill = holdsEverywhere(occupancy.0 .== occupancy.1) && holdsEverywhere(ionic .== 0)
        part.add(
            common.pointee,
            from: (loadLanes(last.row + place), loadLanes(last.column + place), loadLanes(lastGate + place)),
            to: (loadLanes(now.row + place), loadLanes(now.column + place), loadLanes(gateVoltage + place)),
            x: occupancy, ionicCharge: isStill ? nil : ionic, conditions)
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
        let isPresent = !isMissing(place)
        let conductance = isPresent ? device.physics.channelConductance(x.base[place]) : 0
        let ig =
            isPresent
            ? (!isStuck(place)
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
