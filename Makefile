# Hydron's whole ritual: make, make test, make format. `make help` lists the rest.
SHELL := /bin/bash
SWIFT ?= swift
HYDRON := .build/release/hydron
# apt-get as root or through sudo
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
HEADER := /usr/include/suitesparse/klu.h

.PHONY: reference all build test demo format lint bench conformance proton-va proton-osdi spicelib editor browser manual \
  completions man install clean help

all: build

## build       the release build of the command
build: dependencies
	$(SWIFT) build -c release --product hydron

## dependencies  Debian packages that the build needs, installed where they are missing
.PHONY: dependencies
dependencies:
	@if [ ! -e $(HEADER) ]; then \
	  echo "installing libsuitesparse-dev"; \
	  if ! command -v apt-get >/dev/null; then \
	    echo "Hydron needs SuiteSparse's headers ($(HEADER)); install SuiteSparse with your package manager" >&2; exit 1; fi; \
	  $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq libsuitesparse-dev >/dev/null; \
	fi
	@command -v $(SWIFT) >/dev/null || { echo "no Swift toolchain on the PATH: see https://www.swift.org/install" >&2; exit 1; }

## test        builds and runs all tests
test: dependencies
	$(SWIFT) build -c release --product hydron
	$(SWIFT) test
	$(HYDRON) test --quiet netlists

## reference   the pages under docs that come from the program's own tables
reference: build
	$(HYDRON) manual docs

## demo        a proton resistor through 1000 potentiating and 1000 depressing nanosecond pulses
demo: build
	@mkdir -p out
	$(HYDRON) run netlists/proton/pulse-train.cir --csv out/pulse-train.csv --verbose
	@echo "waveforms: out/pulse-train.csv ($$(wc -l < out/pulse-train.csv) lines)"

## format      rewrites the sources in the project's style
format:
	$(SWIFT) format -i -r -p Sources Tests Package.swift

## lint        checks the style
lint:
	$(SWIFT) format lint -s -r -p Sources Tests Package.swift

## bench       speed and memory, on netlists made here; ratios where a peer is installed
bench: build
	python3 Tests/Benchmarks/bench.py --hydron $(HYDRON)
	@compiler=$$(command -v $(CC) gcc clang | head -n 1); \
	if [ -z "$$compiler" ]; then \
	  echo "grid kernel: skipped, no C compiler is on the PATH (install gcc or clang, or set CC)"; \
	else \
	  mkdir -p out && "$$compiler" -O3 -march=native -Wno-psabi -o out/grid_kernel Tests/Benchmarks/grid_kernel.c -lm && \
	  for n in 128 256 512 1024; do out/grid_kernel $$n || exit 1; done; \
	fi

## conformance  compares with ngspice on the shipped netlists where it is installed
conformance: build
	python3 Tests/Conformance/against_ngspice.py --hydron $(HYDRON)

## proton-va   the proton resistor against its Verilog-A twin in VACASK, where that is installed
proton-va: build
	python3 Tests/Conformance/proton_va.py --hydron $(HYDRON)

## proton-osdi  the proton resistor against its Verilog-A twin, compiled and loaded through OSDI
proton-osdi: build
	python3 Tests/Conformance/proton_osdi.py --hydron $(HYDRON)

# $(call python,NAME,PACKAGES,COMMAND): COMMAND with out/NAME-venv's Python, skipped where pip can't install PACKAGES
define python
	@mkdir -p out; python3 -m venv out/$(1)-venv 2>/dev/null && out/$(1)-venv/bin/pip -q install $(2) 2>/dev/null \
	  || { echo "$(1): skipped, pip cannot install $(2) into out/$(1)-venv (python3-venv and a package index are needed)"; exit 0; }; \
	$(3)
endef

## spicelib    lets Python's spicelib drive the command, where pip can install it
spicelib: build
	$(call python,spicelib,spicelib,out/spicelib-venv/bin/python Tests/RegressionTests/spicelib_drives_hydron.py $(abspath $(HYDRON)))

## editor      lets an editor's client, pytest-lsp, talk to `hydron lsp`, where pip can install it
editor: build
	$(call python,editor,pytest-lsp,HYDRON=$(abspath $(HYDRON)) out/editor-venv/bin/python -m pytest -q -o asyncio_default_fixture_loop_scope=function -p no:cacheprovider Tests/Editor)

## browser     opens pages of `hydron report` in headless Chromium; pages and screenshots are left in out/browser
browser: build
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null \
	  || { echo "browser: skipped, Chromium is not installed (Debian: chromium)"; exit 0; }; \
	$(MAKE) --no-print-directory pages
.PHONY: pages
pages:
	$(call python,browser,plotly,VIRTUAL_ENV=$(abspath out/browser-venv) out/browser-venv/bin/python \
	  Tests/Browser/report_in_chromium.py $(HYDRON) out/browser)

## manual      the manual as a site, out/manual/site, built with no warnings; where pip can install mkdocs-material
manual: build
	$(call python,manual,mkdocs-material,out/manual-venv/bin/python docs/manual.py $(HYDRON) out/manual)

## completions  shell completions for bash, zsh and fish, under out/completions
completions: build
	@mkdir -p out/completions
	$(HYDRON) --generate-completion-script bash > out/completions/hydron.bash
	$(HYDRON) --generate-completion-script zsh > out/completions/_hydron
	$(HYDRON) --generate-completion-script fish > out/completions/hydron.fish

## man         manual pages of the command, under out/man
man: build
	python3 docs/man.py $(HYDRON) out/man

## install     copies the command to PREFIX/bin (default /usr/local)
PREFIX ?= /usr/local
install: build
	$(SUDO) install -D -m 755 $(HYDRON) $(PREFIX)/bin/hydron

## clean       removes what was built
clean:
	rm -rf .build out

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)
