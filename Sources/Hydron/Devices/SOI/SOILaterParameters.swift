extension SOIParameter {
    /// Of releases after 4.4.
    static let later: [Row] =
        [
            Row(
                .ids0multmod, Parameter.choice, 0,
                "1: ids0mult counts for gate and induced currents, too; 2: not for heat", .closed(0, 2)
            )
            .since(.v47),
            Row(.eggbcp2, "V", 1.12, "threshold shift of the gate over silicon of the other kind").since(.v45),
            Row(.eggdep, "V", 1.12, "band gap in the depletion of the gate").since(.v45),
            Row(.vtm00, "V", 0.026, "thermal voltage in recombination and tunnelling of the junctions", .positive)
                .since(.v45),
            Row(binned: .eta0cv, "-", nil, "eta0 for charges, else eta0").since(.v45),
            Row(binned: .etabcv, "1/V", nil, "etab for charges, else etab").since(.v45),
            Row(.steta0cv, "m", nil, "what stress moves eta0cv by, else steta0").since(.v45),
            Row(.lodeta0cv, "-", nil, "exponent of that, else lodeta0").since(.v45),
            Row(.ids0mult, "-", 1, "factor of the channel's current").since(.v47),
            Row(.u0mult, "-", 1, "factor of the mobility", .positive).since(.v47),
            Row(.ubg1, "m/V²", 0, "mobility, the back gate's influence on ua, mobmod=1 and 2").since(.v47),
            Row(.ubg2, "m²/(V² s)", 0, "mobility, the back gate's influence on u0").since(.v47),
            Row(binned: .prwe, "1/V", 0, "the back gate's influence on resistances, rdsmod=1").since(.v47),
            Row(.rsc, "Ω", 0, "resistance of the source's contact", .nonNegative).since(.v47),
            Row(.rdc, "Ω", 0, "resistance of the drain's contact", .nonNegative).since(.v47),
            Row(.trs, "Ω", 0, "temperature coefficient of rsc").since(.v47),
            Row(.trd, "Ω", 0, "temperature coefficient of rdc").since(.v47),
            Row(.minr, "Ω", 1e-3, "least resistance of source and drain; at most that is none", .nonNegative).since(
                .v47),
            Row(binned: .bgidl1, "V/m", 0, "temperature coefficient of bgidl").since(.v47),
            Row(binned: .bgisl1, "V/m", nil, "temperature coefficient of bgisl, else bgidl1").since(.v47),
            Row(binned: .igt, "-", 2.5, "temperature exponent of tunnelling through the gate's oxide").since(.v47),
            Row(binned: .aigc1, "-", 0, "temperature coefficient of aigc").since(.v47),
            Row(binned: .aigsd1, "-", 0, "temperature coefficient of aigsd").since(.v47),
            Row(binned: .alphagb1T, "-", 0, "temperature coefficient of alphagb1").since(.v47),
            Row(binned: .alphagb2T, "-", 0, "temperature coefficient of alphagb2").since(.v47),
            Row(binned: .aigbcp2T, "-", 0, "temperature coefficient of aigbcp2").since(.v47),
            Row(.agb1, "A/V²", 3.7622e-7, "gate to body in inversion, constant of the current").since(.v45),
            Row(.bgb1, "1/(V m)", -3.1051e10, "gate to body in inversion, constant of the exponent").since(.v45),
            Row(.agb2, "A/V²", 4.9758e-7, "gate to body in accumulation, constant of the current").since(.v45),
            Row(.bgb2, "1/(V m)", -2.357e10, "gate to body in accumulation, constant of the exponent").since(.v45),
            Row(.agbc2n, "A/V²", 3.42537e-7, "tunnelling electrons, constant of the current").since(.v45),
            Row(.agbc2p, "A/V²", 4.97232e-7, "tunnelling holes, constant of the current").since(.v45),
            Row(.bgbc2n, "1/(V m)", 1.16645e12, "tunnelling electrons, constant of the exponent").since(.v45),
            Row(.bgbc2p, "1/(V m)", 7.45669e11, "tunnelling holes, constant of the exponent").since(.v45),
            Row(binned: .noff2, "-", nil, "noff over silicon of the other kind, else noff").since(.v46),
            Row(.rver, "Ω m²", 0, "resistance of a gate's area across its layers", .nonNegative).since(.v47),
            Row(.tnoic, "1/m", 3.5, "thermal noise, the length's influence on the correlation, tnoimod=3").since(.v47),
            Row(.rnoic, "-", 0.395, "thermal noise, correlation of gate and drain, tnoimod=3").since(.v47),
            Row(.scalen, "-", 1e5, "of no effect: scale of an internal node, tnoimod=3").since(.v47),
            Row(.multI, "-", 1, "factor of all currents", .positive).since(.v47),
            Row(.multQ, "-", 1, "factor of all charges", .nonNegative).since(.v47),
            Row(.multFn, "-", nil, "factor of flicker noise, else mult_i", .nonNegative).since(.v47),
            Row(.nodechk, Parameter.choice, 1, "of no effect: warnings at nodes without a use").since(.v46),
            Row(.vbsusr, "V", 0, "of no effect").since(.v45),
            Row(.debug, "-", 0, "of no effect").since(.v45),
        ] + ofElements

    /// What holds for elements whose cards say nothing of it.
    private static let ofElements: [Row] = [
        element(.l, "m", 5e-6, .positive), element(.w, "m", 5e-6, .positive), element(.nf, "-", 1, .positive),
        element(.ad, "m²", 0), element(.as, "m²", 0), element(.pd, "m", 0), element(.ps, "m", 0),
        element(.nrd, "-", 1), element(.nrs, "-", 1), element(.nrb, "-", 1), element(.nbc, "-", 0),
        element(.nseg, "-", 1, .positive), element(.pdbcp, "m", 0), element(.psbcp, "m", 0),
        element(.agbcp, "m²", 0), element(.agbcp2, "m²", 0), element(.agbcpd, "m²", nil), element(.aebcp, "m²", 0),
        element(.sa, "m", 0, .any), element(.sb, "m", 0, .any), element(.sd, "m", 0, .any),
        element(.delvto, "V", 0, .any), element(.bjtoff, Parameter.choice, 0, .closed(0, 1)),
    ]

    private static func element(
        _ key: SOIParameter, _ unit: String, _ standard: Double?, _ bounds: Parameter.Bounds = .nonNegative
    ) -> Row {
        Row(key, unit, standard, "as on an element's card, for those that say nothing of it", bounds).since(.v45)
    }
}
