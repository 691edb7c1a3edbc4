"""Reads an ngspice rawfile, binary or ASCII: [(plot name, {signal: [values]})]. Standard library only."""
import struct


def read(path):
    with open(path, "rb") as handle:
        blob = handle.read()
    plots, at = [], 0
    while at < len(blob):
        title, names, count, points, complex_data, binary = "", [], 0, 0, False, None
        while binary is None:
            end = blob.find(b"\n", at)
            if end < 0:
                return plots
            line, at = blob[at:end].decode(errors="replace").strip(), end + 1
            key, _, value = line.partition(":")
            key, value = key.lower(), value.strip()
            if key == "plotname":
                title = value
            elif key == "no. variables":
                count = int(value)
            elif key == "no. points":
                points = int(value)
            elif key == "flags":
                complex_data = "complex" in value
            elif key == "variables":
                while len(names) < count:
                    end = blob.find(b"\n", at)
                    words, at = blob[at:end].decode().split(), end + 1
                    if words:
                        names.append(words[1].lower())
            elif key in ("binary", "values"):
                binary = key == "binary"
        width = count * (2 if complex_data else 1)
        if binary:
            rows = [struct.unpack_from(f"<{width}d", blob, at + 8 * width * p) for p in range(points)]
            at += 8 * width * points
        else:
            words = blob[at:].split()
            rows = [[float(w.split(b",")[0]) for w in words[p * (count + 1) + 1:(p + 1) * (count + 1)]]
                    for p in range(points)]
            at = len(blob)
        step = 2 if complex_data else 1
        plots.append((title, {n: [r[i * step] for r in rows] for i, n in enumerate(names)}))
    return plots
