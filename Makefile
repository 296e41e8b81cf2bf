# Everything starts here. `make` alone lists the targets.
# On a fresh machine only `python3` (to get uv) and Python 3.13 (to run) are needed; Node comes from PyPI when absent.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV := .tools/uv/bin/uv
PY := .venv/bin/python
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder
COVERAGE := $(UV) run --quiet --frozen --no-sync --with coverage==7.11.0 python -m coverage
export UV_PYTHON_DOWNLOADS := never
# Hundreds of processes import what lies in this folder; where this is set, each would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo models package coverage test up check format soak bench clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: setup ## Raw data to released models on this machine, with everything that it needs (KEEP=1 leaves it running)
	@$(PY) -m local.demo $(DEMO)

models: setup ## The example's pipelines end to end on sample data, with no service (EPOCHS=40 is a quick look)
	@$(PY) -W ignore -m examples.flights.validate --epochs $(or $(EPOCHS),300)

coverage: setup ## Lines of the app that the unit tests run, as coverage.xml; too few is a failure
	@COVERAGE_CORE=sysmon $(COVERAGE) run --source=functions,shared -m pytest tests/shared tests/functions -m "not stack" -q
	@$(COVERAGE) xml --quiet
	@$(COVERAGE) report --format=total --fail-under=85

package: setup ## What goes to Azure, as dist/signalbox.zip
	@$(PY) -m infra.pipelines.package

test: setup ## All tests but the long ones of `make soak`
	@$(PY) -m pytest -m "not soak and not infra" $(SIDE_BY_SIDE)

up: setup ## The local stack, until Ctrl-C
	@$(PY) -m local.stack up

check: setup .tools/infra-checks ## Format, lint and types; infra/ against Azure's schemas, roles, limits and security
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/mypy --no-namespace-packages examples/flights/steps/*.py
	@$(PY) -m tests.cli.drafted_types
	@$(UV) lock --check --quiet
	@$(PY) -m infra.checks
	@$(PY) -m infra.workbook check
	@$(PY) -m pytest -q -m infra tests/infra

format: setup ## Rewrite the code in its format
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

soak: setup ## The long tests: kill -9, whole sessions, the commands of docs/ (SOAK_LIFECYCLES=500; SOAK_SEED=... repeats a run)
	@$(PY) -m pytest -m soak --timeout 2000 $(SIDE_BY_SIDE)

bench: setup ## All benchmarks, into benchmarks/results.md
	@$(PY) -m benchmarks

clean: ## Remove what was installed and every local state
	rm -rf .tools .venv .signalbox

setup: .venv/ready .tools/azurite/ready ## Install everything into this folder

$(UV):
	@echo "Installing uv into .tools/uv"
	@python3 -m venv .tools/uv || { echo "python3 cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }
	@.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.8

.venv/ready: $(UV) pyproject.toml uv.lock
	@python=$$(bash local/find_python.sh) && $(UV) sync --quiet --frozen --python "$$python"
	@touch $@

# Azure's resource schemas, checkov, and what reads KQL, 430 MB: for `make check` alone.
.tools/infra-checks: .venv/ready $(wildcard infra/checks/schema_book/package-lock.json infra/checks/checkov_packages.txt \
  infra/workbook/*/package-lock.json infra/workbook/package-lock.json infra/workbook/engine/requirements.txt)
	@$(PY) -m infra.checks install
	@$(PY) -m infra.workbook install
	@touch $@

.tools/azurite/ready: .venv/ready local/services/azurite/package-lock.json
	@$(PY) -m local.services.azurite install
	@touch $@
