import Glibc
import Synchronization

/// A small server of HTTP/1.1 for pages that one person looks at: GET and HEAD, one request a connection. Each connection
/// has a thread of its own, so that a client that keeps silent holds up no other.
public final class HTTPServer: Sendable {
    public struct Response: Sendable {
        public var status: Int
        public var type: String
        public var body: [UInt8]

        public init(_ text: String, status: Int = 200, type: String = "text/html; charset=utf-8") {
            self.status = status
            self.type = type
            body = Array(text.utf8)
        }
    }

    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    /// Of the machine itself, or one that the command line names.
    public let address: String
    /// What was asked for, or what the system chose for 0.
    public let port: UInt16
    private let socket: Int32
    private let isStopped = Atomic<Bool>(false)
    /// Connections that are being answered.
    private let open = Atomic<Int>(0)

    /// Heads of requests are shorter.
    private static let longestHead = 16_384
    /// A client that has not said what it wants for so long is left [ms].
    private static let patience: Int32 = 5000
    /// More connections at once wait.
    private static let mostOpen = 32

    /// Listens; ``serve(_:)`` answers.
    ///
    /// - Parameter address: IPv4, `127.0.0.1` for this machine alone.
    public init(address: String = "127.0.0.1", port: UInt16 = 0) throws(Failure) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Self.failure("no socket") }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &name.sin_addr) == 1 else {
            close(socket)
            throw Failure(description: "'\(address)' is no IPv4 address; 127.0.0.1 is this machine alone")
        }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(socket, generic, length) == 0 && listen(socket, 16) == 0
                    && getsockname(socket, generic, &length) == 0
            }
        }
        guard bound else {
            let failure = Self.failure("cannot listen on \(address):\(port)")
            close(socket)
            throw failure
        }
        self.socket = socket
        self.address = address
        self.port = UInt16(bigEndian: name.sin_port)
    }

    deinit { close(socket) }

    private static func failure(_ what: String) -> Failure {
        Failure(description: "\(what): \(String(cString: strerror(errno)))")
    }

    /// Ends ``serve(_:)`` within a fifth of a second.
    public func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Answers until ``stop()`` is called. The path comes without its query, which follows by name.
    public func serve(_ answer: @escaping @Sendable (_ path: String, _ query: [String: String]) -> Response) {
        while !isStopped.load(ordering: .relaxed) {
            guard open.load(ordering: .relaxed) < Self.mostOpen else {
                usleep(10_000)
                continue
            }
            var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 200) > 0 else { continue }
            let client = accept(socket, nil, nil)
            guard client >= 0 else {
                // Out of descriptors, perhaps for a while.
                usleep(10_000)
                continue
            }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            open.add(1, ordering: .relaxed)
            let talk: @Sendable () -> Void = {
                self.respond(to: client, answer)
                close(client)
                self.open.subtract(1, ordering: .relaxed)
            }
            if !BackgroundThread.start(talk) { talk() }
        }
    }

    private func respond(to client: Int32, _ answer: (String, [String: String]) -> Response) {
        var patience = timeval(tv_sec: Int(Self.patience) / 1000, tv_usec: 0)
        setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard let head = head(of: client) else { return }
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines.first.map { $0.split(separator: " ") } ?? []
        guard words.count == 3, words[1].hasPrefix("/") else {
            return send(Response("bad request", status: 400), to: client)
        }
        guard words[0] == "GET" || words[0] == "HEAD" else {
            return send(Response("only GET", status: 405), to: client)
        }
        // Another site's page must not read this one under a name of its own that leads here.
        let host = lines.first { $0.lowercased().hasPrefix("host:") }?.dropFirst(5).filter { $0 != " " } ?? ""
        guard isOwn(host) else { return send(Response("this is \(address):\(port)", status: 403), to: client) }
        let parts = words[1].split(separator: "?", maxSplits: 1)
        var query: [String: String] = [:]
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1).map { Self.decoded($0) }
            query[sides[0]] = sides.count > 1 ? sides[1] : ""
        }
        send(answer(Self.decoded(parts[0]), query), to: client, withBody: words[0] == "GET")
    }

    private func isOwn(_ host: String) -> Bool {
        guard address == "127.0.0.1" else { return true }
        let name = host.lowercased().split(separator: ":").first.map(String.init) ?? ""
        return name == "127.0.0.1" || name == "localhost"
    }

    private static func decoded(_ text: Substring) -> String {
        FileURI.path("file://" + (text.hasPrefix("/") ? "" : "/") + text.replacing("+", with: "%20"))
            .map { text.hasPrefix("/") ? $0 : String($0.dropFirst()) } ?? ""
    }

    private func head(of client: Int32) -> String? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        let clock = ContinuousClock()
        let deadline = clock.now + .milliseconds(Self.patience)
        while bytes.count < Self.longestHead {
            var descriptor = pollfd(fd: client, events: Int16(POLLIN), revents: 0)
            let rest = Int32(max((deadline - clock.now) / .milliseconds(1), 0))
            guard poll(&descriptor, 1, rest) > 0 else { return nil }
            let count = recv(client, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.firstRange(of: "\r\n\r\n") { return String(text[..<end.lowerBound]) }
        }
        return nil
    }

    private static let reasons = [
        200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    ]

    private func send(_ response: Response, to client: Int32, withBody: Bool = true) {
        let head = """
            HTTP/1.1 \(response.status) \(Self.reasons[response.status] ?? "-")\r
            Content-Type: \(response.type)\r
            Content-Length: \(response.body.count)\r
            Cache-Control: no-store\r
            X-Content-Type-Options: nosniff\r
            Content-Security-Policy: default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; frame-ancestors 'none'\r
            Connection: close\r
            \r

            """
        let bytes = Array(head.utf8) + (withBody ? response.body : [])
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                Glibc.send(
                    client, raw.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
    }
}

/// Work beside the main thread.
public enum BackgroundThread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// - Returns: false where the system gives no thread.
    public static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 8 << 20)
        let work = Unmanaged.passRetained(Work(body))
        let problem = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, work.toOpaque())
        if problem != 0 { work.release() }
        return problem == 0
    }
}
