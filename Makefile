# Each target does its own set-up; a second call does none of it again.

# The first interpreter that is new enough; PYTHON=... overrides. With none, tools/setup.py says what is needed.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; \
	done; echo python3)
BIN := .venv/bin
# How many end-to-end tests run side by side; most of their time they wait.
JOBS ?= 3
# Of `make chaos`: the attacks that a seed gives, and how many of each kind.
SEED ?= 1
KILLS ?= 60
SHARE ?= 1
INPUTS ?= 10000
FLIPS ?= 2000
LOCUSTFILES ?= 20
TOGETHER ?= 10
# What needs no server but those that a test starts for itself.
FAST := tests/unit tests/docs tests/project tests/target_app tests/recorded tests/oracle tests/chaos
UV := .tools/uv/bin/uv
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.PHONY: audit backends bench bench-gate chaos check clean compose-test dashboards demo deployments docs docs-site faults help lock matrix matrix-versions mutants pictures prometheus services setup test test-long

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 24

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

compose-test: setup ## build the image and run the whole Compose file, with Docker or podman; STAND_INS=1 where no registry is
	$(BIN)/python -m tools.compose_test $(if $(STAND_INS),--stand-ins)

matrix: services ## verify every engine, cache and server; writes docs/matrix.md
	$(BIN)/python tools/matrix.py

matrix-versions: services $(UV) ## verify each release of Django and django-prometheus; writes docs/matrix-versions.md
	$(BIN)/python tools/matrix_versions.py

$(UV): setup
	@test -x $(UV) || $(BIN)/python -m pip --no-cache-dir -q install --target .tools/uv uv==$(UV_VERSION)

dashboards: setup ## make the Grafana dashboards from tools/dashboards
	$(BIN)/python -m tools.dashboards

docs: setup ## write the tables of checks, faults, codes and blind spots, and the page of commands, in docs/ anew
	$(BIN)/python -m tools.check_table
	$(BIN)/python -m tools.fault_table
	$(BIN)/python -m tools.code_table
	$(BIN)/python -m tools.blind_spot_table
	$(BIN)/python -m tools.command_page

pictures: setup ## the pictures of reports in docs/, from runs made now; needs Chromium
	$(BIN)/python -m tools.pictures

docs-site: setup ## the documentation as a site, in site/; python3 -m http.server --directory site shows it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir site

test: setup ## all tests, the fast ones first
	$(BIN)/pytest --basetemp=.pytest_tmp -m "not long" --numprocesses 2 --dist worksteal $(FAST)
	cd witness && ../$(BIN)/pytest --basetemp=../.pytest_tmp -q -p no:cacheprovider
	$(BIN)/pytest --basetemp=.pytest_tmp -m "not quiet and not long" --numprocesses $(JOBS) --dist loadgroup tests/e2e
	$(BIN)/pytest --basetemp=.pytest_tmp -m "quiet and not long" --numprocesses $(JOBS) --dist loadfile tests/e2e

test-long: services ## the tests that `make test` leaves out, and every shape of deployment
	$(BIN)/pytest --basetemp=.pytest_tmp -m long --numprocesses 2 --dist worksteal $(FAST)
	HARNESS_DEPLOYMENTS=all $(BIN)/pytest --basetemp=.pytest_tmp -m long --numprocesses $(JOBS) --dist loadgroup tests/e2e
	HARNESS_DEPLOYMENTS=all $(BIN)/pytest --basetemp=.pytest_tmp --numprocesses 1 tests/e2e/test_deployments.py

check: setup ## lint, format, types, import rules, dead code, documentation and its site, known vulnerabilities
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/pytest --basetemp=.pytest_tmp -q tests/docs
	$(PYTHON) -m tools.audit --where-possible

audit: setup ## look up known vulnerabilities of the pinned packages; needs the network
	@$(PYTHON) -m tools.audit

mutants: setup ## change what judges, one place at a time, and see that a fast test notices; hours. MODULES="harness.promql" for some, SHARE=0.1 for one in ten
	$(BIN)/python tools/mutants.py --share $(SHARE) --seed $(SEED) $(MODULES)

chaos: setup ## kill parts of real commands, feed them broken files and answers, flip bits; SEED, KILLS, INPUTS, FLIPS, ... say how much
	$(BIN)/python -m tests.chaos --seed $(SEED) --kills $(KILLS) --inputs $(INPUTS) --flips $(FLIPS) --locustfiles $(LOCUSTFILES) --together $(TOGETHER) --jobs $(JOBS) --keep .chaos

bench: setup ## measure the harness itself
	$(BIN)/python bench/run.py

bench-gate: setup ## measure the regression gate: false alarms and power
	$(BIN)/python bench/run.py gate-power gate-real

lock: $(UV) ## resolve requirements.lock again; UPGRADE=--upgrade for the newest versions
	$(UV) --no-cache --no-config pip compile pyproject.toml --extra dev --extra run --extra target --python-version 3.11 \
		--universal --fork-strategy fewest --only-binary :all: --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' --quiet $(UPGRADE) --output-file requirements.lock
	{ sed -n '/^mysql = \[/,/^\]/s/^    "\(.*\)",.*/\1/p' pyproject.toml; echo setuptools; } | \
	$(UV) --no-cache --no-config pip compile - --no-deps --python-version 3.11 --universal --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make lock' --quiet $(UPGRADE) \
		--output-file requirements-mysql.lock
	echo pip-audit | \
	$(UV) --no-cache --no-config pip compile - --python-version 3.11 --universal --fork-strategy fewest \
		--only-binary :all: --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' --quiet \
		$(UPGRADE) --output-file requirements-audit.lock

clean: ## remove what the other targets made: set-up, reports, caches
	rm -rf .venv .tools .chaos .hypothesis .import_linter_cache .mypy_cache mutants .pytest_cache .pytest_tmp .ruff_cache
	rm -rf build dist site target_app/.state
	find reports -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
