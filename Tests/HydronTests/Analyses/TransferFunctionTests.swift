import HydronTestSupport
import Testing

/// `.tf` against closed forms.
@Suite struct TransferFunctionTests {
    private func row(_ text: String) throws -> [Double] {
        let table = try #require(try simulate(text).table(.transferFunction))
        return table.header.columns.map { table[$0.name]?.first ?? .nan }
    }

    @Test func aDividerHasItsGainAndResistances() throws {
        let found = try row("divider\nv1 in 0 5\nr1 in out 1k\nr2 out 0 3k\n.tf v(out) v1\n.end")
        for (value, expected) in zip(found, [0.75, 750, 4000] as [Double]) {
            #expect(abs(value / expected - 1) < 1e-12)
        }
    }

    @Test func aCurrentSourceSeesTheResistanceAcrossIt() throws {
        let found = try row("current\ni1 0 in 1m\nr1 in out 1k\nr2 out 0 3k\n.tf v(in,out) i1\n.end")
        for (value, expected) in zip(found, [1000, 1000, 4000] as [Double]) {
            #expect(abs(value / expected - 1) < 1e-12)
        }
    }

    @Test func theOutputMayBeACurrent() throws {
        let found = try row(
            "loop\nv1 in 0 5\nr1 in a 1k\nr2 a 0 3k\nvs a b 0\nr3 b 0 3k\n.tf i(vs) v1\n.end")
        // 1.5k behind 1k; half of the current; seen from vs 3k and 750.
        for (value, expected) in zip(found, [0.2e-3, 3750, 2500] as [Double]) {
            #expect(abs(value / expected - 1) < 1e-12)
        }
    }

    /// A diode's r = n vt / I joins its series resistance.
    @Test func aDiodeCountsByItsSlope() throws {
        let found = try row(
            "diode\n.model d d(is=1e-14 rs=10)\ni1 0 a 1m\nd1 a 0 d\n.tf v(a) i1\n.options gmin=1e-15\n.end")
        #expect(abs(found[2] - (25.864932 + 10)) < 1e-5)
        #expect(found[0] == found[2] && found[1] == found[2])
    }

    /// An insulated gate takes no current, whatever the sign of that zero.
    @Test func aGateHasAnInfiniteResistance() throws {
        let found = try row(
            """
            gate
            .model n nmos(vto=0.5 kp=1m)
            vd d 0 5
            rd d out 1k
            vg g 0 1.5
            m1 out g 0 0 n w=1u l=1u
            .tf v(out) vg
            .end
            """)
        #expect(abs(found[0] + 1) < 1e-6)
        #expect(found[2] == .infinity)
    }

    @Test func stepsGiveARowEach() throws {
        let result = try simulate(
            "steps\nv1 in 0 5\nr1 in out 1k\nr2 out 0 1k\n.step r2 1k 3k 1k\n.tf v(out) v1\n.end")
        let gains = result["transfer_function"]
        #expect(gains.count == 3)
        for (index, gain) in gains.enumerated() {
            let r = 1000 * Double(index + 1)
            #expect(abs(gain - r / (1000 + r)) < 1e-12)
        }
    }
}
