# The whole project from one place. `make` alone lists what there is.
# Nothing is done twice: each step leaves a stamp and is repeated only when what it was made from changes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv/bin
PIP  := $(VENV)/pip --disable-pip-version-check --quiet

RUN_STAMP    := .venv/.installed-to-run
TEST_STAMP   := .venv/.installed-to-test
# Each process has its own servers; the files with the longest tests come first.
PARALLEL     := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
AUDIT        := var/cache/audit/bin
AUDIT_STAMP  := var/cache/audit/.installed
VENDOR_STAMP := hub/static/vendor/.copied

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' Makefile | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

.PHONY: demo
demo: $(RUN_STAMP) $(VENDOR_STAMP) ## Run the Hub, its servers and a small LMS on this machine until Ctrl-C
	@exec $(VENV)/hub demo

.PHONY: demo-reset
demo-reset: $(RUN_STAMP) ## Remove the demo's data, so that the next `make demo` begins again
	@$(VENV)/hub demo reset

.PHONY: test
test: $(TEST_STAMP) $(VENDOR_STAMP) ## Run all tests
	@mkdir -p var/cache
	@tools/test_programs.sh
	@$(VENV)/python -m pytest -rs $(PARALLEL) $(ARGS)

.PHONY: lint
lint: $(TEST_STAMP) ## Check style, types and the walls between areas
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports --no-cache

.PHONY: format
format: $(TEST_STAMP) ## Format the code
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

.PHONY: screenshots
screenshots: $(TEST_STAMP) $(VENDOR_STAMP) ## Take the pictures in docs/images again
	@$(VENV)/python -m tools.screenshots

.PHONY: install
install: $(TEST_STAMP) $(VENDOR_STAMP) ## Make the environment for development and start nothing

.PHONY: lock
lock: $(TEST_STAMP) ## Pin the newest versions that setup.cfg allows, with their hashes
	@tools/lock.sh

.PHONY: audit
audit: $(AUDIT_STAMP) ## Look for known vulnerabilities in the pinned dependencies (pip-audit, npm audit), and list these
	@$(MAKE) --no-print-directory sbom || echo "The bills of materials are not complete."
	@$(AUDIT)/python tools/audit.py $(AUDIT)/pip-audit

.PHONY: sbom
sbom: $(AUDIT_STAMP) ## Write the bills of materials to build/ (CycloneDX)
	@mkdir -p build
	@failed=0; \
	$(AUDIT)/cyclonedx-py requirements requirements/base.txt --output-reproducible -o build/sbom-python.json || failed=1; \
	npm sbom --omit=dev --sbom-format cyclonedx > build/sbom-javascript.json || failed=1; \
	ls build/sbom-*.json; exit $$failed

.PHONY: clean
clean: ## Remove all that was made, the demo's data included
	rm -rf .venv node_modules hub/static/vendor var build dist *.egg-info

# The environment

.venv/bin/python:
	@tools/venv.sh

$(RUN_STAMP): requirements/run.txt setup.cfg pyproject.toml | .venv/bin/python
	@echo "Installing the pinned dependencies."
	@$(PIP) install --require-hashes --requirement requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST_STAMP): requirements/test.txt setup.cfg pyproject.toml | .venv/bin/python
	@echo "Installing the pinned dependencies and those of the tests."
	@$(PIP) install --require-hashes --requirement requirements/test.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(RUN_STAMP)

# Programs that look at what is installed are not installed beside it.
$(AUDIT_STAMP): requirements/audit.in | .venv/bin/python
	@$(VENV)/python -m venv var/cache/audit
	@$(AUDIT)/pip --disable-pip-version-check --quiet install --requirement requirements/audit.in
	@touch $@

$(VENDOR_STAMP): package.json package-lock.json tools/vendor.py tools/javascript.sh | $(RUN_STAMP)
	@echo "Fetching the player's JavaScript."
	@tools/javascript.sh
	@touch $@
