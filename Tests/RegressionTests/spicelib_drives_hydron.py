"""spicelib, made for ngspice, drives Hydron unchanged: edits a netlist, runs it, reads log and rawfile.

Usage: spicelib_drives_hydron.py /path/to/hydron
"""
import math
import sys
import tempfile
from pathlib import Path

from spicelib import RawRead, SimRunner, SpiceEditor
from spicelib.simulators.ngspice_simulator import NGspiceSimulator

NETLIST = """* A low-pass that spicelib edits
V1 in 0 dc 0 ac 1 pulse(0 1 0 1n 1n 1 2)
R1 in out 1k
C1 out 0 1u
.tran 10u 5m
.print tran v(in) v(out) i(v1)
.meas tran half when v(out)=0.5 rise=1
.end
"""


def main(hydron):
    simulator = NGspiceSimulator.create_from(hydron)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "filter.net"
        path.write_text(NETLIST)
        runner = SimRunner(output_folder=folder, simulator=simulator, parallel_sims=2)
        tasks = []
        for resistance in (1e3, 2e3, 5e3):
            editor = SpiceEditor(str(path))
            editor.set_component_value("R1", resistance)
            tasks.append((resistance, runner.run(editor, run_filename=f"filter_{resistance:.0f}.net")))
        assert runner.wait_completion(timeout=120), "a run did not end"
        assert runner.failSim == 0 and runner.okSim == 3, (runner.failSim, runner.okSim)
        for resistance, task in tasks:
            raw_file, log_file = task.get_results()
            raw = RawRead(str(raw_file))
            assert raw.dialect == "ngspice", raw.dialect
            assert raw.get_plot_name().startswith("Transient"), raw.get_plot_name()
            # spicelib reads lazily: the axis comes with the first wave.
            out, time = raw.get_wave("v(out)"), raw.get_axis()
            tau = resistance * 1e-6
            error = max(abs(v - (1 - math.exp(-t / tau))) for t, v in zip(time, out))
            assert error < 1e-3, f"{error} at {resistance} ohms"
            log = Path(log_file).read_text()
            half = float(next(line for line in log.splitlines() if line.split()[:1] == ["half"]).split()[1])
            assert abs(half / (tau * math.log(2)) - 1) < 1e-3, log
            print(f"{resistance:6.0f} ohms: {len(time)} points, largest error {error:.1e}, half after {half:.4e} s")

        # What fails, fails for spicelib too.
        bad = Path(folder) / "bad.net"
        bad.write_text("* no such model\nv1 a 0 1\nd1 a 0 nothing\n.op\n.end\n")
        status = simulator.run(str(bad))
        assert status == 2, status
        assert "no model 'nothing'" in bad.with_suffix(".log").read_text()
        # Text instead of binary.
        status = simulator.run(str(path), ["-D", "filetype=ascii"])
        assert status == 0, status
        assert "\nValues:\n" in path.with_suffix(".raw").read_text()
        assert RawRead(str(path.with_suffix(".raw"))).get_wave("v(out)")[-1] > 0.99
    print("spicelib drives Hydron")


if __name__ == "__main__":
    main(sys.argv[1])
