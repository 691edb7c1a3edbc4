import Waveforms

/// One self-contained page about a run.
public enum ReportPage {
    /// - Parameters:
    ///   - data: ``ReportData/json``.
    ///   - library: plotly.js; nil for a page with pictures instead of charts.
    ///   - live: where the page asks for newer data while the run goes on; nil for a page that stays as it is.
    public static func html(_ data: JSONValue, title: String, library: String?, live: String? = nil) -> String {
        let script = library.map { "<script>\($0)</script>" } ?? ""
        // The data are JSON with every `<` escaped: no text of a netlist can end the script.
        let source: JSONValue = live.map { .string($0) } ?? .null
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escaped(title))</title>
            <style>\(style)</style>
            \(script)
            </head>
            <body>
            <main id="page"></main>
            <script>
            const live = \(source);
            let data = \(data);
            \(ReportScript.text)
            </script>
            </body>
            </html>

            """
    }

    public static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    private static let style = """
        :root { color-scheme: light; --line: #d9dde3; --soft: #f5f6f8; --good: #1a7f37; --bad: #cf222e; }
        html { overflow-y: scroll; }
        body { margin: 0; font: 15px/1.45 system-ui, sans-serif; color: #1f2328; background: white; }
        main { max-width: 1180px; margin: 0 auto; padding: 24px; }
        h1 { font-size: 22px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 28px 0 8px; }
        .state { color: #57606a; margin-bottom: 12px; } .good { color: var(--good); } .bad { color: var(--bad); }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: 3px 18px 3px 0; border-bottom: 1px solid var(--line); }
        th { font-weight: 600; } td.number { text-align: right; }
        pre { background: var(--soft); padding: 12px; overflow: auto; font: 13px/1.4 ui-monospace, monospace; margin: 0; }
        pre .n { color: #9aa2ad; user-select: none; } details summary { cursor: pointer; padding: 4px 0; }
        .chart { width: 100%; } .readout { font-size: 13px; color: #57606a; min-height: 1.5em; }
        .columns { display: flex; flex-wrap: wrap; gap: 12px 48px; } .maps { display: flex; flex-wrap: wrap; gap: 12px; }
        .scroll { max-height: 420px; overflow: auto; } progress { width: 100%; } .chart > svg { max-width: 100%; height: auto; }
        """
}
