import SpiceNetlist

/// An expression compiled to straight-line code over registers.
struct Program: Sendable {
    /// The value where the expression depends on nothing; nil otherwise.
    var constant: Double?
}
