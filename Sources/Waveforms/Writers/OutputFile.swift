import Glibc

/// A buffered file that appears under its name only when it is whole.
///
/// Bytes go to `.NAME.PID.tmp` in the target's folder, which `commit` renames. A target that exists and is no regular
/// file (a pipe, `/dev/stdout`) cannot be replaced: it is written directly or, where the format patches what it wrote
/// before, from an unlinked file in the temporary folder when everything is known. Memory is one buffer.
final class OutputFile {
    private static let capacity = 1 << 18

    /// What error messages call the target.
    let path: String
    /// Bytes accepted so far.
    private(set) var offset = 0

    private let buffer: UnsafeMutableRawPointer
    private var buffered = 0
    private var descriptor: Int32 = -1
    private var ownsDescriptor = true
    /// Name of the file that `commit` renames, nil when writing directly.
    private var temporary: String?
    private var renameTarget = ""
    /// Where a spooled file is copied to at last.
    private var spoolTarget: Int32 = -1
    private var spoolTargetIsOwned = false
    private var failure: WaveformError?

    /// - Parameter patches: whether `patch` will be called.
    init(path: String, patches: Bool) throws(WaveformError) {
        self.path = path
        buffer = UnsafeMutableRawPointer.allocate(byteCount: Self.capacity, alignment: 16)
        if path.isEmpty || path.utf8.contains(0) { throw .cannotOpen(path: path, reason: "not a file name") }
        var status = stat()
        if stat(path, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR {
                throw .cannotOpen(path: path, reason: WaveformError.reason(EISDIR))
            }
            if status.st_mode & S_IFMT != S_IFREG {
                let target = try Self.opened(path, O_WRONLY, path: path)
                try attach(target, owned: true, patches: patches)
                return
            }
            if access(path, W_OK) != 0 { throw .cannotOpen(path: path, reason: WaveformError.reason(errno)) }
        }
        try openTemporary()
    }

    /// Writes to an open descriptor, which stays open.
    init(descriptor: Int32, name: String, patches: Bool) throws(WaveformError) {
        path = name
        buffer = UnsafeMutableRawPointer.allocate(byteCount: Self.capacity, alignment: 16)
        try attach(descriptor, owned: false, patches: patches)
    }

    deinit {
        discard()
        buffer.deallocate()
    }

    // MARK: Opening

    private static func opened(_ name: String, _ flags: Int32, path: String) throws(WaveformError) -> Int32 {
        while true {
            let descriptor = open(name, flags | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw .cannotOpen(path: path, reason: WaveformError.reason(errno)) }
        }
    }

    private func attach(_ target: Int32, owned: Bool, patches: Bool) throws(WaveformError) {
        if !patches {
            descriptor = target
            ownsDescriptor = owned
            return
        }
        spoolTarget = target
        spoolTargetIsOwned = owned
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let name = "\(folder)/hydron.\(getpid()).\(UInt.random(in: 0 ..< .max)).tmp"
        descriptor = try Self.opened(name, O_RDWR | O_CREAT | O_EXCL, path: name)
        unlink(name)
    }

    private func openTemporary() throws(WaveformError) {
        // A symbolic link stays one: the file that it points to is replaced.
        renameTarget = path
        if let resolved = realpath(path, nil) {
            renameTarget = String(cString: resolved)
            free(resolved)
        }
        let slash = renameTarget.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { String(renameTarget[...$0]) } ?? ""
        let last = slash.map { String(renameTarget[renameTarget.utf8.index(after: $0)...]) } ?? renameTarget
        if last.isEmpty { throw .cannotOpen(path: path, reason: WaveformError.reason(EISDIR)) }
        let stem = last.utf8.count > 200 ? "hydron" : last
        var attempt = 0
        while true {
            let name = "\(folder).\(stem).\(getpid())\(attempt == 0 ? "" : ".\(attempt)").tmp"
            descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 {
                temporary = name
                return
            }
            if errno == EEXIST && attempt < 1000 {
                attempt += 1
            } else if errno != EINTR {
                throw .cannotOpen(path: path, reason: WaveformError.reason(errno))
            }
        }
    }

    // MARK: Writing

    /// Room for `count` bytes, at most a quarter of the buffer: write there, then tell `advance`.
    @inline(__always)
    func reserve(_ count: Int) throws(WaveformError) -> UnsafeMutablePointer<UInt8> {
        if buffered + count > Self.capacity { try flush() }
        return (buffer + buffered).assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    func advance(_ count: Int) {
        buffered += count
        offset += count
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(WaveformError) {
        var at = 0
        while at < bytes.count {
            if buffered == Self.capacity { try flush() }
            let count = min(bytes.count - at, Self.capacity - buffered)
            (buffer + buffered).copyMemory(from: bytes.baseAddress! + at, byteCount: count)
            advance(count)
            at += count
        }
    }

    func write(_ text: String) throws(WaveformError) {
        try write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) throws(WaveformError) {
        let outcome = bytes.withUnsafeBytes { raw -> WaveformError? in
            do throws(WaveformError) { try write(raw) } catch { return error }
            return nil
        }
        if let outcome { throw outcome }
    }

    func flush() throws(WaveformError) {
        if let failure { throw failure }
        let count = buffered
        buffered = 0
        try writeAll(UnsafeRawBufferPointer(start: buffer, count: count), to: descriptor)
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(WaveformError) {
        var at = 0
        while at < bytes.count {
            let written = Glibc.write(descriptor, bytes.baseAddress! + at, bytes.count - at)
            if written > 0 {
                at += written
            } else if written < 0 && errno == EAGAIN {
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wait, 1, -1)
            } else if written == 0 || errno != EINTR {
                try fail(written == 0 ? ENOSPC : errno)
            }
        }
    }

    private func fail(_ code: Int32) throws(WaveformError) -> Never {
        let error = WaveformError.cannotWrite(path: path, reason: WaveformError.reason(code))
        failure = error
        throw error
    }

    /// Replaces bytes that were written before.
    func patch(_ bytes: [UInt8], at position: Int) throws(WaveformError) {
        if position >= offset - buffered {
            bytes.withUnsafeBytes {
                (buffer + (position - (offset - buffered))).copyMemory(from: $0.baseAddress!, byteCount: bytes.count)
            }
            return
        }
        try flush()
        var at = 0
        while at < bytes.count {
            let written = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress! + at, bytes.count - at, off_t(position + at))
            }
            if written > 0 {
                at += written
            } else if written == 0 || errno != EINTR {
                try fail(written == 0 ? ENOSPC : errno)
            }
        }
    }

    // MARK: Closing

    /// Writes what is left and gives the file its name.
    func commit() throws(WaveformError) {
        guard descriptor >= 0 else { return }
        try flush()
        if spoolTarget >= 0 { try copySpool() }
        if ownsDescriptor {
            let closed = close(descriptor)
            descriptor = -1
            // Network file systems report a full disk here. After EINTR the descriptor is gone all the same.
            if closed != 0 && errno != EINTR { try fail(errno) }
        }
        descriptor = -1
        if let temporary {
            if rename(temporary, renameTarget) != 0 { try fail(errno) }
            self.temporary = nil
        }
        closeSpoolTarget()
    }

    private func copySpool() throws(WaveformError) {
        var position: off_t = 0
        while true {
            let count = pread(descriptor, buffer, Self.capacity, position)
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                try fail(errno)
            }
            try writeAll(UnsafeRawBufferPointer(start: buffer, count: count), to: spoolTarget)
            position += off_t(count)
        }
    }

    private func closeSpoolTarget() {
        if spoolTarget >= 0 && spoolTargetIsOwned { close(spoolTarget) }
        spoolTarget = -1
    }

    /// Closes and removes the temporary file.
    func discard() {
        if descriptor >= 0 && ownsDescriptor { close(descriptor) }
        descriptor = -1
        buffered = 0
        closeSpoolTarget()
        if let temporary { unlink(temporary) }
        temporary = nil
    }
}
