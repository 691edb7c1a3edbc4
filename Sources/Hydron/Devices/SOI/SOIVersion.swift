import SpiceNetlist

/// Versions of BSIM-SOI, and what a model that names none was made for.
enum SOIVersion {
    /// Those whose equations are here; of what lies between them, or beyond, the nearest count.
    static let here = 3.0..<4.8

    /// What simulators take a level for, unless `version` says something else.
    static func standard(level: Int, in dialect: Dialect) -> Double {
        switch (dialect.name, level) {
        case ("xyce", 10), ("hspice", 57), ("ltspice", 9): 3.2
        default: fixed(level: level, in: dialect) ?? 4.4
        }
    }

    /// What a level stands for whatever `version` says: Xyce has one for each release.
    static func fixed(level: Int, in dialect: Dialect) -> Double? {
        guard dialect.name == "xyce" else { return nil }
        return [70: 4.61, 70450: 4.5, 70470: 4.7][level]
    }
}
