extension ParameterValues where Key == SOIInstance {
    /// With what the model says where the card says nothing.
    func completed(by model: SOIModelValues) -> ParameterValues {
        var all = self
        for key in SOIInstance.allCases where !isGiven(key) {
            guard let parameter = SOIParameter.named[key.parameter.name], model.isGiven(parameter) else { continue }
            all[key] = model[parameter]
        }
        return all
    }
}

/// Parameters of an element's card.
enum SOIInstance: Int, ParameterKey {
    case l, w, nf, m, ad, `as`, pd, ps, nrd, nrs, nrb, frbody, rbdb, rbsb, rth0, cth0, nbc, nseg, pdbcp, psbcp, agbcp
    case agbcp2, agbcpd, aebcp, sa, sb, sd, delvto, soimod, rgatemod, rbodymod, bjtoff, tnodeout, vbsusr, debug, off, ic
    case temp, dtemp, shmod, ngcon, multI, multQ, multFn

    var parameter: Parameter {
        switch self {
        case .l: Parameter("l", unit: "m", default: 5e-6, .positive, "length")
        case .w: Parameter("w", unit: "m", default: 5e-6, .positive, "width of all fingers together")
        case .nf: Parameter("nf", unit: "-", default: 1, .positive, "fingers")
        case .m: Parameter("m", unit: "-", default: 1, .positive, "transistors in parallel")
        case .ad: Parameter("ad", unit: "m²", default: 0, .nonNegative, "area of the drain")
        case .as: Parameter("as", unit: "m²", default: 0, .nonNegative, "area of the source")
        case .pd: Parameter("pd", unit: "m", default: 0, .nonNegative, "perimeter of the drain")
        case .ps: Parameter("ps", unit: "m", default: 0, .nonNegative, "perimeter of the source")
        case .nrd: Parameter("nrd", unit: "-", default: 1, .nonNegative, "squares of the drain")
        case .nrs: Parameter("nrs", unit: "-", default: 1, .nonNegative, "squares of the source")
        case .nrb: Parameter("nrb", unit: "-", default: 1, .nonNegative, "squares of the body outside the channel")
        case .frbody:
            Parameter("frbody", unit: "-", default: nil, .positive, "factor of the body's resistance, else the model's")
        case .rbdb: Parameter("rbdb", unit: "Ω", default: nil, .nonNegative, "as in the model, which holds else")
        case .rbsb: Parameter("rbsb", unit: "Ω", default: nil, .nonNegative, "as in the model, which holds else")
        case .rth0:
            Parameter("rth0", unit: "K m/W", default: nil, .nonNegative, "as in the model, which holds else")
        case .cth0:
            Parameter("cth0", unit: "J/(K m)", default: nil, .nonNegative, "as in the model, which holds else")
        case .nbc: Parameter("nbc", unit: "-", default: 0, .nonNegative, "edges to body contacts")
        case .nseg: Parameter("nseg", unit: "-", default: 1, .positive, "segments of the width between body contacts")
        case .pdbcp:
            Parameter("pdbcp", unit: "m", default: 0, .nonNegative, "perimeter of the body contact at the drain")
        case .psbcp:
            Parameter("psbcp", unit: "m", default: 0, .nonNegative, "perimeter of the body contact at the source")
        case .agbcp:
            Parameter("agbcp", unit: "m²", default: 0, .nonNegative, "area of the gate over the body contact")
        case .agbcp2:
            Parameter(
                "agbcp2", unit: "m²", default: 0, .nonNegative, "area of it over silicon of the channel's own kind")
        case .agbcpd:
            Parameter("agbcpd", unit: "m²", default: nil, .nonNegative, "area of it for currents, else agbcp")
        case .aebcp:
            Parameter("aebcp", unit: "m²", default: 0, .nonNegative, "area of the substrate below the body contact")
        case .sa: Parameter("sa", unit: "m", default: 0, .any, "distance from the gate to the film's edge")
        case .sb: Parameter("sb", unit: "m", default: 0, .any, "the same at the other side")
        case .sd: Parameter("sd", unit: "m", default: 0, .any, "distance between fingers")
        case .delvto: Parameter("delvto", "delvt0", unit: "V", default: 0, .any, "shift of the threshold")
        case .soimod:
            Parameter(
                "soimod", unit: Parameter.choice, default: nil, .closed(0, 3), "as in the model, which holds else")
        case .rgatemod:
            Parameter(
                "rgatemod", unit: Parameter.choice, default: nil, .closed(0, 3), "as in the model, which holds else")
        case .rbodymod:
            Parameter(
                "rbodymod", unit: Parameter.choice, default: nil, .closed(0, 1), "as in the model, which holds else")
        case .bjtoff:
            Parameter(
                "bjtoff", unit: Parameter.choice, default: 0, .closed(0, 1), "1: no current from collector to emitter")
        case .tnodeout:
            Parameter(
                "tnodeout", unit: Parameter.choice, default: 0, .closed(0, 1), "the last node is the temperature's")
        case .vbsusr: Parameter("vbsusr", unit: "V", default: 0, .any, "of no effect")
        case .debug: Parameter("debug", unit: "-", default: 0, .any, "of no effect")
        case .off:
            Parameter(
                "off", unit: Parameter.choice, default: 0, .closed(0, 1),
                "the operating point's search begins with no current")
        case .ic:
            Parameter(
                "ic", unit: "V", default: nil, .any, "vds, vgs, vbs and ves at the start, with uic: ic=vds,vgs,vbs,ves")
        case .temp: Parameter("temp", unit: "°C", default: nil, .celsius, "temperature of this transistor")
        case .shmod:
            Parameter("shmod", unit: Parameter.choice, default: nil, .closed(0, 1), "as in the model, which holds else")
        case .ngcon: Parameter("ngcon", unit: "-", default: nil, .positive, "as in the model, which holds else")
        case .multI: Parameter("mult_i", unit: "-", default: nil, .positive, "factor of all currents, from 4.7")
        case .multQ: Parameter("mult_q", unit: "-", default: nil, .nonNegative, "factor of all charges, from 4.7")
        case .multFn:
            Parameter(
                "mult_fn", unit: "-", default: nil, .nonNegative, "factor of flicker noise, else mult_i, from 4.7")
        case .dtemp: Parameter("dtemp", unit: "K", default: 0, .any, "temperature above the circuit's")
        }
    }
}
