import HydronTestSupport
import SpiceNetlist
import Testing
import Waveforms

@testable import Hydron

private let rule = OSDIBypass(SimulationOptions())

extension EvaluationTable {
    fileprivate func find(_ x: [Double], from previous: Int = -1, _ rule: OSDIBypass) -> Match {
        var rest = x
        return find(x, from: previous, rule, &rest)
    }
    fileprivate func learn(_ index: Int, towards x: [Double], bend: Double, _ rule: OSDIBypass) {
        var rest = x
        learn(index, towards: x, bend: bend, rule, &rest)
    }
}

/// Records that are found again by where they were made.
@Suite struct EvaluationTableTests {
    /// Puts in points whose neighbours tell that nothing bends.
    private static func fill(_ table: inout EvaluationTable, _ points: [[Double]]) {
        for (index, point) in points.enumerated() {
            table.insert(at: point).update(repeating: Double(index), count: 1)
            for other in [index - 1] where other >= 0 {
                table.learn(index, towards: points[other], bend: 0, rule)
                table.learn(other, towards: points[index], bend: 0, rule)
            }
        }
    }

    /// In whatever order they came, also along a curve, which makes the worst of trees.
    @Test(arguments: [true, false]) func everyRecordIsFoundAgain(_ isAlongACurve: Bool) {
        var points = (0..<3000).map { step -> [Double] in
            let t = Double(step) / 1000
            return [t, 0.3 * t * t, 0]
        }
        if !isAlongACurve {
            var order = RepeatableGenerator(state: 7)
            points.shuffle(using: &order)
        }
        var table = EvaluationTable(dimensions: 3, width: 1)
        defer { table.deallocate() }
        for (index, point) in points.enumerated() { table.insert(at: point).pointee = Double(index) }
        #expect(table.count == points.count)
        for (index, point) in points.enumerated() {
            let match = table.find(point, rule)
            #expect(match.isCovered && match.record == index && match.distance == 0)
            #expect(table.record(match.record).pointee == Double(index))
        }
        #expect(!table.find([10, 10, 10], rule).isCovered)
    }

    /// How much a record bends towards one neighbour says nothing of other directions.
    @Test func tangentsAreFollowedWhereBendsAreKnownOnly() {
        var table = EvaluationTable(dimensions: 2, width: 1)
        defer { table.deallocate() }
        _ = table.insert(at: [0, 0])
        let far = 0.5 * rule.reach
        #expect(table.find([0, 0.9 * rule.rest], rule).isCovered)
        #expect(!table.find([far, 0], rule).isCovered)
        table.learn(0, towards: [far, 0], bend: 0, rule)
        #expect(table.find([far, 0], rule).isCovered && table.find([0.3 * far, 0], rule).isCovered)
        #expect(table.find([far, 0.9 * rule.sideways], rule).isCovered)
        #expect(!table.find([0, far], rule).isCovered && !table.find([far, far], rule).isCovered)
        // Nor of what is beyond it, or on the other side.
        #expect(!table.find([1.2 * far, 0], rule).isCovered && !table.find([-far, 0], rule).isCovered)
        table.learn(0, towards: [-far, -far], bend: 0, rule)
        #expect(table.find([0, -far], rule).isCovered && table.find([far, -far], rule).isCovered)
        #expect(table.find([-far, 0], rule).isCovered && !table.find([far, far], rule).isCovered)
        // It bends after all.
        table.learn(0, towards: [far, 0], bend: 4 / (far * far), rule)
        #expect(!table.find([far, 0], rule).isCovered && table.find([0.4 * far, 0], rule).isCovered)
        #expect(!table.find([.nan, 0], rule).isCovered)
    }

    /// What was found last from a record is looked at first, and is no answer where it does not lead.
    @Test func successorsAreHints() {
        var table = EvaluationTable(dimensions: 1, width: 1)
        defer { table.deallocate() }
        Self.fill(&table, [[0], [1], [2]])
        table.setSuccessor(0, 2)
        #expect(table.find([2], from: 0, rule).record == 2)
        #expect(table.find([1], from: 0, rule).record == 1)
        #expect(table.find([1], from: -1, rule).record == 1)
    }
}

/// A generator whose numbers stay the same from run to run.
private struct RepeatableGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state
    }
}

/// When evaluations are remembered.
@Suite struct EvaluationMemoryTests {
    /// Elements that are evaluated at points of one unknown, as a kernel would.
    private final class Loop {
        var memory: EvaluationMemory
        let rest = UnsafeMutablePointer<Double>.allocate(capacity: 1)
        private(set) var recalled = 0
        private(set) var evaluated = 0
        private(set) var cleared = 0

        init(elements: Int) {
            memory = EvaluationMemory(
                kindOfElement: Array(repeating: 0, count: elements), sizes: [(dimensions: 1, width: 2)])
        }
        deinit {
            memory.deallocate()
            rest.deallocate()
        }

        func visit(_ points: [Double]) {
            let matches = points.enumerated().map { element, point in
                let match = memory.find(element, [point], rule, rest)
                if match.record >= 0, match.distance <= 2 * rule.reach {
                    memory.lessons[element].reference = Int32(match.record)
                }
                memory.lessons[element].bend = 0
                return match
            }
            memory.beginLearning()
            for (element, match) in matches.enumerated() {
                if match.isCovered {
                    recalled += 1
                    memory.learn(recalled: element)
                } else {
                    evaluated += 1
                    memory.learn(evaluated: element, at: [points[element]], rule, rest)?.update(repeating: 1, count: 2)
                }
                if let kind = memory.count(element, isRecalled: match.isCovered) {
                    memory.clear(kind)
                    cleared += 1
                }
            }
        }
    }

    /// One of 64 records is compared with an evaluation; all else is remembered after the first period.
    @Test func periodsAreRemembered() {
        let loop = Loop(elements: 1)
        for visit in 0..<40_000 { loop.visit([Double(visit % 400) * rule.reach]) }
        #expect(loop.evaluated < 400 + 40_000 / 60)
        #expect(loop.cleared == 0)
    }

    /// What one element found serves all of its kind.
    @Test func elementsLearnFromEachOther() {
        let loop = Loop(elements: 50)
        for visit in 0..<1000 {
            loop.visit((0..<50).map { Double((visit + 7 * $0) % 1400) * rule.reach })
        }
        #expect(loop.evaluated < 1400 + 50_000 / 60)
    }

    /// Late in Newton's iteration elements are evaluated where they are, which is not kept a second time.
    @Test func nothingIsRecalledLate() {
        let loop = Loop(elements: 1)
        for point in [0.0, 1, 2] { loop.visit([point]) }
        var late = rule
        late.recalls = false
        #expect(loop.memory.find(0, [1], rule, loop.rest).isCovered)
        let match = loop.memory.find(0, [1], late, loop.rest)
        #expect(!match.isCovered && match.record == 1 && match.distance == 0)
        #expect(!loop.memory.lessons[0].isNew)
    }

    /// Where nothing comes again, searches end after a trial, and the next one is long in coming.
    @Test func whatNeverComesAgainIsNotSearchedFor() {
        let loop = Loop(elements: 1)
        var found = 0
        for visit in 0..<200_000 {
            let point = Double(visit) * 3 * rule.reach
            if memoryIsUsed(loop, point) { found += 1 }
            loop.visit([point])
        }
        #expect(loop.recalled == 0)
        #expect(found < 30_000)
    }

    private func memoryIsUsed(_ loop: Loop, _ point: Double) -> Bool {
        _ = loop.memory.find(0, [point], rule, loop.rest)
        return loop.memory.lessons[0].isNew
    }

    /// A full table that is of no use any more is given up, and what comes then is learnt.
    @Test func theMemoryFollowsTheCircuit() {
        let loop = Loop(elements: 64)
        let far = 3 * rule.reach
        // Enough to fill it, each twice.
        for visit in 0..<600 {
            for _ in 0..<2 { loop.visit((0..<64).map { Double(64 * visit + $0) * far }) }
        }
        #expect(loop.recalled > 10_000)
        for visit in 0..<40_000 { loop.visit((0..<64).map { -Double((visit + $0) % 1000) * far }) }
        #expect(loop.cleared > 0)
        let before = loop.evaluated
        for visit in 0..<1000 { loop.visit((0..<64).map { -Double((visit + $0) % 1000) * far }) }
        #expect(loop.evaluated - before < 64_000 / 30)
    }
}

/// Circuits that come back to where they were.
@Suite(.enabled(if: CompiledTwins.isThere, "no C compiler is installed"))
struct RememberedEvaluationTests {
    private func rectifiers(_ options: String) throws -> RunResult {
        try simulate(
            """
            diodes that limit, charge and reverse
            v1 in 0 sin(0 3 1meg)
            r1 in a 1k
            n1 a b dm
            n2 0 a dm
            n3 b c dm
            rb b 0 10k
            cb b 0 100p
            rc c 0 2k
            cc c 0 20p
            .model dm twodiode is=1e-13 rs=50 cj=1p
            .options \(options)
            .tran 20n 40u
            .print tran v(a) v(b) v(c) i(v1)
            .end
            """, modules: CompiledTwins.modules())
    }

    @Test func rememberedTangentsAreWithinTolerance() throws {
        let (every, some) = (try rectifiers("bypass=0"), try rectifiers("bypass=1"))
        let count = try #require(some.report.analyses.last?.statistics.evaluations)
        #expect(count.recalled > 4 * count.evaluated)
        let times = every["time"]
        for name in ["v(a)", "v(b)", "v(c)", "i(v1)"] {
            let size = every[name].map(abs).max() ?? 0
            let difference = zip(times, every[name]).map { time, value in
                abs(value - interpolate(some["time"], some[name], at: time))
            }
            #expect(try #require(difference.max()) <= 1e-3 * size, "\(name)")
            #expect(difference.reduce(0, +) / Double(difference.count) <= 1e-4 * size, "\(name)")
        }
    }

    /// What limiting goes by is an element's own: a record nearby that does not lead there is none of its past. Steep edges
    /// move diodes by volts a step.
    @Test func limitingGoesOn() throws {
        func run(_ bypass: Int) throws -> AnalysisStatistics {
            let result = try simulate(
                """
                diodes that are switched
                v1 in 0 pulse(-3 3 0 1p 1p 5n 11n)
                v2 on 0 pulse(-2 2 0 1p 1p 7n 13n)
                r1 in a 100
                n1 a b dm
                n2 0 a dm
                r2 on b 100
                n3 b c dm
                n4 c 0 dm
                rc c 0 10k
                .model dm twodiode is=1e-14 rs=10 cj=0.1p
                .options bypass=\(bypass)
                .tran 1n 2u
                .print tran v(a) v(b) v(c)
                .end
                """, modules: CompiledTwins.modules())
            return try #require(result.report.analyses.last?.statistics)
        }
        let (every, some) = (try run(0), try run(1))
        #expect(try #require(some.evaluations).recalled > 1000)
        #expect(some.rejectedByNewton <= every.rejectedByNewton)
        #expect(Double(some.newtonIterations) < 1.1 * Double(every.newtonIterations))
    }
}
