/// A pattern for names of signals: `*` stands for any text, `?` for one byte, brackets for themselves.
public struct NamePattern: Sendable {
    private let bytes: [UInt8]

    /// - Parameter text: as it is compared; names are in lower case.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// Whether a text holds a `*` or `?`.
    public static func isPattern(_ text: String) -> Bool { text.utf8.contains { $0 == star || $0 == any } }

    /// Whether all of the name fits.
    public func matches(_ name: some StringProtocol) -> Bool {
        // The classic two-finger match: linear but for the last star's retries.
        let name = Array(name.utf8)
        var (n, p) = (0, 0)
        var last: (name: Int, pattern: Int)?
        while n < name.count {
            if p < bytes.count, bytes[p] == Self.star {
                last = (n, p)
                p += 1
            } else if p < bytes.count, bytes[p] == name[n] || bytes[p] == Self.any {
                n += 1
                p += 1
            } else if let retry = last {
                p = retry.pattern + 1
                n = retry.name + 1
                last = (n, retry.pattern)
            } else {
                return false
            }
        }
        while p < bytes.count, bytes[p] == Self.star { p += 1 }
        return p == bytes.count
    }

    private static let star = UInt8(ascii: "*")
    private static let any = UInt8(ascii: "?")
}
