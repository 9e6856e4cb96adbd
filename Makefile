# `make demo` and `make test` need Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= out
N ?= 2000

.PHONY: demo test bench clean

demo: $(VENV)/.installed  ## run the demonstration articles: table, matrix, shifts, picture
	mkdir -p $(OUT)
	$(BIN)/stance run seeds/articles --out $(OUT)/positions.csv
	$(BIN)/stance matrix $(OUT)/positions.csv --out $(OUT)/matrix.csv --plot $(OUT)/matrix.png
	$(BIN)/stance shifts $(OUT)/positions.csv --out $(OUT)/shifts.csv
	@echo "written: $(OUT)/positions.csv $(OUT)/matrix.csv $(OUT)/matrix.png $(OUT)/shifts.csv"

test: $(VENV)/.tests-installed  ## everything that must hold before a change is kept
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

bench: $(VENV)/.tests-installed  ## a run's speed and memory; hours at 2,000 articles, so: make bench N=100
	$(BIN)/python tests/benchmarks/bench_run.py --speed $(N) --out $(OUT)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# The exact torch: a plain "torch" brings gigabytes of GPU libraries.
$(VENV)/.tests-installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train,postgres,dev]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) $(OUT) .mypy_cache .ruff_cache .hypothesis
