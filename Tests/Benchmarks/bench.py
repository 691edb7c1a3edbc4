#!/usr/bin/env python3
"""Speed and memory on netlists made here; ratios to ngspice in the same run where it is installed.

usage: bench.py [--hydron PATH] [--elements N]
"""
import argparse
import os
import re
import shutil
import subprocess
import tempfile

CIRCUITS = {
    "rc": """rc driven by pulses, 200,000 points
v1 1 0 dc 0 pulse 0 1 1u 1u 1u 1m 2m
r1 1 2 1k
c1 2 0 1u
.save v(2)
.tran 1u 0.2 0 1u
.end
""",
    "multiplier": """four-stage diode voltage multiplier, 200,000 points
.model dd d is=1e-14 n=1.05 cjo=10p
v1 in 0 sin 0 10 5k
c1 in 1 10n
d1 0 1 dd
d2 1 2 dd
c2 0 2 10n
c3 1 3 10n
d3 2 3 dd
d4 3 4 dd
c4 2 4 10n
r1 4 0 10meg
.options method=gear
.save v(4)
.tran 0.1u 20m 0 0.1u
.end
""",
    "bridge": """bridge rectifier, 200,000 points
.model dd d is=76.9p rs=42m n=1.45 cjo=26.5p m=0.333
v1 a b sin 0 20 50
d1 a p dd
d2 n a dd
d3 b p dd
d4 n b dd
c1 p n 100u
r1 p n 1k
r2 n 0 1meg
r3 b 0 1meg
.options method=gear
.save v(p)
.tran 1u 0.2 0 1u
.end
""",
}


def timed(command):
    """(CPU seconds, peak MiB, standard error); None where it fails."""
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = status
        said.seek(0)
        text = said.read().decode(errors="replace")
    return None if status else (used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hydron", default=".build/release/hydron")
    parser.add_argument("--elements", type=int, default=2_700_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        big = os.path.join(temp, "big.cir")
        # A chain in the order of a netlist that a layout tool wrote, one new node an element: neighbours stand together.
        with open(big, "w") as handle:
            handle.write("resistors\nv1 net_0 0 1\n")
            for k in range(args.elements):
                handle.write(f"r{k} net_{k * 3 // 2} net_{k * 3 // 2 + 1 + k % 2} {1 + k % 977}k\n")
            handle.write(".op\n.end\n")
        size = os.path.getsize(big)
        small = os.path.join(temp, "small.cir")
        with open(small, "w") as handle:
            handle.write("one\nv1 1 0 1\nr1 1 0 1k\n.op\n.end\n")
        base = timed([args.hydron, "load", small])
        done = timed([args.hydron, "load", big])
        if done and base:
            seconds = done[0] - base[0]
            resident = (done[1] - base[1]) * 2**20
            print(f"load: {size / 1e6:.0f} MB, {args.elements} elements in {seconds:.2f} CPU s: "
                  f"{size / 1e6 / seconds:.0f} MB/s, {resident / args.elements:.0f} bytes an element resident at most, "
                  f"{(resident - size) / args.elements:.0f} without the mapped text")
        for name, text in CIRCUITS.items():
            path = os.path.join(temp, name + ".cir")
            with open(path, "w") as handle:
                handle.write(text)
            mine = timed([args.hydron, "run", path, "--no-output", "-q"])
            line = f"{name}: {mine[0]:.3f} CPU s" if mine else f"{name}: failed"
            if mine and shutil.which("ngspice"):
                deck = os.path.join(temp, name + "-ng.cir")
                tran = re.search(r"^\.(tran .*)$", text, re.M).group(1)
                body = re.sub(r"^\.(tran .*|end)\s*$", "", text, flags=re.M)
                with open(deck, "w") as handle:
                    handle.write(f"{body}\n.control\n{tran}\nquit\n.endc\n.end\n")
                peer = timed(["ngspice", "-b", deck])
                if peer:
                    line += f", {mine[0] / peer[0]:.2f} of ngspice's"
            print(line)
        train = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../netlists/proton/pulse-train.cir")
        done = timed([args.hydron, "run", train, "--no-output", "--verbose"])
        if done:
            points = re.search(r"tran: (\d+) points", done[2])
            print(f"proton pulse train: {done[0]:.3f} CPU s, {points.group(1) if points else '?'} points")


if __name__ == "__main__":
    main()
