import SpiceNetlist

extension MagneticCore: ElementKind {
    static let description = ElementDescription(
        letter: "k", name: "magnetic core", syntax: "Kname L1 [L2 …] k model",
        summary: """
            A core with hysteresis (Jiles and Atherton). The inductors become its windings: their values are numbers of \
            turns. All the flux of the core links all windings, whatever k says, as in Xyce.
            """,
        example: """
            The loop of a core with 50 turns
            i1 0 a sin(0 2 50)
            l1 a 0 50
            r1 a 0 10k
            k1 l1 1 ferrite
            .model ferrite core(ms=420k a=26 k=18 alpha=2e-5 c=0.2 area=1.2 path=8.5)
            .tran 0.1m 40m
            .print tran @k1[h] @k1[b] v(a)
            .end
            """,
        modelTypes: modelTypes, modelParameters: Model.table, outputs: outputs)

    private static let modelTypes = ["core"]

    enum Model: Int, ParameterKey {
        case level, ms, a, k, c, alpha, area, path, gap, clim
        case bhSIUnits, mScaling
        case betaH, betaM, pack, tnom, tc1, tc2, delvScaling, constantScaling, equationScaling, rateScaling
        case fieldScaling, zeroTolerance, factorMs, includesMagnetization, outputsState

        var parameter: Parameter {
            switch self {
            case .level:
                Parameter("level", unit: Parameter.choice, default: 1, .closed(0, 2), "1 or 2: one model serves both")
            case .ms: Parameter("ms", unit: "A/m", default: 1e6, .positive, "saturation magnetization")
            case .a: Parameter("a", unit: "A/m", default: 1000, .positive, "shape of the anhysteretic curve")
            case .k: Parameter("k", "kirr", unit: "A/m", default: 500, .positive, "pinning of domain walls")
            case .c: Parameter("c", unit: "-", default: 0.2, .closed(0, 1), "reversible share of the magnetization")
            case .alpha: Parameter("alpha", unit: "-", default: 5e-5, .nonNegative, "coupling between domains")
            case .area: Parameter("area", unit: "cm²", default: 0.1, .positive, "cross-section of the core")
            case .path: Parameter("path", unit: "cm", default: 1, .positive, "mean length of the flux's path")
            case .gap: Parameter("gap", unit: "cm", default: 0, .nonNegative, "length of the air gap, part of the path")
            case .clim: Parameter("clim", unit: "-", default: 0.005, .nonNegative, "below this c counts as 0")
            case .bhSIUnits:
                Parameter(
                    "bhsiunits", unit: Parameter.choice, default: 0, .any,
                    "1: n(…_b) and n(…_h) in T and A/m, not gauss and oersted"
                )
            case .mScaling:
                Parameter(
                    "mvarscaling", unit: "-", default: nil, .positive,
                    "factor of n(…_m); 0.001 at level 1, 1 at level 2")
            case .betaH: Parameter("betah", unit: "-", default: 1e-4, .any, "of no effect")
            case .betaM: Parameter("betam", unit: "-", default: 3.125e-5, .any, "of no effect")
            case .pack: Parameter("pack", unit: "-", default: 0, .any, "of no effect")
            case .tnom: Parameter("tnom", "tref", unit: "°C", default: nil, .any, "of no effect")
            case .tc1: Parameter("tc1", unit: "1/K", default: 0, .any, "of no effect")
            case .tc2: Parameter("tc2", unit: "1/K²", default: 0, .any, "of no effect")
            case .delvScaling: Parameter("delvscaling", "delv", unit: "1/V", default: 1000, .any, "of no effect")
            case .constantScaling: Parameter("constdelvscaling", unit: "-", default: 0, .any, "of no effect")
            case .equationScaling: Parameter("meqnscaling", unit: "-", default: 1, .any, "of no effect")
            case .rateScaling: Parameter("reqnscaling", unit: "-", default: 1, .any, "of no effect")
            case .fieldScaling: Parameter("rvarscaling", unit: "-", default: 1, .any, "of no effect")
            case .zeroTolerance: Parameter("pzerotol", unit: "-", default: 0.1, .any, "of no effect")
            case .factorMs: Parameter("factorms", unit: "-", default: 0, .any, "of no effect")
            case .includesMagnetization: Parameter("includemequ", unit: "-", default: 1, .any, "of no effect")
            case .outputsState: Parameter("outputstatevars", unit: "-", default: 0, .any, "of no effect")
            }
        }
    }

    /// Cores share their letter with linear couplings, which read the card and hand it on.
    static func elaborate(_ card: ElementCard) { MutualInductance.elaborate(card) }

    /// The card from the core's model on.
    static func elaborate(_ card: ElementCard, windings: [Token], coefficient: Double?) {
        guard let model = card.model(modelTypes) else { return }
        guard let instance = card.parameters(MutualInductance.Instance.self) else { return }
        guard let k = instance.ifGiven(.k) ?? coefficient else {
            card.error("\(card.name) has no coupling coefficient", hint: "write 1 before the core's model")
            return
        }
        if k != 1 {
            card.warning(
                "the coupling coefficient \(k) of \(card.name) is not used: all windings of a core share its flux",
                hint: "write 1, and put an inductor in series with a winding for its leakage")
        }
        let values = model.values(Model.self)
        let gapRatio = values[.gap] / values[.path]
        guard gapRatio < 1 else {
            card.error(
                "the gap of model '\(model.name)' is \(values[.gap]) cm long, its whole path \(values[.path]) cm",
                hint: "both are in centimetres; the gap is part of the path")
            return
        }
        let material = MagneticHysteresis(
            saturation: values[.ms], shape: values[.a], coupling: values[.alpha], pinning: values[.k],
            reversibility: values[.c] < values[.clim] ? 0 : values[.c], gapRatio: gapRatio)
        let isSI = values[.bhSIUnits] != 0
        let core = MagneticCore(
            material: material, area: values[.area] * 1e-4, path: values[.path] * 1e-2,
            internalUnits: [
                isSI ? 1 : 4e-3 * Double.pi, isSI ? 1 : 1e4, values.given(.mScaling, else: model.level == 2 ? 1 : 1e-3),
            ])
        let identity = card.identity
        card.whenComplete { card in
            guard let inductors = MutualInductance.inductors(windings, card) else { return }
            let field = card.builder.auxiliary(card.name, "h")
            let fluxDensity = card.builder.auxiliary(card.name, "b")
            for (index, (inductor, reference, branch)) in inductors.enumerated() {
                guard case .none = inductor.coupling else {
                    card.error(
                        "\(card.name) winds '\(card.text(windings[index]))' on a core, but another K card couples it too",
                        at: windings[index], hint: "an inductor is a winding on one core, or coupled without a core")
                    return
                }
                let turns = inductor.inductance * inductor.parallelCount
                card.builder.update(DevicePopulation<Inductor>.self, at: reference) {
                    $0.devices[Int(reference.index)].coupling = .core(turns: turns)
                    $0.devices[Int(reference.index)].inductance = 0
                }
                let name = card.builder.directory.names.intern("\(card.name)#\(card.text(windings[index]))")
                // m subcircuits in parallel are m cores, each with its share of the current.
                card.builder.add(
                    Winding(turns: turns, area: core.area, path: core.path * card.multiplier),
                    [branch, field, fluxDensity], identity: ElementIdentity(name: name, range: identity.range))
            }
            card.builder.add(core, [field, fluxDensity], identity: identity)
        }
    }
}
