import COSDI
import Glibc

/// The functions that compiled models ask for by name in `$limit`: SPICE's own (L. W. Nagel, SPICE2, UCB/ERL M520,
/// 1975). Each takes the new and the last value, says through `isLimited` whether it changed the new one, and gives a
/// reasonable first value where an operating point begins.
enum OSDILimiting {
    private typealias Flag = UnsafeMutablePointer<Bool>?

    /// Fills a library's table by name and number of arguments; what is unknown limits nothing.
    static func fill(_ table: UnsafeMutableRawPointer?, count: UInt32) {
        guard let table, count > 0 else { return }
        let limits = table.assumingMemoryBound(to: OSDILimit.self)
        for index in 0..<Int(count) {
            let name = limits[index].name.map { String(cString: $0) } ?? ""
            limits[index].function =
                switch (name, limits[index].argument_count) {
                case ("pnjlim", 2): unsafeBitCast(junction, to: UnsafeMutableRawPointer.self)
                case ("typedpnjlim", 3): unsafeBitCast(typedJunction, to: UnsafeMutableRawPointer.self)
                case ("limitlog", 1): unsafeBitCast(logarithmic, to: UnsafeMutableRawPointer.self)
                case ("fetlim", 1): unsafeBitCast(gate, to: UnsafeMutableRawPointer.self)
                case ("limvds", 0): unsafeBitCast(channel, to: UnsafeMutableRawPointer.self)
                default: unsafeBitCast(none, to: UnsafeMutableRawPointer.self)
                }
        }
    }

    private static func note(_ limited: Double, _ value: Double, _ flag: Flag) -> Double {
        flag?.pointee = limited != value
        return limited
    }

    private typealias OneArgument = @convention(c) (Bool, Flag, Double, Double, Double) -> Double
    private typealias TwoArguments = @convention(c) (Bool, Flag, Double, Double, Double, Double) -> Double
    private typealias ThreeArguments = @convention(c) (Bool, Flag, Double, Double, Double, Double, Double) -> Double
    private typealias NoArgument = @convention(c) (Bool, Flag, Double, Double) -> Double

    private static let junction: TwoArguments = { isStart, flag, new, old, thermal, critical in
        guard !isStart else {
            flag?.pointee = true
            return critical
        }
        return limitedJunction(flag, new, old, thermal, critical)
    }

    /// The same for a junction of either polarity, which comes first: 1 or −1.
    private static let typedJunction: ThreeArguments = { isStart, flag, new, old, polarity, thermal, critical in
        let sign: Double = polarity < 0 ? -1 : 1
        guard !isStart else {
            flag?.pointee = true
            return sign * critical
        }
        return sign * limitedJunction(flag, sign * new, sign * old, thermal, critical)
    }

    private static func limitedJunction(
        _ flag: Flag, _ new: Double, _ old: Double, _ thermal: Double, _ critical: Double
    ) -> Double {
        var value = new
        let changed = JunctionLimiting.limit(&value, previous: old, thermal: thermal, critical: critical)
        flag?.pointee = changed
        return value
    }

    /// A step above the tolerance grows by the logarithm of what is beyond it.
    private static let logarithmic: OneArgument = { isStart, flag, new, old, tolerance in
        guard !isStart, new.isFinite, old.isFinite else {
            flag?.pointee = true
            return 0
        }
        let step = new - old
        guard abs(step) > tolerance, tolerance > 0 else {
            flag?.pointee = false
            return new
        }
        let size = tolerance + Glibc.log(abs(step) / tolerance)
        return note(old + (step > 0 ? size : -size), new, flag)
    }

    private static let gate: OneArgument = { isStart, flag, new, old, threshold in
        guard !isStart else {
            flag?.pointee = true
            return threshold + 0.1
        }
        return note(JunctionLimiting.limitGate(new, previous: old, threshold: threshold), new, flag)
    }

    private static let channel: NoArgument = { isStart, flag, new, old in
        guard !isStart else {
            flag?.pointee = true
            return 0.1
        }
        return note(JunctionLimiting.limitChannel(new, previous: old), new, flag)
    }

    private static let none: NoArgument = { _, flag, new, _ in
        flag?.pointee = false
        return new
    }
}
