import Glibc

/// Another program, run to its end.
enum ChildProcess {
    struct Outcome {
        /// The exit status; 128 and the signal's number where one ended it; 127 where it did not start.
        var status: Int32
        var output: [UInt8]
        var errors: String
    }

    /// Hands `input` to the program's standard input while it reads what comes back.
    static func run(_ program: String, _ arguments: [String], input: [UInt8]) -> Outcome {
        // Three pipes: input, output, errors.
        var ends = [[Int32]](repeating: [-1, -1], count: 3)
        for index in ends.indices {
            guard pipe(&ends[index]) == 0 else {
                let reason = String(cString: strerror(errno))
                for end in ends.joined() where end >= 0 { close(end) }
                return Outcome(status: 127, output: [], errors: reason)
            }
            for end in ends[index] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0][0], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1][1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[2][1], 2)
        var pointers: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var process = pid_t()
        let problem = posix_spawn(&process, program, &actions, nil, pointers, environ)
        for end in [ends[0][0], ends[1][1], ends[2][1]] { close(end) }
        if problem != 0 {
            for end in [ends[0][1], ends[1][0], ends[2][0]] { close(end) }
            return Outcome(status: 127, output: [], errors: String(cString: strerror(problem)))
        }
        let (output, errors) = exchange(input, to: ends[0][1], from: ends[1][0], and: ends[2][0])
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        return Outcome(
            status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: output,
            errors: String(decoding: errors, as: UTF8.self))
    }

    /// Writes and reads by turns, so that neither side waits for the other with a full pipe.
    private static func exchange(
        _ input: [UInt8], to target: Int32, from output: Int32, and errors: Int32
    ) -> (output: [UInt8], errors: [UInt8]) {
        // A reader that is gone is an error of write(2), not the end of this process.
        let earlier = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, earlier) }
        _ = fcntl(target, F_SETFL, O_NONBLOCK)
        var written = 0
        var isWriting = true
        var texts: [[UInt8]] = [[], []]
        var open = [true, true]
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while open[0] || open[1] {
            if isWriting, written == input.count {
                close(target)
                isWriting = false
            }
            var descriptors = [
                pollfd(fd: open[0] ? output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: open[1] ? errors : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isWriting ? target : -1, events: Int16(POLLOUT), revents: 0),
            ]
            if poll(&descriptors, 3, -1) < 0 && errno != EINTR { break }
            if isWriting, descriptors[2].revents != 0 {
                let count = input.withUnsafeBytes {
                    Glibc.write(target, $0.baseAddress.map { $0 + written }, input.count - written)
                }
                if count >= 0 {
                    written += count
                } else if errno != EAGAIN && errno != EINTR {
                    written = input.count
                }
            }
            for (index, descriptor) in [output, errors].enumerated() where open[index] {
                guard descriptors[index].revents != 0 else { continue }
                let count = read(descriptor, &buffer, buffer.count)
                if count > 0 {
                    texts[index] += buffer[..<count]
                } else if count == 0 || errno != EINTR {
                    open[index] = false
                }
            }
        }
        if isWriting { close(target) }
        close(output)
        close(errors)
        return (texts[0], texts[1])
    }
}
