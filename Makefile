# `make help` lists what there is.
PYTHON ?= python3
BIN = .venv/bin

# Compiled once, and not by each of the hundred processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

PYTEST = $(BIN)/python -m pytest --durations=20 --durations-min=2

.PHONY: help run test audit audit-packages bench load soak chaos deploy-test hosts releases lint format lock setup setup-dev screenshots

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

setup:
	@$(PYTHON) tools/bootstrap.py

setup-dev:
	@$(PYTHON) tools/bootstrap.py --dev

run: setup  ## set up and start everything: queue server, web server, worker (PORT=8000)
	@exec $(BIN)/python manage.py run_site --parent $$PPID

# PostgreSQL gets the tests of what depends on the database most, and in CI some more.
ON_POSTGRESQL = tests/inbox tests/notifications tests/tasks tests/accounts/test_erasure.py tests/accounts/test_races.py \
	tests/imports/test_jobs.py tests/exports/test_archive.py tests/exports/test_expiry.py tests/exports/test_snapshot.py \
	tests/posts/test_double_submits.py tests/posts/test_search.py tests/security/test_staff_lists.py
ON_POSTGRESQL_IN_CI = $(ON_POSTGRESQL) tests/api/test_authentication.py tests/api/test_exports.py \
	tests/api/test_imports.py tests/accounts tests/faults tests/posts tests/core/test_pooler.py \
	tests/project/test_query_counts.py tests/project/test_upgrade.py tests/security/test_fuzz.py

# Many tests wait for a worker more than they work, the long ones above all: more processes than two cores.
test: setup-dev  ## set up and run the tests, on SQLite and on PostgreSQL (CI=true: the long ones too, about 17 minutes)
	@$(PYTEST) -n 4 --dist worksteal $(if $(CI),,-m "not long")
	@TEST_DATABASE=postgresql $(PYTEST) -n 4 --dist worksteal -m "not browser and not processes $(if $(CI),,and not long)" \
		$(if $(CI),$(ON_POSTGRESQL_IN_CI),$(ON_POSTGRESQL))
	@$(if $(CI),,echo "Left out: the tests marked 'long', and some on PostgreSQL. They run in CI, and by: make test CI=true")

bench: setup-dev  ## measure speed and memory beside yardsticks, about 15 minutes; fails if a figure is missed
	@$(BIN)/python -m benchmarks

load: setup-dev  ## put the site under load: 2,000 members poll, 200 export at once, about 10 minutes; fails if a figure is missed
	@$(BIN)/python -m benchmarks.load $(OPTIONS)

soak: setup-dev  ## use the site for MINUTES=30, with restarts and releases; fails if anything grows that should not
	@$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),30) $(OPTIONS)

audit: setup-dev  ## judge every page: Lighthouse, the Nu HTML checker, axe, about 10 minutes; fails if a figure is missed
	@$(BIN)/python -m tools.audit $(PARTS)

chaos: setup-dev  ## kill and freeze everything at random while members export and import (N=100 faults; SEED=... makes a run's faults again)
	@$(BIN)/python -m e2e.chaos --faults $(or $(N),100) $(if $(SEED),--seed $(SEED)) $(OPTIONS)

deploy-test: setup-dev  ## install the site in a bare Debian by the word of docs/operations.md, and use it; needs root, some minutes
	@$(BIN)/python -m e2e.deploy

hosts: setup-dev  ## cut off each of eight machines in turn while members export, about 12 minutes; as root, with iproute2
	@$(BIN)/python -m e2e.hosts $(OPTIONS)

releases: setup-dev  ## run the previous release beside this one, on either database, about 3 minutes
	@$(BIN)/python -m e2e.releases --database sqlite $(OPTIONS)
	@$(BIN)/python -m e2e.releases --database postgresql $(OPTIONS)

lint: setup-dev audit-packages  ## format, types, layers, dependencies and their vulnerabilities, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m tools.migration_lint

audit-packages: setup-dev  ## look for known vulnerabilities of the locked packages, where the database can be reached
	@$(BIN)/python -m tools.audit_packages

format: setup-dev  ## format the code
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lock: setup-dev  ## lock the newest allowed requirements, with hashes
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade requirements-dev.in -o requirements-dev.txt

screenshots: setup-dev  ## retake every picture in docs/
	@$(BIN)/python -m tools.screenshots
