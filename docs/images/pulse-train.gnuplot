# Draws pulse-train.svg from the demonstration's table:
#   make demo && gnuplot docs/images/pulse-train.gnuplot
set terminal svg size 760,420 font "sans-serif,13" background "white"
set output "docs/images/pulse-train.svg"
set datafile separator ","
unset key
set xlabel "time [µs] (one 5 ns pulse every 20 ns)"
set ylabel "channel conductance [nS]"
set yrange [0:105]
set grid lc rgb "#dddddd"
set arrow from 20,0 to 20,105 nohead dt 2 lc rgb "#888888"
set label "1000 pulses of +10 V" at 1.5,98
set label "1000 pulses of −10 V" at 25,98
plot "out/pulse-train.csv" every 4::1 using ($1*1e6):($4*1e9) with lines lw 2 lc rgb "#1f77b4" title "G"
