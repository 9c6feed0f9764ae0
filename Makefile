# fairpulse: everything runs in .venv; the first target that needs it makes it, with uv if available, else with pip.
# `make` alone lists the targets.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test chaos check format bench load people hostile clients producers generators generate lock secrets clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml .requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
	  set -e; [ -x $(BIN)/python ] || uv venv --quiet --python "$(PYTHON)" .venv; \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r .requirements-dev.lock; \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
	  set -e; [ -x $(BIN)/pip ] || $(PYTHON) -m venv .venv \
	    || { echo "error: this Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }; \
	  echo "installing into .venv (about a minute, once)" >&2; \
	  $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .requirements-dev.lock; \
	  $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
	@touch $(READY)

demo: $(READY) ## a simulated fair, live, that survives kill -9; DEMO_SECONDS=60 ends by itself and proves every number
	@$(BIN)/fairpulse demo $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

# pytest ends with 5 when it has selected no test; then the other half tells.
test: $(READY) ## run all tests, two files at a time, then those that need the machine alone; they start the Kafka they need
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not alone" $(PYTEST_ARGS); many=$$?; \
	  $(BIN)/python -m pytest -m alone $(PYTEST_ARGS); alone=$$?; \
	  [ $$alone != 5 ] || exit $$many; [ $$many = 5 ] || [ $$many = 0 ] || exit $$many; exit $$alone

chaos: $(READY) ## break things under load and compare every KPI; RUNS=300 SEED=1; FAULT=name RUN=number repeats one run
	@$(BIN)/python -m tests.campaign.chaos $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(FAULT),--fault $(FAULT)) $(if $(RUN),--run $(RUN)) $(if $(LANES),--lanes $(LANES)) $(if $(BUG),--bug $(BUG))

check: $(READY) ## ruff, mypy --strict, import contracts, generated files
	@$(BIN)/ruff check . || { echo "error: for order and layout, run: make format" >&2; exit 1; }
	@$(BIN)/ruff format --check . || { echo "error: run: make format" >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m dashboards --check
	@$(BIN)/python tests/recordings/make.py --check
	@$(BIN)/python -m tests.kpis.digests --check
	@$(BIN)/python -m tests.truth.table --check

format: $(READY) ## lay out the Python code and sort its imports
	@$(BIN)/ruff check --quiet --select I --fix .
	@$(BIN)/ruff format --quiet .

bench: $(READY) ## throughput beside stock Faust, Quix Streams and a bare loop, on one core; QUICK=1 for a short one, WRITE=1 keeps the figures
	@$(BIN)/python tests/bench/run.py $(if $(QUICK),--quick) $(if $(WRITE),--write)

load: $(READY) ## load on a gateway of its own, loopback only; LOAD_ARGS="--overload 60" adds a flood, WRITE=1 keeps the figures
	@$(BIN)/python tests/bench/load.py $(LOAD_ARGS) $(if $(WRITE),--write)

people: $(READY) ## a register of badges at full size: imports, gateway, worker, recount; PEOPLE=5000 is a quick try, WRITE=1 keeps the figures
	@$(BIN)/python tests/bench/people.py $(if $(PEOPLE),--people $(PEOPLE)) $(if $(WRITE),--write)

clients: $(READY) ## post to a gateway with SDKs and usual programs, straight and through nginx; CLIENTS="go curl" tries these, WRITE=1 keeps the table
	@$(BIN)/python tests/clients/run.py $(if $(CLIENTS),--only $(CLIENTS)) $(if $(WRITE),--write)

producers: $(READY) ## programs of others write to Kafka in every codec and in transactions; PRODUCERS="console aiokafka" tries these, WRITE=1 keeps the table
	@$(BIN)/python tests/clients/producers_table.py $(if $(PRODUCERS),--only $(PRODUCERS)) $(if $(WRITE),--write)

hostile: $(READY) ## what other terminals notice of a hostile client, attack by attack; LOAD_ARGS="--only churn" runs one
	@$(BIN)/python tests/bench/hostile.py $(LOAD_ARGS)

generators: $(READY) ## five code generators make clients of the OpenAPI document, and each posts a scan; GENERATORS="Java Go" tries these
	@$(BIN)/python tests/clients/generators.py $(GENERATORS)

generate: $(READY) ## write the files that come from the KPI catalogue, its cases and the recordings
	@$(BIN)/python -m dashboards
	@$(BIN)/python tests/recordings/make.py --expected
	@$(BIN)/python -m tests.kpis.digests
	@$(BIN)/python -m tests.truth.table

lock: ## pin all dependencies of the image and of .venv, with hashes (needs uv)
	@command -v uv >/dev/null 2>&1 || { echo "error: uv is needed to write the lock; pip install uv" >&2; exit 1; }
	@set -e; lock() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --custom-compile-command "make lock" pyproject.toml "$$@"; }; \
	lock --extra local --extra dev --output-file .requirements-dev.lock; \
	lock --extra image --constraint .requirements-dev.lock --output-file requirements.lock

secrets: ## make the missing passwords for docker-compose.sasl.yml, in .fairpulse/kafka
	@set -e; mkdir -p .fairpulse/kafka; chmod 0700 .fairpulse/kafka; umask 022; \
	for file in $$(sed -n 's/.*{file: \(\.fairpulse\/kafka\/.*\)}/\1/p' docker-compose.sasl.yml); do \
	  [ -s "$$file" ] || openssl rand -hex 24 | tr -d '\n' > "$$file"; \
	done

clean: ## remove .venv and all caches
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
