/// NumPy's file format `.npy`: six bytes of magic, a version, the length of a header, the header (a Python dictionary
/// that names type, order and shape), the numbers (NEP 1, numpy.org/neps/nep-0001-npy-format.html).
enum NumPyFormat {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    static func isRecognised(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 10 && magic.indices.allSatisfy { bytes[$0] == magic[$0] }
    }

    /// Version 1.0 with little-endian Doubles in rows, padded so that the numbers begin at a multiple of 64 bytes; the
    /// length does not depend on the first dimension.
    static func header(shape: [Int]) -> [UInt8] {
        let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        let text = "{'descr': '<f8', 'fortran_order': False, 'shape': (\(sizes)), }"
        var bytes = magic + [1, 0, 0, 0] + Array(text.utf8)
        // Room for 20 digits more, so that the first dimension may grow.
        let length = (bytes.count - String(shape.first ?? 0).utf8.count + 20 + 64) / 64 * 64
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: length - bytes.count - 1) + [UInt8(ascii: "\n")]
        bytes[8] = UInt8((length - 10) & 0xFF)
        bytes[9] = UInt8((length - 10) >> 8)
        return bytes
    }

    /// Reads integers, Booleans and floating-point numbers of every size and byte order, in rows or in columns.
    static func read(_ bytes: UnsafeRawBufferPointer, path: String) throws(WaveformError) -> NumberArray {
        func malformed(_ message: String) -> WaveformError { .malformed(path: path, line: 1, message: message) }
        let isLong = bytes[6] >= 2
        let prefix = isLong ? 12 : 10
        guard bytes.count >= prefix else { throw malformed("the file ends in its header") }
        var length = Int(bytes[8]) | Int(bytes[9]) << 8
        if isLong { length |= Int(bytes[10]) << 16 | Int(bytes[11]) << 24 }
        guard prefix + length <= bytes.count else { throw malformed("the file ends in its header") }
        let header = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[prefix..<prefix + length]), as: UTF8.self)
        guard let type = quoted("descr", header), let shape = dimensions(header) else {
            throw malformed("the header names no type or shape: \(header.prefix(80))")
        }
        let isByColumns = header.contains("'fortran_order': True")
        guard let format = Format(type) else {
            throw malformed("numbers of type '\(type)'; integers and floating-point numbers can be read")
        }
        var count = 1
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, product <= bytes.count else {
                throw malformed("shape \(shape) is larger than the file")
            }
            count = product
        }
        let data = UnsafeRawBufferPointer(rebasing: bytes[(prefix + length)...])
        guard data.count >= count * format.size else {
            throw malformed(
                "shape \(shape) takes \(count * format.size) bytes of numbers, but the file has \(data.count)")
        }
        var values = [Double](repeating: 0, count: count)
        for index in 0..<count { values[index] = format.value(data, index * format.size) }
        if isByColumns, shape.count > 1 { values = transposed(values, shape) }
        return try NumberArray(shape: shape, values: values)
    }

    /// From the first index fastest to the last index fastest.
    private static func transposed(_ values: [Double], _ shape: [Int]) -> [Double] {
        var result = values
        var index = [Int](repeating: 0, count: shape.count)
        for place in result.indices {
            var source = 0
            for dimension in shape.indices.reversed() { source = source * shape[dimension] + index[dimension] }
            result[place] = values[source]
            for dimension in shape.indices.reversed() {
                index[dimension] += 1
                if index[dimension] < shape[dimension] { break }
                index[dimension] = 0
            }
        }
        return result
    }

    /// The text behind `'key': '`.
    private static func quoted(_ key: String, _ header: String) -> String? {
        let parts = header.split(separator: "'", omittingEmptySubsequences: false)
        guard let place = parts.firstIndex(of: Substring(key)), place + 2 < parts.count else { return nil }
        return String(parts[place + 2])
    }

    private static func dimensions(_ header: String) -> [Int]? {
        guard let key = header.range(of: "'shape'"), let open = header[key.upperBound...].firstIndex(of: "("),
            let close = header[open...].firstIndex(of: ")")
        else { return nil }
        var sizes: [Int] = []
        for part in header[header.index(after: open)..<close].split(separator: ",") {
            let digits = part.filter { $0 != " " }
            if digits.isEmpty { continue }
            guard let size = Int(digits), size >= 0 else { return nil }
            sizes.append(size)
        }
        return sizes
    }

    /// `<f8`: byte order, kind, size.
    private struct Format {
        var kind: Character
        var size: Int
        var isBigEndian: Bool

        init?(_ text: String) {
            guard text.count >= 3, let order = text.first, "<>|=".contains(order),
                let size = Int(text.dropFirst(2))
            else { return nil }
            kind = text[text.index(after: text.startIndex)]
            self.size = size
            isBigEndian = order == ">"
            switch kind {
            case "f": guard [4, 8].contains(size) else { return nil }
            case "i", "u": guard [1, 2, 4, 8].contains(size) else { return nil }
            case "b": guard size == 1 else { return nil }
            default: return nil
            }
        }

        func value(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Double {
            var bits: UInt64 = 0
            for index in 0..<size {
                let byte = UInt64(bytes[offset + index])
                bits |= byte << UInt64(8 * (isBigEndian ? size - 1 - index : index))
            }
            switch kind {
            case "f": return size == 8 ? Double(bitPattern: bits) : Double(Float(bitPattern: UInt32(bits)))
            case "i":
                let shift = UInt64(64 - 8 * size)
                return Double(Int64(bitPattern: bits << shift) >> Int64(shift))
            default: return Double(bits)
            }
        }
    }
}

extension StringProtocol {
    /// First occurrence of a text.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
