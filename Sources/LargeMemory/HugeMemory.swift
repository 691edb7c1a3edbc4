import Glibc

/// Memory for tables and vectors of millions of numbers. The kernel is asked for pages of 2 MiB where they are large:
/// reading them at random then misses no address translation, and filling them takes a five-hundredth of the page faults.
public enum HugeMemory {
    private static let threshold = 1 << 22
    private static let page = 4096

    /// `count` zeros, none of them touched before they are used; to be given back with ``free(_:)``.
    public static func zeros<Element: BitwiseCopyable>(_ count: Int) -> UnsafeMutablePointer<Element> {
        let stride = MemoryLayout<Element>.stride
        guard let fresh = calloc(max(count, 1), stride) else {
            let pointer = exhausted(count * stride)
            pointer.initializeMemory(as: UInt8.self, repeating: 0, count: count * stride)
            return pointer.assumingMemoryBound(to: Element.self)
        }
        advise(fresh, count * stride)
        return fresh.assumingMemoryBound(to: Element.self)
    }

    /// The first `used` elements in a block of `count`, which takes the old block's place; to be given back with
    /// ``free(_:)``.
    public static func resized<Element: BitwiseCopyable>(
        _ old: UnsafeMutablePointer<Element>?, used: Int, to count: Int
    ) -> UnsafeMutablePointer<Element> {
        let bytes = max(count * MemoryLayout<Element>.stride, 1)
        guard let moved = realloc(old, bytes) else {
            return exhausted(bytes).assumingMemoryBound(to: Element.self)
        }
        advise(moved, bytes)
        return moved.assumingMemoryBound(to: Element.self)
    }

    /// Gives back what ``zeros(_:)`` or ``resized(_:used:to:)`` gave.
    public static func free(_ pointer: UnsafeMutableRawPointer) { Glibc.free(pointer) }

    /// What Swift's own arrays do where there is no memory: the process ends with a message.
    private static func exhausted(_ bytes: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
    }

    /// Asks for large pages in `byteCount` bytes from `start` on, where that is worth it. Only a hint.
    public static func advise(_ start: UnsafeMutableRawPointer, _ byteCount: Int) {
        guard byteCount >= threshold else { return }
        let first = (Int(bitPattern: start) + page - 1) & ~(page - 1)
        let end = (Int(bitPattern: start) + byteCount) & ~(page - 1)
        guard end > first, let address = UnsafeMutableRawPointer(bitPattern: first) else { return }
        _ = madvise(address, end - first, MADV_HUGEPAGE)
    }
}

extension Array {
    /// Makes room for `count` elements at once; a large array's room in large pages, which are taken as they are filled.
    public mutating func reserveLarge(_ count: Int) {
        guard count > capacity else { return }
        reserveCapacity(count)
        let bytes = capacity * MemoryLayout<Element>.stride
        withUnsafeMutableBytes { room in
            if let start = room.baseAddress { HugeMemory.advise(start, bytes) }
        }
    }
}
