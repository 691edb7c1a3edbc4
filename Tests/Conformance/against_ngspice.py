#!/usr/bin/env python3
"""Runs the shipped netlists through hydron and ngspice and compares every common waveform.

usage: against_ngspice.py [--hydron PATH] [NETLIST...]

Where ngspice is missing everything is skipped. A netlist that ngspice can't run (proton resistors, .step) is skipped.
A waveform agrees where the RMS of its difference, over the gold's abscissa, is at most 1 % of its peak. Where it does
not, ngspice gets a second run with tighter tolerances and a tenth of the step: its default of 60 points for two periods
is no gold. Netlists on
which the two are known to differ by design are counted apart, with the reason.
"""
import argparse
import bisect
import glob
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import rawfile  # noqa: E402

TIGHT = ".options reltol=1e-6 trtol=1"

# By folder/name: both programs do what they say, and they say different things.
BY_DESIGN = {
    "basics/held-node": "ngspice puts a node that no direct current reaches at 0 V, Hydron where .nodeset says",
    "devices/current-switch": "ngspice's switch jumps at the ends of the loop, Hydron's passes inside it",
}


def at(xs, ys, x):
    high = bisect.bisect_left(xs, x)
    if high == 0:
        return ys[0]
    if high == len(xs):
        return ys[-1]
    span = xs[high] - xs[high - 1]
    return ys[high] if span <= 0 else ys[high - 1] + (ys[high] - ys[high - 1]) * (x - xs[high - 1]) / span


def compare(gold, test):
    worst, compared = (0.0, ""), 0
    for title, g in gold:
        t = next((signals for other, signals in test if other.lower()[:9] == title.lower()[:9]), {})
        names = list(g)
        swept = "operating" not in title.lower()
        for name in names[1 if swept else 0:]:
            mine = f"i({name[:-7]})" if name.endswith("#branch") else name
            if mine not in t:
                continue
            if swept:
                gx, tx = g[names[0]], list(t.values())[0]
                # A nested sweep runs back: its rows are compared one by one.
                rising = all(a <= b for a, b in zip(gx, gx[1:]))
                error = ([at(tx, t[mine], x) - y for x, y in zip(gx, g[name])] if rising
                         else [a - b for a, b in zip(t[mine], g[name])])
            else:
                error = [t[mine][0] - g[name][0]]
            peak = max(map(abs, g[name])) + (1e-6 if mine.startswith("v") else 1e-9)
            rms = math.sqrt(sum(e * e for e in error) / len(error)) / peak
            worst, compared = max(worst, (rms, f"{title}: {mine}")), compared + 1
    return worst, compared


def tightened(netlist, folder):
    """A copy with tighter tolerances; None where it reads other files, which a copy would not find."""
    with open(netlist) as handle:
        lines = handle.read().splitlines()
    if any(line.lower().lstrip().startswith((".inc", ".lib")) or "file" in line.lower() for line in lines[1:]):
        return None
    # A line without losses has nothing but the step to hold its rows together.
    lines = [re.sub(r"(?i)^(\.tran\s+(\S+)\s+\S+)(\s+uic)?\s*$", r"\1 0 {\2/10}\3", line) for line in lines]
    path = os.path.join(folder, "tight.cir")
    with open(path, "w") as handle:
        handle.write("\n".join([lines[0], TIGHT, *lines[1:], ""]))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hydron", default=".build/release/hydron")
    parser.add_argument("netlists", nargs="*")
    args = parser.parse_args()
    if not shutil.which("ngspice"):
        print("skipped: no ngspice on the PATH (Debian package ngspice)")
        return 0
    shipped = [os.path.join(HERE, "..", "..", "netlists", d, "*.cir") for d in ("basics", "devices", "analyses")]
    netlists = args.netlists or sorted(os.path.normpath(f) for p in shipped for f in glob.glob(p))
    tally = {"passed": 0, "failed": 0, "different by design": 0, "skipped": 0}
    for netlist in netlists:
        with tempfile.TemporaryDirectory() as temp:
            gold, test = os.path.join(temp, "gold.raw"), os.path.join(temp, "test.raw")
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
            subprocess.run(["ngspice", "-b", "-r", gold, netlist], timeout=120, **quiet)
            plots = rawfile.read(gold) if os.path.exists(gold) else []
            done = subprocess.run([args.hydron, "run", netlist, "--raw", test, "-q"], timeout=120, **quiet)
            if done.returncode:
                tally["failed"] += 1
                print(f"{netlist}: hydron exit status {done.returncode}")
                continue
            mine = rawfile.read(test)
            worst, compared = compare(plots, mine)
            copy = tightened(netlist, temp) if worst[0] > 0.01 else None
            if copy:
                os.remove(gold)
                subprocess.run(["ngspice", "-b", "-r", gold, copy], timeout=120, **quiet)
                again, count = compare(rawfile.read(gold) if os.path.exists(gold) else [], mine)
                if count == compared and again[0] <= 0.01:
                    print(f"{netlist}: {worst[0]:.2%} off ngspice's defaults, {again[0]:.2%} with {TIGHT}")
                    worst = again
        name = "/".join(os.path.abspath(netlist)[:-4].split(os.sep)[-2:])
        outcome = "skipped" if not compared else "passed" if worst[0] <= 0.01 else "failed"
        if outcome == "failed":
            print(f"{netlist}: {worst[1]} differs by {worst[0]:.2%} of its peak")
            if name in BY_DESIGN:
                outcome = "different by design"
                print(f"  {BY_DESIGN[name]}")
        tally[outcome] += 1
    print(", ".join(f"{count} {outcome}" for outcome, count in tally.items()))
    return 1 if tally["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
