import LargeMemory
import SpiceNetlist

/// Makes a ``Circuit``, element by element. Elaboration drives it from a netlist; tests may drive it by hand.
struct CircuitBuilder {
    var title = ""
    var options = SimulationOptions()
    var unknowns = UnknownTable()
    var directory = ElementDirectory()
    var initialConditions: [NodeCondition] = []
    var nodesets: [NodeCondition] = []
    var holdsDeviceConditions = false
    /// Sources that are ports of a network.
    var ports: [IndependentSource] = []
    private var boxes: [any PopulationBox] = []
    /// Of each box, so few that walking over them is the fastest search.
    private var kinds: [BoxKind] = []
    /// How many elements of a type large netlists announce.
    private var expected: [ObjectIdentifier: Int] = [:]

    init() {}

    /// The unknown of node `name` (lower-case, hierarchical), made at its first mention.
    mutating func node(_ name: String) -> Int32 { unknowns.node(id: unknowns.nodeNames.intern(name)) }

    /// A new node inside `element`, named `element#suffix`.
    mutating func internalNode(_ element: String, _ suffix: String) -> Int32 {
        unknowns.add(.internalNode, name: "\(element)#\(suffix)")
    }

    /// A new branch current of `element`, named `element#branch`.
    mutating func branch(_ element: String, _ suffix: String = "branch") -> Int32 {
        unknowns.add(.branch, name: "\(element)#\(suffix)")
    }

    mutating func auxiliary(_ element: String, _ suffix: String) -> Int32 {
        unknowns.add(.auxiliary, name: "\(element)#\(suffix)")
    }

    /// Adds an element of a type with fixed arity. `locals` holds an unknown for each of `D.arity` locals; two locals
    /// may share one (a collapsed internal node).
    mutating func add<D: Device>(_ device: D, _ locals: some Collection<Int32>, identity: ElementIdentity) {
        let box = box(of: D.self)
        register(identity, population: box.position, index: box.population.count)
        box.population.devices.append(device)
        box.population.unknowns.append(contentsOf: locals)
        box.population.elements.append(identity)
    }

    /// Adds an element to a population of its own kind: `update` appends exactly one element.
    ///
    /// - Parameter variant: of populations of one type, which; nil where there is one.
    mutating func add<P: Population>(
        to kind: P.Type, variant: ObjectIdentifier? = nil, identity: ElementIdentity, make: () -> P,
        update: (inout P) -> Void
    ) {
        let box = self.box(kind, variant: variant, make: make)
        register(identity, population: box.position, index: box.population.count)
        update(&box.population)
    }

    /// The same for an element between two nodes.
    mutating func add<D: Device>(_ device: D, _ plus: Int32, _ minus: Int32, identity: ElementIdentity) {
        let box = box(of: D.self)
        register(identity, population: box.position, index: box.population.count)
        box.population.devices.append(device)
        box.population.unknowns.append(plus)
        box.population.unknowns.append(minus)
        box.population.elements.append(identity)
    }

    /// Announces `count` elements of a type: room for them is made with the first.
    mutating func expect<D: Device>(_ type: D.Type, count: Int) {
        expected[ObjectIdentifier(DevicePopulation<D>.self)] = count
    }

    private mutating func box<D: Device>(of type: D.Type) -> Box<DevicePopulation<D>> {
        if let box = knownBox(DevicePopulation<D>.self) { return box }
        var population = DevicePopulation<D>()
        if let count = expected[ObjectIdentifier(DevicePopulation<D>.self)] {
            population.devices.reserveLarge(count)
            population.unknowns.reserveLarge(count * D.arity)
            population.elements.reserveLarge(count)
        }
        return newBox(population)
    }

    /// Makes room for the names of `count` elements of any type and of as many nodes.
    mutating func reserve(elements count: Int) {
        directory.names.reserveCapacity(count)
        directory.references.reserveLarge(count)
        unknowns.reserve(count)
    }

    private mutating func register(_ identity: ElementIdentity, population: Int, index: Int) {
        let slot = Int(identity.name)
        if slot == directory.references.count {
            directory.references.append(ElementReference(population: Int32(population), index: Int32(index)))
            return
        }
        if slot > directory.references.count {
            let missing = slot + 1 - directory.references.count
            directory.references.append(
                contentsOf: repeatElement(ElementReference(population: -1, index: -1), count: missing))
        }
        directory.references[slot] = ElementReference(population: Int32(population), index: Int32(index))
    }

    private struct BoxKind: Equatable {
        var type: ObjectIdentifier
        var variant: ObjectIdentifier?
    }

    private mutating func box<P: Population>(_ type: P.Type, variant: ObjectIdentifier?, make: () -> P) -> Box<P> {
        knownBox(type, variant) ?? newBox(make(), variant)
    }

    private func knownBox<P: Population>(_ type: P.Type, _ variant: ObjectIdentifier? = nil) -> Box<P>? {
        // Boxes are filed under their own type, so the cast holds.
        let kind = BoxKind(type: ObjectIdentifier(type), variant: variant)
        return kinds.firstIndex(of: kind).flatMap { boxes[$0] as? Box<P> }
    }

    private mutating func newBox<P: Population>(_ population: P, _ variant: ObjectIdentifier? = nil) -> Box<P> {
        let box = Box(population, position: boxes.count)
        boxes.append(box)
        kinds.append(BoxKind(type: ObjectIdentifier(P.self), variant: variant))
        return box
    }

    /// A population by its place, as ``ElementReference`` names it.
    func population(_ place: Int) -> any Population { boxes[place].anyPopulation }

    /// Names of the arrays of cells.
    var arrays: [String] {
        boxes.flatMap { ($0.anyPopulation as? CrossbarPopulation)?.arrays.map(\.name) ?? [] }
    }

    /// Where the first element that touches an unknown was written.
    func firstElement(touching unknown: Int) -> SourceRange? {
        for box in boxes {
            let population = box.anyPopulation
            for index in 0..<population.count {
                for local in 0..<population.arity where population.unknown(local, of: index) == Int32(unknown) {
                    return population.identity(index).range
                }
            }
        }
        return nil
    }

    /// Changes a population in place.
    func update<P: Population>(_ kind: P.Type, at reference: ElementReference, _ body: (inout P) -> Void) {
        guard reference.population >= 0, let box = boxes[Int(reference.population)] as? Box<P> else { return }
        body(&box.population)
    }

    consuming func build() -> Circuit {
        for box in boxes { box.placeUnknowns(&unknowns) }
        var circuit = Circuit(
            title: title, unknowns: unknowns, populations: boxes.map { $0.anyPopulation }, options: options,
            initialConditions: initialConditions, nodesets: nodesets, elements: directory)
        circuit.holdsDeviceConditions = holdsDeviceConditions
        return circuit
    }
}

private protocol PopulationBox: AnyObject {
    var anyPopulation: any Population { get }
    func placeUnknowns(_ unknowns: inout UnknownTable)
}

/// Shared storage while building: appending through it does not copy the arrays.
private final class Box<P: Population>: PopulationBox {
    var population: P
    let position: Int
    init(_ population: P, position: Int) {
        self.population = population
        self.position = position
    }
    var anyPopulation: any Population { population }
    func placeUnknowns(_ unknowns: inout UnknownTable) { population.placeUnknowns(&unknowns) }
}
