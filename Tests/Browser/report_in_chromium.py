"""Opens pages of `hydron report` in headless Chromium: the charts are drawn, cursors measure, and no error is logged.

Usage: report_in_chromium.py /path/to/hydron FOLDER [chromium]

Writes page and screenshot of each circuit into FOLDER.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

CIRCUITS = {
    "filter": (0, """A low-pass, measured
v1 in 0 pulse(0 1 0 1n 1n 1 2)
r1 in out 1k
c1 out 0 1u
.tran 10u 5m
.print tran v(in) v(out) i(v1)
.meas tran half when v(out)=0.5 rise=1
.assert 'half < 1m'
.op
.end
"""),
    "bode": (0, """Damping of a resonance
.param r=10
v1 in 0 ac 1
r1 in a {r}
l1 a out 10u
c1 out 0 10n
.ac dec 50 10k 10meg
.step param r list 5 20 80
.print ac v(out)
.end
"""),
    "broken-limit": (1, """<b>A limit that does not hold</b>
v1 a 0 1
r1 a 0 1k
.op
.meas dc none max v(a)
.dc v1 0 1 0.1
.assert 'none > 2'
.end
"""),
    "array": (0, """A crossbar
.model synapse proton x0=0.5
vr[0:7] row[0:7] 0 0.1
rc[0:7] col[0:7] 0 1
vg gate 0 0
x1 row[0:7] col[0:7] gate crossbar cell=synapse gates=shared x0={0.05+0.9*(i+j)/14}
.tran 1n 10n
.snapshot x1 x at=10n
.print tran i(rc[0]) @x1[xmean]
.end
"""),
}

# Runs in the page behind its own script: what the test asks of it is written into the document's element #test.
PROBE = """
<pre id="test"></pre><script>
const errors = [];
window.addEventListener("error", event => errors.push(event.message));
function check() {
  const node = document.querySelector(".js-plotly-plot");
  const result = {ready: document.body.dataset.ready, charts: document.querySelectorAll(".js-plotly-plot .main-svg").length,
    maps: data.maps.length, heading: document.querySelector("h1").textContent,
    bad: [...document.querySelectorAll(".bad")].map(n => n.textContent), errors};
  const chart = document.querySelector("#charts .js-plotly-plot");
  if (chart) {
    const xs = chart.data[0].x, at = i => xs[Math.floor((xs.length - 1) * i)];
    chart.emit("plotly_click", {points: [{x: at(0.25)}]});
    chart.emit("plotly_click", {points: [{x: at(0.75)}], event: {shiftKey: true}});
    result.lines = chart.layout.shapes.length;
    result.readout = document.querySelector(".readout").textContent;
    Plotly.relayout(chart, {"xaxis.range": chart.layout.xaxis.type === "log" ? [5, 6] : [at(0.25), at(0.75)]});
    result.range = chart.layout.xaxis.range;
  }
  document.getElementById("test").textContent = "RESULT" + JSON.stringify(result) + "END";
}
setTimeout(check, 1500);
</script></body>
"""


def chromium(browser, folder, page, *arguments):
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               f"--user-data-dir={folder / 'profile'}", "--window-size=1250,1500", "--virtual-time-budget=8000",
               *arguments, page.resolve().as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout


def main():
    import json

    hydron, folder = sys.argv[1], Path(sys.argv[2])
    browser = sys.argv[3] if len(sys.argv) > 3 else shutil.which("chromium") or shutil.which("google-chrome")
    folder.mkdir(parents=True, exist_ok=True)
    for name, (status, text) in CIRCUITS.items():
        netlist, page = folder / f"{name}.cir", folder / f"{name}.html"
        netlist.write_text(text)
        run = subprocess.run([hydron, "report", str(netlist), "-o", str(page)], capture_output=True, text=True)
        assert run.returncode == status, (name, run.returncode, run.stderr)
        html = page.read_text()
        markup = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
        assert not re.search(r"(src|href)=", markup), "the page asks for something else"
        chromium(browser, folder, page, f"--screenshot={(folder / name).resolve()}.png")
        picture = (folder / f"{name}.png").read_bytes()
        assert picture[:8] == b"\x89PNG\r\n\x1a\n" and len(picture) > 20_000, (name, len(picture))

        probed = folder / f"{name}.probed.html"
        probed.write_text(html.replace("</body>", PROBE))
        document = chromium(browser, folder, probed, "--dump-dom")
        found = re.search(r'<pre id="test">RESULT(.*?)END</pre>', document, re.S)
        assert found, f"{name}: the page's script did not end"
        result = json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
        probed.unlink()
        assert result["ready"] == "yes" and not result["errors"], result
        assert result["heading"] == text.splitlines()[0], result
        assert result["charts"] > 0, result
        if "readout" in result:
            assert result["lines"] == 2 and "B − A" in result["readout"], result
        assert result["maps"] == (1 if name == "array" else 0), result
        assert bool(result["bad"]) == (status != 0), result
        print(f"{name}: {len(html) // 1024} KiB, {result['charts']} layers of charts, {result['maps']} maps; "
              f"{result.get('readout', 'no cursors')[:60]}")
    shutil.rmtree(folder / "profile", ignore_errors=True)
    print(f"pages and screenshots: {folder}")


if __name__ == "__main__":
    main()
