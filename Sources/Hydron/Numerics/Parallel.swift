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
}
