#!/usr/bin/env bash
# Draws pulse-train.svg from the netlist that `make demo` runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
make build
.build/release/hydron plot netlists/proton/pulse-train.cir '@p1[g]' -o docs/images/pulse-train.svg \
  --title 'A proton resistor: 1000 pulses of 10 V, then 1000 of −10 V, of 5 ns each'
