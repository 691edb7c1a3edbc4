/// A half-open range of bytes in one file of a netlist.
///
/// Twelve bytes, so that every token, card and expression node can carry one. Files of 4 GiB or more are refused
/// when they are opened.
public struct SourceRange: Hashable, Sendable, BitwiseCopyable {
    /// Index into ``SourceMap/files``.
    public var file: UInt32
    /// Offset of the first byte.
    public var start: UInt32
    /// Offset behind the last byte.
    public var end: UInt32

    public init(file: UInt32, start: UInt32, end: UInt32) {
        self.file = file
        self.start = start
        self.end = end
    }

    /// From the start of this range to the end of `other`; both must lie in one file.
    public func through(_ other: SourceRange) -> SourceRange {
        SourceRange(file: file, start: start, end: max(end, other.end))
    }
}
