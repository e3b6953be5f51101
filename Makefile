.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
PY := .venv/bin/python
EXTRAS := notion_extractor gestta_extractor transformer bi_refresher notifier panel console simulators
LOCK := .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header
ARGS ?=

.PHONY: help setup env demo demo-check stop console test test-many test-compose test-fast check lock packages bench-load bench-extract soak

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: ## .venv with everything, from the locks
	@$(PYTHON) -m local.venv

packages: setup ## RabbitMQ, PostgreSQL and Chromium from the distribution, where they are missing
	@$(PY) -m local.packages

env: ## .env and secret files with random passwords, never over existing ones
	@$(PYTHON) -m local.environment

demo: setup ## the whole system on this machine (DEMO=processes or DEMO=compose chooses how)
	@exec $(PY) -m local.demo

demo-check: setup ## assert what the running demo shows
	@$(PY) -m local.demo_check

stop: setup ## end the demo
	@$(PY) -m local.demo stop

console: setup ## the console on the running demo: make console ARGS="status"
	@$(PY) -m local.demo console $(ARGS)

test: test-many test-compose ## all tests on real parts

# Most tests wait, so several files at once. What ARGS choose may be none of them (pytest ends with 5).
test-many: packages
	$(PY) -m pytest --numprocesses 5 --dist loadfile -m "not compose" $(ARGS) $(if $(ARGS),|| [ $$? = 5 ])

# The images are built with all of the machine. In the order of the file: what a newcomer sees is asked of a system that
# nobody has stopped yet.
test-compose: packages
	$(PY) -m pytest -p no:randomly -m compose $(ARGS) $(if $(ARGS),|| [ $$? = 5 ])

test-fast: setup ## what needs no server
	$(PY) -m pytest -q -m "not integration and not e2e and not compose" tests/unit tests/contract $(ARGS)

check: setup ## lint, format, types, import rules, contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	PYTHONPATH=. .venv/bin/lint-imports
	$(PY) -m pytest -q -m "not integration and not e2e and not compose" tests/contract

bench-load: packages ## loads beside COPY, pandas and dlt: seconds and memory
	$(PY) -m bench.load

bench-extract: packages ## the extractors against bare loops and other readers: rows, requests, time, memory
	$(PY) -m bench.extract_gestta
	$(PY) -m bench.extract_notion
	$(PY) -m bench.compare_notion

soak: packages ## a day of 24 hours in seven minutes, with faults in a third of the blocks
	$(PY) -m bench.day $(ARGS)

lock: setup ## compile the locks from pyproject.toml
	$(foreach extra,$(EXTRAS),$(LOCK) --extra $(extra) -o requirements/$(extra).txt pyproject.toml$(newline))
	$(LOCK) --all-extras --group pyproject.toml:dev -o requirements/dev.txt pyproject.toml

define newline


endef
