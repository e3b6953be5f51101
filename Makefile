.DEFAULT_GOAL := help
SHELL := bash
PY := .venv/bin/python
EXTRAS := notion_extractor gestta_extractor transformer bi_refresher notifier panel console simulators
