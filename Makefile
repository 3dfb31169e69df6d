# Everything a person or a CI does with this tree: make demo, make test, make oracle, make show, make clean.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Two at a time, file by file: more workers would each compile the solver for themselves.
PYTEST := $(BIN)/python -m pytest --quiet --numprocesses 2 --dist loadfile

.PHONY: demo test check test-interpreted test-compiled bounds coverage examples oracle show format clean

demo: .venv/installed
	$(BIN)/twin run site_configs/colossus1.yaml examples/training_day.yaml -o runs/demo --force

test: check test-interpreted test-compiled

check: .venv/installed-test
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Interpreted kernels stop at an index out of bounds by themselves.
test-interpreted: .venv/installed-test
	NUMBA_DISABLE_JIT=1 $(PYTEST) -m "not oracle and not long and not compiled"

# What has no kernel in it was tested interpreted just as well.
test-compiled: .venv/installed-test
	$(PYTEST) -m "(kernel or compiled) and not oracle and not long"

# Compiled lines are invisible to coverage, so it is taken with interpreted kernels; twice as slow.
coverage: .venv/installed-test
	NUMBA_DISABLE_JIT=1 $(PYTEST) -m "not oracle and not long and not compiled" --cov

# Bounds of what only compiled kernels can run.
bounds: .venv/installed-test
	NUMBA_BOUNDSCHECK=1 $(PYTEST) -m "kernel and compiled" tests/components tests/plant

# Every example asserts the figure in its title; make test runs one of each kind.
examples: .venv/installed-test
	$(PYTEST) -m long

# The frozen figures of the verification table once more, by the programs that gave them. Those want older packages.
oracle: .venv-oracle/installed
	.venv-oracle/bin/python -m pytest --quiet -m oracle

show: .venv/installed
	$(BIN)/python benchmarks/kernel.py
	$(BIN)/python benchmarks/show.py

format: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv-oracle .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist runs

.venv/bin/python .venv-oracle/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "datacenter-twin needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(@D:/bin=)

.venv/installed: pyproject.toml | .venv/bin/python
	$(PIP) --editable .
	@touch $@

.venv/installed-test: pyproject.toml | .venv/bin/python
	$(PIP) --editable '.[test]'
	@touch $@ .venv/installed

.venv-oracle/installed: pyproject.toml | .venv-oracle/bin/python
	.venv-oracle/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,oracle]'
	@touch $@
