import Testing

@testable import SpiceNetlist

@Suite struct NameTableTests {
    @Test func idsCountUpAndCaseIsIgnored() {
        var table = NameTable()
        #expect(table.intern("Out") == 0)
        #expect(table.intern("in") == 1)
        #expect(table.intern("OUT") == 0)
        #expect(table.lookup("oUt") == 0)
        #expect(table.lookup("other") == nil)
        #expect(table.name(of: 0) == "out")
        #expect(table.name(of: 7) == "")
        #expect(table.intern("") == 2)
        #expect(table.lookup("") == 2)
        #expect(table.count == 3)
    }

    @Test func aTableAgreesWithADictionary() {
        var generator = SeededGenerator(state: 3)
        var table = NameTable()
        var dictionary: [String: UInt32] = [:]
        table.reserveCapacity(100)
        for _ in 0..<100_000 {
            let length = Int.random(in: 0...20, using: &generator)
            var name = "n\(Int.random(in: 0..<40_000, using: &generator))"
            if length > 15 { name += "@[`{Z" }
            if length.isMultiple(of: 2) { name = name.uppercased() }
            let expected = dictionary[name.lowercased()] ?? UInt32(dictionary.count)
            dictionary[name.lowercased()] = expected
            #expect(table.intern(name) == expected)
        }
        for (name, id) in dictionary {
            #expect(table.lookup(name) == id)
            #expect(table.name(of: id) == name)
        }
        #expect(table.count == dictionary.count)
    }

    @Test func shortNamesCostLessThanFortyBytes() {
        var table = NameTable()
        for index in 0..<200_000 { _ = table.intern("n_\(index)") }
        #expect(table.byteCount < 40 * table.count)
    }

    @Test func bracketsAreNotLetters() {
        var table = NameTable()
        #expect(table.intern("a[") != table.intern("a{"))
        #expect(table.intern("é@") != table.intern("é`"))
    }
}
