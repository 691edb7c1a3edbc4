import HydronTools

extension PlotlyLibrary {
    /// Says what pages are without the library, and what to install.
    static func warn(_ pages: String) {
        let instead = Gnuplot.isInstalled ? "pictures instead of charts" : "no charts, for want of gnuplot too"
        Terminal.standardError.write("warning: there is no plotly.js, so \(pages) \(instead); \(advice)\n")
    }
}
