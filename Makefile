# Works with GNU make 3.81, which macOS has. Nothing here is a file target: tools/install finds out
# by itself whether the environment is up to date, and a path may contain spaces.

VENV ?= .venv
PYTHON ?= python3
# What follows the command, as in: make lab ARGS=--no-browser
ARGS ?=

export PYTHON

.PHONY: help lab test lint bench conformance fidelity reality exercises clean

help:
	@echo 'make lab        open the course in JupyterLab, on the bundled broker'
	@echo 'make test       run every check that can run on this machine'
	@echo 'make lint       only ruff and mypy'
	@echo 'make bench      run the benchmarks'
	@echo 'make conformance  run other projects'\'' own tests against the bundled brokers'
	@echo 'make fidelity   compare the simulator, the bundled brokers and real ones'
	@echo 'make reality    kill wheats and chaffs for real, on real brokers if there are any'
	@echo 'make exercises  write exercises/ anew from solutions/'
	@echo 'make clean      remove the environment and all that tools left behind'
	@echo
	@echo 'Each builds the environment it needs, in VENV=$(VENV) with PYTHON=$(PYTHON).'
	@echo 'ARGS go on to lab, bench, reality and test, as in: make lab ARGS=--no-browser'

lab:
	@tools/install "$(VENV)" lab
	"$(VENV)/bin/ackademy" lab $(ARGS)

test:
	@tools/install "$(VENV)" dev
	@tools/test "$(VENV)" all $(ARGS)

lint:
	@tools/install "$(VENV)" dev
	@tools/test "$(VENV)" lint

bench:
	@tools/install "$(VENV)" dev
	"$(VENV)/bin/python" -m bench $(ARGS)

conformance:
	@tools/install "$(VENV)" dev
	"$(VENV)/bin/python" -m tests.conformance

fidelity:
	@tools/install "$(VENV)" dev
	"$(VENV)/bin/python" -m tests.fidelity $(ARGS)

reality:
	@tools/install "$(VENV)" dev
	PYTHONHASHSEED=0 "$(VENV)/bin/python" -m ackademy.reality $(ARGS)

exercises:
	@tools/install "$(VENV)" dev
	"$(VENV)/bin/ackademy" dev exercises $(ARGS)

# Only an environment is removed, never another directory that VENV may name.
clean:
	@if [ -f "$(VENV)/pyvenv.cfg" ]; then rm -rf "$(VENV)"; fi
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
