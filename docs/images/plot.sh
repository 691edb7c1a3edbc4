#!/usr/bin/env bash
# Draws the manual's pictures: from netlists that stand in its pages, and the one that `make demo` runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
make build
hydron=.build/release/hydron
mkdir -p out

# shown PAGE TITLE: the netlist of that title in a page.
shown() { sed -n "/^$2/,/^\.end/p" "docs/$1.md"; }

$hydron plot netlists/proton/pulse-train.cir '@p1[g]' -o docs/images/pulse-train.svg \
  --title 'A proton resistor: 1000 pulses of 10 V, then 1000 of −10 V, of 5 ns each'

$hydron run netlists/crossbar/learning.cir --param rounds=50 --snapshots out --csv out/learning.csv -q
$hydron plot out/learning.csv 'v(rms)' -o docs/images/learning.svg \
  --title 'Error of each letter shown [V for 2 nA]: an array of 9 x 5 proton resistors learns four letters in 50 rounds'

shown quick-start 'A low-pass filter' > out/filter.cir
$hydron plot out/filter.cir -o docs/images/low-pass.svg

shown arrays 'Voltage that reaches' > out/ir-drop.cir
$hydron run out/ir-drop.cir --snapshots out --csv out/ir-drop.csv -q
$hydron plot out/vrow.npy -o docs/images/ir-drop.png \
  --title 'Voltage of each row wire [V], 64 x 64 cells of 20 µS, 5 Ω a segment, 0.2 V at the left'
