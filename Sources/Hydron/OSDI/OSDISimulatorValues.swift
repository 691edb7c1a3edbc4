import COSDI

/// What models learn of the simulator by `$simparam`: names that end with nil, and their values.
final class OSDISimulatorValues: @unchecked Sendable {
    /// In the order of ``values``.
    private enum Key: Int, CaseIterable {
        case gmin, tnom, scale, iteration, reltol, vntol, abstol, chgtol, sourceScaleFactor, simulatorVersion,
            simulatorSubversion, gdev, imax, imelt, shrink, rthresh, timeUnit, timePrecision, initializeLimiting, epsmin
    }
    private let names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let values: UnsafeMutablePointer<Double>
    private let textNames: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let texts: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private var strings: [UnsafeMutablePointer<CChar>] = []
    private let analysisNames: [Analysis: UnsafeMutablePointer<CChar>]

    enum Analysis: String, CaseIterable { case dc, ac, tran }

    init(_ options: SimulationOptions) {
        let count = Key.allCases.count
        names = .allocate(capacity: count + 1)
        values = .allocate(capacity: count)
        textNames = .allocate(capacity: 3)
        texts = .allocate(capacity: 3)
        var strings: [UnsafeMutablePointer<CChar>] = []
        func copy(_ text: String) -> UnsafeMutablePointer<CChar> {
            let bytes = Array(text.utf8CString)
            let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            pointer.initialize(from: bytes, count: bytes.count)
            strings.append(pointer)
            return pointer
        }
        for key in Key.allCases {
            names[key.rawValue] = copy("\(key)")
            values[key.rawValue] =
                switch key {
                case .gmin, .gdev: options[.gmin]
                case .tnom: options[.tnom]
                case .scale: options[.scale]
                case .reltol: options[.reltol]
                case .vntol: options[.vntol]
                case .abstol: options[.abstol]
                case .chgtol: options[.chgtol]
                case .iteration, .simulatorSubversion, .rthresh, .initializeLimiting, .shrink: 0
                case .sourceScaleFactor, .simulatorVersion, .imax, .imelt: 1
                case .timeUnit: 1
                case .timePrecision: 1e-15
                case .epsmin: 1e-28
                }
        }
        names[count] = nil
        textNames[0] = copy("analysis_name")
        textNames[1] = copy("analysis_type")
        textNames[2] = nil
        var analyses: [Analysis: UnsafeMutablePointer<CChar>] = [:]
        for analysis in Analysis.allCases { analyses[analysis] = copy(analysis.rawValue) }
        analysisNames = analyses
        texts[0] = analyses[.dc]
        texts[1] = analyses[.dc]
        texts[2] = nil
        self.strings = strings
    }

    deinit {
        for string in strings { string.deallocate() }
        names.deallocate()
        values.deallocate()
        textNames.deallocate()
        texts.deallocate()
    }

    var gmin: Double {
        get { values[Key.gmin.rawValue] }
        set { values[Key.gmin.rawValue] = newValue }
    }

    /// Of Newton's iterations, 1 in the first evaluation of a solution.
    var iteration: Double {
        get { values[Key.iteration.rawValue] }
        set { values[Key.iteration.rawValue] = newValue }
    }

    /// 1 but for source stepping.
    var sourceFactor: Double {
        get { values[Key.sourceScaleFactor.rawValue] }
        set { values[Key.sourceScaleFactor.rawValue] = newValue }
    }

    func setAnalysis(_ analysis: Analysis) {
        texts[0] = analysisNames[analysis]
        texts[1] = analysisNames[analysis]
    }

    var content: OSDISimulatorParameters {
        OSDISimulatorParameters(names: names, values: values, text_names: textNames, texts: texts)
    }
}
