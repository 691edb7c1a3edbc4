#!/usr/bin/env bash
# Draws pulse-train.svg from the table that `make demo` writes.
set -euo pipefail
cd "$(dirname "$0")/../.."
make demo
.build/release/hydron plot out/pulse-train.csv '@p1[g]' -o docs/images/pulse-train.svg \
  --title 'A proton resistor: 1000 pulses of 10 V, then 1000 of −10 V, of 5 ns each'
