import COSDI
import Synchronization

/// What models say while they are set up or evaluated (`$strobe`, `$warning`, `$error`, `$fatal`), element by element.
final class OSDILog: Sendable {
    struct Message: Sendable, Hashable {
        enum Level: Sendable { case note, warning, error }
        var element: Int
        var level: Level
        var text: String
    }

    private struct State {
        var messages: [Message] = []
        var known: Set<Message> = []
    }
    private let state = Mutex(State())
    /// A model that says something at every time point says it so often.
    private static let limit = 50

    /// What a model's functions are handed besides their blocks: where messages go, and from which element.
    struct Handle {
        var log: Unmanaged<OSDILog>
        var element: Int
    }

    private func add(_ message: Message) {
        state.withLock { state in
            guard state.messages.count < Self.limit, state.known.insert(message).inserted else { return }
            state.messages.append(message)
        }
    }

    /// All messages since the last call.
    func take() -> [Message] {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Takes a message from a model.
    static let receive: OSDILogger = { handle, text, level in
        guard let handle, let text else { return }
        let source = handle.assumingMemoryBound(to: Handle.self).pointee
        let kind: Message.Level =
            switch Int32(bitPattern: level) & Int32(OSDI_LOG_MASK) {
            case Int32(OSDI_LOG_WARNING): .warning
            case Int32(OSDI_LOG_ERROR), Int32(OSDI_LOG_FATAL): .error
            default: .note
            }
        // Lines become one, and what no terminal shows is left out.
        let words = String(cString: text).split { $0.isWhitespace }
            .map {
                $0.filter {
                    $0 != "\u{FFFD}" && $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
                }
            }
            .filter { !$0.isEmpty }.joined(separator: " ")
        guard !words.isEmpty else { return }
        source.log.takeUnretainedValue().add(Message(element: source.element, level: kind, text: words))
    }
}
