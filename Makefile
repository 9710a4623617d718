# The commands of Hookreel. Each target installs what it needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PYTHON_TOOLS := $(VENV)/.installed
EMULATOR := $(VENV)/emulator/.installed
SCHEMATHESIS := $(VENV)/contract/.installed
MACHINE := $(shell uname -m)
# What Lambda calls this machine's processor.
ARCHITECTURE := $(if $(filter aarch64,$(MACHINE)),arm64,$(MACHINE))
HOST_PROGRAMS := target/package/$(ARCHITECTURE)
WITH_TOOLS := PATH="$(abspath $(VENV))/bin:$$PATH" SAM_CLI_TELEMETRY=0

.PHONY: help demo up check test lint format setup bench cost build host-programs deploy rehearse invoke contract openapi

help: ## Shows this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## Installs missing system packages (espeak-ng, ffmpeg, a C compiler, venv)
	@infra/setup.sh

demo: setup ## Runs a job from submission to verified webhook and downloaded file
	cargo build --locked --package hookreel-local --package hookreel-studio --package hookreel-demo
	target/debug/hookreel-demo $(OPTIONS)

up: setup ## Serves the whole system on this machine until Ctrl-C
	cargo build --locked --package hookreel-local
	target/debug/hookreel-local $(OPTIONS)

check: ## Checks format and code, and runs the unit tests of what has changed
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	packages="$$(python3 infra/tools/changed.py)"; [ -z "$$packages" ] || cargo test --locked $$packages

test: setup ## Runs every test
	cargo build --locked --package hookreel-local --package hookreel-studio
	cargo test --locked --workspace

bench: $(PYTHON_TOOLS) ## Measures cold start, size, throughput and cost
	infra/setup.sh strace valgrind
	$(VENV)/bin/python -m infra.tools.package --host --bench
	$(WITH_TOOLS) CARGO_TARGET_DIR=$(abspath target/bench-defaults) cargo lambda build --release --locked \
	  --target $(MACHINE)-unknown-linux-gnu.2.34 --manifest-path infra/tools/bench/defaults/Cargo.toml \
	  --lambda-dir $(HOST_PROGRAMS)
	$(VENV)/bin/python -m infra.tools.bench
	cargo build --profile profiling --locked --package hookreel-local --package hookreel-cli \
	  --package bench-throughput
	target/profiling/bench-throughput

cost: ## Writes docs/COST.md from the counted calls
	python3 -m infra.tools.cost

build: $(PYTHON_TOOLS) ## Builds a zip of every function for Lambda
	$(VENV)/bin/python -m infra.tools.package

host-programs: $(PYTHON_TOOLS)
	$(VENV)/bin/python -m infra.tools.package --host

deploy: build ## Builds and deploys to AWS, guided the first time
	$(WITH_TOOLS) sam deploy --template-file template.yaml --save-params $(OPTIONS) $(if $(shell grep -s parameter_overrides samconfig.toml),,--guided)

rehearse: setup $(PYTHON_TOOLS) $(EMULATOR) host-programs ## Deploys into an emulator of AWS and runs every function there
	cargo build --locked --package hookreel-studio --package hookreel-cli
	$(VENV)/bin/python -m infra.tools.rehearsal

invoke: $(PYTHON_TOOLS) host-programs ## Runs each function under AWS's runtime emulator with every sample event
	cargo build --locked --package hookreel-invoke
	target/debug/hookreel-invoke --programs $(HOST_PROGRAMS) \
	  --emulator $(VENV)/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-$(MACHINE)

openapi: ## Writes the description of the API from its types and functions/docs/openapi
	cargo run --locked --package hookreel-openapi

contract: setup $(SCHEMATHESIS) ## Checks the API against its description with schemathesis
	cargo build --locked --package hookreel-local
	$(VENV)/contract/bin/python -m infra.tools.contract

lint: $(PYTHON_TOOLS) ## Checks format, code, dependencies and the template
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	infra/tools/cargo_tools.sh
	cargo deny --locked check bans licenses sources
	infra/tools/advisories.sh
	cargo machete
	$(VENV)/bin/cfn-lint template.yaml
	SAM_CLI_TELEMETRY=0 $(VENV)/bin/sam validate --lint
	$(VENV)/bin/python -m infra.tools.check
	$(VENV)/bin/python -m unittest --quiet infra.tools.check.tests

format: ## Formats the code
	cargo fmt --all

$(PYTHON_TOOLS): requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	touch $@

# In an environment of its own: it requires another version of a library.
$(EMULATOR): infra/tools/rehearsal/requirements.txt
	python3 -m venv $(VENV)/emulator
	$(VENV)/emulator/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(SCHEMATHESIS): infra/tools/contract/requirements.txt
	python3 -m venv $(VENV)/contract
	$(VENV)/contract/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@
