import ComplexModule
import Glibc

/// Eigenvalues of a dense real matrix: balancing, reduction to Hessenberg form, and the implicit double-shift QR
/// iteration (J. G. F. Francis, Comput. J. 4, 332 (1962), doi 10.1093/comjnl/4.4.332; B. N. Parlett, C. Reinsch, Numer.
/// Math. 13, 293 (1969), doi 10.1007/BF02165404; G. H. Golub, C. F. Van Loan, Matrix Computations, section 7.5).
enum Eigenvalues {
    /// - Parameter matrix: row by row.
    /// - Returns: all eigenvalues, in no order; nil where the iteration does not settle.
    static func of(_ matrix: [Double], size n: Int) -> [Complex<Double>]? {
        guard n > 0 else { return [] }
        var a = matrix
        balance(&a, n)
        reduce(&a, n)
        return iterate(&a, n)
    }

    /// Scales rows and columns by powers of two to norms that are alike: eigenvalues keep their digits.
    private static func balance(_ a: inout [Double], _ n: Int) {
        let radix = 2.0
        var isDone = false
        while !isDone {
            isDone = true
            for i in 0..<n {
                var (r, c) = (0.0, 0.0)
                for j in 0..<n where j != i {
                    c += abs(a[j * n + i])
                    r += abs(a[i * n + j])
                }
                guard c != 0, r != 0, c.isFinite, r.isFinite else { continue }
                let sum = c + r
                var f = 1.0
                while c < r / radix {
                    f *= radix
                    c *= radix * radix
                }
                while c > r * radix {
                    f /= radix
                    c /= radix * radix
                }
                guard (c + r) / f < 0.95 * sum else { continue }
                isDone = false
                for j in 0..<n { a[i * n + j] /= f }
                for j in 0..<n { a[j * n + i] *= f }
            }
        }
    }

    /// To upper Hessenberg form by stabilised elimination.
    private static func reduce(_ a: inout [Double], _ n: Int) {
        guard n > 2 else { return }
        for m in 1..<n - 1 {
            var pivot = m
            for i in m..<n where abs(a[i * n + m - 1]) > abs(a[pivot * n + m - 1]) { pivot = i }
            let x = a[pivot * n + m - 1]
            if pivot != m {
                for j in m - 1..<n { a.swapAt(pivot * n + j, m * n + j) }
                for j in 0..<n { a.swapAt(j * n + pivot, j * n + m) }
            }
            guard x != 0 else { continue }
            for i in m + 1..<n {
                let y = a[i * n + m - 1] / x
                guard y != 0 else { continue }
                a[i * n + m - 1] = 0
                for j in m..<n { a[i * n + j] -= y * a[m * n + j] }
                for j in 0..<n { a[j * n + m] += y * a[j * n + i] }
            }
        }
    }

    private static func iterate(_ a: inout [Double], _ n: Int) -> [Complex<Double>]? {
        var found: [Complex<Double>] = []
        var norm = 0.0
        for i in 0..<n { for j in max(i - 1, 0)..<n { norm += abs(a[i * n + j]) } }
        guard norm.isFinite else { return nil }
        var last = n - 1
        var shift = 0.0
        while last >= 0 {
            var iterations = 0
            search: while true {
                // The last small subdiagonal entry.
                var low = last
                while low > 0 {
                    var s = abs(a[(low - 1) * n + low - 1]) + abs(a[low * n + low])
                    if s == 0 { s = norm }
                    if abs(a[low * n + low - 1]) <= 1.1e-16 * s {
                        a[low * n + low - 1] = 0
                        break
                    }
                    low -= 1
                }
                var x = a[last * n + last]
                if low == last {
                    found.append(Complex(x + shift))
                    last -= 1
                    break search
                }
                var y = a[(last - 1) * n + last - 1]
                var w = a[last * n + last - 1] * a[(last - 1) * n + last]
                if low == last - 1 {
                    let p = 0.5 * (y - x)
                    let q = p * p + w
                    let z = abs(q).squareRoot()
                    x += shift
                    if q >= 0 {
                        let root = p + (p >= 0 ? z : -z)
                        found.append(Complex(x + root))
                        found.append(Complex(root != 0 ? x - w / root : x))
                    } else {
                        found.append(Complex(x + p, z))
                        found.append(Complex(x + p, -z))
                    }
                    last -= 2
                    break search
                }
                guard iterations < 60 else { return nil }
                if iterations == 10 || iterations == 20 || iterations == 40 {
                    // An exceptional shift.
                    shift += x
                    for i in 0...last { a[i * n + i] -= x }
                    let s = abs(a[last * n + last - 1]) + abs(a[(last - 1) * n + last - 2])
                    x = 0.75 * s
                    y = x
                    w = -0.4375 * s * s
                }
                iterations += 1
                step(&a, n, low, last, x, y, w)
            }
        }
        return found
    }

    /// One double QR step on rows and columns low…last.
    private static func step(
        _ a: inout [Double], _ n: Int, _ low: Int, _ last: Int, _ x: Double, _ y: Double, _ w: Double
    ) {
        var (p, q, r) = (0.0, 0.0, 0.0)
        var start = last - 2
        while start >= low {
            let z = a[start * n + start]
            let (rr, ss) = (x - z, y - z)
            p = (rr * ss - w) / a[(start + 1) * n + start] + a[start * n + start + 1]
            q = a[(start + 1) * n + start + 1] - z - rr - ss
            r = a[(start + 2) * n + start + 1]
            let scale = abs(p) + abs(q) + abs(r)
            if scale != 0 {
                p /= scale
                q /= scale
                r /= scale
            }
            if start == low { break }
            let u = abs(a[start * n + start - 1]) * (abs(q) + abs(r))
            let v =
                abs(p)
                * (abs(a[(start - 1) * n + start - 1]) + abs(z) + abs(a[(start + 1) * n + start + 1]))
            if u <= 1.1e-16 * v { break }
            start -= 1
        }
        for i in start + 2...last {
            a[i * n + i - 2] = 0
            if i > start + 2 { a[i * n + i - 3] = 0 }
        }
        var scale = 0.0
        for k in start..<last {
            if k != start {
                p = a[k * n + k - 1]
                q = a[(k + 1) * n + k - 1]
                r = k != last - 1 ? a[(k + 2) * n + k - 1] : 0
                scale = abs(p) + abs(q) + abs(r)
                if scale == 0 { continue }
                p /= scale
                q /= scale
                r /= scale
            }
            let length = (p * p + q * q + r * r).squareRoot()
            let s = p >= 0 ? length : -length
            guard s != 0 else { continue }
            if k == start {
                if low != start { a[k * n + k - 1] = -a[k * n + k - 1] }
            } else {
                a[k * n + k - 1] = -s * scale
            }
            p += s
            let (x, y, z) = (p / s, q / s, r / s)
            q /= p
            r /= p
            for j in k...last {
                var t = a[k * n + j] + q * a[(k + 1) * n + j]
                if k != last - 1 {
                    t += r * a[(k + 2) * n + j]
                    a[(k + 2) * n + j] -= t * z
                }
                a[(k + 1) * n + j] -= t * y
                a[k * n + j] -= t * x
            }
            for i in low...min(last, k + 3) {
                var t = x * a[i * n + k] + y * a[i * n + k + 1]
                if k != last - 1 {
                    t += z * a[i * n + k + 2]
                    a[i * n + k + 2] -= t * r
                }
                a[i * n + k + 1] -= t * q
                a[i * n + k] -= t
            }
        }
    }
}
