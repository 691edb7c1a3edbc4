/// What can be asked of a transistor on insulator, `@m1[vth]`.
enum SOIOutput: Int, CaseIterable {
    case id, ig, `is`, ie, ib, vgs, vds, vbs, ves, vth, vdsat, gm, gds, gmbs, ids, ic, ibs, ibd, iii, igidl, igisl
    case igs, igd, igb, igcs, igcd, qd, qg, qs, qb, qe, cgg, cgs, cgd, cbg, cbd, cbs, cdg, cdd, cds, vbseff, temp, p

    private var output: DeviceOutput {
        func current(_ meaning: String, _ charge: String? = nil) -> DeviceOutput {
            DeviceOutput("\(self)", unit: "A", meaning, withRateOf: charge)
        }
        func plain(_ unit: String, _ meaning: String) -> DeviceOutput { DeviceOutput("\(self)", unit: unit, meaning) }
        return switch self {
        case .id: current("current into the drain", "qd")
        case .ig: current("current into the gate", "qg")
        case .is: current("current into the source", "qs")
        case .ie: current("current into the substrate", "qe")
        case .ib: current("current into the body from its contact", "qb")
        case .vgs: plain("V", "voltage of the inner gate against the inner source")
        case .vds: plain("V", "voltage of the inner drain against the inner source")
        case .vbs: plain("V", "voltage of the body against the inner source")
        case .ves: plain("V", "voltage of the substrate against the inner source")
        case .vth: plain("V", "threshold voltage")
        case .vdsat: plain("V", "saturation voltage")
        case .gm: plain("S", "transconductance")
        case .gds: plain("S", "conductance of the channel and the bipolar transistor")
        case .gmbs: plain("S", "transconductance of the body")
        case .ids: plain("A", "current of the channel and the bipolar transistor from drain to source")
        case .ic: plain("A", "current of the bipolar transistor")
        case .ibs: plain("A", "current of the junction from body to source")
        case .ibd: plain("A", "current of the junction from body to drain")
        case .iii: plain("A", "current of impact ionisation")
        case .igidl: plain("A", "current that the gate induces at the drain")
        case .igisl: plain("A", "current that the gate induces at the source")
        case .igs: plain("A", "current from the gate to the source through their overlap")
        case .igd: plain("A", "current from the gate to the drain through their overlap")
        case .igb: plain("A", "current from the gate to the body")
        case .igcs: plain("A", "current from the gate to the channel, the source's part")
        case .igcd: plain("A", "current from the gate to the channel, the drain's part")
        case .qd: plain("C", "charge of the drain")
        case .qg: plain("C", "charge of the gate")
        case .qs: plain("C", "charge of the source")
        case .qb: plain("C", "charge of the body")
        case .qe: plain("C", "charge of the substrate")
        case .cgg: plain("F", "∂qg/∂vg")
        case .cgs: plain("F", "∂qg/∂vs")
        case .cgd: plain("F", "∂qg/∂vd")
        case .cbg: plain("F", "∂qb/∂vg")
        case .cbd: plain("F", "∂qb/∂vd")
        case .cbs: plain("F", "∂qb/∂vs")
        case .cdg: plain("F", "∂qd/∂vg")
        case .cdd: plain("F", "∂qd/∂vd")
        case .cds: plain("F", "∂qd/∂vs")
        case .vbseff: plain("V", "body voltage in the channel's law")
        case .temp: plain("°C", "temperature of the film")
        case .p: plain("W", "power of all direct currents")
        }
    }

    static let all: [DeviceOutput] = allCases.map(\.output)
}

extension SOITransistor {
    static var outputs: [DeviceOutput] { SOIOutput.all }

    func output(_ index: Int, _ u: Locals<Gradient>, state: NoState, _ conditions: Conditions) -> Double {
        guard let quantity = SOIOutput(rawValue: index) else { return .nan }
        let v = voltages(u.values)
        let (bias, heat) = (bias(v), warmth(v.rise))
        let point = point(bias, heat, gmin: conditions.gmin)
        let sign = core.polarity
        switch quantity {
        case .vgs: return sign * v.gate
        case .vds: return sign * v.drain
        case .vbs: return sign * v.body
        case .ves: return sign * v.substrate
        case .vth: return sign * point.drive.threshold.value
        case .vdsat: return sign * point.channel.saturation.value
        case .vbseff: return sign * point.body.effective.value
        case .temp: return temperature + v.rise - PhysicalConstants.zeroCelsius
        case .qd, .qg, .qs, .qb, .qe, .cgg, .cgs, .cgd, .cbg, .cbd, .cbs, .cdg, .cdd, .cds:
            return charge(quantity, bias, heat, point)
        case .p: return power(v, point)
        default: return current(quantity, point)
        }
    }

    private func power(_ v: Voltages, _ point: Point) -> Double {
        let i = point.currents
        var sum = i.drain.value * v.drain + i.gate.value * v.gate + i.body.value * v.body
        sum += i.sourceBody.value * v.sourceBody + i.drainBody.value * v.drainBody
        return sum * core.multiple
    }

    private func current(_ quantity: SOIOutput, _ point: Point) -> Double {
        let (i, leakage) = (point.currents, point.leakage)
        let isReversed = point.isReversed
        let through: Slopes = point.channel.current + leakage.bipolar
        let direction: Slopes = isReversed ? -through : through
        /// Of the card's source or drain, from that of the ends as they act.
        func end(_ near: Slopes, _ far: Slopes, isDrain: Bool) -> Double { (isDrain == isReversed ? near : far).value }
        let value: Double
        switch quantity {
        case .gm: return direction.gradient[SOILane.gate] * core.multiple
        case .gds: return direction.gradient[SOILane.drain] * core.multiple
        case .gmbs: return direction.gradient[SOILane.body] * core.multiple
        case .id: value = i.drain.value
        case .ig: value = i.gate.value
        case .is: value = i.source.value
        case .ib: value = i.body.value + i.sourceBody.value + i.drainBody.value
        case .ids: value = direction.value
        case .ic: value = isReversed ? -leakage.bipolar.value : leakage.bipolar.value
        case .ibs: value = i.sourceBody.value
        case .ibd: value = i.drainBody.value
        case .iii: value = leakage.ionisation.value
        case .igidl: value = end(leakage.sourceInduced, leakage.drainInduced, isDrain: true)
        case .igisl: value = end(leakage.sourceInduced, leakage.drainInduced, isDrain: false)
        case .igs: value = point.edgeSource.value
        case .igd: value = point.edgeDrain.value
        case .igb: value = point.tunnelling.body.value
        case .igcs: value = end(point.tunnelling.source, point.tunnelling.drain, isDrain: false)
        case .igcd: value = end(point.tunnelling.source, point.tunnelling.drain, isDrain: true)
        default: value = 0
        }
        return core.polarity * value * core.multiple
    }

    private func charge(
        _ quantity: SOIOutput, _ bias: SOIBias<Slopes>, _ heat: SOIHeat<T>, _ point: Point
    ) -> Double {
        let q = charges(bias, heat, point)
        let body: Slopes = q.body + q.sourceBody + q.drainBody
        let all: Slopes
        switch quantity {
        case .qg, .cgg, .cgs, .cgd: all = q.gate
        case .qb, .cbg, .cbd, .cbs: all = body
        case .qs: all = q.source
        case .qe: all = q.substrate
        default: all = q.drain
        }
        let slopes = all.gradient
        let slope: Double
        switch quantity {
        case .cgg, .cbg, .cdg: slope = slopes[SOILane.gate]
        case .cgd, .cbd, .cdd: slope = slopes[SOILane.drain]
        case .cgs, .cbs, .cds:
            var sum = slopes[SOILane.gate] + slopes[SOILane.drain] + slopes[SOILane.body]
            sum += slopes[SOILane.substrate]
            if T.hasOwnNodes { sum += slopes[SOILane.sourceJunction] + slopes[SOILane.drainJunction] }
            slope = -sum
        default: return core.polarity * all.value * core.parallel
        }
        return slope * core.parallel
    }
}
