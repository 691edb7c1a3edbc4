import Glibc

/// The bytes of one text, read-only and owned: mapped from a file, or in memory.
///
/// The mapping is private, but a file that another program truncates while it is mapped can still end the process;
/// editors write a new file instead, and netlists are read within moments.
final class SourceBuffer: @unchecked Sendable {
    /// Valid as long as the buffer lives. Never written after `init`, hence safe to share.
    let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    init(_ text: String) {
        bytes = Self.copy(text)
        isMapped = false
    }

    private static func copy(_ text: String) -> UnsafeRawBufferPointer {
        var text = text
        return text.withUTF8 { source in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(source.count, 1), alignment: 16)
            copy.copyMemory(from: UnsafeRawBufferPointer(source))
            return UnsafeRawBufferPointer(rebasing: copy[0..<source.count])
        }
    }

    enum Failure: Error, Equatable {
        case missing, directory, tooLarge
        case system(String)
    }

    /// Maps the file, or reads it whole where it cannot be mapped (pipes, empty files). A file in UTF-16, as LTspice and
    /// editors of Windows write them, is held in UTF-8.
    init(path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(errno) }
        if status.st_mode & S_IFMT == S_IFDIR { throw .directory }
        if status.st_mode & S_IFMT == S_IFREG && status.st_size > 0 {
            let size = Int(status.st_size)
            guard size < Int(UInt32.max) else { throw .tooLarge }
            if let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED {
                let file = UnsafeRawBufferPointer(start: address, count: size)
                if let text = Self.text(ofUTF16: file) {
                    munmap(address, size)
                    bytes = Self.copy(text)
                    isMapped = false
                    return
                }
                _ = madvise(address, size, MADV_SEQUENTIAL)
                bytes = file
                isMapped = true
                return
            }
        }
        let file = try Self.readAll(descriptor)
        if let text = Self.text(ofUTF16: file) {
            UnsafeMutableRawPointer(mutating: file.baseAddress)?.deallocate()
            bytes = Self.copy(text)
        } else {
            bytes = file
        }
        isMapped = false
    }

    /// What a file in UTF-16 says, known by its byte order mark or by the zero bytes of its first two letters; nil for
    /// any other.
    private static func text(ofUTF16 file: UnsafeRawBufferPointer) -> String? {
        guard file.count >= 4 else { return nil }
        let (isLittle, start): (Bool, Int)
        switch (file[0], file[1], file[2], file[3]) {
        case (0xFF, 0xFE, _, _): (isLittle, start) = (true, 2)
        case (0xFE, 0xFF, _, _): (isLittle, start) = (false, 2)
        case (1..., 0, 1..., 0): (isLittle, start) = (true, 0)
        case (0, 1..., 0, 1...): (isLittle, start) = (false, 0)
        default: return nil
        }
        let units = (0..<(file.count - start) / 2).lazy.map { unit in
            let place = start + 2 * unit
            let (first, second) = (UInt16(file[place]), UInt16(file[place + 1]))
            return isLittle ? first | second << 8 : second | first << 8
        }
        return String(decoding: units, as: UTF16.self)
    }

    deinit {
        guard let address = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
        if isMapped { munmap(address, bytes.count) } else { address.deallocate() }
    }

    private static func readAll(_ descriptor: Int32) throws(Failure) -> UnsafeRawBufferPointer {
        var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        var used = 0
        while true {
            if used == buffer.count {
                guard used < Int(UInt32.max) / 2 else {
                    buffer.deallocate()
                    throw .tooLarge
                }
                let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: used * 2, alignment: 16)
                larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
                buffer.deallocate()
                buffer = larger
            }
            let got = read(descriptor, buffer.baseAddress?.advanced(by: used), buffer.count - used)
            if got < 0 {
                if errno == EINTR { continue }
                let failure = Self.failure(errno)
                buffer.deallocate()
                throw failure
            }
            if got == 0 { break }
            used += got
        }
        return UnsafeRawBufferPointer(rebasing: buffer[0..<used])
    }

    private static func failure(_ code: Int32) -> Failure {
        switch code {
        case ENOENT, ENOTDIR: .missing
        case EISDIR: .directory
        default: .system(String(cString: strerror(code)))
        }
    }
}

/// A pointer to the bytes of a ``SourceBuffer``, for loops that must not touch reference counts.
struct ByteView: @unchecked Sendable {
    let base: UnsafePointer<UInt8>
    let count: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        base = start ?? Self.nothing
        count = start == nil ? 0 : bytes.count
    }

    /// Where empty views point, so that no pointer is optional.
    nonisolated(unsafe) private static let nothing: UnsafePointer<UInt8> = {
        let byte = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        byte.pointee = 0
        return UnsafePointer(byte)
    }()

    static let empty = ByteView(UnsafeRawBufferPointer(start: nil, count: 0))

    @inline(__always)
    subscript(index: Int) -> UInt8 { base[index] }
}
