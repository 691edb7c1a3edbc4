import ComplexModule
import Foundation
import HydronTestSupport
import Testing
import Waveforms

@testable import Hydron

/// `.sp` against closed forms and against `.ac`.
@Suite struct ScatteringTests {
    private func value(_ table: Table, _ name: String, _ row: Int = 0) -> Complex<Double> {
        Complex(table["re(\(name))"]?[row] ?? .nan, table["im(\(name))"]?[row] ?? .nan)
    }

    private func expect(
        _ table: Table, _ name: String, _ expected: Complex<Double>, location: SourceLocation = #_sourceLocation
    ) {
        #expect((value(table, name) - expected).length < 1e-12, "\(name)", sourceLocation: location)
    }

    /// A series impedance Z between equal ports: S11 = Z/(Z + 2z), S21 = 2z/(Z + 2z).
    @Test func aSeriesImpedance() throws {
        let result = try simulate(
            "series\nv1 a 0 dc 0 ac 1 portnum 1 z0 50\nv2 b 0 portnum 2 z0 50\nr1 a m 30\nl1 m b 1u\n.sp lin 1 10meg 10meg\n.end"
        )
        let table = try #require(result.table(.scattering))
        let z = Complex(30, 2 * Double.pi * 10)
        expect(table, "s_1_1", z / (z + Complex(100)))
        expect(table, "s_2_1", Complex(100) / (z + Complex(100)))
        expect(table, "s_1_2", Complex(100) / (z + Complex(100)))
        expect(table, "s_2_2", z / (z + Complex(100)))
    }

    /// Ports of other resistances: a shunt admittance, by the formulas of Kurokawa's waves.
    @Test func aShuntAdmittanceBetweenUnequalPorts() throws {
        let result = try simulate(
            "shunt\nv1 a 0 portnum=1 z0=50\nv2 a 0 portnum=2 z0=75\nc1 a 0 100p\n.sp lin 1 10meg 10meg\n.end")
        let table = try #require(result.table(.scattering))
        let y = Complex(0, 2 * Double.pi * 1e7 * 100e-12)
        let (g1, g2) = (1.0 / 50, 1.0 / 75)
        let sum = y + Complex(g1 + g2)
        expect(table, "s_1_1", (Complex(g1 - g2) - y) / sum)
        expect(table, "s_2_2", (Complex(g2 - g1) - y) / sum)
        expect(table, "s_2_1", Complex(2 * (g1 * g2).squareRoot()) / sum)
    }

    /// What scatters nothing lost sums to one: |S11|² + |S21|² = 1, S a unitary matrix.
    @Test func aLosslessFilterKeepsPower() throws {
        let result = try simulate(
            """
            filter
            v1 a 0 portnum 1 z0 50
            v2 c 0 portnum 2 z0 50
            c1 a 0 60p
            l1 a c 200n
            c2 c 0 40p
            .sp dec 10 1meg 1g
            .end
            """)
        let table = try #require(result.table(.scattering))
        for row in 0..<(table["frequency"]?.count ?? 0) {
            let (s11, s21) = (value(table, "s_1_1", row), value(table, "s_2_1", row))
            let (s12, s22) = (value(table, "s_1_2", row), value(table, "s_2_2", row))
            #expect(abs(s11.lengthSquared + s21.lengthSquared - 1) < 1e-12)
            #expect((s11 * s12.conjugate + s21 * s22.conjugate).length < 1e-12)
        }
    }

    /// Y and Z of a T of resistors, and the same ports by Xyce's P elements and `.lin`.
    @Test(arguments: ["y", "z"]) func admittancesAndImpedances(sort: String) throws {
        let result = try simulate(
            """
            tee
            p1 a 0 port=1 z0=50
            p2 b 0 port=2 z0=60
            r1 a m 10
            r2 b m 20
            r3 m 0 40
            .ac lin 1 1k 1k
            .print ac v(a)
            .lin lintype=\(sort)
            .end
            """, dialect: .xyce)
        let table = try #require(result.table(.scattering))
        let z = [50.0, 40, 40, 60]
        let determinant = z[0] * z[3] - z[1] * z[2]
        let expected =
            sort == "z" ? z : [z[3] / determinant, -z[1] / determinant, -z[2] / determinant, z[0] / determinant]
        for (place, name) in ["1_1", "1_2", "2_1", "2_2"].enumerated() {
            #expect((value(table, "\(sort)_\(name)") - Complex(expected[place])).length < 1e-10)
        }
    }

    /// The port's own voltages in `.ac` say the same: S21 = 2 v(b)/e · √(z1/z2).
    @Test func smallSignalsSayTheSame() throws {
        let result = try simulate(
            """
            amplifier
            v1 in 0 dc 0 ac 1 portnum 1 z0 50
            v2 out 0 dc 0 ac 0 portnum 2 z0 75
            vd d 0 dc 3
            lb g bias 1u
            vb bias 0 1.5
            cb in g 1n
            m1 dr g 0 0 m w=200u l=1u
            ld d dr 1u
            co dr out 1n
            .model m nmos(vto=0.7 kp=100u lambda=0.05 cgso=300p cgdo=200p)
            .sp lin 3 10meg 300meg
            .ac lin 3 10meg 300meg
            .print ac v(in) v(out)
            .end
            """)
        let s = try #require(result.table(.scattering))
        let ac = try #require(result.table(.ac))
        for row in 0..<3 {
            let (a, b) = (value(ac, "v(in)", row), value(ac, "v(out)", row))
            #expect((value(s, "s_1_1", row) - (a.scaled(by: 2) - Complex(1))).length < 1e-12)
            #expect((value(s, "s_2_1", row) - b.scaled(by: 2 * (50.0 / 75).squareRoot())).length < 1e-12)
        }
    }

    /// A port is a source behind its resistance in every analysis.
    @Test func aPortHasItsResistanceAtRestToo() throws {
        let result = try simulate("rest\nv1 a 0 dc 2 portnum 1 z0 50\nr1 a 0 150\n.op\n.end")
        #expect(abs((result["v(a)"].first ?? 0) - 1.5) < 1e-12)
        #expect(abs((result["i(v1)"].first ?? 0) + 0.01) < 1e-14)
    }

    @Test func touchstoneFilesHoldTheMatrix() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ second: String) throws -> [String] {
            let loaded = Simulation.load(
                text: "t\nv1 a 0 portnum 1 z0 50\nv2 b 0 portnum 2 z0 \(second)\nr1 a b 100\n.sp lin 2 1k 2k\n.end")
            let path = folder.appendingPathComponent("t.s2p").path
            let writer = TouchstoneWriter(path: path)
            try writer.prepare()
            #expect(try #require(loaded.simulation).run(writer).failure == nil)
            try writer.finish()
            return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        }
        let same = try write("50")
        #expect(same[1] == "# Hz S RI R 50.0")
        let numbers = same[2].split(separator: " ").compactMap { Double($0) }
        #expect(numbers.count == 9 && numbers[0] == 1000)
        for (found, expected) in zip(numbers.dropFirst(), [0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0]) {
            #expect(abs(found - expected) < 1e-12)
        }
        let other = try write("75")
        #expect(other.contains("[Reference] 50.0 75.0") && other.contains("[Version] 2.0") && other.last == "[End]")
    }
}
