import SpiceNetlist

/// Which compiled module serves a model of SPICE's own types: D, Q, J and M ask by type and level for industry models
/// that each simulator numbers in its own way.
///
/// Sources of the numbers: ngspice 46 manual, chapters 7, 8 and 11; Xyce 7.8 Reference Guide, chapter 2.3; HSPICE
/// Reference Manual, MOSFET models.
enum OSDIModelTypes {
    fileprivate struct Row {
        var dialects: [String]
        var letter: UInt8
        var types: [String]
        var levels: [Int]
        /// Modules that are this model, the best first. A card with fewer or more terminals takes the one that has as
        /// many.
        var modules: [String]
    }

    private static let mosfets = ["nmos", "pmos"]
    private static let bipolars = ["npn", "pnp"]

    private static let rows: [Row] = [
        // BSIM3 v3
        Row(mosfets, ["ngspice", "ltspice"], [8, 49], ["sp_bsim3v3", "bsim3"]),
        Row(mosfets, ["hspice"], [49, 53], ["sp_bsim3v3", "bsim3"]),
        Row(mosfets, ["xyce"], [9, 49, 53], ["sp_bsim3v3", "bsim3"]),
        // BSIM4
        Row(mosfets, ["ngspice", "xyce", "hspice", "ltspice"], [14, 54], ["sp_bsim4v8", "bsim4"]),
        // BSIM-BULK, once BSIM6
        Row(mosfets, ["ngspice", "xyce", "hspice"], [77], ["bsimbulk", "bsim6"]),
        // BSIM-SOI 4
        Row(mosfets, ["xyce", "hspice"], [70], ["bsimsoi", "bsim4soi", "b4soi"]),
        Row(mosfets, ["xyce"], [70450, 70470], ["bsimsoi", "bsim4soi", "b4soi"]),
        // PSP
        Row(mosfets, ["ngspice", "xyce"], [103], ["psp103va", "psp103"]),
        Row(mosfets, ["xyce"], [102], ["psp102va", "psp102"]),
        Row(mosfets, ["hspice"], [69], ["psp103va", "psp103", "psp102va"]),
        // BSIM-CMG
        Row(mosfets, ["xyce"], [107, 108, 110, 111], ["bsimcmg_va", "bsimcmg"]),
        Row(mosfets, ["ngspice", "hspice"], [17, 72], ["bsimcmg_va", "bsimcmg"]),
        // EKV
        Row(mosfets, ["xyce"], [260, 301], ["ekv3", "ekv26", "ekv_va", "ekv"]),
        Row(mosfets, ["ngspice", "hspice"], [44, 55], ["ekv_va", "ekv26", "ekv"]),
        // L-UTSOI
        Row(mosfets, ["xyce"], [10240], ["lutsoi", "l_utsoi"]),
        // MVS
        Row(mosfets, ["xyce"], [2000, 2001], ["mvs_si", "mvs_2_0_0_etsoi", "mvs_2_0_0_hemt"]),
        // VBIC
        Row(bipolars, ["xyce"], [10, 11], ["vbic13"]),
        Row(bipolars, ["xyce"], [12], ["vbic13_4t"]),
        Row(bipolars, ["ngspice", "hspice"], [4, 9], ["vbic13", "vbic13_4t", "vbic13_5t"]),
        // HICUM
        Row(bipolars, ["xyce"], [234], ["hicuml2va", "hic2_full", "hicuml2"]),
        Row(bipolars, ["ngspice", "hspice"], [8], ["hicuml2va", "hic2_full", "hicuml2"]),
        Row(bipolars, ["xyce"], [230], ["hicuml0va", "hic0_full", "hicuml0"]),
        // MEXTRAM
        Row(bipolars, ["xyce"], [504, 505], ["bjt504va", "bjt504tva", "bjt505va", "bjt505tva", "bjt505"]),
        Row(bipolars, ["ngspice", "hspice"], [6], ["bjt504va", "bjt505va"]),
        // FBH HBT
        Row(bipolars, ["xyce"], [23], ["hbt_x"]),
        // CMC diode and JUNCAP200
        Row(["d"], ["xyce"], [2002], ["diode_cmc"]),
        Row(["d"], ["xyce"], [200], ["juncap200"]),
    ]

    /// The loaded module for a model of this type and level, of those with as many terminals as the card has nodes where
    /// there are several; nil where there is none.
    static func module(
        letter: UInt8, type: String, level: Int, nodes: Int, dialect: Dialect, _ modules: OSDIModules
    ) -> OSDIModule? {
        let candidates = names(letter: letter, type: type, level: level, dialect: dialect)
            .compactMap { modules.module($0) }
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
        rows.filter {
            $0.letter == letter && $0.types.contains(type) && $0.levels.contains(level)
                && $0.dialects.contains(dialect.name)
        }.flatMap(\.modules)
    }
}

extension OSDIModelTypes.Row {
    fileprivate init(_ types: [String], _ dialects: [String], _ levels: [Int], _ modules: [String]) {
        let letter: Character = types == ["d"] ? "d" : types.contains("npn") ? "q" : "m"
        self.init(
            dialects: dialects, letter: letter.asciiValue ?? 0, types: types, levels: levels, modules: modules)
    }
}
