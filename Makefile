# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The commands of this checkout. `make help` lists them. Needed: python3 >= 3.11 with venv, git, make. All else is
# installed into .venv and .venv-2.16 of this folder, and the lab's programs are built into the user's cache.

SHELL := /bin/sh
.SUFFIXES:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
CORE216 := .venv-2.16
JOBS ?= 2
# What needs no lab runs side by side, while the lab's programs are built; the parts after it need the machine, or a tree at
# rest, for themselves.
GATES := sanity unit ansible-lint yamllint reuse docs
PARTS := $(GATES) galaxy-build conformance integration

TALLY = $(BIN)/python tests/tally.py
PYTEST = $(BIN)/python -m pytest -q -p no:cacheprovider -n $(JOBS) --dist loadfile
LAB = PYTHONPATH=tests $(BIN)/python -m lab

# Playbooks find the checkout as a collection here, and so do the tools; kubernetes.core lies beside it.
export ANSIBLE_COLLECTIONS_PATH = $(CURDIR)/build/collections
export PYTHONDONTWRITEBYTECODE = 1
# Access to clusters comes from the inventory alone.
unexport KUBECONFIG

.PHONY: help demo test bench lab-up lab-down lint unit integration conformance sanity docs clean \
        ansible-lint yamllint reuse galaxy-build tools binaries links copy tool-check

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

demo: lab-up ## everything from nothing: tools, lab, three meshes federated; leaves the lab running
	$(BIN)/ansible-playbook -i inventory/lab playbooks/federate.yml
	@printf '%s\n' '' 'The lab is still running. Look around:' \
	  '  PYTHONPATH=tests .venv/bin/python -m lab status' \
	  '  PYTHONPATH=tests .venv/bin/python -m lab kubectl red -n red-mesh-system get servicemeshpeers -o yaml' \
	  '  PYTHONPATH=tests .venv/bin/python -m lab fault --help' \
	  'Run it again, nothing changes:' \
	  '  ANSIBLE_COLLECTIONS_PATH=build/collections .venv/bin/ansible-playbook -i inventory/lab playbooks/federate.yml' \
	  'Stop it:' '  make lab-down'

test: tools ## everything from nothing: all tests and gates; the last line counts them
	@rm -rf build/results
	@passed=true; \
	$(MAKE) --no-print-directory --keep-going --jobs=$(JOBS) --output-sync=target $(GATES) binaries || passed=false; \
	$(MAKE) --no-print-directory --keep-going $(filter-out $(GATES),$(PARTS)) || passed=false; \
	$$passed || echo 'Not all parts passed:'
	@$(TALLY) sum $(PARTS)

bench: tools binaries links ## the benchmark: writes docs/benchmarks.md and build/bench.json
	PYTHONPATH=tests $(BIN)/python -m bench $(BENCH)

lab-up: tools links ## start the lab (build/lab)
	$(LAB) up

lab-down: .venv/complete ## stop the lab and remove its files
	$(LAB) down

lint: ansible-lint yamllint reuse ## ansible-lint (production), yamllint, reuse

ansible-lint: tools links
	@$(TALLY) run $@ $(BIN)/ansible-lint --offline --profile production

yamllint: tools
	@$(TALLY) run $@ sh -c 'git ls-files -z -c -o --exclude-standard "*.yml" "*.yaml" | xargs -0 $(BIN)/yamllint --strict'

reuse: tools
	@$(TALLY) run $@ $(BIN)/reuse lint

unit: tools links ## tests that need no cluster
	@PYTHONPATH=tests:build/collections $(TALLY) pytest $@ $(PYTEST) tests/unit

conformance: tools links binaries
	@PYTHONPATH=tests:build/collections $(TALLY) pytest $@ $(PYTEST) -n 6 --dist worksteal tests/lab/conformance

integration: tools links binaries $(CORE216)/complete ## tests on real API servers
	@PYTHONPATH=tests:build/collections OSSM_CORE_2_16='$(CURDIR)/$(CORE216)/bin' $(TALLY) pytest $@ $(PYTEST) --no-loadscope-reorder tests/integration

sanity: tools copy ## ansible-test sanity
	@$(TALLY) run $@ $(BIN)/python tests/sanity.py

galaxy-build: tools copy
	@$(TALLY) run $@ sh -ec 'rm -rf build/dist; \
	  $(BIN)/ansible-galaxy collection build --output-path build/dist build/tree/ansible_collections/ossm/federation; \
	  $(BIN)/ansible-galaxy collection install --offline --no-deps --force -p build/dist/installed build/dist/ossm-federation-*.tar.gz'

docs: tools copy ## documentation of modules and roles: checks it
	@$(TALLY) run $@ sh -c 'PATH="$(CURDIR)/$(BIN):$$PATH" ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/build/tree" $(BIN)/antsibull-docs \
	  lint-collection-docs --plugin-docs --validate-collection-refs self build/tree/ansible_collections/ossm/federation'

clean: ## remove what was built here (the lab must be down; .venv and the user's cache stay)
	rm -rf build .ansible .pytest_cache tests/output

tools: .venv/complete

# The + lets its progress through at once.
binaries: tools
	@+PYTHONPATH=tests $(BIN)/python -u -c 'from lab import binaries; binaries.find(print)'

links: tools
	@$(BIN)/python tests/tree.py link

copy: tools
	@$(BIN)/python tests/tree.py copy

.venv/complete: requirements/tools.txt | tool-check
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/tools.txt
	@touch $@

$(CORE216)/complete: requirements/core-2.16.txt | tool-check
	$(PYTHON) -m venv $(CORE216)
	$(CORE216)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/core-2.16.txt
	@touch $@

tool-check:
	@command -v git >/dev/null || { echo 'git is missing: install the package git' >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo '$(PYTHON) is missing: install the package python3, or say make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '$(PYTHON) is older than 3.11: say make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'venv is missing: install the package python3-venv' >&2; exit 1; }
