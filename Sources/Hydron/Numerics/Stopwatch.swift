import Glibc

/// Seconds since it was made: by the clock, and of all the process's threads.
struct Stopwatch {
    private let start = Stopwatch.now(CLOCK_MONOTONIC)
    private let processorStart = Stopwatch.now(CLOCK_PROCESS_CPUTIME_ID)

    var seconds: Double { Self.now(CLOCK_MONOTONIC) - start }
    var processorSeconds: Double { Self.now(CLOCK_PROCESS_CPUTIME_ID) - processorStart }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
}
