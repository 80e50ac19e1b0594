# The words of this file are the README's words. Everything runs in the environment .venv, made by
# `make setup` from requirements.lock; nothing outside this folder and the user's cache is changed.
PYTHON ?= $(shell command -v python3.11 || echo python3)
ARGS ?=
JSON ?=
SEED ?= 1
DURATION ?= 60
JOBS ?= 3

BIN := .venv/bin
READY := .venv/ready
FIGURES := $(if $(JSON),--json $(JSON))

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench chaos up down status docs lock clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(READY) ## make the environment .venv

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed: name it with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

demo: $(READY) ## a year of real orders through everything (ARGS="--orders 2000 --exit" JSON=file)
	$(BIN)/memberstream demo $(ARGS) $(FIGURES)

test: $(READY) ## every test, on the real parts, in three processes (JOBS=0: in one)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(READY) ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) ## the engine beside its peers; the main job (JSON=file)
	$(BIN)/python -m benchmarks.run $(ARGS) $(FIGURES)

chaos: $(READY) ## kill and stop workers and sinks at random (SEED=1 DURATION=60 JSON=file)
	$(BIN)/python -m benchmarks.chaos --seed $(SEED) --duration $(DURATION) $(ARGS) $(FIGURES)

up: $(READY) ## start platform, workers, sinks and clock; the shell comes back
	$(BIN)/memberstream up $(ARGS)

down: $(READY) ## stop them
	$(BIN)/memberstream down $(ARGS)

status: $(READY) ## processes, lag, ledger sum, dead letters
	$(BIN)/memberstream status $(ARGS)

docs: $(READY) ## write again what is generated: schemas, and the tables of docs/
	$(BIN)/python -m schemas.export --release tests/golden
	$(BIN)/python -m conformance.cases
	$(BIN)/python -m sinks.postgres.document
	$(BIN)/python -m sinks.redis_sink.keyspace
	$(BIN)/memberstream settings > docs/settings.md
	$(BIN)/memberstream risk features > docs/features.md

lock: $(READY) ## resolve the dependencies anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --python-version 3.11 --upgrade \
		--no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock

clean: ## remove the environment and what was measured, not the data of `up`
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
