import SpiceNetlist

/// Cards that are no analysis, and waveforms of sources, in a line each: what an editor and the manual show of them.
extension ElementReferenceManual {
    /// What a dot card says; analyses have ``analysis(_:)``.
    public static func card(_ directive: Directive) -> Entry? {
        analysis(directive)
            ?? cards[directive].map { Entry(name: ".\(directive.rawValue)", syntax: $0.syntax, summary: $0.summary) }
    }

    /// All dot cards that are no analysis.
    static var otherCards: [Entry] { structure + Directive.allCases.filter { analysis($0) == nil }.compactMap(card) }

    /// Cards that say how a netlist is put together.
    private static let structure: [Entry] = [
        Entry(
            name: ".subckt", syntax: [".subckt name port … [params:] [parameter=default …]", ".ends [name]"],
            summary: "A circuit of its own, which X cards call."),
        Entry(name: ".include", syntax: [".include \"file\""], summary: "A file, read here."),
        Entry(
            name: ".lib", syntax: [".lib \"file\" section", ".lib section", ".endl [section]"],
            summary: "A section of a file, read here; in that file, the section."),
        Entry(name: ".title", syntax: [".title text"], summary: "Another title."),
        Entry(name: ".end", syntax: [".end"], summary: "Nothing behind it is read."),
    ]

    private static let cards: [Directive: (syntax: [String], summary: String)] = [
        .param: ([".param name=value … f(x)={…}"], "Parameters and functions of this block, in any order."),
        .globalParam: ([".global_param name=value …"], "Parameters that hold everywhere."),
        .function: ([".func f(x,y) {expression}"], "A function for expressions."),
        .model: ([".model name type (par=value …)", ".model name ako:other (par=value …)"], "What elements share."),
        .global: ([".global node …"], "Nodes of one name everywhere."),
        .temp: ([".temp 85"], "Temperature of the circuit [°C]."),
        .options: ([".options name=value …"], "Tolerances, methods and limits of the solution."),
        .initialCondition: ([".ic v(node)=value …"], "Holds nodes in the operating point before a transient."),
        .nodeset: ([".nodeset v(node)=value …"], "Helps to find the operating point, and lets go of it."),
        .save: ([".save v(a) i(r1) …"], "Columns of all tables where no .print says which."),
        .plot: ([".plot", ".probe"], "The same as .print."),
        .print: (
            [".print tran|dc|ac|noise|op v(a) v(a,b) i(r1) {expression} @q1[gm] v(*)"], "Columns of an analysis' table."
        ),
        .snapshot: (
            [".snapshot x1 x [at=0 5n …] [file=\"map.npy\"]"],
            "Maps of an array's cells: at the end, or at these times."
        ),
        .measure: (
            [
                ".meas tran name TRIG v(a) VAL=0.5 RISE=1 TARG v(b) VAL=0.5 RISE=1",
                ".meas tran name FIND v(a) AT=1u | WHEN v(b)=0.5", ".meas tran name WHEN v(a)=0.5 CROSS=1",
                ".meas tran name AVG|RMS|MIN|MAX|PP|INTEG v(a) [FROM=] [TO=]", ".meas op name FIND v(a)",
                ".meas tran name PARAM='formula'",
            ], "A number from the waveforms of an analysis."
        ),
        .assertion: ([".assert 'condition'"], "A condition on measurements; broken, it ends with exit status 1."),
        .spec: ([".spec measurement [min=] [max=]"], "Limits of a measurement; broken, they end with exit status 1."),
        .step: (
            [
                ".step name start stop step", ".step name list v1 v2 …", ".step dec name start stop points",
                ".step data=table", ".step temp -40 125 55",
            ],
            "Runs all analyses for each value of a source, element, parameter, model's parameter or the temperature."
        ),
        .data: ([".data name p1 p2 …", "+ v11 v12 …", ".enddata"], "A table of values for .step, .dc and .ac."),
        .monteCarlo: (
            [".mc runs [seed=1] [rows=nominal]"], "Runs all analyses with random numbers drawn anew each time."
        ),
        .sampling: (
            [".sampling param=r1,… type=normal|uniform,… means= std_deviations= lower_bounds= upper_bounds="],
            "Xyce's way to run all analyses with random values; .options samples numsamples= says how often."
        ),
        .preprocess: ([".preprocess replaceground true"], "In Xyce's dialect: gnd and ground are node 0."),
        .worstCase: ([".wcase"], "The extremes of each measurement by the ends of all tolerances."),
        .if: ([".if (condition)", ".elseif (condition)", ".else", ".endif"], "Chooses cards by constants."),
    ]

    /// A waveform of V and I by its name in lower case.
    public static func waveform(_ name: String) -> Entry? { waveforms.first { $0.name.lowercased() == name } }

    public static var waveformNames: Set<String> { Set(waveforms.map { $0.name.lowercased() }) }

    static let waveforms: [Entry] = [
        Entry(
            name: "PULSE", syntax: ["PULSE(v1 v2 [delay [rise [fall [width [period [count]]]]]])"],
            summary: """
                From v1 to v2 after the delay, for the width, again each period [s], count times. Edges last .tran's step, the \
                width and the period to its stop where they are not given.
                """),
        Entry(
            name: "SIN", syntax: ["SIN(offset amplitude [frequency [delay [damping [phase [cycles]]]]])"],
            summary: """
                offset + amplitude·exp(-damping·t)·sin(2π·frequency·t + phase) behind the delay [Hz, s, 1/s, °]. One period \
                lasts to .tran's stop where no frequency is given. Behind as many cycles the last value stays.
                """),
        Entry(
            name: "EXP", syntax: ["EXP(v1 v2 [td1 [tau1 [td2 [tau2]]]])"],
            summary: "Rises from td1 with tau1, falls back from td2 with tau2 [s]."),
        Entry(
            name: "PWL",
            syntax: [
                "PWL(t1 v1 t2 v2 …) [r=time] [td=delay]", "PWL FILE \"file\" [r=time] [td=delay]",
                "PWL [points] REPEAT FOREVER|FOR n (t1 v1 …) ENDREPEAT … [time_scale_factor=] [value_scale_factor=]",
            ],
            summary: """
                Straight lines between points [s], again from the time r on for ever. Times behind REPEAT count from the point \
                before; with `--dialect ltspice` those with a plus do, too.
                """),
        Entry(
            name: "SFFM", syntax: ["SFFM(offset amplitude [carrier [index [signal]]])"],
            summary: "offset + amplitude·sin(2π·carrier·t + index·sin(2π·signal·t)) [Hz]."),
        Entry(
            name: "AM", syntax: ["AM(amplitude offset [modulation [carrier [delay]]])"],
            summary: "amplitude·(offset + sin(2π·modulation·t))·sin(2π·carrier·t) behind the delay [Hz, s]."),
        Entry(
            name: "PAT", syntax: ["PAT(high low delay rise fall bit b0110 [r=n] [rb=k])"],
            summary: """
                Bits of a pattern, each of the length bit [s]; n times again from the k-th bit on, for ever with r=-1.
                """),
    ]
}
