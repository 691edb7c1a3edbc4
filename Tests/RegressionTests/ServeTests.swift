import Foundation
import Testing

/// `hydron serve` as a process, asked by hand.
@Suite(
    .serialized,
    .enabled(if: HydronBinary.built != nil, "hydron is not built: run `swift build --product hydron` first"))
struct ServeTests {
    /// A server that runs as long as this object lives.
    private final class Server {
        let process = Process()
        let output = Pipe()
        private(set) var port: UInt16 = 0

        init(_ arguments: [String]) throws {
            let binary = try #require(HydronBinary.built)
            process.executableURL = URL(fileURLWithPath: binary.path)
            process.arguments = ["serve", "--port", "0"] + arguments
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGINT)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            try process.run()
            var line = ""
            while !line.hasSuffix("\n"), let next = try output.fileHandleForReading.read(upToCount: 1), !next.isEmpty {
                line += String(decoding: next, as: UTF8.self)
            }
            port = try #require(line.split(separator: ":").last.flatMap { UInt16($0.filter(\.isNumber)) })
        }

        /// Ends it as Ctrl-C does; returns its status.
        func end() -> Int32 {
            process.interrupt()
            process.waitUntilExit()
            return process.terminationStatus
        }

        deinit { if process.isRunning { process.terminate() } }

        /// A connection on which nothing is said yet.
        func connection() throws -> Int32 {
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let isConnected = withUnsafePointer(to: &name) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            try #require(isConnected)
            return socket
        }

        /// The whole answer, head and body.
        func ask(_ request: String) throws -> String {
            let socket = try connection()
            defer { close(socket) }
            let bytes = Array(request.utf8)
            try #require(send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
            var answer: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = recv(socket, &chunk, chunk.count, 0), count > 0 { answer += chunk[..<count] }
            return String(decoding: answer, as: UTF8.self)
        }

        func get(_ path: String, host: String = "localhost") throws -> String {
            try ask("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        }
    }

    private struct Data: Decodable {
        var running: Bool
        var state: String
        var charts: [Chart]
        struct Chart: Decodable { var panes: [Pane] }
        struct Pane: Decodable { var curves: [Curve] }
        struct Curve: Decodable { var points: Int }

        init(_ answer: String) throws {
            let body = try #require(answer.firstRange(of: "\r\n\r\n"))
            self = try JSONDecoder().decode(Self.self, from: Foundation.Data(answer[body.upperBound...].utf8))
        }
    }

    /// Waveforms grow while the run goes on, and the end is told.
    @Test func aRunIsShownWhileItGoesOn() throws {
        let folder = try TemporaryFolder()
        try "slow\nv1 a 0 sin(0 1 1meg)\nr1 a 0 1k\n.tran 10n 100 0 10n\n.print tran v(a)\n.end\n"
            .write(toFile: folder.file("slow.cir"), atomically: true, encoding: .utf8)
        let server = try Server([folder.file("slow.cir")])
        #expect(try server.get("/").hasPrefix("HTTP/1.1 200 OK\r\n"))
        func points() throws -> Int {
            let data = try Data(try server.get("/data.json"))
            #expect(data.running && data.state.hasPrefix("running"))
            return data.charts.first?.panes.first?.curves.first?.points ?? 0
        }
        var counts: [Int] = []
        for _ in 0..<50 where counts.count < 3 {
            usleep(100_000)
            let count = try points()
            if count > counts.last ?? 0 { counts.append(count) }
        }
        #expect(counts.count == 3)
        #expect(server.end() == 130)
    }

    @Test func theEndOfARunIsShown() throws {
        let folder = try TemporaryFolder()
        try "t\nv1 a 0 1\nr1 a 0 1k\n.dc v1 0 1 0.1\n.meas dc top max v(a)\n.assert 'top < 0.5'\n.end\n"
            .write(toFile: folder.file("x.cir"), atomically: true, encoding: .utf8)
        let server = try Server([folder.file("x.cir")])
        var data = try Data(try server.get("/data.json"))
        for _ in 0..<100 where data.running {
            usleep(50_000)
            data = try Data(try server.get("/data.json"))
        }
        #expect(data.state == "1 limit broken" && data.charts.count == 1)
        #expect(server.end() == 1)
    }

    @Test func aFolderOfResultsIsListed() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("runs"), withIntermediateDirectories: true)
        try "time,v(a)\n0,0\n1,1\n2,4\n".write(toFile: folder.file("runs/a b.csv"), atomically: true, encoding: .utf8)
        try "secret".write(toFile: folder.file("secret.txt"), atomically: true, encoding: .utf8)
        let server = try Server([folder.path])
        let list = try server.get("/")
        #expect(list.contains("/view?file=runs/a%20b.csv") && !list.contains("secret"))
        let page = try server.get("/view?file=runs/a%20b.csv")
        #expect(page.hasPrefix("HTTP/1.1 200") && page.contains("v(a)"))
        for path in ["/view?file=secret.txt", "/view?file=../etc/passwd", "/view", "/view?file=%2e%2e%2fx.csv", "/no"] {
            #expect(try server.get(path).hasPrefix("HTTP/1.1 404"), "\(path)")
        }
        #expect(server.end() == 0)
    }

    @Test func silentClientsHoldUpNoOther() throws {
        let folder = try TemporaryFolder()
        let server = try Server([folder.path])
        let silent = try (0..<3).map { _ in try server.connection() }
        defer { for socket in silent { close(socket) } }
        #expect(try server.get("/").hasPrefix("HTTP/1.1 200"))
        // None of them was given up for it.
        for socket in silent {
            var byte: UInt8 = 0
            #expect(recv(socket, &byte, 1, Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN)
        }
        #expect(server.end() == 0)
    }

    @Test func otherRequestsAreRefused() throws {
        let folder = try TemporaryFolder()
        let server = try Server([folder.path])
        // A name of another site that leads here.
        #expect(try server.get("/", host: "evil.example").hasPrefix("HTTP/1.1 403"))
        #expect(try server.get("/", host: "127.0.0.1:\(server.port)").hasPrefix("HTTP/1.1 200"))
        #expect(try server.ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n").hasPrefix("HTTP/1.1 405"))
        #expect(try server.ask("nonsense\r\n\r\n").hasPrefix("HTTP/1.1 400"))
        #expect(try server.ask(String(repeating: "x", count: 20_000)).isEmpty)
        let head = try server.ask("HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 200") && head.hasSuffix("\r\n\r\n"))
        let binary = try #require(HydronBinary.built)
        #expect(try binary.run(["serve", folder.path, "--port", "\(server.port)"]).status == 5)
        #expect(server.end() == 0)
    }
}
