import Glibc
import Synchronization

/// Which signal asked the run to stop; 0 for none. Set from the signal handler, read by the run.
private let receivedSignal = Atomic<Int32>(0)

/// Ctrl-C and SIGTERM let a run end in good order: what was accepted so far is kept in whole files.
enum Interruption {
    static func listen() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { received in
                // A second signal ends the process at once.
                if receivedSignal.exchange(received, ordering: .relaxed) != 0 { _exit(128 + received) }
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
