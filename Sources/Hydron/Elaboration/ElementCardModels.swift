import SpiceNetlist

/// The models that cards name.
extension ElementCard {
    /// Takes the next positional field as the name of a model of one of `types`. Reports an error with a suggestion
    /// where there is none.
    ///
    /// - Parameter size: length and width [m] of an element whose models may have bins, `name.1`, `name.2`…
    func model(_ types: [String], size: (() -> (length: Double, width: Double))? = nil) -> ModelCard? {
        guard let field = nextField() else {
            error("\(name) names no model", hint: "a .model of type \(types.joined(separator: " or ")) is expected")
            return nil
        }
        let wanted = text(field.value)
        var found = scope.model(wanted)
        if found == nil, let size {
            let bins = scope.bins(of: wanted)
            if !bins.isEmpty {
                let (length, width) = size()
                found = bin(bins, length, width)
                if found == nil { return reportNoBin(wanted, bins, length, width, at: field.value) }
            }
        }
        guard let model = found else {
            let near = suggestion(for: wanted, among: scope.visibleModels)
            if near == nil, let first = wanted.first, first.isWholeNumber || ".+-".contains(first) {
                error(
                    "'\(wanted)' is neither a number nor the name of a model", at: field.value,
                    hint: types.first.map {
                        "define a model with `.model \(wanted) \($0)`, or include the library that has it"
                    })
                return nil
            }
            error(
                "no model '\(wanted)'", at: field.value,
                hint: near.map { "did you mean '\($0)'?" } ?? "define it with `.model \(wanted) \(types.first ?? "")`")
            return nil
        }
        guard !model.isBroken else { return nil }
        guard types.contains(model.type) else {
            error(
                "model '\(wanted)' is of type '\(model.type)', not \(types.joined(separator: " or "))", at: field.value)
            return nil
        }
        elaborator.parameterLog?.note(name, uses: model.name)
        modelTemperature = (model.value(of: "t_abs"), model.value(of: "t_rel_global"))
        return model.individual(for: name)
    }

    /// The first bin that holds this length and width, the upper ends outside unless nothing follows them.
    private func bin(_ bins: [ModelCard], _ length: Double, _ width: Double) -> ModelCard? {
        func holds(_ bin: ModelCard, closed: Bool) -> Bool {
            func isInside(_ value: Double, _ low: String, _ high: String) -> Bool {
                let slack = 1e-9 * value
                let (low, high) = (bin.value(of: low) ?? 0, bin.value(of: high) ?? .infinity)
                return value >= low - slack && (closed ? value <= high + slack : value < high - slack)
            }
            return isInside(length, "lmin", "lmax") && isInside(width, "wmin", "wmax")
        }
        return bins.first { holds($0, closed: false) } ?? bins.first { holds($0, closed: true) }
    }

    private func reportNoBin(
        _ model: String, _ bins: [ModelCard], _ length: Double, _ width: Double, at token: Token
    ) -> ModelCard? {
        func range(_ bin: ModelCard, _ low: String, _ high: String) -> String {
            "\((bin.value(of: low) ?? 0).plain) to \((bin.value(of: high) ?? .infinity).plain) m"
        }
        let ranges = bins.prefix(6).map {
            "'\($0.name)' l \(range($0, "lmin", "lmax")), w \(range($0, "wmin", "wmax"))"
        }
        error(
            "no bin of model '\(model)' holds the l of \(length.plain) m and the w of \(width.plain) m of \(name)",
            at: token,
            hint: "there are " + ranges.joined(separator: "; ") + (bins.count > 6 ? "; …" : ""))
        return nil
    }

    /// True where the next positional field names a model of one of `types`.
    func nextIsModel(_ types: [String]) -> Bool {
        guard let word = nextWord, let model = scope.model(word) else { return false }
        return types.contains(model.type)
    }
}
