import LargeMemory

/// Plain numbers that live as long as their owner, without bounds or exclusivity checks in the loops over them.
final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []
    /// Memory held [bytes].
    private(set) var bytes = 0

    func allocate<Element: BitwiseCopyable>(_ count: Int, repeating value: Element) -> UnsafeMutablePointer<Element> {
        let pointer = take(count, of: Element.self)
        pointer.initialize(repeating: value, count: max(count, 1))
        return pointer
    }

    /// Numbers that are 0, without touching them: fresh pages of the system are.
    func zeros<Number: BitwiseCopyable & AdditiveArithmetic>(
        _ count: Int, _: Number.Type = Number.self
    ) -> UnsafeMutablePointer<Number> {
        keep(HugeMemory.zeros(count), count)
    }

    private func take<Element: BitwiseCopyable>(_ count: Int, of _: Element.Type) -> UnsafeMutablePointer<Element> {
        keep(HugeMemory.resized(nil, used: 0, to: max(count, 1)), count)
    }

    private func keep<Element: BitwiseCopyable>(
        _ pointer: UnsafeMutablePointer<Element>, _ count: Int
    ) -> UnsafeMutablePointer<Element> {
        blocks.append(UnsafeMutableRawPointer(pointer))
        bytes += max(count, 1) * MemoryLayout<Element>.stride
        return pointer
    }

    func copy<Element: BitwiseCopyable>(_ source: ArraySlice<Element>) -> UnsafeMutablePointer<Element> {
        let pointer = take(source.count, of: Element.self)
        source.withUnsafeBufferPointer { elements in
            if let base = elements.baseAddress { pointer.initialize(from: base, count: elements.count) }
        }
        return pointer
    }

    deinit {
        for block in blocks { HugeMemory.free(block) }
    }
}
