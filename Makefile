# What there is to do with Hookreel. Each target installs what it needs and says what it did.

SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PYTHON_TOOLS := $(VENV)/.installed

.PHONY: help demo up test lint format setup build deploy rehearse

help: ## Shows this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## Installs the system packages that are missing (espeak-ng, ffmpeg, a C compiler, venv)
	@infra/setup.sh

demo: setup ## Runs a real job from submit to verified webhook and downloaded file
	cargo build --locked --package hookreel-local --package hookreel-studio --package hookreel-demo
	target/debug/hookreel-demo

up: setup ## Serves the whole system on this machine until Ctrl-C
	cargo build --locked --package hookreel-local
	target/debug/hookreel-local

test: setup ## Runs every test
	cargo build --locked --package hookreel-local --package hookreel-studio
	cargo test --locked --workspace

lint: $(PYTHON_TOOLS) ## Checks format, code, dependencies and the template
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	infra/cargo_tools.sh
	cargo deny --locked check bans licenses sources
	cargo machete
	$(VENV)/bin/cfn-lint template.yaml
	SAM_CLI_TELEMETRY=0 $(VENV)/bin/sam validate --lint
	$(VENV)/bin/python -m infra.check

format: ## Formats the code
	cargo fmt --all

$(PYTHON_TOOLS): requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	touch $@
