# Comanda's commands. `make help` lists them; nothing but Python 3.11 or newer, and make, is needed to begin.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
BIN    := .venv/bin
LOCKS  := infra/deploy
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq install

# PORT (8080) and DATA (./data) are handed on only where given.
UP_OPTIONS = $(if $(PORT),--port "$(PORT)") $(if $(DATA),--data "$(DATA)")

# Two makes at once on a fresh clone take turns at .venv, where the machine has flock: the folder itself is the lock.
TURN := $(if $(shell command -v flock),flock .)

# $(call install,WHAT,STAMPS): what the rule's lock names, with its hashes, and this project beside it.
define install
	@$(TURN) sh -ec 'if [ $@ -nt $< ] && [ $@ -nt pyproject.toml ]; then exit 0; fi; umask 022; \
		echo "comanda: installing $(1) into .venv, once (a minute or so) ..."; \
		$(PIP) --require-hashes -r $<; $(PIP) --no-build-isolation --no-deps -e .; touch $(2)'
endef

.DEFAULT_GOAL := help
.PHONY: help run test lint bench soak lock docs clean

help: ## List these commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

# Under a terminal the program gets a process group of its own (set -m): Ctrl-C then reaches it alone, make waits, and
# both end with exit code 0. Without one there is no Ctrl-C, and exec leaves no shell in between.
run: $(BIN)/.runtime ## Start Comanda on PORT (8080) with its data in DATA (./data); Ctrl-C stops it
	@if [ -t 0 ]; then set -m; $(BIN)/comanda up $(UP_OPTIONS); exit $$?; else exec $(BIN)/comanda up $(UP_OPTIONS); fi

test: $(BIN)/.dev ## Run every test, on real PostgreSQL and RabbitMQ
	@$(BIN)/python -m pytest $(TESTS)

lint: $(BIN)/.dev ## Check style, types, and which room imports which
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(BIN)/.bench ## Measure side by side with floors and peers; ends in one JSON line
	@$(BIN)/python -m tests.bench

soak: $(BIN)/.dev ## Kill and stop everything a thousand times while orders flow (about an hour)
	@$(BIN)/python -m tests.faults.soak

lock: $(BIN)/.dev ## Renew the three lock files, hashes and all, to the newest versions allowed
	@rm -f $(LOCKS)/*.lock
	@$(call compile,requirements.lock)
	@$(call compile,requirements-dev.lock,--extra test --constraint $(LOCKS)/requirements.lock)
	@$(call compile,requirements-bench.lock,--extra test --extra bench --constraint $(LOCKS)/requirements-dev.lock)

compile = UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile --quiet --generate-hashes --universal \
	--python-version 3.11 --no-emit-index-url pyproject.toml --extra build $(2) --output-file $(LOCKS)/$(1)

docs: $(BIN)/.runtime ## Renew the pages that are made from the program (docs/errors.md)
	@$(BIN)/python -m api.errors_page > docs/errors.md

clean: ## Remove .venv and every cache; the data folder stays
	@rm -rf .venv build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "comanda: needs Python 3.11 or newer: install it, or name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "comanda: this Python has no venv: apt-get install python3-venv (or your system's like), then again" >&2; exit 2; }
	@$(TURN) sh -ec '[ -x $@ ] || { umask 022; $(PYTHON) -m venv .venv; }'

$(BIN)/.runtime: $(LOCKS)/requirements.lock pyproject.toml | $(BIN)/python
	$(call install,what it runs on,$@)

$(BIN)/.dev: $(LOCKS)/requirements-dev.lock pyproject.toml | $(BIN)/python
	$(call install,what it is tested with,$(BIN)/.runtime $@)

$(BIN)/.bench: $(LOCKS)/requirements-bench.lock pyproject.toml | $(BIN)/python
	$(call install,what it is measured with,$(BIN)/.runtime $(BIN)/.dev $@)
