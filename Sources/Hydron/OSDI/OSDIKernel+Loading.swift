import COSDI
import Glibc

/// The loop over the elements: evaluations, and tangents instead of them.
extension OSDIKernel {
    /// Elements that a thread takes at a time.
    static let chunk = 16
    /// Bytes of blocks from which on threads share the evaluation: some 20 to 60 µs of work.
    private static let worthwhile = 400_000
    /// Bytes of an element's block from which on its evaluations are remembered: smaller ones belong to models that take
    /// hardly longer to evaluate than to look up (those of SPICE's diode, MOSFET levels 1 to 9, JFETs).
    private static let worthRemembering = 2048

    /// Adds all elements at `context.x`.
    ///
    /// - Parameters:
    ///   - splits: derivatives of charges go to an array of their own.
    ///   - rule: which elements are taken along the tangent from where they were evaluated.
    /// - Returns: how many were limited, and the first that gave up.
    func load(
        _ context: LoadContext, _ request: OSDIEvaluation, splits: Bool, bypassing rule: OSDIBypass,
        _ parallel: Parallel
    ) -> (limited: Int, fatal: Int?) {
        var request = request
        request.solution = UnsafeMutablePointer(mutating: context.x)
        // What was not limited is the same with and without limiting.
        let asked = request.flags & ~UInt32(OSDI_ENABLE_LIMITING | OSDI_START_LIMITING)
        if asked != lastFlags { forgetEvaluations() }
        lastFlags = asked
        let remembers = rule.reach > 0 && Int(module.descriptor.pointee.instance_size) >= Self.worthRemembering
        if remembers, memory == nil {
            let kinds = kinds ?? findKinds()
            self.kinds = kinds
            memory = EvaluationMemory(kindOfElement: kinds.ofElement, sizes: kinds.sizes)
        }
        let memory = remembers ? memory : nil
        var outcome = (limited: 0, fatal: Int?.none)
        if parallel.threads > 1, stride * count >= Self.worthwhile {
            parallel.each((count + Self.chunk - 1) / Self.chunk) { [request, memory] chunk in
                for element in chunk * Self.chunk..<min((chunk + 1) * Self.chunk, count) {
                    evaluate(element, request, bypassing: rule, memory)
                }
            }
            for element in 0..<count { add(element, context, splits: splits) }
        } else {
            for element in 0..<count {
                evaluate(element, request, bypassing: rule, memory)
                add(element, context, splits: splits)
            }
        }
        self.memory?.beginLearning()
        for element in 0..<count {
            switch outcomes[element] {
            case .bypassed: evaluations.bypassed += 1
            case .recalled: evaluations.recalled += 1
            case .evaluated, .limited: evaluations.evaluated += 1
            }
            if outcomes[element] != .bypassed {
                if remembers { learn(element, rule) } else { self.memory?.leave(element) }
            }
            guard returned[element] != 0 else { continue }
            if returned[element] & UInt32(OSDI_LIMITED) != 0 { outcome.limited += 1 }
            if returned[element] & UInt32(OSDI_FATAL) != 0, outcome.fatal == nil { outcome.fatal = element }
        }
        return outcome
    }

    @inline(__always) private func record(_ element: Int, _ place: Element, _ shape: Shape) -> Record {
        let count = shape.unknownCount
        let f = current[element]
        return Record(
            f: f, q: f + count, size: f + 2 * count, point: f + 3 * count, jacobian: f + 4 * count,
            charges: f + 4 * count + shape.couplingCount, rows: unknowns + Int(place.firstUnknown))
    }

    /// Evaluates an element and puts down what it adds, unless it may follow a tangent.
    @inline(__always) private func evaluate(
        _ element: Int, _ request: OSDIEvaluation, bypassing rule: OSDIBypass, _ memory: EvaluationMemory?
    ) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let record = record(element, place, shape)
        var distance = Double.infinity
        if outcomes[element] != .limited {
            distance = 0
            for index in 0..<shape.unknownCount {
                let step = abs(request.solution[Int(record.rows[index])] - record.point[index])
                // What is not a number is farther than any.
                if !(step <= distance) { distance = step.isNaN ? .infinity : step }
            }
            let isOwn = record.f == results + Int(place.firstResult)
            if isOwn
                ? rule.follows(distance, bend: bends[element])
                : isCovered(element, request, distance: distance, rule, memory)
            {
                outcomes[element] = .bypassed
                return
            }
        }
        guard rule.reach > 0 else {
            bends[element] = .infinity
            compute(element, request)
            return
        }
        evaluate(element, request, distance: distance, bypassing: rule, memory)
    }

    /// Whether the record of its kind that an element goes by leads to where it is now.
    @inline(__always) private func isCovered(
        _ element: Int, _ request: OSDIEvaluation, distance: Double, _ rule: OSDIBypass, _ memory: EvaluationMemory?
    ) -> Bool {
        if distance <= rule.rest { return true }
        guard distance <= rule.reach, let memory else { return false }
        let place = elements[element]
        let rows = unknowns + Int(place.firstUnknown)
        let room = room(element)
        for index in 0..<shapes[Int(place.shape)].unknownCount {
            room.x[index] = request.solution[Int(rows[index])]
        }
        return memory.covers(element, room.x, distance: distance, rule, room.rest)
    }

    /// The same for an element that has left its tangent behind by `distance`.
    private func evaluate(
        _ element: Int, _ request: OSDIEvaluation, distance: Double, bypassing rule: OSDIBypass,
        _ memory: EvaluationMemory?
    ) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let rows = unknowns + Int(place.firstUnknown)
        let own = results + Int(place.firstResult)
        let room = room(element)
        var distance = distance
        if let memory {
            for index in 0..<shape.unknownCount { room.x[index] = request.solution[Int(rows[index])] }
            let match = memory.find(element, room.x, rule, room.rest)
            if match.isCovered {
                memory.lessons[element].reference = Int32(match.record)
                recall(element, memory.record(element, match.record))
                return
            }
            // What is to be checked is; and of what came from elsewhere a record nearby tells more.
            let isFar = !rule.measures(distance) || current[element] != own
            if match.isToBeChecked || isFar && match.distance < distance {
                distance = match.distance
                memory.lessons[element].reference = Int32(match.record)
                current[element] = memory.record(element, match.record)
            }
            if !rule.measures(distance) { memory.lessons[element].reference = -1 }
        }
        guard rule.measures(distance) else {
            // How it bends so far away, or where another element was, is not known.
            if distance > 0 || current[element] != own { bends[element] = .infinity }
            compute(element, request)
            return
        }
        follow(element, to: request.solution, room.expected)
        room.start.update(from: current[element], count: shape.resultCount)
        // Of a record that it did not come from, it is followed twice as far at most: a knee may be close.
        let before = current[element] == own ? bends[element] : 2 / (4 * distance * distance)
        compute(element, request)
        guard outcomes[element] == .evaluated else { return }
        let along = excess(element, against: room.expected, from: room.start, rule)
        bends[element] = OSDIBypass.bend(along, over: distance, before: before)
        if let memory, memory.lessons[element].reference >= 0 {
            let across = excess(element, distance, derivatives: room.start, room.expected, rule)
            memory.lessons[element].bend = max(along, across) / (distance * distance)
        }
    }

    /// Room that elements of one chunk, which one thread evaluates, share. Temporary allocations inside of each other, with a
    /// closure that returns early, trap in release builds of Swift 6.3.
    private struct Room {
        /// Of each unknown: its value, and the rest of a way.
        let x, rest: UnsafeMutablePointer<Double>
        /// What ``follow(_:to:_:)`` puts down.
        let expected: UnsafeMutablePointer<Double>
        /// A record.
        let start: UnsafeMutablePointer<Double>
        /// What a module writes of its Jacobian.
        let entries: UnsafeMutablePointer<Double>
    }

    @inline(__always) private func room(_ element: Int) -> Room {
        let base = rooms.base + element / Self.chunk * rooms.stride
        let width = rooms.unknowns
        return Room(
            x: base, rest: base + width, expected: base + 2 * width, start: base + 5 * width,
            entries: base + 5 * width + rooms.results)
    }

    /// Lets an element go by a record of its kind.
    @inline(__always) private func recall(_ element: Int, _ record: UnsafeMutablePointer<Double>) {
        current[element] = record
        bends[element] = .infinity
        outcomes[element] = .recalled
        returned[element] = 0
        let kept = stateCount / count
        (states + element * kept).update(from: record + shapes[Int(elements[element].shape)].resultCount, count: kept)
    }

    /// Where the tangent leads at `x`: currents, charges and steps into `f`, one behind the other.
    @inline(__always) private func follow(
        _ element: Int, to x: UnsafePointer<Double>, _ f: UnsafeMutablePointer<Double>
    ) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let record = record(element, place, shape)
        let count = shape.unknownCount
        let (q, step) = (f + count, f + 2 * count)
        for index in 0..<count {
            step[index] = x[Int(record.rows[index])] - record.point[index]
            f[index] = record.f[index]
            q[index] = record.q[index]
        }
        record.add(step, shape.couplings, to: f, q)
    }

    /// Over what is tolerated, what the tangents at both ends of a step leave out at the other: of a knee between them the
    /// one hardly sees what the other does.
    ///
    /// - Parameters:
    ///   - f: what ``follow(_:to:_:)`` put down.
    ///   - start: the record that the step started from; its currents and charges are overwritten.
    private func excess(
        _ element: Int, against f: UnsafeMutablePointer<Double>, from start: UnsafeMutablePointer<Double>,
        _ rule: OSDIBypass
    ) -> Double {
        let shape = shapes[Int(elements[element].shape)]
        let record = record(element, elements[element], shape)
        let count = shape.unknownCount
        let (q, f0, q0) = (f + count, start, start + count)
        // What goes on from the start along the tangent at the end.
        record.add(f + 2 * count, shape.couplings, to: f0, q0)
        return worst(
            record, shape, rule, current: { max(abs(record.f[$0] - f[$0]), abs(record.f[$0] - f0[$0])) },
            charge: { max(abs(record.q[$0] - q[$0]), abs(record.q[$0] - q0[$0])) })
    }

    /// The same for a step as long in any direction that starts along the way that was gone: half of what the derivatives
    /// changed by bounds what it leaves out.
    ///
    /// - Parameters:
    ///   - start: the record that the step started from.
    ///   - sums: room for two numbers an unknown.
    private func excess(
        _ element: Int, _ distance: Double, derivatives start: UnsafeMutablePointer<Double>,
        _ sums: UnsafeMutablePointer<Double>, _ rule: OSDIBypass
    ) -> Double {
        let shape = shapes[Int(elements[element].shape)]
        let record = record(element, elements[element], shape)
        let count = shape.unknownCount
        let (jacobian, charges) = (start + 4 * count, start + 4 * count + shape.couplingCount)
        sums.update(repeating: 0, count: 2 * count)
        for (number, coupling) in shape.couplings.enumerated() {
            sums[Int(coupling.row)] += abs(record.jacobian[number] - jacobian[number])
            sums[count + Int(coupling.row)] += abs(record.charges[number] - charges[number])
        }
        return worst(
            record, shape, rule, current: { 0.5 * distance * sums[$0] }, charge: { 0.5 * distance * sums[count + $0] })
    }

    /// The worst of all unknowns, where so much is left out of currents and charges.
    @inline(__always) private func worst(
        _ record: Record, _ shape: Shape, _ rule: OSDIBypass, current: (Int) -> Double, charge: (Int) -> Double
    ) -> Double {
        let count = shape.unknownCount
        var (largest, worst) = (0.0, 0.0)
        for index in 0..<count { largest = max(largest, abs(record.point[index])) }
        for index in 0..<count {
            let diagonal = Int(shape.diagonals[index])
            let found = rule.excess(
                current: current(index), size: record.size[index],
                conductance: diagonal < 0 ? 0 : abs(record.jacobian[diagonal]), charge: charge(index),
                capacitance: diagonal < 0 ? 0 : abs(record.charges[diagonal]), largest: largest)
            if !(found <= worst) { worst = found }
        }
        return worst.isNaN ? .infinity : worst
    }

    // MARK: - What is remembered

    /// Elements of one model with the same parameters and nodes, as bytes, are of one kind.
    private func findKinds() -> Kinds {
        var kinds = Kinds()
        var firsts: [Int] = []
        var known: [Int: [Int32]] = [:]
        func bytes(_ element: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: instances[element].block.base, count: instances[element].block.size)
        }
        func areAlike(_ a: Int, _ b: Int) -> Bool {
            elements[a].model == elements[b].model && elements[a].shape == elements[b].shape
                && memcmp(instances[a].block.base, instances[b].block.base, instances[a].block.size) == 0
        }
        for element in 0..<count {
            var hasher = Hasher()
            hasher.combine(elements[element].model)
            hasher.combine(elements[element].shape)
            hasher.combine(bytes: bytes(element))
            let hash = hasher.finalize()
            if let kind = known[hash, default: []].first(where: { areAlike(element, firsts[Int($0)]) }) {
                kinds.ofElement.append(kind)
                continue
            }
            kinds.ofElement.append(Int32(firsts.count))
            known[hash, default: []].append(Int32(firsts.count))
            firsts.append(element)
            let shape = shapes[Int(elements[element].shape)]
            kinds.sizes.append((shape.unknownCount, shape.resultCount + stateCount / count))
        }
        return kinds
    }

    /// Learns from an element that left its tangent behind.
    private func learn(_ element: Int, _ rule: OSDIBypass) {
        switch outcomes[element] {
        case .recalled: memory?.learn(recalled: element)
        case .evaluated:
            let shape = shapes[Int(elements[element].shape)]
            let point = record(element, elements[element], shape).point
            if let kept = memory?.learn(evaluated: element, at: point, rule, room(element).rest) {
                kept.update(from: current[element], count: shape.resultCount)
                let own = stateCount / count
                (kept + shape.resultCount).update(from: states + element * own, count: own)
            }
        case .limited, .bypassed: return
        }
        guard let kind = memory?.count(element, isRecalled: outcomes[element] == .recalled) else { return }
        for other in 0..<count where memory?.isElement(other, of: kind) == true {
            let own = results + Int(elements[other].firstResult)
            guard current[other] != own else { continue }
            own.update(from: current[other], count: shapes[Int(elements[other].shape)].resultCount)
            current[other] = own
        }
        memory?.clear(kind)
    }

    /// Evaluates an element and puts down what it adds.
    private func compute(_ element: Int, _ request: OSDIEvaluation) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        current[element] = results + Int(place.firstResult)
        let record = record(element, place, shape)
        let (f, q, size) = (record.f, record.q, record.size)
        let block = blocks + element * stride
        var info = request
        let flags = evaluateModel(handles + element, block, place.model, &info)
        returned[element] = flags
        let isLimited = flags & UInt32(OSDI_LIMITED) != 0
        outcomes[element] = flags == 0 ? .evaluated : .limited
        f.update(repeating: 0, count: shape.resultCount)
        for index in 0..<shape.unknownCount { record.point[index] = request.solution[Int(record.rows[index])] }
        for node in 0..<nodes.count {
            let offsets = nodes[node]
            let index = Int(shape.places[node])
            guard index >= 0 else { continue }
            if offsets.resistive >= 0 {
                var value = block.load(fromByteOffset: Int(offsets.resistive), as: Double.self)
                if isLimited, offsets.resistiveLimit >= 0 {
                    value -= block.load(fromByteOffset: Int(offsets.resistiveLimit), as: Double.self)
                }
                f[index] += value
                size[index] = max(size[index], abs(value))
            }
            if offsets.reactive >= 0 {
                var value = block.load(fromByteOffset: Int(offsets.reactive), as: Double.self)
                if isLimited, offsets.reactiveLimit >= 0 {
                    value -= block.load(fromByteOffset: Int(offsets.reactiveLimit), as: Double.self)
                }
                q[index] += value
            }
        }
        let (jacobian, charges) = (record.jacobian, record.charges)
        let entries = room(element).entries
        if entryCounts.resistive > 0 {
            writeResistive(block, place.model, entries)
            for term in shape.resistive { jacobian[Int(term.coupling)] += entries[Int(term.entry)] }
        }
        if entryCounts.reactive > 0 {
            writeReactive(block, place.model, entries)
            for term in shape.reactive { charges[Int(term.coupling)] += entries[Int(term.entry)] }
        }
    }

    /// Charges enter the balance as differences; their own rounding sets a floor to what can be asked of it.
    private static let chargeRounding = 1e-6

    /// Adds what an element put down; where it was not evaluated, along the tangent that it goes by.
    @inline(__always) private func add(_ element: Int, _ context: LoadContext, splits: Bool) {
        let place = elements[element]
        let shape = shapes[Int(place.shape)]
        let count = shape.unknownCount
        let record = record(element, place, shape)
        let (rows, size, jacobian, charges) = (record.rows, record.size, record.jacobian, record.charges)
        var (f, q) = (record.f, record.q)
        if outcomes[element] == .bypassed || outcomes[element] == .recalled {
            follow(element, to: context.x, scratch)
            (f, q) = (scratch, scratch + count)
        }
        let alpha = context.alpha
        for index in 0..<count {
            let row = Int(rows[index])
            context.f[row] += f[index]
            context.q[row] += q[index]
            context.scale[row] = max(
                context.scale[row], max(size[index], abs(q[index] * alpha) * Self.chargeRounding))
        }
        let own = slots + Int(place.firstCoupling)
        if splits {
            for coupling in 0..<shape.couplingCount {
                context.jacobian[Int(own[coupling])] += jacobian[coupling]
                context.chargeJacobian[Int(own[coupling])] += alpha * charges[coupling]
            }
        } else {
            for coupling in 0..<shape.couplingCount {
                context.jacobian[Int(own[coupling])] += jacobian[coupling] + alpha * charges[coupling]
            }
        }
    }
}
