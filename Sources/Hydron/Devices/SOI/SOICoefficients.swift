/// The parameters for one size that voltages and temperature meet, each under its name in the manual; those of the
/// temperature as at tnom.
struct SOICoefficients: BitwiseCopyable, Sendable {
    var nch = 0.0, nsub = 0.0, k1 = 0.0, k3 = 0.0, k3b = 0.0, w0 = 0.0, dvt0 = 0.0, dvt1 = 0.0, dvt2 = 0.0
    var dvt0w = 0.0, dvt1w = 0.0, dvt2w = 0.0, kt1 = 0.0, kt1l = 0.0, kt2 = 0.0, dsub = 0.0, voff = 0.0
    var nfactor = 0.0, cdsc = 0.0, cdscb = 0.0, cdscd = 0.0, cit = 0.0, dvtp0 = 0.0, dvtp1 = 0.0, dvtp4 = 0.0
    var u0 = 0.0, ua = 0.0, ub = 0.0, uc = 0.0, ud = 0.0, eu = 0.0, ucs = 0.0, ute = 0.0, ua1 = 0.0, ub1 = 0.0
    var uc1 = 0.0, ud1 = 0.0, ucste = 0.0, vsat = 0.0, at = 0.0, a0 = 0.0, ags = 0.0, a1 = 0.0, a2 = 0.0, b0 = 0.0
    var b1 = 0.0, keta = 0.0, ketas = 0.0, rdsw = 0.0, rdw = 0.0, rsw = 0.0, prwg = 0.0, prwb = 0.0, prt = 0.0
    var delta = 0.0, pclm = 0.0, pdiblc1 = 0.0, pdiblc2 = 0.0, pdiblcb = 0.0, drout = 0.0, pvag = 0.0, fprout = 0.0
    var pdits = 0.0, pditsd = 0.0, dwg = 0.0, dwb = 0.0, xj = 0.0, alpha0 = 0.0, beta0 = 0.0, beta1 = 0.0
    var beta2 = 0.0, vdsatii0 = 0.0, lii = 0.0, esatii = 0.0, sii0 = 0.0, sii1 = 0.0, sii2 = 0.0, siid = 0.0
    var fbjtii = 0.0, ebjtii = 0.0, cbjtii = 0.0, vbci = 0.0, abjtii = 0.0, mbjtii = 0.0, xbjt = 0.0, ntrecf = 0.0
    var ntrecr = 0.0, alphagb1 = 0.0, betagb1 = 0.0, alphagb2 = 0.0, betagb2 = 0.0, aigbcp2 = 0.0, bigbcp2 = 0.0
    var cigbcp2 = 0.0, aigc = 0.0, bigc = 0.0, cigc = 0.0, aigsd = 0.0, bigsd = 0.0, cigsd = 0.0, nigc = 0.0
    var pigcd = 0.0, poxedge = 0.0, ckappa = 0.0, noff = 0.0, delvt = 0.0, voffcv = 0.0, moin = 0.0, vsdfb = 0.0
    var vsdth = 0.0, xrcrg1 = 0.0, xrcrg2 = 0.0, tii = 0.0, tvbci = 0.0, pditsl = 0.0, vbsa = 0.0, nofffd = 0.0
    var vofffd = 0.0, moinfd = 0.0, vsce = 0.0, cdsbs = 0.0, tsi = 0.0, tt = 0.0, ebg = 0.0, vevb = 0.0, vgb1 = 0.0
    var vecb = 0.0, vgb2 = 0.0, voxh = 0.0, deltavox = 0.0, toxqm = 0.0, xpart = 0.0, noia = 0.0, noib = 0.0
    var noic = 0.0, noif = 0.0, em = 0.0, ef = 0.0, af = 0.0, kf = 0.0, bf = 0.0, w0flk = 0.0, tnoia = 0.0
    var tnoib = 0.0, rnoia = 0.0, rnoib = 0.0, ntnoi = 0.0, ku0 = 0.0, tku0 = 0.0, phig = 0.0, easub = 0.0
    var rdwmin = 0.0, rswmin = 0.0, noff2 = 0.0, prwe = 0.0, igt = 0.0, aigc1 = 0.0, aigsd1 = 0.0, alphagb1t = 0.0
    var alphagb2t = 0.0, aigbcp2t = 0.0, eggbcp2 = 0.0, eggdep = 0.0, vtm00 = 0.0, ids0mult = 0.0, tnoic = 0.0
    var rnoic = 0.0, ubg1 = 0.0, ubg2 = 0.0, agb1 = 0.0, bgb1 = 0.0, agb2 = 0.0, bgb2 = 0.0

    /// - Parameter inverse: 1/L, 1/W and 1/(L W) in the unit of the parts by size.
    init(_ model: SOIModelValues, _ inverse: SIMD3<Double>) {
        nch = model.binned(.nch, inverse)
        nsub = model.binned(.nsub, inverse)
        k1 = model.binned(.k1, inverse)
        k3 = model.binned(.k3, inverse)
        k3b = model.binned(.k3b, inverse)
        w0 = model.binned(.w0, inverse)
        dvt0 = model.binned(.dvt0, inverse)
        dvt1 = model.binned(.dvt1, inverse)
        dvt2 = model.binned(.dvt2, inverse)
        dvt0w = model.binned(.dvt0w, inverse)
        dvt1w = model.binned(.dvt1w, inverse)
        dvt2w = model.binned(.dvt2w, inverse)
        kt1 = model.binned(.kt1, inverse)
        kt1l = model.binned(.kt1l, inverse)
        kt2 = model.binned(.kt2, inverse)
        dsub = model.binned(.dsub, inverse)
        voff = model.binned(.voff, inverse)
        nfactor = model.binned(.nfactor, inverse)
        cdsc = model.binned(.cdsc, inverse)
        cdscb = model.binned(.cdscb, inverse)
        cdscd = model.binned(.cdscd, inverse)
        cit = model.binned(.cit, inverse)
        dvtp0 = model.binned(.dvtp0, inverse)
        dvtp1 = model.binned(.dvtp1, inverse)
        dvtp4 = model.binned(.dvtp4, inverse)
        u0 = model.binned(.u0, inverse)
        ua = model.binned(.ua, inverse)
        ub = model.binned(.ub, inverse)
        uc = model.binned(.uc, inverse)
        ud = model.binned(.ud, inverse)
        eu = model.binned(.eu, inverse)
        ucs = model.binned(.ucs, inverse)
        ute = model.binned(.ute, inverse)
        ua1 = model.binned(.ua1, inverse)
        ub1 = model.binned(.ub1, inverse)
        uc1 = model.binned(.uc1, inverse)
        ud1 = model.binned(.ud1, inverse)
        ucste = model.binned(.ucste, inverse)
        vsat = model.binned(.vsat, inverse)
        at = model.binned(.at, inverse)
        a0 = model.binned(.a0, inverse)
        ags = model.binned(.ags, inverse)
        a1 = model.binned(.a1, inverse)
        a2 = model.binned(.a2, inverse)
        b0 = model.binned(.b0, inverse)
        b1 = model.binned(.b1, inverse)
        keta = model.binned(.keta, inverse)
        ketas = model.binned(.ketas, inverse)
        rdsw = model.binned(.rdsw, inverse)
        rdw = model.binned(.rdw, inverse)
        rsw = model.binned(.rsw, inverse)
        prwg = model.binned(.prwg, inverse)
        prwb = model.binned(.prwb, inverse)
        prt = model.binned(.prt, inverse)
        delta = model.binned(.delta, inverse)
        pclm = model.binned(.pclm, inverse)
        pdiblc1 = model.binned(.pdiblc1, inverse)
        pdiblc2 = model.binned(.pdiblc2, inverse)
        pdiblcb = model.binned(.pdiblcb, inverse)
        drout = model.binned(.drout, inverse)
        pvag = model.binned(.pvag, inverse)
        fprout = model.binned(.fprout, inverse)
        pdits = model.binned(.pdits, inverse)
        pditsd = model.binned(.pditsd, inverse)
        dwg = model.binned(.dwg, inverse)
        dwb = model.binned(.dwb, inverse)
        xj = model.binned(.xj, inverse)
        alpha0 = model.binned(.alpha0, inverse)
        beta0 = model.binned(.beta0, inverse)
        beta1 = model.binned(.beta1, inverse)
        beta2 = model.binned(.beta2, inverse)
        vdsatii0 = model.binned(.vdsatii0, inverse)
        lii = model.binned(.lii, inverse)
        esatii = model.binned(.esatii, inverse)
        sii0 = model.binned(.sii0, inverse)
        sii1 = model.binned(.sii1, inverse)
        sii2 = model.binned(.sii2, inverse)
        siid = model.binned(.siid, inverse)
        fbjtii = model.binned(.fbjtii, inverse)
        ebjtii = model.binned(.ebjtii, inverse)
        cbjtii = model.binned(.cbjtii, inverse)
        vbci = model.binned(.vbci, inverse)
        abjtii = model.binned(.abjtii, inverse)
        mbjtii = model.binned(.mbjtii, inverse)
        xbjt = model.binned(.xbjt, inverse)
        ntrecf = model.binned(.ntrecf, inverse)
        ntrecr = model.binned(.ntrecr, inverse)
        alphagb1 = model.binned(.alphagb1, inverse)
        betagb1 = model.binned(.betagb1, inverse)
        alphagb2 = model.binned(.alphagb2, inverse)
        betagb2 = model.binned(.betagb2, inverse)
        aigbcp2 = model.binned(.aigbcp2, inverse)
        bigbcp2 = model.binned(.bigbcp2, inverse)
        cigbcp2 = model.binned(.cigbcp2, inverse)
        aigc = model.binned(.aigc, inverse)
        bigc = model.binned(.bigc, inverse)
        cigc = model.binned(.cigc, inverse)
        aigsd = model.binned(.aigsd, inverse)
        bigsd = model.binned(.bigsd, inverse)
        cigsd = model.binned(.cigsd, inverse)
        nigc = model.binned(.nigc, inverse)
        pigcd = model.binned(.pigcd, inverse)
        poxedge = model.binned(.poxedge, inverse)
        ckappa = model.binned(.ckappa, inverse)
        noff = model.binned(.noff, inverse)
        delvt = model.binned(.delvt, inverse)
        voffcv = model.binned(.voffcv, inverse)
        moin = model.binned(.moin, inverse)
        vsdfb = model.binned(.vsdfb, inverse)
        vsdth = model.binned(.vsdth, inverse)
        xrcrg1 = model.binned(.xrcrg1, inverse)
        xrcrg2 = model.binned(.xrcrg2, inverse)
        tii = model[.tii]
        tvbci = model[.tvbci]
        pditsl = model[.pditsl]
        vbsa = model.binned(.vbsa, inverse)
        nofffd = model.binned(.nofffd, inverse)
        vofffd = model.binned(.vofffd, inverse)
        moinfd = model.binned(.moinfd, inverse)
        vsce = model.binned(.vsce, inverse)
        cdsbs = model.binned(.cdsbs, inverse)
        tsi = model[.tsi]
        tt = model[.tt]
        ebg = model[.ebg]
        vevb = model[.vevb]
        vgb1 = model[.vgb1]
        vecb = model[.vecb]
        vgb2 = model[.vgb2]
        voxh = model[.voxh]
        deltavox = model[.deltavox]
        toxqm = model[.toxqm]
        xpart = model[.xpart]
        noia = model[.noia]
        noib = model[.noib]
        noic = model[.noic]
        noif = model[.noif]
        em = model[.em]
        ef = model[.ef]
        af = model[.af]
        kf = model[.kf]
        bf = model[.bf]
        w0flk = model[.w0flk]
        tnoia = model[.tnoia]
        tnoib = model[.tnoib]
        rnoia = model[.rnoia]
        rnoib = model[.rnoib]
        ntnoi = model[.ntnoi]
        ku0 = model[.ku0]
        tku0 = model[.tku0]
        phig = model[.phig]
        easub = model[.easub]
        rdwmin = model[.rdwmin]
        rswmin = model[.rswmin]
        noff2 = model.binned(.noff2, inverse)
        prwe = model.binned(.prwe, inverse)
        igt = model.binned(.igt, inverse)
        aigc1 = model.binned(.aigc1, inverse)
        aigsd1 = model.binned(.aigsd1, inverse)
        alphagb1t = model.binned(.alphagb1T, inverse)
        alphagb2t = model.binned(.alphagb2T, inverse)
        aigbcp2t = model.binned(.aigbcp2T, inverse)
        eggbcp2 = model[.eggbcp2]
        eggdep = model[.eggdep]
        vtm00 = model[.vtm00]
        ids0mult = model[.ids0mult]
        tnoic = model[.tnoic]
        rnoic = model[.rnoic]
        ubg1 = model[.ubg1]
        ubg2 = model[.ubg2]
        agb1 = model[.agb1]
        bgb1 = model[.bgb1]
        agb2 = model[.agb2]
        bgb2 = model[.bgb2]
    }
}

/// The parameters for one size that only what is found once needs: they are no part of the transistor.
struct SOISetUpCoefficients {
    var nsd = 0.0, ngate = 0.0, gamma1 = 0.0, gamma2 = 0.0, vbx = 0.0, vbm = 0.0, vth0 = 0.0, vfb = 0.0, k1w1 = 0.0
    var k1w2 = 0.0, k2 = 0.0, kb1 = 0.0, lpe0 = 0.0, lpeb = 0.0, eta0 = 0.0, etab = 0.0, minv = 0.0, dvtp2 = 0.0
    var dvtp3 = 0.0, wr = 0.0, nbjt = 0.0, lbjt0 = 0.0, ndif = 0.0, vabjt = 0.0, aely = 0.0, cgsl = 0.0, cgdl = 0.0
    var minvcv = 0.0, acde = 0.0, k1b = 0.0, k2b = 0.0, dk2b = 0.0, dvbd0 = 0.0, dvbd1 = 0.0, ln = 0.0, ldif0 = 0.0
    var eta0cv = 0.0, etabcv = 0.0, u0mult = 0.0

    /// - Parameter inverse: as of ``SOICoefficients``.
    init(_ model: SOIModelValues, _ inverse: SIMD3<Double>) {
        nsd = model.binned(.nsd, inverse)
        ngate = model.binned(.ngate, inverse)
        gamma1 = model.binned(.gamma1, inverse)
        gamma2 = model.binned(.gamma2, inverse)
        vbx = model.binned(.vbx, inverse)
        vbm = model.binned(.vbm, inverse)
        vth0 = model.binned(.vth0, inverse)
        vfb = model.binned(.vfb, inverse)
        k1w1 = model.binned(.k1w1, inverse)
        k1w2 = model.binned(.k1w2, inverse)
        k2 = model.binned(.k2, inverse)
        kb1 = model.binned(.kb1, inverse)
        lpe0 = model.binned(.lpe0, inverse)
        lpeb = model.binned(.lpeb, inverse)
        eta0 = model.binned(.eta0, inverse)
        etab = model.binned(.etab, inverse)
        minv = model.binned(.minv, inverse)
        dvtp2 = model.binned(.dvtp2, inverse)
        dvtp3 = model.binned(.dvtp3, inverse)
        wr = model.binned(.wr, inverse)
        nbjt = model.binned(.nbjt, inverse)
        lbjt0 = model.binned(.lbjt0, inverse)
        ndif = model.binned(.ndif, inverse)
        vabjt = model.binned(.vabjt, inverse)
        aely = model.binned(.aely, inverse)
        cgsl = model.binned(.cgsl, inverse)
        cgdl = model.binned(.cgdl, inverse)
        minvcv = model.binned(.minvcv, inverse)
        acde = model.binned(.acde, inverse)
        k1b = model.binned(.k1b, inverse)
        k2b = model.binned(.k2b, inverse)
        dk2b = model.binned(.dk2b, inverse)
        dvbd0 = model.binned(.dvbd0, inverse)
        dvbd1 = model.binned(.dvbd1, inverse)
        ln = model[.ln]
        ldif0 = model[.ldif0]
        eta0cv = model.binned(.eta0cv, inverse)
        etabcv = model.binned(.etabcv, inverse)
        u0mult = model[.u0mult]
    }
}
