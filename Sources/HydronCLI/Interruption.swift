import Glibc
import Synchronization

/// Which signal asked the run to stop; 0 for none. Set from the signal handler, read by the run.
private let receivedSignal = Atomic<Int32>(0)
/// When the first one came, on the monotonic clock [s].
private let firstSignalSecond = Atomic<Int>(0)

/// Ctrl-C and SIGTERM let a run end in good order: what was accepted so far is kept in whole files.
enum Interruption {
    static func listen() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { received in
                var now = timespec()
                clock_gettime(CLOCK_MONOTONIC, &now)
                if receivedSignal.exchange(received, ordering: .relaxed) == 0 {
                    firstSignalSecond.store(now.tv_sec, ordering: .relaxed)
                } else if now.tv_sec - firstSignalSecond.load(ordering: .relaxed) > 1 {
                    // Asked again later: end at once. (The same key press may arrive twice.)
                    _exit(128 + received)
                }
            }
        }
        // A closed pipe is an error of write(2), not the end.
        signal(SIGPIPE, SIG_IGN)
    }

    static var isRequested: Bool { receivedSignal.load(ordering: .relaxed) != 0 }
    static var status: ExitStatus {
        receivedSignal.load(ordering: .relaxed) == SIGTERM ? .terminated : .interrupted
    }
}
