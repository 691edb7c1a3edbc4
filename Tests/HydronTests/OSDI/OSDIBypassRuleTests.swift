import Glibc
import Testing

@testable import Hydron

@Suite struct OSDIBypassRuleTests {
    private static let options = SimulationOptions()
    private static let rule = OSDIBypass(options)
    private static let thermal = PhysicalConstants.boltzmannOverCharge * options.temperature

    /// What the tangent at `v` leaves out of a diode's current and charge at `v + distance`, over what is tolerated.
    private static func excess(_ v: Double, _ distance: Double, current: Double, charge: Double) -> Double {
        let (before, after) = (exp(v / thermal), exp((v + distance) / thermal))
        let left = abs(after - before * (1 + distance / thermal))
        return rule.excess(
            current: current * left, size: current * after, conductance: current * after / thermal,
            charge: charge * left, capacitance: charge * after / thermal, largest: abs(v + distance))
    }

    /// Half the distance is a quarter of the excess, so that a bend measured over one holds for the other.
    @Test(arguments: [0.2, 0.6, 0.8], [(1e-14, 0.0), (1e-14, 1e-22)]) func bendsHoldForShorterSteps(
        _ v: Double, _ sizes: (current: Double, charge: Double)
    ) {
        let distance = 2e-3
        let bend = OSDIBypass.bend(
            Self.excess(v, distance, current: sizes.current, charge: sizes.charge), over: distance, before: .infinity)
        #expect(bend > 0)
        for share in [0.5, 0.25, 0.1] {
            let measured = Self.excess(v, share * distance, current: sizes.current, charge: sizes.charge)
            let foretold = bend * (share * distance) * (share * distance)
            #expect(abs(measured - foretold) <= 0.1 * foretold, "\(share): \(measured) against \(foretold)")
        }
    }

    @Test func straightElementsAreFollowedFarther() {
        let rest = Self.rule.rest
        #expect(Self.rule.follows(rest, bend: .infinity))
        #expect(!Self.rule.follows(1.01 * rest, bend: .infinity))
        #expect(!Self.rule.follows(.infinity, bend: 0))
        #expect(!Self.rule.follows(.nan, bend: 0))
        #expect(Self.rule.follows(Self.rule.reach, bend: 0))
        #expect(!Self.rule.follows(1.01 * Self.rule.reach, bend: 0))
        let bend = 1 / (4e-6)
        #expect(Self.rule.follows(1.9e-3, bend: bend))
        #expect(!Self.rule.follows(2.1e-3, bend: bend))
        #expect(!Self.rule.atRest.follows(1.9e-3, bend: bend))
        #expect(!OSDIBypass.never.follows(0, bend: 0))
    }

    /// What was measured before is forgotten by halves, never at once.
    @Test func aBendIsRemembered() {
        #expect(OSDIBypass.bend(4, over: 2, before: .infinity) == 1)
        #expect(OSDIBypass.bend(4, over: 2, before: 8) == 4)
        #expect(OSDIBypass.bend(4, over: 2, before: 1) == 1)
    }

    /// What has no capacitance may leave out no charge.
    @Test func chargeWithoutCapacitanceIsNotFollowed() {
        let excess = Self.rule.excess(
            current: 0, size: 1, conductance: 1, charge: 1e-30, capacitance: 0, largest: 1)
        #expect(excess == .infinity)
        #expect(!Self.rule.follows(1e-3, bend: OSDIBypass.bend(excess, over: 1e-3, before: .infinity)))
    }
}
