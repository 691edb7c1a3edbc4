/// Plain numbers that live as long as their owner, without bounds or exclusivity checks in the loops over them.
final class Arena {
    private var blocks: [UnsafeMutableRawPointer] = []
    /// Memory held [bytes].
    private(set) var bytes = 0

    func allocate<Element: BitwiseCopyable>(_ count: Int, repeating value: Element) -> UnsafeMutablePointer<Element> {
        let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
        pointer.initialize(repeating: value, count: max(count, 1))
        blocks.append(UnsafeMutableRawPointer(pointer))
        bytes += max(count, 1) * MemoryLayout<Element>.stride
        return pointer
    }

    func copy<Element: BitwiseCopyable>(_ source: ArraySlice<Element>) -> UnsafeMutablePointer<Element> {
        let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(source.count, 1))
        source.withUnsafeBufferPointer { elements in
            if let base = elements.baseAddress { pointer.initialize(from: base, count: elements.count) }
        }
        blocks.append(UnsafeMutableRawPointer(pointer))
        bytes += max(source.count, 1) * MemoryLayout<Element>.stride
        return pointer
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}
