import SpiceNetlist

/// Which compiled module serves a model of SPICE's own types: D, Q, J and M ask by type and level for industry models
/// that each simulator numbers in its own way.
///
/// Sources of the numbers: ngspice 46 manual, chapters 7, 8 and 11; Xyce 7.8 Reference Guide, chapter 2.3; HSPICE
/// Reference Manual, MOSFET models.
enum OSDIModelTypes {
    /// What all versions of a model on one side of a level's have in common: a parameter that is there or is not.
    struct Mark: Sendable {
        var parameter: String
        var isThere: Bool
        /// The versions of a module where it is otherwise.
        var others: String
    }

    fileprivate struct Row {
        var family: String
        /// Those that number it so; all where there is none.
        var dialects: [String]
        var letter: Character
        var types: [String]
        var levels: [Int]
        /// Modules that are this model, the best first. A card with fewer or more terminals takes the one that has as
        /// many.
        var modules: [String]
        var mark: Mark?

        init(
            _ family: String, _ types: [String], _ dialects: [String], _ levels: [Int], _ modules: [String],
            mark: Mark? = nil
        ) {
            self.family = family
            self.types = types
            self.dialects = dialects
            self.levels = levels
            self.modules = modules
            self.mark = mark
            letter = types == ["d"] ? "d" : types.contains("npn") ? "q" : "m"
        }
    }

    private static let mosfets = ["nmos", "pmos"]
    private static let bipolars = ["npn", "pnp"]

    private static let rows: [Row] = [
        Row("BSIM3", mosfets, ["ngspice", "ltspice"], [8, 49], ["sp_bsim3v3", "bsim3"]),
        Row("BSIM3", mosfets, ["hspice"], [49, 53], ["sp_bsim3v3", "bsim3"]),
        Row("BSIM3", mosfets, ["xyce"], [9, 49, 53], ["sp_bsim3v3", "bsim3"]),
        Row("BSIM4", mosfets, [], [14, 54], ["sp_bsim4v8", "bsim4"]),
        // Once BSIM6.
        Row("BSIM-BULK", mosfets, ["ngspice", "xyce", "hspice"], [77], ["bsimbulk", "bsim6"]),
        Row("BSIM-SOI", mosfets, ["xyce", "hspice"], [70], ["bsimsoi", "bsim4soi", "b4soi"]),
        Row("BSIM-SOI", mosfets, ["xyce"], [70450, 70470], ["bsimsoi", "bsim4soi", "b4soi"]),
        Row("PSP 103", mosfets, [], [103], ["psp103va", "psp103", "psp103tva", "psp103t"]),
        Row("PSP 102", mosfets, [], [102], ["psp102va", "psp102"]),
        Row("PSP", mosfets, ["hspice"], [69], ["psp103va", "psp103", "psp102va", "psp103tva", "psp103t"]),
        // Up to 110 the polarity is the parameter devtype, from 111 on it is type alone.
        Row(
            "BSIM-CMG", mosfets, ["xyce"], [107, 108, 110], ["bsimcmg_va", "bsimcmg"],
            mark: Mark(parameter: "devtype", isThere: true, others: "111 or later")),
        Row(
            "BSIM-CMG", mosfets, ["xyce"], [111], ["bsimcmg_va", "bsimcmg"],
            mark: Mark(parameter: "devtype", isThere: false, others: "110 or earlier")),
        Row("BSIM-CMG", mosfets, ["ngspice", "hspice"], [17, 72], ["bsimcmg_va", "bsimcmg"]),
        Row("HiSIM2", mosfets, ["ngspice", "hspice"], [68], ["hisim2_va", "hisim2"]),
        Row("EKV 2.6", mosfets, ["xyce"], [260], ["ekv_va", "ekv26", "ekv"]),
        Row("EKV 2.6", mosfets, ["ngspice", "hspice"], [44, 55], ["ekv_va", "ekv26", "ekv"]),
        Row("EKV 3", mosfets, ["xyce"], [301], ["ekv3", "ekv3_va", "ekv301"]),
        Row("L-UTSOI", mosfets, ["xyce"], [10240], ["lutsoi", "l_utsoi"]),
        Row("MVS", mosfets, ["xyce"], [2000], ["mvs_2_0_0_etsoi", "mvs_si"]),
        Row("MVS", mosfets, ["xyce"], [2001], ["mvs_2_0_0_hemt"]),
        Row("VBIC", bipolars, ["xyce"], [10], ["vbic13"]),
        Row("VBIC 1.3", bipolars, ["xyce"], [11], ["vbic13"]),
        Row("VBIC 1.3 with substrate", bipolars, ["xyce"], [12], ["vbic13_4t"]),
        Row("VBIC", bipolars, ["ngspice", "hspice", "ltspice"], [4, 9], ["vbic13", "vbic13_4t", "vbic13_5t"]),
        Row("HICUM level 2", bipolars, ["xyce"], [234], ["hicuml2va", "hic2_full", "hicuml2"]),
        Row("HICUM", bipolars, ["ngspice", "hspice"], [8], ["hicuml2va", "hic2_full", "hicuml2"]),
        Row("HICUM level 0", bipolars, ["xyce"], [230], ["hicuml0va", "hic0_full", "hicuml0"]),
        Row("Mextram 504", bipolars, [], [504], ["bjt504va", "bjt504tva"]),
        Row("Mextram 505", bipolars, ["xyce"], [505], ["bjt505va", "bjt505tva", "bjt505"]),
        Row("Mextram", bipolars, ["ngspice", "hspice"], [6], ["bjt504va", "bjt505va"]),
        Row("FBH HBT", bipolars, ["xyce"], [23], ["hbt_x"]),
        Row("CMC diode", ["d"], ["xyce"], [2002], ["diode_cmc"]),
        Row("JUNCAP200", ["d"], [], [200], ["juncap200"]),
    ]

    private static func rows(_ letter: Character, _ level: Int, _ dialect: Dialect) -> [Row] {
        rows.filter {
            $0.letter == letter && $0.levels.contains(level)
                && ($0.dialects.isEmpty || $0.dialects.contains(dialect.name))
        }
    }

    /// The model's name that a level asks for; nil where no compiled module is known to be it.
    static func family(letter: Character, level: Int, dialect: Dialect) -> String? {
        rows(letter, level, dialect).first?.family
    }

    /// What the module of a model shows of another version than its level asks for; nil where nothing does.
    static func difference(
        letter: UInt8, type: String, level: Int, dialect: Dialect, _ module: OSDIModule
    ) -> String? {
        let row = rows(Character(Unicode.Scalar(letter)), level, dialect).first {
            $0.types.contains(type) && $0.modules.contains(module.name)
        }
        guard let row, let mark = row.mark, (module.parameterIndex[mark.parameter] != nil) != mark.isThere else {
            return nil
        }
        return "level \(level) is \(row.family) \(level), but module '\(module.name)' has "
            + "\(mark.isThere ? "no" : "a") parameter '\(mark.parameter)': it is of version \(mark.others)"
    }

    /// The parameter that tells the polarity of a module's model, and its numbers for `nmos` or `npn` and the opposite.
    static func polarity(_ module: OSDIModule) -> (parameter: Int, positive: Double, negative: Double)? {
        if let parameter = module.parameterIndex["devtype"] { return (parameter, 1, 0) }
        return module.parameterIndex["type"].map { ($0, 1, -1) }
    }

    /// The loaded module for a model of this type and level; of several one of the level's version, then one with as many
    /// terminals as the card has nodes. Nil where there is none.
    static func module(
        letter: UInt8, type: String, level: Int, nodes: Int, dialect: Dialect, _ modules: OSDIModules
    ) -> OSDIModule? {
        let loaded = names(letter: letter, type: type, level: level, dialect: dialect).compactMap { modules.module($0) }
        let ofVersion = loaded.filter {
            difference(letter: letter, type: type, level: level, dialect: dialect, $0) == nil
        }
        let candidates = ofVersion.isEmpty ? loaded : ofVersion
        return candidates.first { $0.terminalCount == nodes } ?? candidates.first { $0.terminalCount >= nodes }
            ?? candidates.first
    }

    /// Modules that are transistors or diodes: their currents do not depend on time itself, and change with voltages no
    /// faster than a junction's.
    static let physicalModules: Set<String> = Set(rows.flatMap(\.modules)).union([
        "sp_diode", "sp_bjt", "sp_jfet1", "sp_jfet2", "sp_mes1", "sp_mos1", "sp_mos2", "sp_mos3", "sp_mos6", "sp_mos9",
        "sp_vdmos", "vbic13_5t",
    ])

    /// Names of modules that would serve such a model, loaded or not.
    static func names(letter: UInt8, type: String, level: Int, dialect: Dialect) -> [String] {
        rows(Character(Unicode.Scalar(letter)), level, dialect).filter { $0.types.contains(type) }.flatMap(\.modules)
    }
}
