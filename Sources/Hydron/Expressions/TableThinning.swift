import Glibc

/// Fewer points of the same curve, dense where it is steep: as Xyce thins tables from files.
///
/// The slope's magnitude is the density of points, so that between two of them the curve, or its logarithm, moves equally
/// far up and down in all (Y. Zhao, P. Tsiotras, J. Guid. Control Dyn. 34, 271 (2011), doi 10.2514/1.45852). Values are
/// those of Akima's spline, scaled so that the area below the straight lines between them stays what it was.
///
/// - Parameters:
///   - count: of points to keep, at least 2.
///   - logarithmic: the slope is that of log y; points that have no logarithm are left out.
func thinned(
    _ points: [(x: Double, y: Double)], to count: Int, logarithmic: Bool
) -> [(x: Double, y: Double)] {
    let points = logarithmic ? points.filter { $0.y > 0 } : points
    guard points.count > count, let curve = InterpolationTable(points, method: .akima), let low = curve.x.first,
        let high = curve.x.last, low < high
    else { return points }
    let looked =
        logarithmic
        ? InterpolationTable(zip(curve.x, curve.y).map { ($0, Glibc.log10($1)) }, method: .akima) ?? curve : curve
    let slopes = curve.x.indices.map { (x: curve.x[$0], y: looked.slope(at: $0).magnitude) }
    guard let density = InterpolationTable(slopes, method: .akima) else { return points }
    let climbed = density.integrals()
    let total = climbed.last ?? 0
    let even = { (index: Int) in low + (high - low) * Double(index) / Double(count - 1) }
    var places = (0..<count).map(even)
    if total > 0, let inverse = InterpolationTable(zip(climbed, curve.x).map { ($0, $1) }, method: .akima) {
        places = (0..<count).map { index in
            min(max(inverse.evaluate(total * Double(index) / Double(count - 1)).value, low), high)
        }.sorted()
    }
    let kept = places.map { (x: $0, y: curve.evaluate($0).value) }
    let area = trapezoids(zip(curve.x, curve.y).map { (x: $0, y: $1) })
    let left = trapezoids(kept)
    let scale = area / left
    return scale.isFinite && scale > 0 ? kept.map { ($0.x, $0.y * scale) } : kept
}

/// The area below straight lines between points.
private func trapezoids(_ points: [(x: Double, y: Double)]) -> Double {
    zip(points, points.dropFirst()).reduce(0) { $0 + 0.5 * ($1.0.y + $1.1.y) * ($1.1.x - $1.0.x) }
}
