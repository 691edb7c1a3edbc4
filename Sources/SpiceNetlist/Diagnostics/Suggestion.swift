/// The candidate that a misspelt name most likely meant: the nearest one within one edit for short names, two for names
/// from five letters on, three from nine, of equally near ones one that has the name's own letters or, without
/// one, the first; nil if none is that near. Names are compared as given, so pass lower case.
public func suggestion<Candidates: Sequence<String>>(for name: String, among candidates: Candidates) -> String? {
    let wanted = Array(name.utf8.prefix(64))
    guard wanted.count > 1 else { return nil }
    var limit = wanted.count < 5 ? 1 : wanted.count < 9 ? 2 : 3
    var best: String?
    let letters = wanted.sorted()
    for candidate in candidates {
        guard candidate != name, abs(candidate.utf8.count - wanted.count) <= limit else { continue }
        let distance = editDistance(wanted, Array(candidate.utf8.prefix(64)))
        if distance < limit || (distance == limit && (best == nil || candidate.utf8.sorted() == letters)) {
            best = candidate
            limit = distance
        }
    }
    return best
}

/// Insertions, deletions, replacements and swaps of neighbours between two names (the restricted Damerau-Levenshtein
/// distance).
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    var row = last
    for i in 0..<a.count {
        row[0] = i + 1
        for j in 0..<b.count {
            let replaced = last[j] + (a[i] == b[j] ? 0 : 1)
            row[j + 1] = min(replaced, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { row[j + 1] = min(row[j + 1], beforeLast[j - 1] + 1) }
        }
        (beforeLast, last, row) = (last, row, beforeLast)
    }
    return last[b.count]
}
