import SpiceNetlist

/// Versions of BSIM-SOI, and what a model that names none was made for.
enum SOIVersion {
    /// Those whose equations are here; of what lies between them, or beyond, the nearest count.
    static let here = 3.0..<4.8

    /// What simulators take a level for.
    static func standard(level: Int, in dialect: Dialect) -> Double {
        switch (dialect.name, level) {
        case ("xyce", 10), ("hspice", 57), ("ltspice", 9): 3.2
        case ("xyce", 70): 4.61
        case ("xyce", 70450): 4.5
        case ("xyce", 70470): 4.7
        default: 4.4
        }
    }
}
