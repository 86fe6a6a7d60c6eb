# The commands of the project; `make` alone lists them. People and CI run the same ones.
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
BENCHES ?= detect
INSTALL := sh tools/setup.sh
LOCKED := pyproject.toml requirements/run.txt requirements/uv.txt tools/setup.sh

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-slow lint fmt proto dashboards bench stack-build stack-up stack-status stack-down test-stack test-faults lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.run ## make .venv from the lock (Python 3.11 to 3.13 is all it needs)
	@:

setup-dev: $(VENV)/.dev ## the same with what tests, lint and benchmarks need
	@:

# A stamp is younger than what it was made from: when nothing changed, setup costs nothing.
$(VENV)/.run: $(LOCKED)
	@$(INSTALL) run
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(INSTALL) dev
	@touch $@

# exec: a signal to make reaches headworks itself, which stops everything that it started.
run: setup ## play the storm of 2023-04-18 with alarms and console (ARGS="--fresh" and others)
	@exec $(BIN)/headworks run $(ARGS)

# The long files first, so that no worker is left with one of them at the end.
test: setup-dev ## run the tests (ARGS="-k bridge" and others)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(wildcard tests/browser tests/local tests/unit) $(ARGS)

test-slow: setup-dev ## the journal over 10,000 generated deliveries, some minutes (ARGS="--scripts 1000 --seed 5")
	@$(BIN)/python -m pytest tests/slow $(ARGS)

# All five run, so that one refusal does not hide the next.
lint: setup-dev ## format, lint, types, rooms, generated code: change nothing, refuse what is wrong
	@status=0; \
	$(BIN)/ruff format --check . || status=1; \
	$(BIN)/ruff check . || status=1; \
	$(BIN)/mypy || status=1; \
	$(BIN)/lint-imports || status=1; \
	$(BIN)/python tools/proto.py --check || status=1; \
	exit $$status

fmt: setup-dev ## format, and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

proto: setup-dev ## make services/core/pb from proto/
	@$(BIN)/python tools/proto.py

dashboards: setup-dev ## make Grafana's dashboards in deploy/grafana (ARGS="--check" and others)
	@$(BIN)/python -m services.dashboards $(ARGS)

bench: setup-dev ## measure beside the peers (BENCHES="detect"), one JSON line each
	@for name in $(BENCHES); do $(BIN)/headworks bench $$name --json || exit 1; done

stack-build: setup-dev ## fetch and build Kafka and InfluxDB, once for this machine
	@$(BIN)/python -m deploy.native build $(ARGS)

stack-up: setup-dev ## start Kafka, InfluxDB and Mosquitto on the loopback (ARGS="--free-ports" and others)
	@$(BIN)/python -m deploy.native up $(ARGS)

stack-status: setup-dev ## say how each server is
	@$(BIN)/python -m deploy.native status $(ARGS)

stack-down: setup-dev ## stop them; their data stays
	@$(BIN)/python -m deploy.native down $(ARGS)

test-stack: setup-dev ## tests against real servers, with four faults (ARGS="-k contract" and others)
	@$(BIN)/python -m pytest tests/stack $(ARGS)

test-faults: setup-dev ## every fault under the whole night, and the table of them (build/faults.md)
	@$(BIN)/python -m pytest tests/stack/test_faults.py --all-faults --fault-table build/faults $(ARGS)

lock: setup ## write requirements/*.txt anew (ARGS="--upgrade" takes newer versions)
	@sh tools/lock.sh $(ARGS)

clean: ## remove .venv and caches; the data of runs stays
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find services tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
