/// How often elements were evaluated, and how often their tangents stood in for it.
public struct EvaluationCount: Sendable {
    public var evaluated = 0
    public var bypassed = 0
    /// How often that tangent was one that another evaluation had left behind.
    public var recalled = 0
}

/// A batch that counts its evaluations.
protocol CountingBatch: ElementBatch {
    var evaluations: EvaluationCount { get }
}
