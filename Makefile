# README's two commands are `make run` and `make test`; `make help` lists the rest.
PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
BIN    := $(VENV)/bin
SOURCES := pyproject.toml setup.py coreenv/_mars.pyx coreenv/_kernel.h

.PHONY: run test test-full soak fuzz bench lint help check

run: $(VENV)/.installed ## search with four nodes, about two minutes; ends with a table and a report
	$(BIN)/dei run configs/quick.toml $(ARGS)

test: $(VENV)/.installed-dev ## the tests that need nothing heavy
	$(BIN)/pytest $(ARGS)

test-full: $(VENV)/.installed-full ## the long tests and the heavy parts
	$(BIN)/pytest --tier full $(ARGS)

soak: $(VENV)/.installed-full ## the longest tests
	$(BIN)/pytest --tier soak $(ARGS)

fuzz: $(VENV)/.installed-dev ## random battles, kernel against reference interpreter
	$(BIN)/pytest --tier fuzz $(ARGS)

bench: $(VENV)/.installed-dev ## speeds: the gate against regressions, and BENCHMARKS.md
	$(BIN)/pytest --benchmark $(ARGS)
	$(BIN)/python -m tests.benchmarks.compare

lint: $(VENV)/.installed-dev ## ruff, mypy --strict, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

$(VENV)/.installed: $(SOURCES) | check
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# Extras of pyproject.toml, without building the package once more.
extras = $(BIN)/python -c 'import sys, tomllib; \
  project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
  extras = project["optional-dependencies"]; \
  print(*(line for name in sys.argv[1:] for line in extras[name]), sep="\n")' $(1) \
  | $(BIN)/python -m pip install --quiet --disable-pip-version-check -r /dev/stdin

$(VENV)/.installed-dev: $(VENV)/.installed
	$(call extras,dev board metrics)
	@touch $@

# A torch that is there will do. Asked for no version, pip takes the newest, gigabytes of CUDA.
$(VENV)/.installed-full: $(VENV)/.installed-dev
	$(BIN)/python -c 'import torch' 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(call extras,rl ray full)
	@touch $@

check:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) must be Python 3.11 or newer; name another with PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  && $(PYTHON) -c 'import os, sysconfig as s; open(os.path.join(s.get_path("include"), "Python.h"))' 2>/dev/null \
	  && command -v gcc >/dev/null || { \
	  echo "make: venv, Python.h or gcc is missing; get them with:"; \
	  echo "  sudo apt-get install python3-venv python3-dev gcc make"; exit 2; }
