/// What a compiled module takes and gives, as text: `hydron devices` shows it.
extension OSDIModules {
    /// A line a module; with a name, its nodes, parameters, printable quantities and sources of noise. nil where no loaded
    /// library has a module of this lower-case name.
    public func text(module name: String? = nil) -> String? {
        guard let name else {
            return names.compactMap { module($0) }.map { "N  \($0.name), a compiled module of \($0.library)\n" }
                .joined()
        }
        return module(name).map { Self.page($0) }
    }

    private static func page(_ module: OSDIModule) -> String {
        let terminals = module.nodes.prefix(module.connectableCount).map(\.name)
        let inner = module.nodes.dropFirst(module.connectableCount).filter { !$0.isFlow }.map(\.name)
        var text = "N  \(module.name), a compiled module of \(module.library)\n\n  Nname"
        for (place, terminal) in terminals.enumerated() {
            text += place < module.terminalCount ? " \(terminal)" : " [\(terminal)]"
        }
        text += " model [m=] [temp=] [dtemp=] [parameter=value]…\n  .model name \(module.name) [parameter=value]…\n"
        if let obstacle = module.obstacle { text += "\nIt can't be used: \(obstacle).\n" }
        if !inner.isEmpty { text += "\nInner nodes: \(inner.joined(separator: " "))\n" }
        for line in OSDIModelTypes.levels(of: module) { text += "\n\(line)\n" }
        let defaults = OSDIModel(module)
        let areKnown =
            module.obstacle == nil && (try? defaults.setUp(OSDISimulatorValues(SimulationOptions()), OSDILog())) != nil
        let parameters = module.quantities.prefix(module.parameterCount).enumerated()
            .filter { $0.element.name != OSDIModule.multiplicity }
        text += table("Parameters of the element, or of the model", parameters.filter(\.element.isOfInstance)) { _ in ""
        }
        text += table("Parameters of the model", parameters.filter { !$0.element.isOfInstance }) {
            areKnown ? defaults.text($0).map { Double($0)?.sixDigits ?? $0 } ?? "" : ""
        }
        let variables = module.quantities.enumerated().dropFirst(module.parameterCount)
        text += table("Quantities, @name[…], besides currents, i\(terminals.first ?? "d")(name)", Array(variables)) {
            _ in ""
        }
        var told: Set<String> = []
        let noise = module.placedNoiseNames(Array(module.nodes.indices)).compactMap(\.first)
            .filter { told.insert($0).inserted }
        if !noise.isEmpty { text += "\nSources of noise, dno(name,…):\n  \(noise.joined(separator: " "))\n" }
        return text
    }

    private static func table(
        _ title: String, _ quantities: [(offset: Int, element: OSDIModule.Quantity)], _ value: (Int) -> String
    ) -> String {
        guard !quantities.isEmpty else { return "" }
        var text = "\n\(title):\n"
        for (number, quantity) in quantities {
            let names = ([quantity.name] + quantity.aliases).joined(separator: ", ")
            let columns = [(names, 16), (value(number), 10), (quantity.unit, 6)].map { text, width in
                text + String(repeating: " ", count: max(width - text.count, 0))
            }
            text += "  \(columns.joined(separator: " ")) \(quantity.meaning)\n"
        }
        return text
    }
}
