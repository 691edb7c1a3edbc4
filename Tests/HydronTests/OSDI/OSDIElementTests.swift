import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

/// Elements of compiled modules against closed forms and against the same elements of the catalogue.
@Suite(.enabled(if: CompiledTwins.isThere, "no C compiler is installed"))
struct OSDIElementTests {
    private func run(_ body: String, threads: Int? = nil, dialect: Dialect = .ngspice) throws -> RunResult {
        try simulate(
            "compiled models\n\(body)\n.end\n", dialect: dialect, threads: threads, modules: CompiledTwins.modules())
    }

    private func problems(_ body: String) throws -> [String] {
        let loaded = Simulation.load(
            text: "compiled models\n\(body)\n.end\n", modules: try CompiledTwins.modules())
        return loaded.diagnostics.all.map { "\($0.severity): \($0.message)" }
    }

    /// The model's value, the element's own, aliases, several in parallel and in a multiplied subcircuit.
    @Test func dividersFollowOhm() throws {
        let result = try run(
            """
            v1 in 0 6
            n1 in a rm
            n2 a b rm r=1k
            n3 b c rm resistance=2k m=2
            x1 c 0 half m=4
            .subckt half p q
            n1 p q rm r=4k
            .ends
            .model rm tworesistor (r=3k)
            .op
            .print op v(a) v(b) v(c) i(n1) @n1[ip] @n1[in] @n2[i] @n2[r] @n1[simulatorgmin]
            """)
        let row = try #require(result.tables.last).columns.map { $0.last ?? .nan }
        let expected = [3, 2, 1, 1e-3, 1e-3, -1e-3, 1e-3, 1e3, 1e-12]
        for (value, wanted) in zip(row, expected) { #expect(abs(value - wanted) <= 1e-9 * abs(wanted)) }
    }

    @Test func noiseOfAResistorIsThermal() throws {
        let result = try run(
            """
            v1 in 0 1 ac 1
            n1 in out rm
            n2 out 0 rm m=2
            .model rm tworesistor (r=1k)
            .temp 77
            .noise v(out) v1 dec 1 1 100
            .print noise onoise dno(n2)
            """)
        let density = 4 * PhysicalConstants.boltzmann * 350.15
        let whole = try #require(result["onoise"].last)
        #expect(abs(whole - (density * 1e3 / 3).squareRoot()) < 1e-9 * whole)
        let share = try #require(result["dno(n2)"].last)
        #expect(abs(share - (density * 2e-3).squareRoot() * 1e3 / 3) < 1e-9 * share)
    }

    /// The same circuit twice, once with the catalogue's diode.
    private static let rectifiers = """
        v1 in 0 dc 5 ac 1 sin(0 5 1meg)
        n1 in a dm
        ra a 0 1k
        ca a 0 100p
        .model dm twodiode is=1e-14 rs=5 n=1.1 cj=20p
        d1 in b dn
        rb b 0 1k
        cb b 0 100p
        .model dn d is=1e-14 rs=5 n=1.1 cjo=20p m=0
        .options gmin=1e-18 reltol=1e-5
        """

    private func compare(_ result: RunResult, _ a: String, _ b: String, within tolerance: Double) {
        let (first, second) = (result[a], result[b])
        #expect(first.count > 3 && first.count == second.count)
        let size = second.map(abs).max() ?? 0
        for (x, y) in zip(first, second) { #expect(abs(x - y) <= tolerance * size, "\(x) \(y)") }
    }

    @Test func sweepsAgreeWithTheCataloguesDiode() throws {
        let result = try run(Self.rectifiers + "\n.dc v1 -2 5 0.25\n.print dc v(a) v(b) i(n1) i(d1)")
        compare(result, "v(a)", "v(b)", within: 1e-9)
        compare(result, "i(n1)", "i(d1)", within: 1e-9)
    }

    @Test func smallSignalsAgreeWithTheCataloguesDiode() throws {
        let result = try run(Self.rectifiers + "\n.ac dec 3 1k 10g\n.print ac vr(a) vr(b) vi(a) vi(b)")
        compare(result, "vr(a)", "vr(b)", within: 1e-9)
        compare(result, "vi(a)", "vi(b)", within: 1e-9)
    }

    @Test func transientsAgreeWithTheCataloguesDiode() throws {
        let result = try run(Self.rectifiers + "\n.tran 10n 3u\n.print tran v(a) v(b) i(n1) i(d1)")
        compare(result, "v(a)", "v(b)", within: 1e-7)
        compare(result, "i(n1)", "i(d1)", within: 1e-6)
    }

    @Test func shotNoiseAgreesWithTheCataloguesDiode() throws {
        let result = try run(Self.rectifiers + "\n.noise v(a) v1 dec 1 1k 1meg\n.print noise dno(n1,shot) onoise")
        let other = try run(Self.rectifiers + "\n.noise v(b) v1 dec 1 1k 1meg\n.print noise dno(d1,id) onoise")
        for (x, y) in zip(result["dno(n1,shot)"], other["dno(d1,id)"]) { #expect(abs(x - y) <= 1e-6 * y) }
        #expect(!result["dno(n1,shot)"].isEmpty)
    }

    /// Of sources whose names end alike Xyce's longer name means the longer.
    @Test func namesOfNoiseSourcesAreTakenWhole() throws {
        let result = try run(
            Self.rectifiers
                + "\n.noise v(a) v1 dec 1 1k 1meg\n.print noise dno(n1,white_ai_c_shot) dno(n1,white_ai_c_excess_shot)",
            dialect: .xyce)
        #expect(try #require(result["dno(n1,white_ai_c_shot)"].last) > 0)
        #expect(result["dno(n1,white_ai_c_excess_shot)"].last == 0)
    }

    /// Of sources with one name Xyce's longer name means those between its nodes, the name alone all of them.
    @Test func noiseSourcesOfOneNameAreToldApartByNodes() throws {
        let result = try run(
            Self.rectifiers + "\n.noise v(a) v1 dec 1 1k 1k\n.print noise dno(n1,white_a_ai_thermal)"
                + " dno(n1,white_ai_c_thermal) dno(n1,thermal)", dialect: .xyce)
        let other = try run(
            Self.rectifiers + "\n.noise v(b) v1 dec 1 1k 1k\n.print noise dno(d1,rs)", dialect: .xyce)
        let series = try #require(result["dno(n1,white_a_ai_thermal)"].last)
        let shunt = try #require(result["dno(n1,white_ai_c_thermal)"].last)
        let wanted = try #require(other["dno(d1,rs)"].last)
        #expect(abs(series - wanted) < 1e-6 * wanted)
        #expect(shunt > 0 && abs(shunt - series) > 1e-3 * series)
        #expect(abs(try #require(result["dno(n1,thermal)"].last) - (series + shunt)) < 1e-9 * (series + shunt))
    }

    /// Where the inner node is the anode, a source at the one is found by the other's name too; a place that has none of
    /// several sources of a name is a mistake.
    @Test func noiseSourcesAreFoundByCollapsedNodes() throws {
        let text = """
            v1 in 0 dc 5 ac 1
            r1 in a 1k
            n1 a 0 dm
            .model dm twodiode is=1e-14
            .noise v(a) v1 dec 1 1k 1k
            """
        let result = try run(
            text + "\n.print noise dno(n1,white_a_c_shot) dno(n1,white_ai_c_shot) dno(n1,a_c_thermal) dno(n1,thermal)",
            dialect: .xyce)
        let shot = try #require(result["dno(n1,white_a_c_shot)"].last)
        #expect(shot > 0 && shot == result["dno(n1,white_ai_c_shot)"].last)
        #expect(result["dno(n1,a_c_thermal)"].last == result["dno(n1,thermal)"].last)
        #expect(
            try problems(text + "\n.print noise dno(n1,white_c_gnd_thermal)").last
                == "error: 'n1' has no source of noise 'white_c_gnd_thermal'")
    }

    /// Xyce's names of what is inside an element.
    @Test func innerNodesHaveXycesNames() throws {
        let result = try run(
            """
            .subckt cell p
            d1 p 0 dm
            .ends
            .model dm twodiode is=1e-14 rs=1k
            v1 a 0 1
            x1 a cell
            d_2 a 0 dm
            d3 a 0 straight
            .model straight twodiode is=1e-14
            .dc v1 1 1 1
            .print dc n(d:x1:1_ai) n(x1:d1_ai) n(d_2_ai) n(v1_branch) i(v1) n(x1.d1#ai) n(d3_ai) n(d3_c)
            """, dialect: .xyce)
        let inner = try #require(result["n(d:x1:1_ai)"].last)
        #expect(inner > 0.5 && inner < 0.9)
        for name in ["n(x1:d1_ai)", "n(d_2_ai)", "n(x1.d1#ai)"] { #expect(result[name].last == inner) }
        #expect(result["n(v1_branch)"].last == result["i(v1)"].last)
        // Without resistance the inner node is the anode.
        #expect(result["n(d3_ai)"].last == 1 && result["n(d3_c)"].last == 0)
    }

    // MARK: - Limiting that will not let go

    /// The answer is the same as without limiting, at rest and in time.
    @Test(arguments: [".op", ".tran 10n 2u"]) func limitingThatNeverLetsGoIsLeftOut(_ analysis: String) throws {
        func voltages(_ stuck: Int) throws -> [Double] {
            let result = try run(
                """
                v1 in 0 dc -3 sin(-2 3 1meg)
                r1 in a 1k
                n1 a 0 dm
                .model dm twodiode is=1e-14 rs=5 cj=20p stuck=\(stuck)
                .options reltol=1e-6
                \(analysis)
                .print \(analysis.dropFirst().prefix(while: { $0 != " " })) v(a)
                """)
            return result["v(a)"]
        }
        let (free, stuck) = (try voltages(0), try voltages(1))
        #expect(try abs(#require(free.last) - #require(stuck.last)) < 1e-5)
        #expect(try abs(#require(free.min()) - #require(stuck.min())) < 1e-3)
    }

    // MARK: - Initial conditions

    /// A junction's capacitance that is charged at first goes by exp(−t/RC), with `uic` and, in Xyce's dialect, without.
    @Test(arguments: [("ngspice", "uic"), ("xyce", "uic"), ("xyce", "")])
    func initialVoltagesDecay(_ name: String, _ flag: String) throws {
        let result = try run(
            """
            d1 a 0 dm ic=-1
            r1 a 0 1k
            .model dm twodiode is=1e-18 cj=1p
            .options reltol=1e-6
            .tran 0.1n 3n \(flag)
            .print tran v(a)
            """, dialect: try #require(Dialect(name: name)))
        for time in [0.5e-9, 1e-9, 2e-9] {
            let value = interpolate(result["time"], result["v(a)"], at: time)
            #expect(abs(value + exp(-time / 1e-9)) < 1e-3, "\(value) at \(time)")
        }
    }

    /// SPICE's letters know which voltages the list is; a module's own parameter `ic` comes first.
    @Test func listsOfConditionsAreNotTooLong() throws {
        #expect(
            try problems("v1 a 0 1\nd1 a 0 dm ic=1,2\n.model dm twodiode\n.op").first
                == "error: d1 has more than 1 values of ic")
    }

    /// Of two libraries with a module of one name the first loaded counts, which is said once.
    @Test func modulesOfOneNameAreRemarkedOn() throws {
        var modules = try CompiledTwins.modules()
        try modules.load(try CompiledTwins.compile("others.osdi", source: CompiledTwins.source))
        try modules.load(modules.libraries[0].path)
        let loaded = Simulation.load(
            text: "t\nv1 a 0 1\nn1 a 0 rm\nn2 a 0 rm\n.model rm tworesistor r=1\n.op\n.end\n", modules: modules)
        let found = loaded.diagnostics.all.map(\.message)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("module 'tworesistor' is taken from") == true)
        #expect(found.first?.hasSuffix("others.osdi' too") == true)
    }

    /// Where a model makes two nodes of the circuit one, they are: the element is a wire, whose current it has.
    @Test func joinedTerminalsAreOneNode() throws {
        let circuit = """
            v1 in 0 dc 2 ac 2
            r1 in a 1k
            n1 a b rm fatal=3
            r2 b 0 1k
            .model rm tworesistor r=1
            """
        let result = try run(circuit + "\n.op\n.print op v(a) v(b) i(n1) i(v1)")
        #expect(result["v(a)"].last == 1 && result["v(b)"].last == 1)
        #expect(abs(try #require(result["i(n1)"].last) - 1e-3) < 1e-15)
        #expect(abs(try #require(result["i(v1)"].last) + 1e-3) < 1e-15)
        let small = try run(circuit + "\n.ac lin 1 1k 1k\n.print ac vr(b) ir(n1)")
        #expect(abs(try #require(small["vr(b)"].last) - 1) < 1e-12)
        #expect(abs(try #require(small["ir(n1)"].last) - 1e-3) < 1e-9)
        // A node that a source of current alone touches is ground where the model says so.
        let grounded = try run(
            "v1 a 0 2\nn1 a b rm fatal=4\ni1 0 b 1m\n.model rm tworesistor r=1k\n.op\n.print op v(b) @n1[in]")
        #expect(grounded["v(b)"].last == 0)
        #expect(abs(try #require(grounded["@n1[in]"].last) - 1e-3) < 1e-15)
        // Both ends at one node: nothing to join.
        #expect(try run("v1 a 0 1\nn1 a a rm fatal=3\n.model rm tworesistor\n.op\n.print op i(n1)")["i(n1)"].last == 0)
    }

    /// Without resistance the inner node is the anode itself.
    @Test func nodesCollapse() throws {
        func unknowns(_ resistance: String) throws -> Int {
            let loaded = Simulation.load(
                text: "t\nv1 a 0 1\nn1 a 0 dm\n.model dm twodiode \(resistance)\n.op\n.end\n",
                modules: try CompiledTwins.modules())
            return try #require(loaded.simulation).circuit.unknowns.count
        }
        #expect(try unknowns("rs=10") == 4)
        #expect(try unknowns("") == 3)
    }

    @Test func temperatureIsTheElementsOwn() throws {
        let result = try run(
            """
            i1 0 a 1m
            n1 a 0 dm temp=77
            i2 0 b 1m
            n2 b 0 dm dtemp=50
            i3 0 c 1m
            n3 c 0 dm
            .model dm twodiode is=1e-14
            .options reltol=1e-6
            .op
            .print op v(a) v(b) v(c)
            """)
        let thermal = PhysicalConstants.boltzmannOverCharge
        let row = try #require(result.tables.last).columns.map { $0.last ?? .nan }
        #expect(abs(row[0] - thermal * 350.15 * log(1e11 + 1)) < 1e-7)
        #expect(row[0] == row[1])
        #expect(abs(row[2] - thermal * 300.15 * log(1e11 + 1)) < 1e-7)
    }

    @Test func stepsChangeParametersOfModelsAndElements() throws {
        let result = try run(
            """
            v1 in 0 1
            n1 in 0 rm
            n2 in 0 rn r=5
            .model rm tworesistor (r=1k)
            .model rn tworesistor
            .step param k list 1 2
            .param k=1
            .dc @n2[r] list 5 10
            .print dc i(n1) i(n2)
            """)
        #expect(result["i(n2)"] == [0.2, 0.1, 0.2, 0.1])
        let models = try run(
            """
            v1 in 0 1
            n1 in 0 rm
            .model rm tworesistor (r=1k)
            .step rm:r list 1k 2k
            .op
            .print op i(n1)
            """)
        #expect(models["i(n1)"] == [1e-3, 5e-4])
    }

    @Test func aModelBoundsTheStep() throws {
        let result = try run(
            """
            v1 a 0 sin(0 1m 1k)
            n1 a 0 dm bound=2u
            .model dm twodiode cj=1p
            .tran 1m 1m 0 1m
            """)
        let times = result["time"]
        for (a, b) in zip(times, times.dropFirst()).dropFirst() { #expect(b - a <= 2e-6 * (1 + 1e-9)) }
    }

    /// A ladder of enough diodes that threads share the evaluation, and what they learn from each other.
    @Test(arguments: [0, 1]) func resultsAreTheSameBitsForAnyNumberOfThreads(_ bypass: Int) throws {
        let cells = (0..<1500).map { "n\($0) k\($0) 0 dm\nr\($0) k\($0) k\($0 + 1) 10" }.joined(separator: "\n")
        let body = """
            v1 k0 0 sin(0.5 0.4 10meg)
            \(cells)
            .model dm twodiode is=1e-13 rs=50 cj=1p
            .options bypass=\(bypass)
            .tran 50n 0.3u
            .print tran v(k1) v(k10) v(k300) v(k1400)
            """
        let result = try run(body, threads: 1)
        let single = try #require(result.tables.last)
        #expect((result.report.analyses.last?.statistics.evaluations?.recalled ?? 0 > 1000) == (bypass == 1))
        for threads in [2, 3] {
            let several = try #require(try run(body, threads: threads).tables.last)
            #expect(several.columns == single.columns)
        }
    }

    // MARK: - Mistakes

    @Test func mistakesOnCardsAreNamed() throws {
        let model = ".model rm tworesistor (r=1k)\nv1 a 0 1\n.op\n"
        #expect(try problems(model + "n1 a 0 rm r=-1") == ["error: n1 of module tworesistor: r is out of its range"])
        #expect(try problems(model + "n1 a 0 rm q=1") == ["error: n1 has no parameter 'q'"])
        #expect(try problems(model + "n1 a 0 rm count=1").first?.contains("is a parameter of the model") == true)
        #expect(
            try problems(model + "n1 a 0 0 rm") == [
                "error: n1 connects 3 nodes, but module 'tworesistor' has 2 terminals"
            ])
        #expect(try problems(model + "n1 a 0 rn") == ["error: n1 names no model"])
        #expect(try problems(model + "n1 a 0 rm m=0") == ["error: m of n1 is 0, but must be above 0"])
        #expect(
            try problems("v1 a 0 1\nn1 a 0 rm\n.model rm tworesistor count=-1\n.op") == [
                "error: model 'rm' of module tworesistor: count is out of its range"
            ])
        #expect(
            try problems("v1 a 0 1\nn1 a 0 rm\n.model rm tworesistor count=1e20\n.op") == [
                "error: count of model 'rm' must be a whole number"
            ])
        #expect(
            try problems("v1 a 0 1\nn1 a 0 rm\n.model rm tworesistor coun=1\n.op") == [
                "warning: model 'rm' of module tworesistor has no parameter 'coun': ignored"
            ])
        #expect(
            try problems("v1 a 0 1\nn1 a 0 rm\n.model rm tworesistr\n.op").last
                == "error: model 'rm' is of type 'tworesistr', which no loaded library has")
    }

    @Test func modelsSpeak() throws {
        #expect(
            try problems("v1 a 0 1\nn1 a 0 rm\n.model rm tworesistor label=\"talkative\"\n.op") == [
                "warning: model 'rm': a model that talks"
            ])
        #expect(
            try problems("v1 a 0 1\nn1 a 0 rm\n.model rm tworesistor label=\"garbled\"\n.op") == [
                "warning: model 'rm': told in two lines"
            ])
        // What all elements of a model say is said once.
        #expect(
            try problems("v1 a 0 1\nn1 a 0 rm\nn2 a 0 rm\n.model rm tworesistor label=\"chatty\"\n.op") == [
                "warning: n1: an element that talks"
            ])
    }

    @Test func aModelThatGivesUpEndsTheRun() throws {
        let model = ".model rm tworesistor (r=1k)\n"
        #expect(
            try problems(model + "v1 a 0 1\nn1 a 0 rm fatal=1\n.op") == [
                "error: n1 of module tworesistor: it gives up: this resistor will not be"
            ])
        let loaded = Simulation.load(
            text: """
                t
                \(model)v1 a 0 pulse(0 2 1u 1u 1u 1u)
                n1 a 0 rm fatal=2
                .tran 1u 4u
                .end
                """,
            modules: try CompiledTwins.modules())
        let report = try #require(loaded.simulation).run(TableRecorder())
        let failure = try #require(report.failure)
        #expect(failure.reason == .modelGaveUp)
        #expect(failure.diagnostic.message == "n1: model tworesistor gives up: more than a volt")
        #expect(failure.diagnostic.range != nil)
    }
}
