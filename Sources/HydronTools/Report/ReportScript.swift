/// The page's own script: makes the page from `data`, draws the charts, and lets two cursors measure.
enum ReportScript {
    static let text = #"""
        "use strict";
        const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
        const prefixes = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"],
          [1e-12, "p"], [1e-15, "f"], [1e-18, "a"]];

        function quantity(value, unit) {
          if (value === null) return "–";
          if (unit === "-" || unit === null) unit = "";
          if (value === 0 || ["dB", "°", "°C"].includes(unit)) return Number(value.toPrecision(6)) + " " + unit;
          const [factor, sign] = prefixes.find(p => Math.abs(value) >= p[0] * 0.9999995) || [1, ""];
          return Number((value / factor).toPrecision(6)) + " " + sign + unit;
        }

        function doubles(text) {
          const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
          return new Float64Array(bytes.buffer);
        }

        function element(name, attributes = {}, ...children) {
          const node = document.createElement(name);
          for (const key in attributes) node[key] = attributes[key];
          for (const child of children) node.append(child);
          return node;
        }

        function table(heads, rows) {
          return element("table", {}, element("thead", {}, element("tr", {}, ...heads.map(h => element("th", {}, h)))),
            element("tbody", {}, ...rows.map(row => element("tr", {}, ...row.map(cell =>
              cell instanceof Node ? cell : element("td", {}, cell))))));
        }

        function section(title, ...content) {
          return element("section", {}, element("h2", {}, title), ...content);
        }

        function numbered(text) {
          const pre = element("pre");
          const lines = text.replace(/\n$/, "").split("\n");
          const width = String(lines.length).length;
          lines.forEach((line, index) => pre.append(
            element("span", {className: "n"}, String(index + 1).padStart(width) + "  "), line + "\n"));
          return pre;
        }

        function axisTitle(axis) { return axis.unit ? `${axis.label} [${axis.unit}]` : axis.label; }

        // Value of a curve at x: a straight line between its points.
        function valueAt(curve, x) {
          const xs = curve.xs;
          if (xs.length === 0) return null;
          const rising = xs[xs.length - 1] >= xs[0];
          let low = 0, high = xs.length - 1;
          while (high - low > 1) {
            const middle = (low + high) >> 1;
            if (rising ? xs[middle] <= x : xs[middle] >= x) low = middle; else high = middle;
          }
          if (xs[high] === xs[low]) return curve.ys[low];
          const part = Math.min(1, Math.max(0, (x - xs[low]) / (xs[high] - xs[low])));
          return curve.ys[low] + part * (curve.ys[high] - curve.ys[low]);
        }

        function draw(chart, node, readout) {
          const panes = chart.panes, count = panes.length, traces = [];
          // SI prefixes from thousandths on: 30m, not 0.03.
          const style = {exponentformat: "SI", minexponent: 2, gridcolor: "#e6e8eb", linecolor: "#8c959f", showline: true};
          const layout = {
            height: count === 1 ? 420 : 80 + 230 * count, margin: {l: 80, r: 20, t: 20, b: 50}, hovermode: "x unified",
            dragmode: "zoom", legend: {orientation: "h", y: 1.02, yanchor: "bottom"}, shapes: [],
            paper_bgcolor: "white", plot_bgcolor: "white", uirevision: "kept",
            xaxis: {...style, title: {text: axisTitle(chart.abscissa)}, type: chart.abscissa.log ? "log" : "linear",
              showspikes: true, spikemode: "across", spikethickness: 1, anchor: count === 1 ? "y" : "y" + count},
          };
          panes.forEach((pane, at) => {
            const id = at === 0 ? "" : String(at + 1), gap = 0.06;
            const height = (1 - gap * (count - 1)) / count, top = 1 - at * (height + gap);
            layout["yaxis" + id] = {...style, domain: [Math.max(0, top - height), top], title: {text: axisTitle(pane.axis), standoff: 12},
              type: pane.axis.log ? "log" : "linear", zeroline: false, automargin: true};
            pane.curves.forEach(curve => {
              curve.xs = curve.xs || doubles(curve.x);
              curve.ys = curve.ys || doubles(curve.y);
              curve.unit = pane.axis.unit;
              traces.push({name: curve.name, x: curve.xs, y: curve.ys, xaxis: "x", yaxis: "y" + id, mode: "lines",
                type: curve.xs.length > 5000 ? "scattergl" : "scatter",
                // All panes share the list of names, so that no two have one colour.
                line: {width: 1.5, color: colours[traces.length % colours.length]}, hovertemplate: "%{y:.5s}" + (pane.axis.unit || "")});
            });
          });
          Plotly.react(node, traces, layout, {responsive: true, displaylogo: false, scrollZoom: true});
          if (node.hasCursors) return;
          node.hasCursors = true;
          const cursors = [null, null];
          node.on("plotly_click", event => {
            cursors[event.event && event.event.shiftKey ? 1 : 0] = event.points[0].x;
            const shapes = cursors.map((x, index) => x === null ? null : {type: "line", xref: "x", yref: "paper", x0: x, x1: x,
              y0: 0, y1: 1, line: {color: index ? "#8250df" : "#bf3989", width: 1, dash: "dash"}}).filter(s => s);
            Plotly.relayout(node, {shapes});
            show(chart, cursors, readout);
          });
        }

        function show(chart, cursors, readout) {
          const unit = chart.abscissa.unit, [a, b] = cursors;
          const head = ["", "A" + (a === null ? "" : ": " + quantity(a, unit)), "B" + (b === null ? "" : ": " + quantity(b, unit)),
            "B − A" + (a === null || b === null ? "" : ": " + quantity(b - a, unit))];
          const rows = chart.panes.flatMap(pane => pane.curves).map(curve => {
            const values = [a, b].map(x => x === null ? null : valueAt(curve, x));
            const difference = values.includes(null) ? null : values[1] - values[0];
            return [curve.name, ...[...values, difference].map(value => quantity(value, curve.unit))];
          });
          readout.replaceChildren(table(head, rows));
        }

        const charts = new Map();

        function drawCharts(host) {
          data.charts.forEach((chart, index) => {
            let entry = charts.get(index);
            if (!entry) {
              entry = {node: element("div", {className: "chart"}),
                readout: element("div", {className: "readout"},
                  window.Plotly ? "drag to zoom, double-click for all; click sets cursor A, shift-click cursor B" : "")};
              charts.set(index, entry);
              host.append(section(chart.title, entry.node, entry.readout));
            }
            const hidden = chart.panes.reduce((sum, pane) => sum + pane.hidden, 0);
            if (hidden && !entry.note) {
              entry.note = element("p", {className: "state"}, hidden + " further curves are not shown");
              entry.node.after(entry.note);
            }
            if (window.Plotly) draw(chart, entry.node, entry.readout);
            else if (chart.svg) entry.node.innerHTML = chart.svg;
            else entry.node.textContent = "no chart: neither plotly.js nor gnuplot was there when this page was made";
          });
        }

        function drawMaps(host) {
          if (!data.maps.length || !window.Plotly) return;
          const box = element("div", {className: "maps"});
          host.append(section("Arrays", box));
          for (const map of data.maps) {
            const node = element("div"), values = doubles(map.values), z = [];
            for (let row = 0; row < map.rows; row++) z.push(values.subarray(row * map.columns, (row + 1) * map.columns));
            box.append(node);
            Plotly.newPlot(node, [{type: "heatmap", z, colorscale: "Viridis", colorbar: {title: {text: map.unit === "-" ? "" : map.unit},
              exponentformat: "SI"}}], {width: 520, height: 460, margin: {l: 50, r: 20, t: 40, b: 40},
              title: {text: `${map.title} at ${quantity(map.time, "s")}, ${map.cells} cells`, font: {size: 14}},
              yaxis: {autorange: "reversed", title: {text: "row"}}, xaxis: {title: {text: "column"}}},
              {responsive: false, displayModeBar: false});
          }
        }

        function makePage() {
          const page = document.getElementById("page");
          page.replaceChildren();
          charts.clear();
          page.append(element("h1", {}, data.title || "Hydron"),
            element("div", {id: "state", className: "state " + (data.failed ? "bad" : "")}, data.state));
          if (data.running) page.append(element("progress", {id: "progress", max: 1, value: data.progress}));
          const columns = element("div", {className: "columns"});
          page.append(columns);
          if (data.measurements.length) {
            const stepped = data.measurements.some(m => m.step > 0);
            columns.append(section("Measurements", table(["name", ...(stepped ? ["step"] : []), "value"],
              data.measurements.map(m => [m.name, ...(stepped ? [String(m.step)] : []), m.value === null
                ? element("td", {className: "bad"}, "failed: " + m.reason) : element("td", {className: "number"},
                  quantity(m.value, ""))]))));
          }
          if (data.limits.length) {
            const stepped = data.limits.some(l => l.step > 0);
            columns.append(section("Limits", table(["", "limit", ...(stepped ? ["step"] : []), "measured"], data.limits.map(l => [
              element("td", {className: l.holds ? "good" : "bad"}, l.holds ? "✓ holds" : "✗ broken"), l.text,
              ...(stepped ? [String(l.step)] : []),
              l.values.length ? l.values.map(v => `${v.name} = ${quantity(v.value, "")}`).join(", ") : l.holds ? "" : l.message]))));
          }
          const host = element("div", {id: "charts"});
          page.append(host);
          drawCharts(host);
          drawMaps(page);
          for (const point of data.operatingPoint) {
            page.append(section(point.title, element("div", {className: "scroll"}, table(["quantity", ...point.heads],
              point.rows.map(q => [q.name, ...q.values.map(v => element("td", {className: "number"}, quantity(v, q.unit)))]))),
              point.hidden ? element("p", {className: "state"}, point.hidden + " further quantities are not shown") : ""));
          }
          if (data.findings.length) {
            page.append(section("Findings", ...data.findings.map(f => element("pre", {className: f.severity === "error" ? "bad" : ""},
              f.text))));
          }
          if (data.files.length) page.append(section("Netlist", ...data.files.map((file, index) => {
            const details = element("details", {open: index === 0}, element("summary", {}, file.path), numbered(file.text));
            return details;
          })));
          if (data.statistics) page.append(section("Run", element("pre", {}, data.statistics)));
          page.append(element("p", {className: "state"}, "Hydron " + data.version));
          // What came below may have changed the width that charts were drawn for.
          if (window.Plotly) for (const entry of charts.values()) Plotly.Plots.resize(entry.node);
          document.body.dataset.ready = "yes";
        }

        async function follow() {
          try {
            const answer = await fetch(live, {cache: "no-store"});
            if (answer.ok) {
              const wasRunning = data.running;
              data = await answer.json();
              if (data.running && wasRunning) {
                document.getElementById("progress").value = data.progress;
                document.getElementById("state").textContent = data.state;
                drawCharts(document.getElementById("charts"));
              } else { makePage(); }
            }
          } catch (error) { document.getElementById("state").textContent = "the server does not answer"; }
          if (data.running) setTimeout(follow, 1000);
        }

        makePage();
        if (live && data.running) setTimeout(follow, 500);
        """#
}
