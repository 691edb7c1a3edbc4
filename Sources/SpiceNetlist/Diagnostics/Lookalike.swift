/// A character that looks like one that netlists are written in and is another: what word processors and web pages
/// make of `-`, `'`, `"` and blanks.
struct Lookalike {
    var character: Character
    /// What it stands for.
    var meant: String

    var hint: String {
        let code = character.unicodeScalars.first.map { String($0.value, radix: 16, uppercase: true) } ?? ""
        let name = "U+" + String(repeating: "0", count: max(0, 4 - code.count)) + code
        return meant == " "
            ? "a blank here is the character \(name); write a plain one"
            : "'\(character)' is the character \(name); write \(meant)"
    }

    /// The first one in a word; nil in a text of several words, which may hold a comment.
    static func first(in text: String) -> Lookalike? {
        guard text.utf8.contains(where: { $0 >= 0x80 }), !text.utf8.contains(where: { $0 <= 0x20 }) else { return nil }
        for character in text {
            if let meant = table[character] { return Lookalike(character: character, meant: meant) }
        }
        return nil
    }

    private static let table: [Character: String] = [
        "\u{2212}": "-", "\u{2010}": "-", "\u{2011}": "-", "\u{2013}": "-", "\u{2014}": "-", "\u{FF0D}": "-",
        "\u{2018}": "'", "\u{2019}": "'", "\u{201C}": "\"", "\u{201D}": "\"", "\u{00D7}": "*", "\u{00B7}": "*",
        "\u{00F7}": "/", "\u{FF0B}": "+", "\u{FF1D}": "=", "\u{FF08}": "(", "\u{FF09}": ")", "\u{FF0C}": ",",
        "\u{00A0}": " ", "\u{2007}": " ", "\u{2009}": " ", "\u{202F}": " ", "\u{3000}": " ", "\u{200B}": " ",
        "\u{FEFF}": " ",
    ]
}
