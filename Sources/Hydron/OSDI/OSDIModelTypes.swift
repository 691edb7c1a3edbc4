import SpiceNetlist

/// Which compiled module serves a model of SPICE's own types: D, Q, J and M ask by type and level for industry models
/// that each simulator numbers in its own way.
///
/// Sources of the numbers: ngspice 46 manual, chapters 7, 8 and 11, and src/spicelib/parser/inpdomod.c; Xyce 7.8 Reference Guide, chapter 2.3, and the models' sources; HSPICE
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
        /// The same as ``stem(of:)`` has them.
        var stems: [String]
        /// Versions that levels of one family mean.
        var versions: [Int: String]
        var mark: Mark?

        init(
            _ family: String, _ types: [String], _ dialects: [String], _ levels: [Int], _ modules: [String],
            versions: [Int: String] = [:], mark: Mark? = nil
        ) {
            self.family = family
            self.types = types
            self.dialects = dialects
            self.levels = levels
            self.modules = modules
            self.versions = versions
            self.mark = mark
            stems = modules.map(OSDIModelTypes.plain)
            letter = types == ["d"] ? "d" : types.contains("npn") ? "q" : "m"
        }
    }

    private static let mosfets = ["nmos", "pmos"]
    private static let bipolars = ["npn", "pnp"]

    private static let rows: [Row] = [
        Row("BSIM3", mosfets, ["ngspice", "ltspice"], [8, 49], ["sp_bsim3", "bsim3"]),
        Row("BSIM3", mosfets, ["hspice"], [49, 53], ["sp_bsim3", "bsim3"]),
        Row("BSIM3", mosfets, ["xyce"], [9, 49, 53], ["sp_bsim3", "bsim3"]),
        Row("BSIM4", mosfets, [], [14, 54], ["sp_bsim4", "bsim4"]),
        // Once BSIM6.
        Row("BSIM-BULK", mosfets, ["xyce", "hspice"], [77], ["bsimbulk", "bsim6"]),
        Row("BSIM-BULK", mosfets, ["ngspice"], [16, 77], ["bsimbulk", "bsim6"]),
        Row("BSIM-SOI", mosfets, ["ngspice"], [10, 58], ["bsimsoi", "bsim4soi", "b4soi"]),
        Row("BSIM-SOI", mosfets, ["hspice"], [70], ["bsimsoi", "bsim4soi", "b4soi"]),
        Row(
            "BSIM-SOI", mosfets, ["xyce"], [70, 70450, 70470], ["bsimsoi", "bsim4soi", "b4soi"],
            versions: [70: "4.6.1", 70450: "4.5.0", 70470: "4.7.0"]),
        Row("PSP 103", mosfets, [], [103], ["psp103va", "psp103tva"]),
        Row("PSP 103", mosfets, ["ngspice"], [69], ["psp103va", "psp103tva"]),
        Row("PSP 103 with self-heating", mosfets, ["xyce"], [1031], ["psp103tva"]),
        Row("PSP 102", mosfets, [], [102], ["psp102va"]),
        Row("PSP 102", mosfets, ["ngspice"], [45], ["psp102va"]),
        Row("PSP", mosfets, ["hspice"], [69], ["psp103va", "psp102va", "psp103tva"]),
        // Up to 110 the polarity is the parameter devtype, from 111 on it is type alone.
        Row(
            "BSIM-CMG", mosfets, ["xyce"], [107, 108, 110], ["bsimcmg"],
            versions: [107: "107", 108: "108", 110: "110"],
            mark: Mark(parameter: "devtype", isThere: true, others: "111 or later")),
        Row(
            "BSIM-CMG", mosfets, ["xyce"], [111], ["bsimcmg"], versions: [111: "111"],
            mark: Mark(parameter: "devtype", isThere: false, others: "110 or earlier")),
        Row("BSIM-CMG", mosfets, ["ngspice", "hspice"], [17, 72], ["bsimcmg"]),
        Row("HiSIM2", mosfets, ["ngspice", "hspice"], [68], ["hisim2"]),
        Row("EKV 2.6", mosfets, ["xyce"], [260], ["ekv_va", "ekv26"]),
        Row("EKV 2.6", mosfets, ["ngspice"], [44], ["ekv_va", "ekv26"]),
        Row("EKV 2.6", mosfets, ["hspice"], [55], ["ekv_va", "ekv26"]),
        Row("EKV 2.6", mosfets, ["ltspice"], [12], ["ekv_va", "ekv26"]),
        Row("EKV 3", mosfets, ["xyce"], [301], ["ekv3", "ekv3_rf", "ekv3_r4", "ekv3_s", "ekv3_nqs"]),
        Row("L-UTSOI", mosfets, ["xyce"], [10240], ["l_utsoi"]),
        Row("L-UTSOI", mosfets, ["hspice"], [76], ["l_utsoi"]),
        Row("MVS", mosfets, ["xyce"], [2000], ["mvs_2_0_0_etsoi", "mvs_si"]),
        Row("MVS", mosfets, ["xyce"], [2001], ["mvs_2_0_0_hemt"]),
        Row("VBIC", bipolars, ["xyce"], [10], ["vbic13"]),
        Row("VBIC 1.3", bipolars, ["xyce"], [11], ["vbic13"]),
        Row("VBIC 1.3 with substrate", bipolars, ["xyce"], [12], ["vbic13_4t"]),
        Row("VBIC", bipolars, ["ngspice", "hspice", "ltspice"], [4, 9], ["vbic13", "vbic13_4t", "vbic13_5t"]),
        Row("HICUM level 2", bipolars, ["xyce"], [234], ["hicuml2va", "hic2_full"]),
        Row("HICUM", bipolars, ["ngspice", "hspice"], [8], ["hicuml2va", "hic2_full"]),
        Row("HICUM level 0", bipolars, ["xyce"], [230], ["hicuml0va", "hic0_full"]),
        Row("HICUM level 0", bipolars, ["ngspice"], [7], ["hicuml0va", "hic0_full"]),
        Row("HICUM level 0", bipolars, ["hspice"], [13], ["hicuml0va", "hic0_full"]),
        Row("Mextram 504", bipolars, [], [504], ["bjt504va", "bjt504tva", "bjtd504va", "bjtd504tva"]),
        // Not Mextram 505: Xyce 7.8 counts on from 504.
        Row("Mextram 504 with self-heating", bipolars, ["xyce"], [505], ["bjt504tva", "bjtd504tva"]),
        Row(
            "Mextram 505", bipolars, ["ngspice", "hspice", "ltspice"], [505],
            ["bjt505va", "bjt505tva", "bjtd505va", "bjtd505tva"]),
        Row("Mextram", bipolars, ["ngspice"], [6], ["bjt504tva", "bjt504va", "bjt505tva", "bjt505va"]),
        Row("Mextram", bipolars, ["hspice"], [6], ["bjt504va", "bjt504tva", "bjt505va", "bjt505tva"]),
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

    // MARK: - Names of modules

    /// A module's name without what its publishers write into it at will: underscores, and `va` at the end.
    fileprivate static func plain(_ name: String) -> String {
        let joined = name.lowercased().filter { $0 != "_" }
        return joined.count > 2 && joined.hasSuffix("va") ? String(joined.dropLast(2)) : joined
    }

    private static let stems = Set(rows.flatMap(\.stems))

    /// The model that a module is by its name, and the version that the name goes on with (`bsimcmg_108`,
    /// `hicumL2V2p4p0va`), without its points; nil where the name is no model's here.
    static func split(_ name: String) -> (stem: String, version: String)? {
        let name = plain(name)
        var end = name.endIndex
        // The longest counts: ekv301 is a version of ekv3, not of ekv.
        while end > name.startIndex {
            let rest = name[end...]
            let digits = rest.first == "v" ? rest.dropFirst() : rest
            guard digits.allSatisfy({ $0.isNumber || $0 == "p" || $0 == "." }) else { return nil }
            if stems.contains(String(name[..<end])) { return (String(name[..<end]), digits.filter(\.isNumber)) }
            end = name.index(before: end)
        }
        return nil
    }

    /// The version that a module is by its parameter, else by its name or the name of its library; nil where none tells.
    private static func told(_ module: OSDIModule) -> String? {
        if let version = module.version, version.filter(\.isNumber).count > 1 { return version }
        let file = module.library.split(separator: "/").last.map { $0.hasSuffix(".osdi") ? $0.dropLast(5) : $0 } ?? ""
        for name in [module.name, String(file)] {
            if let (stem, version) = split(name), stem == module.stem, version.count > 1 { return version }
        }
        return nil
    }

    /// 2 where two versions are the same, with or without points and zeros at the end, 1 where one is the other's
    /// beginning, else 0.
    private static func likeness(_ digits: String, _ other: String) -> Int {
        func trimmed(_ digits: String) -> Substring {
            var digits = digits[...]
            while digits.last == "0" { digits.removeLast() }
            return digits
        }
        guard digits.count > 1, other.count > 1 else { return 0 }
        if trimmed(digits) == trimmed(other) { return 2 }
        return digits.hasPrefix(other) || other.hasPrefix(digits) ? 1 : 0
    }

    /// How well a module's own version, or a number in its name or its library's, is a version; where they are equal, a number
    /// in the name of the library's folder.
    private static func likeness(_ module: OSDIModule, toVersion wanted: String) -> Int {
        let wanted = wanted.filter(\.isNumber)
        func likeness(_ names: [Substring]) -> Int {
            let numbers = names.flatMap { $0.lowercased().split { !$0.isNumber && $0 != "." && $0 != "p" } }
            return numbers.map { Self.likeness($0.filter(\.isNumber), wanted) }.max() ?? 0
        }
        let path = module.library.split(separator: "/")
        let own = [Substring(module.version ?? ""), Substring(module.name)] + path.suffix(1)
        return 3 * likeness(own) + likeness(Array(path.dropLast().suffix(1)))
    }

    // MARK: - Choice

    /// What the module of a model shows of another version than its level asks for; nil where nothing does.
    static func difference(
        letter: UInt8, type: String, level: Int, dialect: Dialect, _ module: OSDIModule
    ) -> String? {
        let row = rows(Character(Unicode.Scalar(letter)), level, dialect).first {
            $0.types.contains(type) && $0.stems.contains(module.stem)
        }
        guard let row else { return nil }
        let version = row.versions[level]
        let asked = "level \(level) is \(row.family)\(version.map { " \($0)" } ?? "")"
        if let mark = row.mark, (module.parameterIndex[mark.parameter] != nil) != mark.isThere {
            return "\(asked), but module '\(module.name)' has "
                + "\(mark.isThere ? "no" : "a") parameter '\(mark.parameter)': it is of version \(mark.others)"
        }
        guard let version, let told = told(module) else { return nil }
        guard likeness(told.filter(\.isNumber), version.filter(\.isNumber)) == 0 else { return nil }
        return "\(asked), but module '\(module.name)' of '\(module.library)' is of version \(told)"
    }

    /// The parameter that tells the polarity of a module's model, and its numbers for `nmos` or `npn` and the opposite.
    static func polarity(_ module: OSDIModule) -> (parameter: Int, positive: Double, negative: Double)? {
        if let parameter = module.parameterIndex["devtype"] { return (parameter, 1, 0) }
        return module.parameterIndex["type"].map { ($0, 1, -1) }
    }

    /// The loaded module for a model of this type and level; nil where there is none. Of several one of the level's
    /// version, as its parameters show it, then one whose name or library tells the version that is wanted, then one with
    /// as many terminals as the card has nodes, then the first loaded.
    ///
    /// - Parameter version: that the model's card gives, instead of what its level means.
    /// - Returns: the module, and whether no other version of it would have done as well.
    static func module(
        letter: UInt8, type: String, level: Int, version: String?, nodes: Int, dialect: Dialect, _ modules: OSDIModules
    ) -> (module: OSDIModule, isUnambiguous: Bool)? {
        let rows = rows(Character(Unicode.Scalar(letter)), level, dialect).filter { $0.types.contains(type) }
        var candidates = rows.flatMap(\.stems).flatMap { modules.modules(ofStem: $0) }
        guard candidates.count > 1 else { return candidates.first.map { ($0, true) } }
        let ofLevel = candidates.filter {
            difference(letter: letter, type: type, level: level, dialect: dialect, $0) == nil
        }
        if !ofLevel.isEmpty { candidates = ofLevel }
        if let wanted = version ?? rows.lazy.compactMap({ $0.versions[level] }).first {
            let likenesses = candidates.map { likeness($0, toVersion: wanted) }
            if let best = likenesses.max(), best > 0 {
                candidates = zip(candidates, likenesses).filter { $0.1 == best }.map(\.0)
            }
        }
        let best =
            candidates.first { $0.terminalCount == nodes } ?? candidates.first { $0.terminalCount >= nodes }
            ?? candidates.first
        return best.map { best in (best, candidates.count { $0.stem == best.stem } == 1) }
    }

    /// Modules that are transistors or diodes: their currents do not depend on time itself, and change with voltages no
    /// faster than a junction's.
    static func isPhysical(_ module: OSDIModule) -> Bool {
        !module.stem.isEmpty || otherPhysicalModules.contains(module.name)
    }

    private static let otherPhysicalModules: Set<String> = [
        "sp_diode", "sp_bjt", "sp_jfet1", "sp_jfet2", "sp_mes1", "sp_mos1", "sp_mos2", "sp_mos3", "sp_mos6", "sp_mos9",
        "sp_vdmos",
    ]

    /// Names of modules that would serve such a model, loaded or not.
    static func names(letter: UInt8, type: String, level: Int, dialect: Dialect) -> [String] {
        rows(Character(Unicode.Scalar(letter)), level, dialect).filter { $0.types.contains(type) }.flatMap(\.modules)
    }

    /// Which levels of models ask for a module, a line a kind of model.
    static func levels(of module: OSDIModule) -> [String] {
        var lines: [(kind: String, levels: [String])] = []
        for row in rows where row.stems.contains(module.stem) {
            let kind = "\(row.letter.uppercased()) with .model name \(row.types.joined(separator: " or "))"
            let dialects = row.dialects.isEmpty ? "all" : row.dialects.joined(separator: ", ")
            let text = "level=\(row.levels.map { "\($0)" }.joined(separator: ", ")) (\(dialects))"
            if let place = lines.firstIndex(where: { $0.kind == kind }) {
                lines[place].levels.append(text)
            } else {
                lines.append((kind, [text]))
            }
        }
        return lines.map { "\($0.kind): \($0.levels.joined(separator: "; "))" }
    }
}
