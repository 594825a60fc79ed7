# Needs Python 3.11 or newer (with venv), make and git. Another Python: make PYTHON=python3.13 ...
# make assets builds the programs for tests on a real API server, and needs Go.

PYTHON ?= python3
# Stacks to plan; empty: all of them.
STACKS ?=
PYTEST_FLAGS ?=
# The tag to release, if any: make release-check TAG=v1.2.3
TAG ?=
BENCH_FLAGS ?=
# make requirements UV_FLAGS=--upgrade moves every pin to the newest version.
UV_FLAGS ?=

VENV := .venv
TOOLS := .venv-tools
RELEASE := .venv-release
SITE := .venv-site
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
PIP := $(RUN) pip install --quiet --no-compile --no-deps

# The tests start Python many times. Where bytecode is not written, each time compiles all that it imports.
COMPILED := env -u PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX="$(CURDIR)/$(VENV)/bytecode"

# Stamp files: which requirements the environment has.
RUNTIME := $(VENV)/.runtime
TESTS := $(VENV)/.tests

SCHEMA := paletteai_components/schema/stack.json

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := plan
.PHONY: plan test assets check fmt schema docs site record repository requirements release-check bench clean
.DELETE_ON_ERROR:

plan: $(RUNTIME)
	@$(BIN)/paletteai plan $(STACKS)

test: $(TESTS)
	@$(COMPILED) $(RUN) pytest --numprocesses auto --no-loadscope-reorder --cov --cov-report=term $(PYTEST_FLAGS)

assets:
	@folder=$$(bash tests/support/cluster/assets.sh) && \
	  echo "Built the test control plane in $$folder" && \
	  echo "make test finds it there. For other tools: export KUBEBUILDER_ASSETS='$$folder'"

check: $(TESTS)
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(BIN)/lint-imports --no-cache --no-logo

fmt: $(TESTS)
	@$(RUN) ruff check --quiet --fix-only .
	@$(RUN) ruff format .

schema: $(RUNTIME)
	@mkdir -p $(dir $(SCHEMA))
	@new=$(SCHEMA).new.$$$$; \
	if $(BIN)/paletteai schema > $$new; then mv -f $$new $(SCHEMA); else rm -f $$new; exit 1; fi
	@$(RUN) paletteai_components.cli.schema $(dir $(SCHEMA))
	@echo "Wrote $(SCHEMA), and beside it the schemas of what commands print"

# The pins of one package must agree, so the first file constrains the second.
COMPILE = $(TOOLS)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
	$(UV_FLAGS)
PINS = $(COMPILE) pyproject.toml --extra build

docs: $(RUNTIME)
	@$(RUN) paletteai_components.rules docs/rules
	@$(BIN)/python .ci/json_page.py
	@$(BIN)/python .ci/help_page.py

# A link that leads nowhere, or a page that is in no menu, is an error.
site: $(SITE)/.installed
	@DISABLE_MKDOCS_2_WARNING=true NO_MKDOCS_2_WARNING=1 $(SITE)/bin/python -m mkdocs build --clean --strict
	@echo "Built build/site/index.html"

# What the Pulumi CLI on PATH makes of the layouts that the tests know.
record: $(TESTS)
	@PYTHONPATH=tests $(RUN) support.layouts

# What `paletteai init` writes is the source of the files at the top that every such repository has.
repository: $(RUNTIME)
	@$(BIN)/python .ci/repository.py

requirements: $(TOOLS)/.installed
	@$(PINS) --output-file requirements.txt
	@$(PINS) --extra policy --extra test --constraint requirements.txt --override tests/overrides.txt \
	  --output-file tests/requirements.txt
	@cp requirements.txt policy/requirements.txt  # The versions to prefer: protobuf cannot be the same.
	@$(COMPILE) pyproject.toml --extra policy --output-file policy/requirements.txt
	@$(COMPILE) --group release --output-file .ci/requirements.txt
	@$(COMPILE) --group site --output-file docs/requirements.txt
	@echo "Wrote requirements.txt, and those in tests, policy, .ci and docs"
	@$(MAKE) --no-print-directory repository

# Everything that a release does before it signs and publishes. The result is in dist.
release-check: $(RELEASE)/.installed
	@rm -rf dist
	@$(RELEASE)/bin/python .ci/release.py build dist $${TAG:+"$$TAG"}

bench: $(TESTS)
	@$(BIN)/python tests/benchmark.py $(BENCH_FLAGS)

clean:
	rm -rf $(VENV) $(TOOLS) $(RELEASE) $(SITE) .coverage .coverage.* htmlcov build dist
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find paletteai_components tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.txt pyproject.toml
	@echo "Setting up $(VENV) (once)..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: $(PYTHON) is not Python 3.11 or newer. Name another: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "error: $(PYTHON) has no venv module. Install it; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  $(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --require-hashes --requirement requirements.txt
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(TESTS): tests/requirements.txt $(RUNTIME)
	@echo "Setting up $(VENV) for tests (once)..."
	@$(PIP) --require-hashes --requirement tests/requirements.txt
	@touch $@

$(TOOLS)/.installed:
	@echo "Setting up $(TOOLS) (once)..."
	@$(PYTHON) -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet 'uv>=0.9,<1'
	@touch $@

$(RELEASE)/.installed: .ci/requirements.txt
	@echo "Setting up $(RELEASE) (once)..."
	@$(PYTHON) -m venv --clear $(RELEASE)
	@$(RELEASE)/bin/python -m pip install --quiet --no-compile --no-deps --require-hashes --requirement $<
	@touch $@

$(SITE)/.installed: docs/requirements.txt
	@echo "Setting up $(SITE) (once)..."
	@$(PYTHON) -m venv --clear $(SITE)
	@$(SITE)/bin/python -m pip install --quiet --no-compile --no-deps --require-hashes --requirement $<
	@touch $@
