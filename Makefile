# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Its sessions look for Ansible's commands on the path.
NOX := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/nox
COLLECTIONS := $(CURDIR)/.venv/collections
READY := .venv/ready

.PHONY: help demo test unit playbook integration sanity lint matrix release bench clean

help:  ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)  ## See the collection do its job against an emulator of Microsoft Graph
	@$(BIN)/python demo

test: unit playbook integration sanity  ## Run all tests

unit: $(READY)  ## Unit tests, and the emulator's own
	@$(BIN)/python -m pytest tests/unit

playbook: $(READY)  ## Real ansible-playbook runs, looked at from outside: output, files, requests
	@$(BIN)/python -m pytest tests/playbook

integration: $(READY)  ## Integration targets with ansible-test
	@$(BIN)/python tests/tools/ansible_test.py integration

sanity: $(READY)  ## ansible-test sanity for the Python at hand
	@$(BIN)/python tests/tools/ansible_test.py sanity

lint: $(READY)  ## Code, documentation, licenses, playbooks, changelog and artifact, looked at by linters
	@$(NOX)

matrix: $(READY)  ## Unit, integration and sanity tests with every supported ansible-core, and with the lowest and the newest libraries
	@$(NOX) --tags matrix

release: $(READY)  ## Make VERSION=x.y.z ready: changelog, version, artifact, Galaxy's checks; nothing is published
	@$(NOX) --session release -- $(VERSION)

bench: .venv/bench  ## Measure the collection against other means; ROUNDS=1 is quick, RECORD=1 puts the results into docs/
	@$(BIN)/python tests/benchmarks $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(RECORD),--record)

clean:  ## Remove everything that make made
	rm -rf .venv .cache tests/output

# The collection where Ansible and Python look for it: a link, so that an edit counts at once.
$(READY): requirements.txt tests/requirements.txt tests/tools/requirements.txt
	@echo "Setting up .venv with $(PYTHON) (a minute the first time) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt -r tests/tools/requirements.txt
	@mkdir -p $(COLLECTIONS)/ansible_collections/msgraph
	@ln -sfn ../../../.. $(COLLECTIONS)/ansible_collections/msgraph/identity
	@touch $(READY)

.venv/bench: $(READY) tests/benchmarks/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/benchmarks/requirements.txt
	@touch $@
