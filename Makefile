# Each target does its own set-up; a second call does none of it again.

# The first interpreter that is new enough; PYTHON=... overrides. With none, tools/setup.py says what is needed.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; \
	done; echo python3)
BIN := .venv/bin
# How many end-to-end tests run side by side; most of their time they wait.
JOBS ?= 3
# Of `make chaos`: the attacks that a seed gives, and how many of each kind.
SEED ?= 1
KILLS ?= 60
INPUTS ?= 10000
FLIPS ?= 2000
LOCUSTFILES ?= 20
TOGETHER ?= 10
UV := .tools/uv/bin/uv
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.PHONY: backends bench bench-gate chaos check clean dashboards demo deployments docs faults help lock matrix mutants prometheus services setup test test-long

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## virtual environment and Prometheus, inside this clone
	@$(PYTHON) tools/setup.py

prometheus: ## Prometheus alone
	@$(PYTHON) tools/setup.py prometheus

services: setup ## PostgreSQL, MariaDB, Redis, Memcached, nginx, faketime, Alertmanager from the distribution, and the MariaDB driver
	@$(PYTHON) -m tools.services

backends: setup ## Prometheus 3.x, VictoriaMetrics, Thanos and Cortex, built with Go where PATH has none; 15 minutes
	@$(PYTHON) -m tools.backends

demo: setup ## load the reference target and verify what its metrics say
	$(BIN)/harness run

faults: services ## break the monitoring in every known way, and see which check notices; 20 minutes
	$(BIN)/harness faults

deployments: services ## runs against every shape of deployment: replicas, pairs, probes, remote write, backends; 40 minutes
	HARNESS_DEPLOYMENTS=all $(BIN)/pytest --basetemp=.pytest_tmp --numprocesses 1 tests/e2e/test_deployments.py

matrix: services ## verify every engine, cache and server; writes docs/matrix.md
	$(BIN)/python tools/matrix.py

dashboards: setup ## make the Grafana dashboards from tools/dashboards
	$(BIN)/python -m tools.dashboards

docs: setup ## write the tables of faults, codes and blind spots in docs/ anew
	$(BIN)/python -m tools.fault_table
	$(BIN)/python -m tools.code_table
	$(BIN)/python -m tools.blind_spot_table

test: setup ## all tests, the fast ones first
	$(BIN)/pytest --basetemp=.pytest_tmp --numprocesses 2 --dist worksteal tests/unit tests/docs tests/project tests/target_app tests/recorded tests/oracle tests/chaos
	cd witness && ../$(BIN)/pytest --basetemp=../.pytest_tmp -q -p no:cacheprovider
	$(BIN)/pytest --basetemp=.pytest_tmp -m "not quiet and not long" --numprocesses $(JOBS) --dist loadgroup tests/e2e
	$(BIN)/pytest --basetemp=.pytest_tmp -m quiet --numprocesses $(JOBS) --dist loadfile tests/e2e

test-long: services ## the end-to-end tests that `make test` leaves out, and every shape of deployment
	HARNESS_DEPLOYMENTS=all $(BIN)/pytest --basetemp=.pytest_tmp -m long --numprocesses $(JOBS) --dist loadgroup tests/e2e
	HARNESS_DEPLOYMENTS=all $(BIN)/pytest --basetemp=.pytest_tmp --numprocesses 1 tests/e2e/test_deployments.py

check: setup ## lint, format, types, import rules, dead code, documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/pytest --basetemp=.pytest_tmp -q tests/docs

mutants: setup ## change what judges, one place at a time, and see that a fast test notices; hours. MODULES="harness.promql" for some
	$(BIN)/python tools/mutants.py $(MODULES)

chaos: setup ## kill parts of real commands, feed them broken files and answers, flip bits; SEED, KILLS, INPUTS, FLIPS, ... say how much
	$(BIN)/python -m tests.chaos --seed $(SEED) --kills $(KILLS) --inputs $(INPUTS) --flips $(FLIPS) --locustfiles $(LOCUSTFILES) --together $(TOGETHER) --jobs $(JOBS) --keep .chaos

bench: setup ## measure the harness itself
	$(BIN)/python bench/run.py

bench-gate: setup ## measure the regression gate: false alarms and power
	$(BIN)/python bench/run.py gate-power gate-real

lock: setup ## resolve requirements.lock again; UPGRADE=--upgrade for the newest versions
	@test -x $(UV) || $(BIN)/python -m pip --no-cache-dir -q install --target .tools/uv uv==$(UV_VERSION)
	$(UV) --no-cache --no-config pip compile pyproject.toml --extra dev --extra target --python-version 3.11 \
		--universal --fork-strategy fewest --only-binary :all: --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' --quiet $(UPGRADE) --output-file requirements.lock
	{ sed -n '/^mysql = \[/,/^\]/s/^    "\(.*\)",.*/\1/p' pyproject.toml; echo setuptools; } | \
	$(UV) --no-cache --no-config pip compile - --no-deps --python-version 3.11 --universal --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make lock' --quiet $(UPGRADE) \
		--output-file requirements-mysql.lock

clean: ## remove what the other targets made: set-up, reports, caches
	rm -rf .venv .tools .chaos .hypothesis .import_linter_cache .mypy_cache mutants .pytest_cache .pytest_tmp .ruff_cache
	rm -rf build dist target_app/.state
	find reports -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
