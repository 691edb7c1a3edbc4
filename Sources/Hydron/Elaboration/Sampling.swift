import SpiceNetlist

/// `.mc`, or `.sampling` of Xyce: all analyses again and again, each time with other random numbers.
struct Sampling: Sendable {
    /// Behind the nominal one, which has number 0.
    var runs: Int
    /// Rows of all runs are given out, not those of the nominal one alone.
    var givesRows = true
    /// Drawn besides what the netlist's own functions and tolerances draw.
    var distributions: [Distribution] = []

    struct Distribution: Sendable {
        var target: SweepTarget
        var shape: Shape

        enum Shape: Sendable {
            /// Between two ends.
            case uniform(Double, Double)
            case normal(mean: Double, deviation: Double)
        }

        /// The value at a run, by the run's own random numbers; nil in the nominal run.
        func value(_ draws: RandomDraws, seed: UInt64, index: Int) -> Double? {
            guard case .run = draws else { return nil }
            let state = seed &+ draws.salt &+ UInt64(index + 1) &* 0x9E37_79B9_7F4A_7C15
            let u = RandomBits.uniform(RandomBits.mix(state))
            switch shape {
            case .uniform(let low, let high): return low + (high - low) * u
            case .normal(let mean, let deviation):
                return mean + deviation * RandomBits.normal(u, RandomBits.uniform(RandomBits.mix(~state)))
            }
        }
    }
}

/// Reads `.mc`, `.wcase` and `.sampling`.
struct SamplingReader {
    static let syntax = "write `.mc 1000 [seed=1] [rows=all|nominal]`"
    let reader: DirectiveReader
    let card: Card

    private var place: SourceRange { reader.sources.firstWord(of: card.range) }

    /// `.mc runs [seed=] [rows=all|nominal]`
    func monteCarlo() -> Sampling? {
        guard let statement = reader.words(card) else { return nil }
        var sampling: Sampling?
        var givesRows = true
        for field in statement.fields {
            switch field.key.map(reader.text) {
            case nil:
                if sampling != nil, ["tran", "ac", "dc", "op"].contains(reader.text(field.value)) {
                    // PSpice says behind it what to collate.
                    reader.elaborator.diagnostics.warning(
                        "what `.mc` collates is left out", at: field.value.range,
                        hint: "measure it with `.meas`: statistics over all runs are given out")
                    return sampling
                }
                guard sampling == nil else {
                    reader.error(
                        ".mc knows no '\(reader.text(field.value))'", field.value.range,
                        hint: "measure with `.meas`: its statistics over all runs are given out")
                    return nil
                }
                guard let runs = count(field.value) else { return nil }
                sampling = Sampling(runs: runs)
            case "seed":
                // Taken before any number was drawn.
                continue
            case "rows":
                let word = reader.text(field.value)
                guard word == "all" || word == "nominal" else {
                    reader.error("the rows of .mc are all or nominal, not '\(word)'", field.value.range)
                    return nil
                }
                givesRows = word == "all"
            default:
                reader.error(
                    ".mc knows no '\(field.key.map(reader.text) ?? "")'", field.key?.range ?? place, hint: Self.syntax)
                return nil
            }
        }
        guard sampling != nil else {
            reader.error(".mc needs a number of runs", place, hint: Self.syntax)
            return nil
        }
        sampling?.givesRows = givesRows
        return sampling
    }

    private func count(_ token: Token) -> Int? {
        guard let runs = reader.elaborator.values.value(token, in: reader.top, what: "number of runs") else {
            return nil
        }
        guard runs >= 1, runs <= 1e7, runs == runs.rounded() else {
            reader.error("'\(runs.plain)' is no number of runs", token.range, hint: Self.syntax)
            return nil
        }
        return Int(runs)
    }

    /// `.sampling param=a,b type=normal,uniform means=… std_deviations=… lower_bounds=… upper_bounds=…` or
    /// `.sampling useexpr=true`, with `.options samples numsamples=n`.
    func xyce(_ options: SamplingOptions) -> Sampling? {
        guard let statement = reader.words(card) else { return nil }
        var lists: [String: [Token]] = [:]
        var key = ""
        for field in statement.fields {
            if let token = field.key { key = reader.text(token) }
            lists[key, default: []].append(field.value)
        }
        if let unknown = lists.keys.sorted().first(where: {
            !["param", "type", "means", "std_deviations", "lower_bounds", "upper_bounds", "useexpr"].contains($0)
        }) {
            reader.error(".sampling knows no '\(unknown)'", lists[unknown]?.first?.range ?? place)
            return nil
        }
        guard let runs = options.runs else {
            reader.error(
                ".sampling has no number of samples", place, hint: "add `.options samples numsamples=100`")
            return nil
        }
        var sampling = Sampling(runs: runs)
        func numbers(_ key: String) -> [Double]? {
            var values: [Double] = []
            for token in lists[key] ?? [] {
                guard let value = reader.elaborator.values.value(token, in: reader.top, what: key) else { return nil }
                values.append(value)
            }
            return values
        }
        guard let means = numbers("means"), let deviations = numbers("std_deviations"),
            let lows = numbers("lower_bounds"), let highs = numbers("upper_bounds")
        else { return nil }
        let types = (lists["type"] ?? []).map(reader.text)
        for (index, token) in (lists["param"] ?? []).enumerated() {
            guard let target = reader.target(reader.text(token), token) else { return nil }
            let type = index < types.count ? types[index] : types.last ?? "normal"
            switch type {
            case "uniform" where index < lows.count && index < highs.count && lows[index] <= highs[index]:
                sampling.distributions.append(.init(target: target, shape: .uniform(lows[index], highs[index])))
            case "normal" where index < means.count && index < deviations.count && deviations[index] >= 0:
                sampling.distributions.append(
                    .init(target: target, shape: .normal(mean: means[index], deviation: deviations[index])))
            default:
                reader.error(
                    "'\(reader.text(token))' has no distribution of type '\(type)'", token.range,
                    hint: "normal needs means and std_deviations, uniform lower_bounds and upper_bounds")
                return nil
            }
        }
        return sampling
    }
}

/// `.options samples numsamples=n seed=s`
struct SamplingOptions: Sendable {
    var runs: Int?
    var seed: Double?
}
