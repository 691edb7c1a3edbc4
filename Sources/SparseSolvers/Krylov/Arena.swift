#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Plain numbers that live as long as their owner, without bounds or exclusivity checks in the loops over them.
final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []
    /// From calloc.
    private var zeroed: [UnsafeMutableRawPointer] = []
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
        guard let memory = calloc(max(count, 1), MemoryLayout<Number>.stride) else {
            return allocate(count, repeating: .zero)
        }
        zeroed.append(memory)
        bytes += max(count, 1) * MemoryLayout<Number>.stride
        return memory.bindMemory(to: Number.self, capacity: max(count, 1))
    }

    private func take<Element: BitwiseCopyable>(_ count: Int, of _: Element.Type) -> UnsafeMutablePointer<Element> {
        let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
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
        for block in blocks { block.deallocate() }
        for block in zeroed { free(block) }
    }
}
