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

    @Test func manyNamesAtOnceGetTheIdsOfOneByOne() {
        var generator = SeededGenerator(state: 5)
        var (single, many) = (NameTable(), NameTable())
        for _ in 0..<500 {
            let names = (0..<64).map { _ in
                let name = "n\(Int.random(in: 0..<9_000, using: &generator))"
                let tail = String(repeating: "Xy", count: Int.random(in: 0...12, using: &generator))
                return Array((name + tail).utf8)
            }
            let letters = names.flatMap { $0 }
            var ids = [UInt32](repeating: 0, count: names.count)
            letters.withUnsafeBufferPointer { letters in
                var start = 0
                let keys = names.map { name in
                    defer { start += name.count }
                    return NameKey(UnsafeBufferPointer(rebasing: letters[start..<start + name.count]))
                }
                keys.withUnsafeBufferPointer { keys in
                    ids.withUnsafeMutableBufferPointer { many.intern(keys, into: $0.baseAddress!) }
                }
            }
            #expect(ids == names.map { name in name.withUnsafeBufferPointer { single.intern($0) } })
        }
        #expect(many.count == single.count)
    }

    @Test func newNamesAreTakenUpToTheFirstThatIsKnown() {
        var table = NameTable()
        _ = table.intern("b")
        let letters = Array("AaBC".utf8)
        letters.withUnsafeBufferPointer { letters in
            let keys = letters.indices.map { NameKey(UnsafeBufferPointer(rebasing: letters[$0...$0])) }
            var scratch = [UInt32](repeating: 0, count: keys.count)
            scratch.withUnsafeMutableBufferPointer { scratch in
                keys.withUnsafeBufferPointer { keys in
                    #expect(table.internNew(keys, scratch: scratch.baseAddress!) == 1)
                    let rest = UnsafeBufferPointer(rebasing: keys[2...])
                    #expect(table.internNew(rest, scratch: scratch.baseAddress!) == 0)
                    let last = UnsafeBufferPointer(rebasing: keys[3...])
                    #expect(table.internNew(last, scratch: scratch.baseAddress!) == 1)
                }
            }
        }
        #expect((0..<4).map { table.name(of: $0) } == ["b", "a", "c", ""])
    }

    @Test func aCopyLivesOnItsOwn() {
        var table = NameTable()
        for index in 0..<1000 { _ = table.intern("n\(index)") }
        let copy = table
        for index in 1000..<5000 { _ = table.intern("n\(index)") }
        #expect(copy.count == 1000)
        #expect(copy.lookup("n1000") == nil)
        #expect(copy.lookup("n999") == 999)
        #expect(table.lookup("n4999") == 4999)
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
