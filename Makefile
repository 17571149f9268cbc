# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The commands of this checkout; `make help` lists them. Requirements: python3 >= 3.11 with venv, git, make. Everything else
# is installed into .venv* of this folder; the lab's programs are built into the user's cache.

SHELL := /bin/sh
.SUFFIXES:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
CORE216 := .venv-2.16
NEWEST := .venv-newest
# The checks of accessibility; they are used by tests only, and never shipped. The digest is in tests/page/conftest.py.
AXE := build/axe/node_modules/axe-core/axe.min.js
AXE_VERSION := 4.14.1
MITOGEN := build/mitogen/ansible_mitogen/plugins/strategy/mitogen_linear.py
# Parts that run side by side, and workers of pytest.
JOBS ?= 2
# Workers of the integration tests, each with a lab. They wait for half of their time: four use two processors.
LABS ?= 4

# `make check`: the parts that need neither a cluster nor a copy of the tree.
CHECKS := unit ansible-lint types layers ruff format-check yamllint reuse
LINTS := ansible-lint types layers ruff format-check yamllint reuse
# `make gates`: what Automation Hub, Galaxy and the other judges of a collection check, and the unit tests on the newest core.
GATES := sanity docs docs-site artifact importer lint-oldest changelog unit-newest $(LINTS)
# The parts of `make test`. BESIDE run side by side while the lab's programs are built; the parts after them need all
# processors.
BESIDE := $(GATES) page unit
PARTS := $(BESIDE) conformance integration

TALLY = $(BIN)/python tests/tally.py
PYTEST = $(BIN)/python -m pytest -q -p no:cacheprovider --durations=25 --durations-min=0.5 -n $(JOBS) --dist loadfile
LAB = PYTHONPATH=tests $(BIN)/python -m lab
PARALLEL = $(MAKE) --no-print-directory --jobs=$(JOBS)

# ansible.cfg names the same folder; a value in the user's environment would take precedence over it.
export ANSIBLE_COLLECTIONS_PATH = $(CURDIR)/build/collections
export PYTHONDONTWRITEBYTECODE = 1
# Only the inventory gives access to clusters.
unexport KUBECONFIG

.PHONY: help demo check test gates release bench confusion lab-up lab-down lint format format-check types layers unit page integration \
        conformance sanity sanity-oldest docs docs-site clean browser java ansible-lint lint-oldest ruff yamllint reuse artifact importer changelog unit-newest \
        core-newest tools servers binaries links copy tool-check

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

demo: lab-up ## install the tools, start the lab, federate three meshes; the lab keeps running
	$(BIN)/ansible-playbook -i inventory/lab playbooks/federate.yml
	@printf '%s\n' '' 'The lab is still running. Look around:' \
	  '  PYTHONPATH=tests .venv/bin/python -m lab status' \
	  '  PYTHONPATH=tests .venv/bin/python -m lab kubectl red -n red-mesh-system get servicemeshpeers -o yaml' \
	  '  PYTHONPATH=tests .venv/bin/python -m lab fault --help' \
	  'A second run changes nothing:' \
	  '  .venv/bin/ansible-playbook -i inventory/lab playbooks/federate.yml' \
	  'Stop the lab:' '  make lab-down'

check: .venv/complete ## the fast checks before a commit, no cluster: lint, types, unit tests
	@rm -rf build/results
	@$(PARALLEL) --keep-going --output-sync=target $(CHECKS) || echo 'Not all checks passed:'
	@$(TALLY) sum $(CHECKS)

test: .venv/bin/python ## all tests and checks; the last line counts them
	@rm -rf build/results
	@passed=true; \
	$(PARALLEL) --keep-going --output-sync=target $(BESIDE) binaries $(CORE216)/complete || passed=false; \
	$(MAKE) --no-print-directory --keep-going $(filter-out $(BESIDE),$(PARTS)) || passed=false; \
	$$passed || echo 'Not all parts passed:'
	@$(TALLY) sum $(PARTS)

gates: .venv/bin/python ## what a collection is judged by, no cluster: importer, linters, sanity, oldest and newest core, REUSE
	@rm -rf build/results
	@$(PARALLEL) --keep-going --output-sync=target $(GATES) || echo 'Not all gates passed:'
	@$(TALLY) sum $(GATES)

release: gates sanity-oldest ## the release in build/release: artifact, bill of materials, checksums, signatures (SIGNING_KEY=fingerprint)
	@PYTHONPATH=tests $(BIN)/python -m release publish

bench: tools binaries links $(MITOGEN) ## the benchmark: writes docs/contributing/benchmarks.md and build/bench.json
	PYTHONPATH=tests:build/collections $(BIN)/python -m bench $(BENCH)

lab-up: .venv/bin/python ## start the lab (build/lab)
	@$(PARALLEL) tools links servers
	$(LAB) up

lab-down: .venv/complete ## stop the lab and remove its files
	$(LAB) down

lint: $(LINTS) ## ansible-lint (production), mypy, import-linter, ruff, format, yamllint, reuse

format: tools ## format the Python files
	$(BIN)/ruff check --quiet --select I --fix
	$(BIN)/ruff format --quiet

format-check: tools
	@$(TALLY) run $@ sh -c '$(BIN)/ruff check --quiet --select I && $(BIN)/ruff format --check'

ruff: tools
	@$(TALLY) run $@ $(BIN)/ruff check --quiet

types: tools links ## mypy --strict
	@$(TALLY) run $@ $(BIN)/mypy --config-file mypy.ini

layers: tools links ## import-linter: the order of the packages
	@PYTHONPATH=build/collections $(TALLY) run $@ $(BIN)/lint-imports .importlinter --no-cache

ansible-lint: tools links
	@$(TALLY) run $@ $(BIN)/ansible-lint --offline --profile production

# The ansible-lint and the options that the certification of Automation Hub names, on the artifact as it is installed. The files
# below build belong to no repository: ansible-lint would find none.
lint-oldest: artifact $(CORE216)/complete
	@$(TALLY) run $@ sh -c 'cd build/dist/installed/ansible_collections/ossm/federation && PATH="$(CURDIR)/$(CORE216)/bin:$$PATH" \
	  ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/build/dist/installed" GIT_CEILING_DIRECTORIES="$(CURDIR)/build" \
	  ansible-lint --profile=production -x sanity --offline --nocolor --config-file "$(CURDIR)/.ansible-lint"'

yamllint: tools
	@$(TALLY) run $@ sh -c 'git ls-files -z -c -o --exclude-standard "*.yml" "*.yaml" | xargs -0 $(BIN)/yamllint --strict'

reuse: tools
	@$(TALLY) run $@ $(BIN)/reuse lint

unit: tools links ## tests that need no cluster
	@PYTHONPATH=tests:build/collections $(TALLY) pytest $@ $(PYTEST) tests/unit

unit-newest: tools links core-newest ## the unit tests of the plugins with the newest ansible-core
	@PYTHONPATH=tests:build/collections $(TALLY) pytest $@ $(subst $(BIN),$(NEWEST)/bin,$(PYTEST)) tests/unit/plugins

page: tools links browser $(AXE) ## tests of the status page in a headless Chromium; screenshots in build/page
	@PYTHONPATH=tests:build/collections $(TALLY) pytest $@ $(PYTEST) -n 0 --dist no tests/page

conformance: tools links binaries
	@PYTHONPATH=tests:build/collections $(TALLY) pytest $@ $(PYTEST) -n 6 --dist worksteal tests/lab/conformance

integration: tools links binaries java $(CORE216)/complete core-newest ## tests on real API servers
	@PYTHONPATH=tests:build/collections OSSM_CORE_2_16='$(CURDIR)/$(CORE216)/bin' OSSM_CORE_NEWEST='$(CURDIR)/$(NEWEST)/bin' $(TALLY) pytest $@ $(PYTEST) -n $(LABS) --no-loadscope-reorder tests/integration

sanity: tools copy ## ansible-test sanity
	@$(TALLY) run $@ $(BIN)/python tests/sanity.py

# Not a part of `make gates`: its pylint takes minutes, and the newer one of `make sanity` knows more.
sanity-oldest: tools copy $(CORE216)/complete ## ansible-test sanity of the oldest ansible-core
	@$(TALLY) run $@ $(CORE216)/bin/python tests/sanity.py

artifact: tools copy ## build the artifact (build/dist): the same bytes twice, nothing that must not ship; installs it
	@$(TALLY) run $@ sh -ec 'PYTHONPATH=tests $(BIN)/python -m release artifact; \
	  $(BIN)/ansible-galaxy collection install --offline --no-deps --force -p build/dist/installed build/dist/ossm-federation-*.tar.gz; \
	  ln -sfn ../../../../tree/ansible_collections/kubernetes build/dist/installed/ansible_collections/kubernetes'

importer: artifact ## galaxy-importer, on the artifact
	@$(TALLY) run $@ $(BIN)/python tests/importer.py

changelog: tools
	@$(TALLY) run $@ $(BIN)/antsibull-changelog lint

docs: tools copy ## documentation of modules and roles: checks it
	@$(TALLY) run $@ sh -c 'PATH="$(CURDIR)/$(BIN):$$PATH" ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/build/tree" $(BIN)/antsibull-docs \
	  lint-collection-docs --plugin-docs --validate-collection-refs self build/tree/ansible_collections/ossm/federation'

docs-site: tools copy ## the documentation as a site, in build/site; every warning is an error
	@$(TALLY) run $@ sh -c 'PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/docs_site.py build/tree'

clean: ## remove what was built here, and list what is kept
	@test ! -e build/lab/lab.json || { echo 'The lab is up: run make lab-down first.' >&2; exit 1; }
	rm -rf build .ansible .hypothesis .import_linter_cache .mypy_cache .pytest_cache tests/output
	@printf '%s\n' "Kept: $${XDG_CACHE_HOME:-$$HOME/.cache}/ossm-federation (the lab's programs)"
	@for kept in .venv* identities; do test ! -e "$$kept" || echo "Kept: $$kept/"; done

tools: .venv/complete

# Where the user may install packages; elsewhere the tests of the page fail, and say what is missing.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  $(call installed,chromium) || true

# ansible-rulebook needs it; without it the test of the rulebooks fails, and says so.
java:
	@command -v java >/dev/null || $(call installed,default-jre-headless) || true

$(AXE): Makefile
	@command -v npm >/dev/null || $(call installed,npm) || true
	@mkdir -p build/axe
	@npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix build/axe axe-core@$(AXE_VERSION) || \
	  echo 'npm could not install axe-core: the tests of the page will fail.' >&2
	@test ! -e $@ || touch $@

# A contestant of the benchmark: used there only, and never shipped.
$(MITOGEN): requirements/bench.txt | tools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target build/mitogen -r requirements/bench.txt
	@touch $@

# A package of Debian, if this is one and the user is root.
installed = { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null 2>&1 ; }

# `+` shows the progress at once, also with --output-sync. The build needs the virtual environment's Python, but nothing in
# it, and so it runs beside the installation of the tools.
servers: .venv/bin/python
	@+PYTHONPATH=tests $(BIN)/python -u -c 'from lab import binaries; binaries.find(print)'

binaries: .venv/bin/python
	@+PYTHONPATH=tests $(BIN)/python -u -c 'from lab import binaries; binaries.find(print, binaries.PROGRAMS)'

links: tools
	@$(BIN)/python tests/tree.py link

copy: tools
	@$(BIN)/python tests/tree.py copy

.venv/bin/python: | tool-check
	$(PYTHON) -m venv .venv

.venv/complete: requirements/tools.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/tools.txt
	@touch $@

$(CORE216)/complete: requirements/core-2.16.txt | tool-check
	$(PYTHON) -m venv $(CORE216)
	$(CORE216)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/core-2.16.txt
	@touch $@

core-newest: $(NEWEST)/complete ## install the newest ansible-core with a Python that it needs; no root

$(NEWEST)/complete: requirements/core-newest.txt tests/newest_core.py | .venv/complete
	$(BIN)/python tests/newest_core.py $(NEWEST) requirements/core-newest.txt
	@touch $@

tool-check:
	@command -v git >/dev/null || { echo 'git is missing: install the package git' >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo '$(PYTHON) is missing: install the package python3, or run make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo '$(PYTHON) is older than 3.11: run make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo 'venv is missing: install the package python3-venv' >&2; exit 1; }
