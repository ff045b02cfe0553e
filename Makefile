# `make` lists the targets; each sets up what it needs.

SHELL       := /bin/bash
PYTHON      ?= python3
CONFIG      ?= config.example.yaml
SMOKE       ?=
PYTEST_ARGS ?=

VENV    := .venv
BIN     := $(VENV)/bin
AS_ROOT := $(if $(filter-out 0,$(shell id -u)),sudo)
# The program that makes the locks; nothing else uses it, so it stays out of them.
UV      := uv==0.13.9
COMPILE  = .lock-venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
           --generate-hashes --no-header --no-annotate $(LOCK_ARGS)

# A file of tests stays in one process: what its tests share is made once.
IN_PARALLEL := -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-system test-proofs lint format bench lock wheel clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv  ## Set up everything and run the daemon on the example incidents (CONFIG=FILE for others)
	@exec $(BIN)/escalatord run --config $(CONFIG)

test: .venv  ## Run the tests that need nothing but Python (PYTEST_ARGS=... is passed on)
	$(BIN)/python -m pytest -rs -m "not proof and not bench" $(IN_PARALLEL) $(PYTEST_ARGS)

test-system: .venv  ## Install the system packages that some tests need, and run those tests
	@missing=; \
	command -v systemd-analyze >/dev/null || missing="$$missing systemd"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	test -x /usr/sbin/mariadbd || missing="$$missing mariadb-server"; \
	if [ -n "$$missing" ]; then \
	  echo "installing Debian's packages:$$missing"; \
	  $(AS_ROOT) apt-get update -qq && \
	  $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	$(AS_ROOT) sh tests/helpdesks/real/install-rt.sh
	$(AS_ROOT) sh tests/helpdesks/real/install-redmine.sh
	$(AS_ROOT) sh tests/helpdesks/real/install-dovecot.sh
	ESCALATORD_SYSTEM_TESTS=1 $(BIN)/python -m pytest -rs -m "system and not proof and not bench" \
	  $(IN_PARALLEL) $(PYTEST_ARGS)

test-proofs: .venv  ## Run the long proofs: the oracle, kill -9, fuzzing
	$(BIN)/python -m pytest -rs -m proof $(IN_PARALLEL) $(PYTEST_ARGS)

lint: .venv  ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv  ## Put the code in its format, and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv  ## Measure against raw SQL (SMOKE=1: small, and only wrong answers fail)
	$(BIN)/python -m tests.bench $(if $(filter-out 0,$(SMOKE)),--smoke)

# The run-time lock is resolved within the development lock, so that the two agree.
lock: | .lock-venv  ## Resolve the dependencies anew (LOCK_ARGS=--upgrade to take newer versions)
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock
	$(COMPILE) pyproject.toml -c requirements-dev.lock -o requirements.lock

wheel: .venv  ## Build the wheel into dist/
	$(BIN)/python -m hatchling build --target wheel --directory dist

clean:  ## Remove what make and the tools made; stores and configuration stay
	rm -rf $(VENV) .lock-venv dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two stamps: the locked packages, and upon them the project itself, which fetches nothing.
.PHONY: .venv
.venv: $(VENV)/.project

$(VENV)/.packages: requirements-dev.lock
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "$(PYTHON) must be Python 3.11 or newer with venv" \
	    "(Debian: apt-get install python3-venv; or PYTHON=/path/to/python3)" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.project: $(VENV)/.packages pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index --no-build-isolation -e .
	@touch $@

.lock-venv:
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
