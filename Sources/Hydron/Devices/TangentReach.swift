/// How far any element is followed along its tangent.
enum TangentReach {
    /// The distance [V] at which the tangent leaves out 1 % of reltol of a current, and a fifth of vntol, where both change
    /// e-fold over `finest` [V] at most: of a step δ it leaves out (δ/finest)²/2, or δ²/(2 finest) on a capacitance.
    static func rest(_ finest: Double, _ options: SimulationOptions) -> Double {
        min(finest * (0.02 * options[.reltol]).squareRoot(), (0.4 * finest * options[.vntol]).squareRoot())
    }
}
