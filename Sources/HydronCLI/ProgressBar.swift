import Glibc
import Synchronization

/// A bar on standard error for runs longer than a second, redrawn a few times a second, wiped at the end.
final class ProgressBar: Sendable {
    private struct Drawing {
        var started: ContinuousClock.Instant
        var last: ContinuousClock.Instant?
    }
    private let drawing: Mutex<Drawing>
    private let isShown: Bool

    init(isShown: Bool) {
        self.isShown = isShown && Terminal.standardError.isTerminal
        drawing = Mutex(Drawing(started: .now))
    }

    func update(_ share: Double) {
        guard isShown else { return }
        drawing.withLock { drawing in
            let now = ContinuousClock.now
            guard now - drawing.started > .seconds(1) else { return }
            if let last = drawing.last, now - last < .milliseconds(200) { return }
            drawing.last = now
            let width = 40
            let filled = max(0, min(width, Int(share * Double(width))))
            let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
            Terminal.standardError.write("\r\(bar) \(Int(share * 100)) % ")
        }
    }

    func clear() {
        guard isShown else { return }
        drawing.withLock { drawing in
            if drawing.last != nil { Terminal.standardError.write("\r\u{1B}[K") }
            drawing.last = nil
        }
    }
}
