#!/usr/bin/env bash
# Draws pulse-train.svg from the netlist that `make demo` runs, and ir-drop.png from the one below.
set -euo pipefail
cd "$(dirname "$0")/../.."
make build
.build/release/hydron plot netlists/proton/pulse-train.cir '@p1[g]' -o docs/images/pulse-train.svg \
  --title 'A proton resistor: 1000 pulses of 10 V, then 1000 of −10 V, of 5 ns each'

mkdir -p out
cat > out/ir-drop.cir <<'NETLIST'
Voltage that reaches each of 64 x 64 cells
v[0:63] row[0:63] 0 0.2
vc[0:63] col[0:63] 0 0
x1 row[0:63] col[0:63] crossbar g=20u rrow=5 rcol=5
.op
.snapshot x1 vrow file="vrow.npy"
.print op @x1[icolmean]
.end
NETLIST
.build/release/hydron run out/ir-drop.cir --snapshots out --csv out/ir-drop.csv -q
.build/release/hydron plot out/vrow.npy -o docs/images/ir-drop.png \
  --title 'Voltage of each row wire [V], 64 x 64 cells of 20 µS, 5 Ω a segment, 0.2 V at the left'
