import Glibc

/// Runs cases side by side, each in a process of its own: what crashes or hangs takes nothing else with it.
public struct CaseRunner {
    /// The program and the arguments in front of the netlist's path.
    public var command: [String]
    /// How many at a time.
    public var jobs: Int
    /// After so long a case is ended [s].
    public var timeout: Double
    /// Asked now and then; true ends all cases.
    public var isInterrupted: () -> Bool = { false }

    public init(command: [String], jobs: Int, timeout: Double) {
        self.command = command
        self.jobs = max(1, jobs)
        self.timeout = timeout
    }

    private final class Child {
        let index: Int
        let process: pid_t
        let output: Int32
        let start = ContinuousClock.now
        var bytes: [UInt8] = []
        var isTimedOut = false

        init(index: Int, process: pid_t, output: Int32) {
            self.index = index
            self.process = process
            self.output = output
        }
    }

    /// - Parameter report: called for each case as it ends.
    /// - Returns: the results in the order of the paths; after an interruption those that there are.
    public func run(_ paths: [String], report: (CaseResult) -> Void) -> [CaseResult] {
        var results = [CaseResult?](repeating: nil, count: paths.count)
        var children: [Child] = []
        var next = 0
        while next < paths.count || !children.isEmpty {
            while next < paths.count, children.count < jobs, !isInterrupted() {
                if let child = start(paths[next], index: next) {
                    children.append(child)
                } else {
                    let reason = String(cString: strerror(errno))
                    let result = CaseResult(
                        path: paths[next], verdict: .crashed, messages: ["cannot start \(command[0]): \(reason)"])
                    results[next] = result
                    report(result)
                }
                next += 1
            }
            if isInterrupted() {
                for child in children { kill(child.process, SIGKILL) }
                for child in children { _ = reap(child) }
                return results.compactMap { $0 }
            }
            for child in wait(for: children) {
                children.removeAll { $0 === child }
                let result = self.result(of: child, path: paths[child.index])
                results[child.index] = result
                report(result)
            }
        }
        return results.compactMap { $0 }
    }

    private func start(_ path: String, index: Int) -> Child? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        // No other child is to hold this one's pipe open; dup2 makes the one that it is meant for inheritable.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // A path that begins with a dash is none of the options.
        let arguments = command + ["--", path]
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var process = pid_t()
        let problem = posix_spawn(&process, command[0], &actions, nil, pointers, environ)
        close(ends[1])
        if problem != 0 {
            close(ends[0])
            errno = problem
            return nil
        }
        return Child(index: index, process: process, output: ends[0])
    }

    /// Reads what children say until one of them ends or a tenth of a second is over.
    private func wait(for children: [Child]) -> [Child] {
        var descriptors = children.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
        _ = poll(&descriptors, nfds_t(descriptors.count), 100)
        var ended: [Child] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        for (child, descriptor) in zip(children, descriptors) {
            if descriptor.revents != 0 {
                let count = read(child.output, &buffer, buffer.count)
                if count > 0 {
                    child.bytes += buffer[..<count]
                } else if count == 0 || errno != EINTR {
                    ended.append(child)
                }
            }
            if !child.isTimedOut, ContinuousClock.now - child.start > .seconds(timeout) {
                child.isTimedOut = true
                kill(child.process, SIGKILL)
            }
        }
        return ended
    }

    /// - Returns: the status of wait(2).
    private func reap(_ child: Child) -> Int32 {
        close(child.output)
        var status: Int32 = 0
        while waitpid(child.process, &status, 0) < 0 && errno == EINTR {}
        return status
    }

    private func result(of child: Child, path: String) -> CaseResult {
        let status = reap(child)
        var result: CaseResult
        if child.isTimedOut {
            result = CaseResult(path: path, verdict: .timeout, messages: ["ended after \(timeout) s; see --timeout"])
        } else if let told = CaseResult(path: path, decoding: String(decoding: child.bytes, as: UTF8.self)) {
            result = told
        } else {
            let signal = status & 0x7F
            let how = signal == 0 ? "with status \((status >> 8) & 0xFF)" : "by signal \(signal)"
            result = CaseResult(
                path: path, verdict: .crashed, messages: ["the run ended \(how) before it had a result"])
        }
        let elapsed = (ContinuousClock.now - child.start).components
        result.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        return result
    }
}
