import SpiceNetlist

/// The elements of one compiled module in a circuit.
struct OSDIPopulation: Population {
    let module: OSDIModule
    let options: SimulationOptions
    var instances: [OSDIInstance] = []
    /// As many as the module has nodes for each element: where nodes are one, so are their unknowns.
    var unknowns: [Int32] = []
    var elements: [ElementIdentity] = []
    /// What cards give with `ic=`, in the order of their elements.
    var conditions: [OSDICondition] = []

    /// Wires between terminals that a model makes one, by element.
    var wires: [Int: [Wire]] = [:]

    /// A source of 0 V: its current flows from one terminal, through the element, to another, −1 for ground.
    struct Wire {
        var plus: Int
        var minus: Int
        var branch: Int32
    }

    init(_ module: OSDIModule, _ options: SimulationOptions) {
        self.module = module
        self.options = options
    }

    var count: Int { instances.count }
    /// Behind the nodes ground, which a node's own current may flow to.
    var arity: Int { module.nodes.count + 1 }
    var conductingPairs: [(Int, Int)] { module.conductingPairs }
    var currentOutput: String? { module.terminalCount == 2 ? outputs.first?.name : nil }
    var outputs: [DeviceOutput] { module.outputs }
    var noiseNames: [String] { module.noiseSources.map(\.name) }
    func placedNoiseNames(of element: Int) -> [[String]] {
        module.placedNoiseNames(instances[element].representatives)
    }
    func identity(_ index: Int) -> ElementIdentity { elements[index] }
    func unknown(_ local: Int, of element: Int) -> Int32 {
        local < module.nodes.count ? unknowns[element * module.nodes.count + local] : 0
    }
    func unknown(named node: String, of element: Int) -> Int32? {
        module.nodes.firstIndex { $0.name == node }.map { unknown($0, of: element) }
    }
    func makeBatch() -> any ElementBatch { OSDIBatch(self) }
}
