import Testing

@testable import Hydron

/// What every table of parameters owes to those who read it.
@Suite("Catalogue of elements")
struct CatalogueTests {
    static let tables: [(kind: String, table: String, parameters: [Parameter])] = Catalog.kinds.flatMap { kind in
        let description = kind.description
        let name = "\(description.letter) \(description.name)"
        return [
            (name, "instance", description.instanceParameters), (name, "model", description.modelParameters),
        ]
    }

    @Test("Each parameter has a unit, a meaning and bounds that hold its default", arguments: tables)
    func parametersAreComplete(kind: String, table: String, parameters: [Parameter]) {
        for parameter in parameters {
            let place = "\(kind), \(table) parameter '\(parameter.name)'"
            #expect(!parameter.unit.isEmpty, "\(place)")
            #expect(!parameter.meaning.isEmpty && !parameter.meaning.contains("\n"), "\(place)")
            #expect(parameter.meaning.count <= 100, "\(place)")
            if let value = parameter.defaultValue {
                #expect(parameter.bounds.contains(value), "\(place)")
            }
        }
    }

    @Test("Names and aliases are lower-case and stand for one parameter each", arguments: tables)
    func namesAreUnique(kind: String, table: String, parameters: [Parameter]) {
        var seen: Set<String> = []
        for parameter in parameters {
            for name in [parameter.name] + parameter.aliases {
                #expect(seen.insert(name).inserted, "\(kind), \(table): '\(name)' is there twice")
                #expect(name == name.lowercased(), "\(kind), \(table): '\(name)'")
            }
        }
    }

    @Test("Each kind describes itself")
    func kindsAreDescribed() {
        for kind in Catalog.kinds {
            let description = kind.description
            #expect(description.letter.isLowercase && description.letter.isASCII)
            #expect(!description.name.isEmpty && !description.summary.isEmpty)
            #expect(description.syntax.lowercased().contains(description.letter))
            #expect(Set(description.outputs.map(\.name)).count == description.outputs.count, "\(description.name)")
            for output in description.outputs { #expect(!output.unit.isEmpty && !output.meaning.isEmpty) }
        }
    }
}
