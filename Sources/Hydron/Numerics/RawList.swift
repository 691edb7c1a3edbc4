/// A list of plain numbers or structures that grows; read in loops that must not count references.
///
/// Whoever holds it frees it with ``deallocate()``.
struct RawList<Element: BitwiseCopyable> {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 16) {
        self.capacity = max(capacity, 1)
        base = .allocate(capacity: self.capacity)
    }

    func deallocate() { base.deallocate() }

    @inline(__always) subscript(_ index: Int) -> Element {
        get {
            assert(0 <= index && index < count)
            return base[index]
        }
        nonmutating set {
            assert(0 <= index && index < count)
            base[index] = newValue
        }
    }

    mutating func append(_ element: Element) { append(repeating: element, count: 1) }

    mutating func append(repeating element: Element, count added: Int) {
        reserve(added)
        (base + count).initialize(repeating: element, count: added)
        count += added
    }

    mutating func append(from elements: UnsafePointer<Element>, count added: Int) {
        reserve(added)
        (base + count).initialize(from: elements, count: added)
        count += added
    }

    /// Room stays for later.
    mutating func removeAll() { count = 0 }

    private mutating func reserve(_ added: Int) {
        guard count + added > capacity else { return }
        capacity = max(2 * capacity, count + added)
        let wider = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        wider.initialize(from: base, count: count)
        base.deallocate()
        base = wider
    }
}
