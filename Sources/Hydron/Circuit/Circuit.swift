import LargeMemory
import SpiceNetlist

/// A flat circuit: its unknowns, and its elements in one population per device type.
///
/// Immutable, `Sendable`, printable. It knows values and connections, no text beyond names and places.
public struct Circuit: Sendable {
    /// Number of elements; the windings of a core are counted as the inductors that they are.
    public var elementCount: Int { populations.reduce(0) { $0 + ($1 is DevicePopulation<Winding> ? 0 : $1.count) } }
    public var title: String
    public internal(set) var unknowns: UnknownTable
    /// In the order in which their first element came.
    var populations: [any Population]
    /// Everything about how to simulate: tolerances, temperatures, method.
    public var options: SimulationOptions
    /// `.ic v(node)=value`: (unknown, volts), held during the operating point that precedes a transient.
    public var initialConditions: [NodeCondition] = []
    /// `.nodeset`: a first guess, held only until Newton's iteration converged once.
    public var nodesets: [NodeCondition] = []
    /// In the operating point before a transient capacitors and inductors hold what `ic=` says, as Xyce has it; else
    /// `ic=` counts with `uic` only.
    var holdsDeviceConditions = false
    /// Resistance [Ω] that inductors show in direct current, where a loop of them would leave currents open.
    var inductorLoss = 0.0
    /// Nodes without a path for direct current, one of each island, that `.ic` or `.nodeset` gives a voltage: static
    /// analyses hold them there.
    var anchors: [NodeCondition] = []
    /// Name (lower-case) → element, for outputs and sweeps.
    var elements: ElementDirectory
}

/// A voltage given for a node.
public struct NodeCondition: Sendable, Hashable {
    public var unknown: Int32
    /// [V]
    public var value: Double
    public var range: SourceRange
}

/// Which element: its place in ``Circuit/populations``.
struct ElementReference: Hashable, Sendable, BitwiseCopyable {
    var population: Int32
    var index: Int32
}

/// An element's name and where it was written.
struct ElementIdentity: Sendable, BitwiseCopyable {
    /// Id in ``ElementDirectory/names``.
    var name: UInt32
    var range: SourceRange
}

/// Elements of one kind, without behaviour: what elaboration makes and the engine turns into a batch.
protocol Population: Sendable {
    var count: Int { get }
    /// Local unknowns an element has at most; ``unknown(_:of:)`` gives −1 beyond an element's own number.
    var arity: Int { get }
    func identity(_ index: Int) -> ElementIdentity
    func unknown(_ local: Int, of element: Int) -> Int32
    /// The unknown that one of an element's inner nodes is by the node's own name, 0 where it is ground; nil where names of
    /// unknowns tell all.
    func unknown(named node: String, of element: Int) -> Int32?
    /// Pairs of local unknowns between which a direct current can flow.
    var conductingPairs: [(Int, Int)] { get }
    /// The same for one element, where elements of a population differ.
    func conductingPairs(of element: Int) -> [(Int, Int)]
    /// Pairs of local unknowns whose voltage difference the element fixes in DC (sources, inductors, E, H).
    var voltageDefinedPairs: [(Int, Int)] { get }
    /// The same for one element, where elements of a population differ.
    func voltageDefinedPairs(of element: Int) -> [(Int, Int)]
    /// True for inductors: in direct current they are wires.
    var isFluxDefined: Bool { get }
    /// True for a voltage source of 0 V in direct current: one that senses a current, or whose waveform starts from 0.
    func restsAtZero(_ element: Int) -> Bool
    /// Pairs of unknowns between which the element drives a direct current that other unknowns control.
    func controlledCurrents(of element: Int) -> [(Int32, Int32)]
    /// Pairs of unknowns whose difference controls something in direct current, besides what ``conductingPairs`` says.
    func controllingVoltages(of element: Int, in circuit: Circuit) -> [(Int32, Int32)]
    /// The local unknown that is the element's own current, for `i(name)`; nil where it has none.
    var branchUnknown: Int? { get }
    /// Name of the output that gives the current through the element where ``branchUnknown`` is nil.
    var currentOutput: String? { get }
    /// What can be asked of its elements by name, in the order of ``ElementBatch/output(_:element:x:_:)``.
    var outputs: [DeviceOutput] { get }
    /// The unit of an output by its number.
    func unit(ofOutput output: Int) -> String
    /// Names of its sources of noise.
    var noiseNames: [String] { get }
    /// The same names behind those of the nodes that each of an element's sources lies between, `d_di_thermal`, in all the
    /// ways that its nodes have names; empty where names suffice.
    func placedNoiseNames(of element: Int) -> [[String]]
    /// What an output is multiplied by where it is asked for by Xyce's name for internal variables.
    func internalUnit(_ output: Int, of element: Int) -> Double
    /// Fills in what waveforms leave to the transient's step and end [s].
    mutating func resolveTransient(tstep: Double, tstop: Double)
    /// Adds unknowns that lie behind all others; called once all elements are known.
    mutating func placeUnknowns(_ unknowns: inout UnknownTable)
    func makeBatch() -> any ElementBatch
}

extension Population {
    func unknown(named node: String, of element: Int) -> Int32? { nil }
    var noiseNames: [String] { [] }
    func placedNoiseNames(of element: Int) -> [[String]] { [] }
    var outputs: [DeviceOutput] { makeBatch().outputs }
    func unit(ofOutput output: Int) -> String { outputs.indices.contains(output) ? outputs[output].unit : "-" }
    /// Whether an output is real in small-signal analyses: voltages and currents have an amplitude and a phase.
    func isReal(output: Int) -> Bool {
        outputs.indices.contains(output) && outputs[output].isGiven || !["A", "V"].contains(unit(ofOutput: output))
    }
    func internalUnit(_ output: Int, of element: Int) -> Double { 1 }
    mutating func resolveTransient(tstep: Double, tstop: Double) {}
    mutating func placeUnknowns(_ unknowns: inout UnknownTable) {}
    var conductingPairs: [(Int, Int)] { [] }
    func conductingPairs(of element: Int) -> [(Int, Int)] { conductingPairs }
    var voltageDefinedPairs: [(Int, Int)] { [] }
    func voltageDefinedPairs(of element: Int) -> [(Int, Int)] { voltageDefinedPairs }
    var isFluxDefined: Bool { false }
    func restsAtZero(_ element: Int) -> Bool { false }
    func controlledCurrents(of element: Int) -> [(Int32, Int32)] { [] }
    func controllingVoltages(of element: Int, in circuit: Circuit) -> [(Int32, Int32)] { [] }
    var branchUnknown: Int? { nil }
    var currentOutput: String? { nil }
}

/// What the unknowns are. Number 0 is ground.
public struct UnknownTable: Sendable {
    public enum Kind: UInt8, Sendable, BitwiseCopyable {
        /// A node that the netlist names [V].
        case node
        /// A node inside a device [V].
        case internalNode
        /// A current [A] whose row holds a voltage equation [V].
        case branch
        /// An auxiliary quantity of a behavioural element, such as the value of ddt( ).
        case auxiliary
        /// A node inside an array [V]: its name is computed.
        case gridNode
    }
    private(set) var kinds: [Kind] = [.node]
    /// For a node its id in `nodeNames`, else an index into `ownNames`.
    private var references: [UInt32] = [0]
    private var ownNames: [String] = []
    /// Names of nodes, lower-case, hierarchical: `x1.n`.
    var nodeNames: NameTable
    /// Node name id → unknown.
    private var unknownOfName: [Int32] = []
    /// Arrays and the first unknown of each, ascending.
    private var grids: [(grid: Grid, first: Int)] = []
    /// Unknowns before the first array's.
    var sparseCount: Int { grids.first?.first ?? kinds.count }

    /// The nodes of an array: `x1.row[3][17]`.
    struct Grid: Sendable {
        /// Lower-case, hierarchical.
        var name: String
        var planes: [String]
        var shape: GridShape
    }

    init() {
        nodeNames = NameTable()
        let ground = nodeNames.intern("0")
        unknownOfName = [Int32](repeating: -1, count: Int(ground) + 1)
        unknownOfName[Int(ground)] = 0
        references[0] = ground
    }

    /// Number of unknowns with ground.
    public var count: Int { kinds.count }

    public func kind(_ unknown: Int) -> Kind { kinds[unknown] }

    /// `n1`, `d1#internal`, `v1#branch`.
    public func name(_ unknown: Int) -> String {
        switch kinds[unknown] {
        case .node: return nodeNames.name(of: references[unknown])
        case .internalNode, .branch, .auxiliary: return ownNames[Int(references[unknown])]
        case .gridNode:
            guard let (grid, first) = grids.last(where: { $0.first <= unknown }) else { return "" }
            let (plane, place) = (unknown - first).quotientAndRemainder(dividingBy: grid.shape.size)
            return
                "\(grid.name).\(grid.planes[plane])[\(place / grid.shape.stride)][\(place % grid.shape.stride)]"
        }
    }

    /// The unknown that a name such as `x1.row[3][17]` stands for.
    private func gridNode(named name: String) -> Int? {
        guard name.last == "]" else { return nil }
        for (grid, first) in grids where name.hasPrefix(grid.name + ".") {
            let parts = name.dropFirst(grid.name.count + 1).split(separator: "[", omittingEmptySubsequences: false)
            guard parts.count == 3, let plane = grid.planes.firstIndex(of: String(parts[0])),
                let row = Int(parts[1].dropLast()), let column = Int(parts[2].dropLast()),
                parts[1].last == "]", parts[2].last == "]", 0..<grid.shape.rows ~= row,
                0..<grid.shape.columns ~= column
            else { continue }
            return first + plane * grid.shape.size + grid.shape.index(row, column)
        }
        return nil
    }

    /// Adds the nodes of an array behind all others.
    mutating func addGrid(_ grid: Grid) -> Int32 {
        let first = kinds.count
        kinds.append(contentsOf: repeatElement(.gridNode, count: grid.planes.count * grid.shape.size))
        grids.append((grid, first))
        return Int32(first)
    }

    /// The unknown of a node by its lower-case name; nil where there is no such node.
    public func node(named name: String) -> Int? {
        guard let id = nodeNames.lookup(name), Int(id) < unknownOfName.count else { return gridNode(named: name) }
        let unknown = unknownOfName[Int(id)]
        return unknown >= 0 ? Int(unknown) : nil
    }

    /// All unknowns that are nodes of the netlist, ground left out.
    public var nodes: [Int] { kinds.indices.filter { $0 > 0 && kinds[$0] == .node } }

    mutating func node(id: UInt32) -> Int32 {
        let slot = Int(id)
        if slot < unknownOfName.count {
            let known = unknownOfName[slot]
            if known >= 0 { return known }
        } else {
            while unknownOfName.count <= slot { unknownOfName.append(-1) }
        }
        let unknown = Int32(kinds.count)
        unknownOfName[slot] = unknown
        kinds.append(.node)
        references.append(id)
        return unknown
    }

    /// Makes room for as many nodes.
    mutating func reserve(_ count: Int) {
        nodeNames.reserveCapacity(count)
        kinds.reserveLarge(count)
        references.reserveLarge(count)
        unknownOfName.reserveLarge(count)
    }

    /// Makes `alias` (a node name id) another name of `unknown`.
    mutating func alias(id: UInt32, to unknown: Int32) {
        let slot = Int(id)
        if slot >= unknownOfName.count {
            unknownOfName.append(contentsOf: repeatElement(-1, count: slot + 1 - unknownOfName.count))
        }
        unknownOfName[slot] = unknown
    }

    mutating func add(_ kind: Kind, name: String) -> Int32 {
        kinds.append(kind)
        references.append(UInt32(ownNames.count))
        ownNames.append(name)
        return Int32(kinds.count - 1)
    }
}

/// Elements by name.
struct ElementDirectory: Sendable {
    /// Lower-case, hierarchical: `x1.r1`. The id is the element's number in order of appearance.
    var names = NameTable()
    /// By name id.
    var references: [ElementReference] = []

    /// Whether this is an array whose cells are elements of the circuit.
    func isWrittenOut(_ name: String) -> Bool {
        names.lookup(name) != nil && names.lookup(name + ".cell[0][0]") != nil
    }

    func find(_ name: String) -> ElementReference? {
        guard let id = names.lookup(name), Int(id) < references.count else { return nil }
        // A card with a mistake has a name but no element.
        let reference = references[Int(id)]
        return reference.population >= 0 ? reference : nil
    }
}
