#!/usr/bin/env bash
# Draws pulse-train.svg from the table that `make demo` writes. Needs gnuplot.
set -euo pipefail
cd "$(dirname "$0")/../.."
make demo
gnuplot <<'GNUPLOT'
set terminal svg size 760,420 font "sans-serif,13" background "white"
set output "docs/images/pulse-train.svg"
set datafile separator ","
unset key
set xlabel "pulse number"
set ylabel "channel conductance [nS]"
set xrange [0:2000]
set yrange [0:105]
set grid lc rgb "#dddddd"
set arrow from 1000,0 to 1000,105 nohead dt 2 lc rgb "#888888"
set label "1000 pulses of +10 V" at 60,98
set label "1000 pulses of −10 V" at 1250,98
# Four rows a pulse, one pulse every 20 ns.
plot "out/pulse-train.csv" every 20::1 using ($1/20e-9):($4*1e9) with lines lw 2 lc rgb "#1f77b4"
GNUPLOT
