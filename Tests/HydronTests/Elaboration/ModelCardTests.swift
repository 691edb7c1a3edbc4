import HydronTestSupport
import Testing

@testable import Hydron

/// Models made of other models, and models in bins.
@Suite struct ModelCardTests {
    private func saturationCurrent(_ models: String, _ card: String) throws -> Double {
        let result = try simulate("t\n\(models)\n\(card)\nvd d 0 5\nvg g 0 2\n.op\n.print op i(vd)\n.end")
        return -(result["i(vd)"].first ?? 0)
    }

    /// vto = 1 V of the first, kp of the second, W/L = 1: kp/2 at vgs = 2 V.
    @Test(arguments: [
        ".model b ako:a nmos(kp=4e-5)", ".model b ako:a (kp=4e-5)", ".model b ako: a nmos(kp=4e-5)",
        ".model b ako:a kp=4e-5", ".model c ako:a (kp=9e-5)\n.model b ako:c (kp=4e-5)",
    ])
    func aModelIsMadeOfAnother(_ derived: String) throws {
        for models in [".model a nmos(vto=1 kp=2e-5)\n\(derived)", "\(derived)\n.model a nmos(vto=1 kp=2e-5)"] {
            let current = try saturationCurrent(models, "m1 d g 0 0 b l=1u w=1u")
            #expect(abs(current - 2e-5) < 1e-10)
            let original = try saturationCurrent(models, "m1 d g 0 0 a l=1u w=1u")
            #expect(abs(original - 1e-5) < 1e-10)
        }
    }

    /// The original keeps the parameters of the subcircuit where it stands.
    @Test func parametersBelongToTheirModelsScope() throws {
        let current = try saturationCurrent(
            """
            .param k=2e-5
            .model a nmos(vto=1 kp={k})
            .subckt s d g
            .param k=7e-5
            .model b ako:a (lambda=0.1)
            m1 d g 0 0 b l=1u w=1u
            .ends
            """, "x1 d g s")
        #expect(abs(current - 1.5e-5) < 1e-10)
    }

    @Test(arguments: [
        (".model b ako:x nmos(kp=1)", "no model 'x' that 'b' could be made of"),
        (".model b ako:b (kp=1)", "is made of itself"),
        (".model b ako:c (kp=1)\n.model c ako:b (kp=2)", "is made of itself"),
        (".model a npn\n.model b ako:a nmos(kp=1)", "can't be made of 'a', which is of type 'npn'"),
        (".model b ako:", "names no model behind ako:"),
    ])
    func mistakesOfOriginalsAreNamedOnce(_ models: String, _ message: String) {
        let loaded = Simulation.load(text: "t\n\(models)\nm1 d g 0 0 b\nm2 d g 0 0 b\nv1 d 0 1\nv2 g 0 1\n.op\n.end")
        let errors = loaded.diagnostics.all.filter { $0.severity == .error }
        #expect(errors.count == 1 && errors.allSatisfy { $0.message.contains(message) }, "\(errors)")
    }

    static let bins = """
        .model n.1 nmos(vto=1 kp=1e-5 lmin=0.5u lmax=2u wmin=1u wmax=10u)
        .model n.2 nmos(vto=1 kp=2e-5 lmin=2u lmax=20u wmin=1u wmax=10u)
        .model n.3 nmos(vto=1 kp=4e-5 lmin=0.5u lmax=20u wmin=10u wmax=100u)
        """

    /// kp/2 W/L with the bin's kp; an upper end belongs to the next bin, the last one to its own.
    @Test(arguments: [(1.0, 5.0, 1e-5), (2, 5, 2e-5), (1.9999, 5, 1e-5), (20, 9, 2e-5), (1, 10, 4e-5), (20, 100, 4e-5)])
    func sizeChoosesTheBin(_ length: Double, _ width: Double, _ transconductance: Double) throws {
        let current = try saturationCurrent(Self.bins, "m1 d g 0 0 n l=\(length)u w=\(width)u")
        let expected = 0.5 * transconductance * width / length
        #expect(abs(current - expected) < 1e-6 * expected + 1e-10)
    }

    @Test func sizesWithoutABinAreNamed() {
        let loaded = Simulation.load(
            text: "t\n\(Self.bins)\nm1 d g 0 0 n l=0.1u w=5u\nv1 d 0 1\nv2 g 0 1\n.op\n.end")
        let errors = loaded.diagnostics.all.filter { $0.severity == .error }
        #expect(errors.count == 1)
        #expect(errors.first?.message.contains("no bin of model 'n' holds the l of 1e-07 m") == true, "\(errors)")
        #expect(errors.first?.hint?.contains("'n.1' l 5e-07 to 2e-06 m") == true, "\(errors)")
    }
}
