import Dispatch
import Glibc

/// Work on chunks of an array, on one thread or several.
///
/// A chunk's numbers never depend on which thread works on it, and sums are taken a chunk and then over chunks in
/// order: results are the same bits for any number of threads.
struct Parallel: Sendable {
    /// Threads that share the work; 1 never forks.
    let threads: Int

    init(threads: Int) { self.threads = max(1, min(threads, 256)) }

    /// Processors that are there.
    static var available: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Calls `body` once for each chunk from 0 to `count` − 1.
    @inline(__always) func each(_ count: Int, _ body: (Int) -> Void) {
        let threads = min(threads, count)
        guard threads > 1 else {
            for chunk in 0..<count { body(chunk) }
            return
        }
        withoutActuallyEscaping(body) { body in
            // Chunks are independent by this type's contract, and the call ends before `body` does.
            nonisolated(unsafe) let shared = body
            DispatchQueue.concurrentPerform(iterations: threads) { thread in
                for chunk in count * thread / threads..<count * (thread + 1) / threads { shared(chunk) }
            }
        }
    }

    /// Calls `body` for as many runs of chunks from 0 to `count` − 1 as there are threads, for work that goes faster over
    /// several chunks at once.
    @inline(__always) func runs(_ count: Int, _ body: (Range<Int>) -> Void) {
        let runs = min(threads, count)
        each(runs) { run in body(count * run / runs..<count * (run + 1) / runs) }
    }

    /// The sum of what `body` gives for each chunk, added in the order of chunks.
    @inline(__always) func sum(_ count: Int, _ body: (Int) -> Double) -> Double {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: max(count, 1)) { parts in
            guard let base = parts.baseAddress else { return 0 }
            nonisolated(unsafe) let target = base
            each(count) { target[$0] = body($0) }
            var total = 0.0
            for chunk in 0..<count { total += target[chunk] }
            return total
        }
    }

    /// Calls `body` for consecutive parts of 0..<count, each long enough to be worth a thread.
    @inline(__always) func parts(_ count: Int, _ body: (Range<Int>) -> Void) {
        guard threads > 1, count > Self.part else {
            body(0..<count)
            return
        }
        each((count + Self.part - 1) / Self.part) { chunk in
            body(chunk * Self.part..<min((chunk + 1) * Self.part, count))
        }
    }
    private static let part = 1 << 15

    /// The largest of what `body` gives for consecutive parts of `range`, and its place; the first where several are
    /// equal, anything not a number before all.
    @inline(__always) func largest(
        _ range: Range<Int>, _ body: (Range<Int>) -> (value: Double, place: Int)
    ) -> (value: Double, place: Int) {
        let count = (range.count + Self.part - 1) / Self.part
        guard threads > 1, count > 1 else { return body(range) }
        return largest(chunks: count) { chunk in
            let start = range.lowerBound + chunk * Self.part
            return body(start..<min(start + Self.part, range.upperBound))
        }
    }

    /// The same of chunks from 0 to `count` − 1.
    @inline(__always) func largest(
        chunks count: Int, _ body: (Int) -> (value: Double, place: Int)
    ) -> (value: Double, place: Int) {
        guard count > 0 else { return (0, 0) }
        var found = [(value: Double, place: Int)](repeating: (0, 0), count: count)
        found.withUnsafeMutableBufferPointer { found in
            nonisolated(unsafe) let target = found
            each(count) { chunk in target[chunk] = body(chunk) }
        }
        var worst = found[0]
        for other in found where !(other.value <= worst.value) && !worst.value.isNaN { worst = other }
        return worst
    }

    /// Copies `count` numbers.
    func copy(_ source: UnsafePointer<Double>, to target: UnsafeMutablePointer<Double>, _ count: Int) {
        parts(count) { (target + $0.lowerBound).update(from: source + $0.lowerBound, count: $0.count) }
    }
}
