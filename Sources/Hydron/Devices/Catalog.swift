/// Every kind of element there is. Adding a device is one file beside this one and one line here.
enum Catalog {
    static let kinds: [any ElementKind.Type] = [
        Resistor.self,
        ThermalResistorCard.self,
        Capacitor.self,
        Inductor.self,
        Diode.self,
        VoltageSwitch.self,
        CurrentSwitch.self,
        MutualInductance.self,
        MagneticCore.self,
        ProtonResistor.self,
        VoltageSourceCard.self,
        CurrentSourceCard.self,
        VoltageControlledVoltageSourceCard.self,
        CurrentControlledCurrentSourceCard.self,
        VoltageControlledCurrentSourceCard.self,
        CurrentControlledVoltageSourceCard.self,
        BehaviouralSourceCard.self,
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
}
