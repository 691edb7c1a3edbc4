import COSDI

/// One compiled Verilog-A module, as its descriptor tells of it: nodes, parameters, Jacobian entries and functions.
///
/// The descriptor is constant data of a library that is never unloaded, and its functions write only to the blocks that
/// they are handed: a module may be used from any thread.
final class OSDIModule: @unchecked Sendable {
    let descriptor: UnsafePointer<OSDIDescriptor>
    /// Path of its library, for messages.
    let library: String
    /// Lower-case.
    let name: String
    /// The model that it is by its name, as ``OSDIModelTypes/split(_:)`` has it; empty where levels of models ask for none
    /// of this name.
    let stem: String
    /// What its parameter `version` is by itself; nil where it has none.
    private(set) var version: String?
    let nodes: [Node]
    let terminalCount: Int
    let entries: [Entry]
    /// Parameters, then operating-point variables; a quantity's place is its number.
    let quantities: [Quantity]
    let parameterCount: Int
    let noiseSources: [NoisePlace]
    /// Lower-case name or alias → parameter's number.
    let parameterIndex: [String: Int]
    /// Lower-case name or alias → operating-point variable's number.
    let variableIndex: [String: Int]
    /// Pairs of local nodes that a direct current may flow between; ``Node``s are counted to `nodes.count`, ground.
    let conductingPairs: [(Int, Int)]
    /// What can be printed.
    let outputs: [DeviceOutput]
    /// Numbers of the quantities among ``outputs``: operating-point variables, then the instance's own parameters.
    let printedQuantities: [Int]
    /// Why the module can't be used; nil where it can.
    let obstacle: String?

    struct Node: Sendable {
        /// Lower-case.
        var name: String
        var isFlow: Bool
        /// A temperature [K].
        var isThermal: Bool
        /// Offsets in an instance of the residual's parts [bytes]; −1 where there is none.
        var resistive: Int
        var reactive: Int
        var resistiveLimit: Int
        var reactiveLimit: Int

        /// The same as plain memory for the loop.
        struct Offsets: BitwiseCopyable {
            var resistive: Int32
            var reactive: Int32
            var resistiveLimit: Int32
            var reactiveLimit: Int32
        }
        var offsets: Offsets {
            Offsets(
                resistive: Int32(resistive), reactive: Int32(reactive), resistiveLimit: Int32(resistiveLimit),
                reactiveLimit: Int32(reactiveLimit))
        }
    }

    struct Entry: Sendable {
        var row: Int
        var column: Int
        /// Places among what the model writes of its resistive and its reactive entries; −1 where it has none.
        var resistive: Int
        var reactive: Int
    }

    struct Quantity: Sendable {
        /// Lower-case.
        var name: String
        var aliases: [String]
        var unit: String
        var meaning: String
        var kind: Kind
        var isOfInstance: Bool
        /// Vectors can't be given in a netlist.
        var isVector: Bool
        enum Kind: Sendable { case real, integer, text }
    }

    struct NoisePlace: Sendable {
        /// Lower-case, without blanks.
        var name: String
        /// Local nodes; −1 for ground.
        var from: Int
        var to: Int
    }

    /// - Parameter size: of the descriptor [bytes]: later versions have more in it.
    init(_ descriptor: UnsafePointer<OSDIDescriptor>, size: Int, library: String) {
        self.descriptor = descriptor
        self.library = library
        let content = descriptor.pointee
        func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
        name = text(content.name).lowercased()
        stem = OSDIModelTypes.split(name)?.stem ?? ""
        terminalCount = Int(content.terminal_count)
        func offset(_ value: UInt32) -> Int { value == UInt32.max ? -1 : Int(value) }
        nodes = (0..<Int(content.node_count)).map { index in
            let node = content.nodes[index]
            return Node(
                name: text(node.name).lowercased(), isFlow: node.is_flow,
                isThermal: text(node.units) == "K", resistive: offset(node.resistive_offset),
                reactive: offset(node.reactive_offset), resistiveLimit: offset(node.resistive_limit_offset),
                reactiveLimit: offset(node.reactive_limit_offset))
        }
        var places = (resistive: 0, reactive: 0)
        var entries: [Entry] = []
        for index in 0..<Int(content.entry_count) {
            let entry = content.entries[index]
            func place(_ flag: Int, _ next: inout Int) -> Int {
                guard Int(entry.flags) & flag != 0 else { return -1 }
                next += 1
                return next - 1
            }
            entries.append(
                Entry(
                    row: Int(entry.nodes.first), column: Int(entry.nodes.second),
                    resistive: place(Int(OSDI_ENTRY_RESISTIVE), &places.resistive),
                    reactive: place(Int(OSDI_ENTRY_REACTIVE), &places.reactive)))
        }
        self.entries = entries
        parameterCount = Int(content.parameter_count)
        let quantities: [Quantity] = (0..<Int(content.parameter_count + content.variable_count)).map { index in
            let quantity = content.parameters[index]
            let names = (0...Int(quantity.alias_count)).map { text(quantity.names[$0]).lowercased() }
            let kind: Quantity.Kind =
                switch Int(quantity.flags) & Int(OSDI_TYPE_MASK) {
                case Int(OSDI_TYPE_INTEGER): .integer
                case Int(OSDI_TYPE_STRING): .text
                default: .real
                }
            let unit = text(quantity.units)
            return Quantity(
                name: names[0], aliases: Array(names.dropFirst()), unit: unit.isEmpty ? "-" : unit,
                meaning: text(quantity.meaning), kind: kind, isOfInstance: quantity.flags >> 30 == 1,
                isVector: quantity.length > 0)
        }
        self.quantities = quantities
        noiseSources = (0..<Int(content.noise_source_count)).map { index in
            let source = content.noise_sources[index]
            return NoisePlace(
                name: String(text(source.name).lowercased().map { $0 == " " ? "_" : $0 }),
                from: offset(source.nodes.first),
                to: offset(source.nodes.second))
        }
        var parameterIndex: [String: Int] = [:]
        var variableIndex: [String: Int] = [:]
        for (number, quantity) in quantities.enumerated() {
            for name in [quantity.name] + quantity.aliases {
                if number < Int(content.parameter_count) {
                    parameterIndex[name] = parameterIndex[name] ?? number
                } else {
                    variableIndex[name] = variableIndex[name] ?? number
                }
            }
        }
        conductingPairs = Self.conductingPairs(entries, nodeCount: nodes.count)
        let parameterCount = parameterCount
        let numbers = quantities.indices.filter { quantities[$0].kind != .text && !quantities[$0].isVector }
        printedQuantities =
            numbers.filter { $0 >= parameterCount }
            + numbers.filter { $0 < parameterCount && quantities[$0].isOfInstance }
        outputs = Self.outputs(nodes.prefix(terminalCount), printedQuantities.map { quantities[$0] })
        self.parameterIndex = parameterIndex
        self.variableIndex = variableIndex
        // What is written goes by the entries' flags; the counts may be larger.
        if places.resistive > Int(content.resistive_entry_count)
            || places.reactive > Int(content.reactive_entry_count)
        {
            obstacle = "its descriptor contradicts itself"
        } else if content.evaluate == nil || content.access == nil || content.setup_model == nil
            || content.setup_instance == nil || content.write_resistive_jacobian == nil
            || content.write_reactive_jacobian == nil
        {
            obstacle = "its library lacks functions of the interface"
        } else if Self.usesDelays(descriptor, size: size) {
            obstacle = "it uses absdelay(), which this version does not have"
        } else {
            obstacle = nil
        }
    }

    /// Asks the module for its ``version``. Called once, before anybody else knows of the module.
    func readVersion() {
        guard obstacle == nil, !stem.isEmpty, let parameter = parameterIndex["version"] else { return }
        let model = OSDIModel(self)
        guard (try? model.setUp(OSDISimulatorValues(SimulationOptions()), OSDILog())) != nil else { return }
        version = model.text(parameter)
    }

    /// Since OSDI 0.5 a descriptor goes on with two pointers about noise and one number, then the number of delays.
    private static func usesDelays(_ descriptor: UnsafePointer<OSDIDescriptor>, size: Int) -> Bool {
        let known = MemoryLayout<OSDIDescriptor>.size
        let place = known + 2 * MemoryLayout<UnsafeRawPointer>.size + MemoryLayout<UInt32>.size
        guard size >= place + MemoryLayout<UInt32>.size else { return false }
        return UnsafeRawPointer(descriptor).load(fromByteOffset: place, as: UInt32.self) != 0
    }

    /// Nodes that a card may connect: the terminals, and behind them the temperatures that come next.
    var connectableCount: Int {
        var count = terminalCount
        while count < nodes.count, nodes[count].isThermal { count += 1 }
        return count
    }

    /// Names of the sources behind those of their nodes, `d_di_thermal`; ground is gnd. Where an element's nodes are one,
    /// each of them will do.
    ///
    /// - Parameter representatives: for each node the first that it is one with, itself where there is none; −1: ground.
    func placedNoiseNames(_ representatives: [Int]) -> [[String]] {
        func names(_ node: Int) -> [String] {
            guard nodes.indices.contains(node) else { return ["gnd"] }
            let other = representatives[node]
            guard other != node else { return [nodes[node].name] }
            return [nodes[node].name, nodes.indices.contains(other) ? nodes[other].name : "gnd"]
        }
        return noiseSources.map { source in
            names(source.from).flatMap { from in names(source.to).map { "\(from)_\($0)_\(source.name)" } }
        }
    }

    /// The number of elements in parallel, a parameter of every instance.
    static let multiplicity = "$mfactor"

    var resistiveEntryCount: Int { Int(descriptor.pointee.resistive_entry_count) }
    var reactiveEntryCount: Int { Int(descriptor.pointee.reactive_entry_count) }

    /// The parameter that a card means by a lower-case name. Some compilers' models call an element's own parameter
    /// `instance_x` where the model has an `x` too.
    ///
    /// - Parameter ofElement: true on an element's card.
    func parameter(_ name: String, ofElement: Bool) -> Int? {
        if ofElement, let own = parameterIndex["instance_" + name], quantities[own].isOfInstance { return own }
        return parameterIndex[name]
    }

    /// Names of parameters, for suggestions.
    var parameterNames: [String] { parameterIndex.keys.sorted() }

    // MARK: - What follows from the descriptor

    /// Whatever a resistive entry couples may conduct. The number behind the last node stands for ground, where a node's
    /// current depends on that node alone.
    private static func conductingPairs(_ entries: [Entry], nodeCount: Int) -> [(Int, Int)] {
        var pairs: [(Int, Int)] = []
        var isCoupled = [Bool](repeating: false, count: nodeCount)
        for entry in entries where entry.resistive >= 0 && entry.row != entry.column {
            pairs.append((entry.row, entry.column))
            isCoupled[entry.row] = true
        }
        for entry in entries where entry.resistive >= 0 && entry.row == entry.column && !isCoupled[entry.row] {
            pairs.append((entry.row, nodeCount))
        }
        return pairs
    }

    /// The current into each terminal, then `quantities`, then the charges that belong to the currents.
    private static func outputs(_ terminals: ArraySlice<Node>, _ quantities: [Quantity]) -> [DeviceOutput] {
        terminals.map {
            DeviceOutput(
                "i" + $0.name, unit: "A", "current into terminal \($0.name)", withRateOf: chargePrefix + $0.name)
        } + quantities.map { DeviceOutput($0.name, unit: $0.unit, $0.meaning) }
            + terminals.map { DeviceOutput(chargePrefix + $0.name, unit: "C", "charge of terminal \($0.name)") }
    }

    /// No quantity's own name begins like this.
    private static let chargePrefix = "q@"
}
