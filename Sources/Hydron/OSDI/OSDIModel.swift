import COSDI
import Glibc

/// A block of memory that belongs to a model: zeroed, on a boundary that any of its numbers can lie on.
final class OSDIBlock: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let size: Int
    static let alignment = 64

    init(size: Int) {
        self.size = size
        base = .allocate(byteCount: max(size, 1), alignment: Self.alignment)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: max(size, 1))
    }
    deinit { base.deallocate() }
}

/// The parameters of one `.model`, taken over and digested by its module. Not changed any more once it is made.
final class OSDIModel: @unchecked Sendable {
    let module: OSDIModule
    let block: OSDIBlock
    /// Texts that the block points to.
    private var texts: [UnsafeMutablePointer<CChar>] = []

    /// A value for one parameter.
    enum Value: Sendable {
        case number(Double)
        case text(String)
    }

    /// Why a block can't be used.
    struct SetupError: Error {
        var message: String
        /// Number of the parameter that is out of its range, if it is that.
        var parameter: Int?
    }

    init(_ module: OSDIModule) {
        self.module = module
        block = OSDIBlock(size: Int(module.descriptor.pointee.model_size))
    }

    deinit { for text in texts { text.deallocate() } }

    /// Sets a parameter of the model, or the model's default for one of the instance.
    ///
    /// - Returns: false where the value can't be one of this parameter.
    func set(_ parameter: Int, to value: Value) -> Bool {
        set(parameter, to: value, in: nil)
    }

    /// Sets a parameter of an instance.
    fileprivate func set(_ parameter: Int, to value: Value, in instance: UnsafeMutableRawPointer?) -> Bool {
        let flags = UInt32(OSDI_ACCESS_SET) | (instance == nil ? 0 : UInt32(OSDI_ACCESS_INSTANCE))
        guard let place = module.descriptor.pointee.access(instance, block.base, UInt32(parameter), flags) else {
            return false
        }
        switch (module.quantities[parameter].kind, value) {
        case (.real, .number(let number)): place.storeBytes(of: number, as: Double.self)
        case (.integer, .number(let number)):
            guard let whole = Int32(exactly: number.rounded()) else { return false }
            place.storeBytes(of: whole, as: Int32.self)
        case (.text, .text(let text)):
            let bytes = Array(text.utf8CString)
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            copy.initialize(from: bytes, count: bytes.count)
            texts.append(copy)
            place.storeBytes(of: copy, as: UnsafeMutablePointer<CChar>?.self)
        default: return false
        }
        return true
    }

    /// A parameter of the model as it is written; nil where it can't be read.
    func text(_ parameter: Int) -> String? {
        guard !module.quantities[parameter].isVector,
            let place = module.descriptor.pointee.access(nil, block.base, UInt32(parameter), 0)
        else { return nil }
        switch module.quantities[parameter].kind {
        case .real: return place.load(as: Double.self).plain
        case .integer: return "\(place.load(as: Int32.self))"
        case .text: return place.load(as: UnsafePointer<CChar>?.self).map { String(cString: $0) }
        }
    }

    /// Lets the module check the parameters and make what follows from them.
    ///
    /// - Throws: ``SetupError`` where a parameter is out of its range or the module gives up.
    func setUp(_ simulator: OSDISimulatorValues, _ log: OSDILog) throws(SetupError) {
        var parameters = simulator.content
        var handle = OSDILog.Handle(log: .passUnretained(log), element: -1)
        var result = OSDISetup(flags: 0, error_count: 0, errors: nil)
        module.descriptor.pointee.setup_model(&handle, block.base, &parameters, &result)
        try module.check(result)
    }
}

extension OSDIModule {
    /// What a set-up found; frees its list of errors.
    fileprivate func check(_ result: OSDISetup) throws(OSDIModel.SetupError) {
        defer { free(result.errors) }
        if result.error_count > 0, let errors = result.errors {
            let first = errors[0]
            let parameter = Int(first.parameter)
            guard Int(first.code) == Int(OSDI_ERROR_OUT_OF_BOUNDS), parameter < quantities.count else {
                throw OSDIModel.SetupError(message: "it reports an error of the unknown kind \(first.code)")
            }
            throw OSDIModel.SetupError(
                message: "\(quantities[parameter].name) is out of its range", parameter: parameter)
        }
        if result.flags & UInt32(OSDI_FATAL) != 0 {
            throw OSDIModel.SetupError(message: "it gives up")
        }
    }

    /// Reads a real or whole parameter or variable; NaN for a text.
    func number(_ quantity: Int, of instance: UnsafeMutableRawPointer, _ model: UnsafeMutableRawPointer) -> Double {
        let flags = quantities[quantity].isOfInstance || quantity >= parameterCount ? UInt32(OSDI_ACCESS_INSTANCE) : 0
        guard let place = descriptor.pointee.access(instance, model, UInt32(quantity), flags) else { return .nan }
        switch quantities[quantity].kind {
        case .real: return place.load(as: Double.self)
        case .integer: return Double(place.load(as: Int32.self))
        case .text: return .nan
        }
    }
}

/// One element of a compiled module: its block as it is before anything is evaluated, and which of its nodes are one.
final class OSDIInstance: @unchecked Sendable {
    let model: OSDIModel
    let block: OSDIBlock
    /// For each local node the local node that stands for it, or −1 for ground.
    private(set) var representatives: [Int] = []
    /// Connected terminals that the model makes one: each pair, where −1 is ground.
    private(set) var joinedTerminals: [(Int, Int)] = []

    init(_ model: OSDIModel) {
        self.model = model
        block = OSDIBlock(size: Int(model.module.descriptor.pointee.instance_size))
    }

    func set(_ parameter: Int, to value: OSDIModel.Value) -> Bool {
        model.set(parameter, to: value, in: block.base)
    }

    /// Lets the module make what follows from the parameters at `temperature` [K].
    ///
    /// - Parameter connected: terminals that the card connects.
    /// - Throws: ``OSDIModel/SetupError`` where a parameter is out of its range or the module gives up.
    func setUp(
        temperature: Double, connected: Int, _ simulator: OSDISimulatorValues, _ log: OSDILog, element: Int
    ) throws(OSDIModel.SetupError) {
        let module = model.module
        let content = module.descriptor.pointee
        var parameters = simulator.content
        var handle = OSDILog.Handle(log: .passUnretained(log), element: element)
        var result = OSDISetup(flags: 0, error_count: 0, errors: nil)
        let collapsed = block.base + Int(content.collapsed_offset)
        let count = Int(content.collapsible_count)
        collapsed.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        content.setup_instance(
            &handle, block.base, model.block.base, temperature, UInt32(connected), &parameters, &result)
        try module.check(result)
        representatives = collapse(
            (0..<count).filter { collapsed.load(fromByteOffset: $0, as: UInt8.self) != 0 }, connected: connected)
    }

    /// Joins the nodes of collapsed pairs; the lower number stands for both. Two terminals that the card connects stay two
    /// nodes of the circuit: they are put down as ``joinedTerminals``.
    private func collapse(_ pairs: [Int], connected: Int) -> [Int] {
        let content = model.module.descriptor.pointee
        var nodes = Array(0..<Int(content.node_count))
        joinedTerminals = []
        for pair in pairs {
            let first = Int(content.collapsible[pair].first)
            let second = content.collapsible[pair].second
            let a = nodes[first]
            let b = second == UInt32.max ? -1 : nodes[Int(second)]
            guard a != b else { continue }
            guard max(a, b) >= connected else {
                joinedTerminals.append((a, b))
                continue
            }
            let (kept, gone) = (min(a, b), max(a, b))
            for node in nodes.indices where nodes[node] == gone { nodes[node] = kept }
        }
        return nodes
    }
}
