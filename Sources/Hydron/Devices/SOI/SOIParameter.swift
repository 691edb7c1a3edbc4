/// Parameters of a BSIM-SOI model, each named as a netlist names it.
///
/// BSIMSOI4.4 MOSFET MODEL Users' Manual, Department of Electrical Engineering and Computer Sciences, University of
/// California, Berkeley, 2010, appendix A.
enum SOIParameter: Int, CaseIterable, Sendable {
    // What picks among laws.
    case version, mobmod, binunit, paramchk, capmod, shmod, noimod, mtrlmod, vgstcvmod, gidlmod, iiimod, soimod, fdmod
    case rgatemod, rbodymod, rdsmod, igcmod, igbmod, fnoimod, tnoimod, ids0multmod, nodechk, vbsusr, debug
    // The process.
    case tox, toxp, toxm, dtoxcv, toxqm, tbox, tsi, etsi, xj, nch, nsub, nsd, ngate, gamma1, gamma2, vbx, vbm, xt, tnom
    case eot, epsrox, epsrsub, ni0sub, bg0sub, tbgasub, tbgbsub, leffeot, weffeot, vddeot, tempeot, ados, bdos, epsrgate
    case phig, easub, eggbcp2, eggdep, vtm00
    // Sizes.
    case lint, ll, llc, lln, lw, lwc, lwn, lwl, lwlc, wint, wl, wlc, wln, ww, wwc, wwn, wwl, wwlc, dwg, dwb, dwbc, dwc
    case dlc, dlcb, dlbg, dlcig
    // Threshold.
    case vth0, vfb, k1, k1w1, k1w2, k2, k3, k3b, kb1, w0, nlx, lpe0, lpeb, dvt0, dvt1, dvt2, dvt0w, dvt1w, dvt2w, kt1
    case kt1l, kt2, eta0, etab, dsub, voff, nfactor, cdsc, cdscb, cdscd, cit, minv, dvtp0, dvtp1, dvtp2, dvtp3, dvtp4
    case eta0cv, etabcv
    // The channel's current.
    case u0, ua, ub, uc, ud, eu, ucs, ute, ua1, ub1, uc1, ud1, ucste, vsat, at, a0, ags, a1, a2, b0, b1, keta, ketas
    case rdsw, rdw, rsw, rdwmin, rswmin, prwg, prwb, wr, prt, rsh, delta, pclm, pdiblc1, pdiblc2, pdiblcb, drout, pvag
    case fprout, pdits, pditsd, pditsl, ids0mult, u0mult, ubg1, ubg2, prwe, rsc, rdc, trs, trd, minr
    // Stress.
    case saref, sbref, wlod, ku0, kvsat, kvth0, tku0, llodku0, wlodku0, llodvth, wlodvth, stk2, lodk2, steta0, lodeta0
    case steta0cv, lodeta0cv
    // Full depletion.
    case vbs0pd, vbs0fd, vbsa, nofffd, vofffd, k1b, k2b, dk2b, dvbd0, dvbd1, moinfd, vsce, cdsbs
    // Impact ionisation and what the field at the drain's edge draws.
    case alpha0, beta0, beta1, beta2, vdsatii0, tii, lii, esatii, sii0, sii1, sii2, siid, fbjtii, ebjtii, cbjtii, vbci
    case tvbci, abjtii, mbjtii
    case ngidl, agidl, bgidl, cgidl, egidl, rgidl, kgidl, fgidl, agisl, bgisl, cgisl, egisl, rgisl, kgisl, fgisl
    case bgidl1, bgisl1
    // Junctions and the bipolar transistor under the channel.
    case ndiode, ndioded, nrecf0, nrecf0d, nrecr0, nrecr0d, ntun, ntund, isbjt, idbjt, isdif, iddif, isrec, idrec, istun
    case idtun, vrec0, vrec0d, vtun0, vtun0d, ln, nbjt, lbjt0, ldif0, ndif, vabjt, aely, ahli, ahlid, xbjt, xdif, xdifd
    case xrec, xrecd, xtun, xtund, ntrecf, ntrecr, tt
    // Tunnelling through the gate's oxide.
    case ntox, toxref, ebg, vevb, alphagb1, betagb1, vgb1, vecb, alphagb2, betagb2, vgb2, voxh, deltavox, aigbcp2
    case bigbcp2, cigbcp2, aigc, bigc, cigc, aigsd, bigsd, cigsd, nigc, pigcd, poxedge, igt, aigc1, aigsd1
    case alphagb1T, alphagb2T, aigbcp2T, agb1, bgb1, agb2, bgb2, agbc2n, agbc2p, bgbc2n, bgbc2p
    // Charges.
    case xpart, cgso, cgdo, cgeo, cgsl, cgdl, ckappa, cf, clc, cle, noff, noff2, delvt, voffcv, minvcv, acde, moin
    case fbody, cjswg, cjswgd, pbswg, pbswgd, mjswg, mjswgd, tcjswg, tcjswgd, tpbswg, tpbswgd, csdesw, cfrcoeff
    case csdmin, asd, vsdfb, vsdth
    // Heat, the body's and the gate's networks.
    case rth0, cth0, wth0, rbody, rbsh, rhalo, frbody, gbmin, rbdb, rbsb, rshg, ngcon, xgw, xgl, xrcrg1, xrcrg2, rver
    // Noise.
    case noia, noib, noic, noif, em, ef, af, kf, bf, w0flk, tnoia, tnoib, rnoia, rnoib, ntnoi, tnoic, rnoic, scalen
    case multI, multQ, multFn
    // What the element's card may say, too.
    case l, w, nf, ad, `as`, pd, ps, nrd, nrs, nrb, nbc, nseg, pdbcp, psbcp, agbcp, agbcp2, agbcpd, aebcp, sa, sb, sd
    case delvto, bjtoff
    // Limits that simulators warn at.
    case vgsMax, vgdMax, vgbMax, vdsMax, vbsMax, vbdMax, vgsrMax, vgdrMax, vgbrMax, vbsrMax, vbdrMax

    /// One line of the tables.
    struct Row: Sendable {
        var key: SOIParameter
        var unit: String
        var standard: Double?
        var meaning: String
        var bounds: Parameter.Bounds
        /// Has a part that goes with 1/L, 1/W and 1/(L W), named with l, w and p in front.
        var isBinned: Bool
        /// The release that brought it.
        var since = SOIRelease.v44

        init(
            _ key: SOIParameter, _ unit: String, _ standard: Double?, _ meaning: String,
            _ bounds: Parameter.Bounds = .any
        ) {
            (self.key, self.unit, self.standard, self.meaning, self.bounds) = (key, unit, standard, meaning, bounds)
            isBinned = false
        }

        init(binned key: SOIParameter, _ unit: String, _ standard: Double?, _ meaning: String) {
            self.init(key, unit, standard, meaning)
            isBinned = true
        }

        func since(_ release: SOIRelease) -> Row {
            var row = self
            row.since = release
            return row
        }
    }

    /// A capital letter stands for an underscore and the small one: `vgsMax` is `vgs_max`.
    static let names: [String] = allCases.map { key in
        "\(key)".map { $0.isUppercase ? "_\($0.lowercased())" : String($0) }.joined()
    }
    static let named = Dictionary(uniqueKeysWithValues: zip(names, allCases))
    /// By raw value.
    static let rows: [Row] = {
        let all = process + channel + leakage + charges + later
        return allCases.map { key in all.first { $0.key == key } ?? Row(key, "-", 0, "of no effect") }
    }()
    /// Of each, which of the binned ones it is; −1 for none.
    static let bins: [Int] = {
        var count = 0
        return rows.map { row in
            guard row.isBinned else { return -1 }
            count += 1
            return count - 1
        }
    }()
    static let aliases: [SOIParameter: String] = [.vth0: "vtho", .igbmod: "igmod"]
}

/// A place in a model card: a parameter, or the part of one that goes with the size.
struct SOIModelKey: ParameterKey {
    var rawValue: Int

    enum Part: Int, CaseIterable, Sendable { case l, w, p }

    init?(rawValue: Int) { self.rawValue = rawValue }
    init(_ parameter: SOIParameter) { rawValue = parameter.rawValue }
    /// nil where the parameter has no such part.
    init?(_ parameter: SOIParameter, _ part: Part) {
        let bin = SOIParameter.bins[parameter.rawValue]
        guard bin >= 0 else { return nil }
        rawValue = SOIParameter.rows.count + 3 * bin + part.rawValue
    }

    /// The parameter that it is or is a part of.
    var owner: SOIParameter? {
        guard rawValue >= SOIParameter.rows.count else { return SOIParameter(rawValue: rawValue) }
        let bin = (rawValue - SOIParameter.rows.count) / 3
        return SOIParameter.bins.firstIndex(of: bin).flatMap { SOIParameter(rawValue: $0) }
    }

    static let allCases: [SOIModelKey] = {
        let binned = SOIParameter.rows.count { $0.isBinned }
        return (0..<SOIParameter.rows.count + 3 * binned).compactMap { SOIModelKey(rawValue: $0) }
    }()

    private static let parameters: [Parameter] = {
        var all = SOIParameter.rows.map { row in
            var parameter = Parameter(
                SOIParameter.names[row.key.rawValue], unit: row.unit, default: row.standard, row.bounds, row.meaning)
            if let alias = SOIParameter.aliases[row.key] { parameter.aliases = [alias] }
            return parameter
        }
        for row in SOIParameter.rows where row.isBinned {
            let name = SOIParameter.names[row.key.rawValue]
            for (letter, size) in [("l", "1/L"), ("w", "1/W"), ("p", "1/(L W)")] {
                all.append(
                    Parameter(
                        letter + name, unit: Self.unit(row.unit, letter), default: nil, .any,
                        "part of \(name) that goes with \(size)"))
            }
        }
        return all
    }()

    private static func unit(_ unit: String, _ letter: String) -> String {
        let size = letter == "p" ? "µm²" : "µm"
        return unit == "-" ? size : "\(unit)·\(size)"
    }

    var parameter: Parameter { Self.parameters[rawValue] }
}

extension ParameterValues where Key == SOIModelKey {
    subscript(_ parameter: SOIParameter) -> Double { self[SOIModelKey(parameter)] }
    func isGiven(_ parameter: SOIParameter) -> Bool { isGiven(SOIModelKey(parameter)) }
    func given(_ parameter: SOIParameter, else other: Double) -> Double { given(SOIModelKey(parameter), else: other) }
}
