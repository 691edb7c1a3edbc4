import SparseSolvers

/// Everything `.options`, `.temp` and the command line say about how to simulate.
public struct SimulationOptions: Sendable {
    public var values = ParameterValues<Key>()
    public var method = Method.trapezoidal
    /// Of the linear equations.
    public var solver = SolverOptions.Method.automatic
    public enum Method: String, Sendable {
        case backwardEuler = "euler"
        case trapezoidal = "trap"
        case gear
    }

    /// Phases such as vp(out) in radians instead of degrees, for Xyce's `.options output phase_output_radians=true`.
    public var phaseInRadians = false

    /// Threads that share the work; 0 for one a processor.
    public var threads = 0
    var threadCount: Int { threads > 0 ? threads : Parallel.available }

    public init() {}

    /// One table for all numeric options; names are those of ngspice where it has them.
    public enum Key: Int, ParameterKey {
        case reltol, abstol, vntol, chgtol, trtol, gmin
        case itl1, itl2, itl4
        case maxord
        case temp, tnom
        case defl, defw
        case pivtol, pivrel
        case seed
        case gminsteps, srcsteps
        case scale
        case smoothbsrc, rcconst
        case bypass
        case b3soigminscaling

        public var parameter: Parameter {
            switch self {
            case .reltol: Parameter("reltol", unit: "-", default: 1e-3, .open(0, 1), "relative tolerance")
            case .abstol: Parameter("abstol", unit: "A", default: 1e-12, .positive, "smallest current that counts")
            case .vntol: Parameter("vntol", unit: "V", default: 1e-6, .positive, "smallest voltage that counts")
            case .chgtol: Parameter("chgtol", unit: "C", default: 1e-14, .positive, "smallest charge that counts")
            case .trtol:
                Parameter("trtol", unit: "-", default: 7, .positive, "factor of the truncation error's tolerance")
            case .gmin: Parameter("gmin", unit: "S", default: 1e-12, .nonNegative, "conductance across each junction")
            case .itl1: Parameter("itl1", unit: "-", default: 100, .positive, "iterations of an operating point")
            case .itl2: Parameter("itl2", unit: "-", default: 50, .positive, "iterations of a point of a DC sweep")
            case .itl4: Parameter("itl4", unit: "-", default: 10, .positive, "iterations of a time point")
            case .maxord: Parameter("maxord", unit: "-", default: 2, .closed(1, 6), "highest order of integration")
            case .temp: Parameter("temp", unit: "°C", default: 27, .celsius, "temperature of the circuit")
            case .tnom:
                Parameter("tnom", unit: "°C", default: 27, .celsius, "temperature at which parameters were measured")
            case .defl: Parameter("defl", unit: "m", default: 100e-6, .positive, "default length")
            case .defw: Parameter("defw", unit: "m", default: 100e-6, .positive, "default width")
            case .pivtol: Parameter("pivtol", unit: "-", default: 1e-13, .nonNegative, "smallest pivot")
            case .pivrel:
                Parameter("pivrel", unit: "-", default: 1e-3, .closed(0, 1), "pivot against its column's largest entry")
            case .seed: Parameter("seed", "rndseed", unit: "-", default: 1, .any, "seed of random functions")
            case .gminsteps: Parameter("gminsteps", unit: "-", default: 1, .any, "0 turns gmin stepping off")
            case .srcsteps: Parameter("srcsteps", unit: "-", default: 1, .any, "0 turns source stepping off")
            case .scale: Parameter("scale", unit: "-", default: 1, .positive, "factor of all lengths")
            case .smoothbsrc:
                Parameter("smoothbsrc", unit: "-", default: 0, .any, "1: voltages of B and E are filtered")
            case .bypass:
                Parameter(
                    "bypass", unit: "-", default: nil, .closed(0, 1),
                    "1: compiled models that hardly move are extrapolated; else transistors and diodes; 0: none, nor rests any"
                )
            case .b3soigminscaling:
                Parameter(
                    "b3soigminscaling", unit: Parameter.choice, default: 1, .closed(0, 1),
                    "1: in BSIM3SOI gmin is a millionth of itself, 0: all of it")
            case .rcconst: Parameter("rcconst", unit: "s", default: 1e-9, .positive, "time constant of that filter")
            }
        }
    }

    public subscript(key: Key) -> Double {
        get { values[key] }
        set { values[key] = newValue }
    }

    /// Temperature of the circuit [K].
    public var temperature: Double { self[.temp] + PhysicalConstants.zeroCelsius }
    /// Temperature of parameter extraction [K].
    public var nominalTemperature: Double { self[.tnom] + PhysicalConstants.zeroCelsius }
}

/// CODATA 2018 values, exact by the definition of the SI units.
public enum PhysicalConstants {
    /// k_B [J/K]
    public static let boltzmann = 1.380649e-23
    /// q [C]
    public static let elementaryCharge = 1.602176634e-19
    /// k_B/q [V/K]
    public static let boltzmannOverCharge = boltzmann / elementaryCharge
    /// 0 °C [K]
    public static let zeroCelsius = 273.15
}
