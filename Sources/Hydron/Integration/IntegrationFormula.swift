/// Linear multistep formulas at variable steps: the derivative of the charges at the new time t₀ from the charges at
/// t₀ and at past times t₁ > t₂ > …
///
///     dq/dt(t₀) ≈ α q₀ + Σᵢ βᵢ qᵢ + γ q̇₁
///
/// BDF of order k (Gear; k = 1 is backward Euler) differentiates the polynomial through the k + 1 newest points
/// (C. W. Gear, Numerical Initial Value Problems in Ordinary Differential Equations, 1971). With τᵢ = t₀ − tᵢ:
///
///     α = Σᵢ 1/τᵢ        βᵢ = −(1/τᵢ) Πⱼ≠ᵢ τⱼ/(τⱼ − τᵢ)
///
/// Trapezoidal rule: α = 2/τ₁, β₁ = −2/τ₁, γ = −1.
///
/// Local error of the solution, from the difference to a predictor through the points at τ₁ … τ_{k+1} (k + 1 points):
///
///     BDF          x − x_pred times 1/(α τ_{k+1})
///     trapezoidal  x − x_pred times τ₁²/(2 τ₂ τ₃)      (k = 2)
struct IntegrationFormula {
    static let highestOrder = 6

    private(set) var alpha = 0.0
    private(set) var order = 1
    private(set) var usesDerivative = false
    /// βᵢ for the newest past point first.
    private(set) var beta = InlineArray<6, Double>(repeating: 0)
    /// Number of past charges in use.
    var pastCount: Int { usesDerivative ? 1 : order }

    enum Rule {
        case backwardDifference(order: Int)
        case trapezoidal
    }

    /// `ages[i]` is τ of the past point i, newest first; as many as the rule needs.
    mutating func set(_ rule: Rule, ages: InlineArray<8, Double>) {
        switch rule {
        case .trapezoidal:
            order = 2
            usesDerivative = true
            alpha = 2 / ages[0]
            beta[0] = -alpha
        case .backwardDifference(let k):
            order = k
            usesDerivative = false
            alpha = 0
            for i in 0..<k {
                alpha += 1 / ages[i]
                var weight = -1 / ages[i]
                for j in 0..<k where j != i { weight *= ages[j] / (ages[j] - ages[i]) }
                beta[i] = weight
            }
        }
    }

    /// Weights of the polynomial through `count` past points, extrapolated to the new time.
    static func predictor(count: Int, ages: InlineArray<8, Double>) -> InlineArray<8, Double> {
        var weights = InlineArray<8, Double>(repeating: 0)
        for i in 0..<count {
            var weight = 1.0
            for j in 0..<count where j != i { weight *= ages[j] / (ages[j] - ages[i]) }
            weights[i] = weight
        }
        return weights
    }

    /// Local error of the solution over (solution − prediction), where the prediction went through `order + 1` points
    /// of these ages.
    func errorFactor(predictorAges ages: InlineArray<8, Double>) -> Double {
        if usesDerivative { return ages[0] * ages[0] / (2 * ages[1] * ages[2]) }
        return 1 / (alpha * ages[order])
    }
}
