/// Every kind of element there is. Adding a device is one file beside this one and one line here.
enum Catalog {
    static let kinds: [any ElementKind.Type] = [
        Resistor.self,
        ThermalResistorCard.self,
        Capacitor.self,
        Inductor.self,
        Diode.self,
        Mosfet.self,
        VerticalMosfet.self,
        SOICard.self,
        BipolarTransistor.self,
        JunctionFieldEffectTransistor.self,
        MesfetCard.self,
        VoltageSwitch.self,
        CurrentSwitch.self,
        MutualInductance.self,
        MagneticCore.self,
        TransmissionLineCard.self,
        LossyLineCard.self,
        DistributedLineCard.self,
        ProtonResistor.self,
        VoltageSourceCard.self,
        CurrentSourceCard.self,
        VoltageControlledVoltageSourceCard.self,
        CurrentControlledCurrentSourceCard.self,
        VoltageControlledCurrentSourceCard.self,
        CurrentControlledVoltageSourceCard.self,
        BehaviouralSourceCard.self,
        CodeModelCard.self,
        OSDICard.self,
    ]

    /// `.model` types that some element takes.
    static let modelTypes: Set<String> = Set(kinds.flatMap { $0.description.modelTypes })

    /// `.model` types of the SPICE family: a library may hold models of devices that no element here uses.
    static let familyModelTypes: Set<String> = [
        "r", "res", "c", "cap", "l", "ind", "core", "d", "npn", "pnp", "lpnp", "nmos", "pmos", "vdmos", "njf", "pjf",
        "nmf", "pmf", "gasfet", "nhfet", "phfet", "nigbt", "pigbt", "sw", "csw", "vswitch", "iswitch", "switch",
        "urc", "ltra", "trn", "txl", "cpl", "lin", "dig", "adc", "dac", "uio", "ugate", "utgate", "ueff", "uadc",
        "udac",
        "memristor", "opamp", "amp", "proton",
    ]

    /// Kinds by their letter's ASCII code. Of several the first reads the card, and hands it on where the card's model
    /// asks for another.
    static let byLetter: [UInt8: [any ElementKind.Type]] = {
        var table: [UInt8: [any ElementKind.Type]] = [:]
        for kind in kinds {
            guard let letter = kind.description.letter.asciiValue else { continue }
            table[letter, default: []].append(kind)
        }
        return table
    }()
    /// Kinds of which plain cards are read by the batch, by letter, 'a' first.
    static let plainKinds: [(any PlainElement.Type)?] =
        (UInt8(ascii: "a")...UInt8(ascii: "z")).map { byLetter[$0]?.first as? any PlainElement.Type }
}
