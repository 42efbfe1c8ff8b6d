# Two commands for a newcomer: `make demo` and `make test`. README says more.

PYTHON ?= python3
BIN := .venv/bin
# What no database, cache or broker can change runs once only, and so does what takes long on any.
ANY_DATABASE := tests/calcom/sandbox tests/retell/sandbox tests/appointments/spoken tests/config tests/browser \
	tests/faults tests/retell/deploying tests/retell/truth tests/mcp_gateway/test_random_bodies.py \
	tests/retell/test_any_arguments.py tests/test_translations.py
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard */locale/*/LC_MESSAGES/django.po))

.PHONY: demo run test check messages clean

demo: .venv/runtime $(CATALOGUES)  ## One whole phone call against the sandboxes, then stop
	$(BIN)/python manage.py demo

run: .venv/runtime $(CATALOGUES)  ## The same, and stay up with the admin
	$(BIN)/python manage.py demo --stay

test: .venv/development $(CATALOGUES) lint  ## Everything, on MariaDB and Redis and on the embedded default
	.ci/packages test
	$(BIN)/python -m tests.on_servers $(BIN)/python -m pytest
	$(BIN)/python -m pytest -m "not servers" $(addprefix --ignore=,$(ANY_DATABASE))

check: .venv/development $(CATALOGUES) lint  ## Lint, types, import rules and the quick tests on SQLite
	$(BIN)/python -m pytest -m "not servers and not processes"

bench: .venv/development $(CATALOGUES)  ## What the gateway and a webhook cost, what fifty callers at once wait for, how fast wishes are booked, what staff wait for
	.ci/packages test
	$(BIN)/python -m tests.on_servers $(BIN)/python -m benchmarks.gateway
	$(BIN)/python -m tests.on_servers $(BIN)/python -m benchmarks.conversation
	$(BIN)/python -m tests.on_servers $(BIN)/python -m benchmarks.intake
	$(BIN)/python -m tests.on_servers $(BIN)/python -m benchmarks.booking
	$(BIN)/python -m tests.on_servers $(BIN)/python -m benchmarks.admin_pages
	$(BIN)/python -m tests.on_servers $(BIN)/python -m benchmarks.staff_at_once

CALLS ?= 300
truth: .venv/development $(CATALOGUES)  ## Random calls with random faults on real processes: 0 in every column, or exit 1
	.ci/packages test
	$(BIN)/python -m tests.on_servers $(BIN)/python manage.py truth --calls $(CALLS) $(if $(SEED),--seed $(SEED))

faults: .venv/development $(CATALOGUES)  ## Every process and server killed in the middle, each fault twenty times
	.ci/packages test
	FAULT_TIMES=20 $(BIN)/python -m pytest tests/faults

screenshots: .venv/development $(CATALOGUES)  ## Pictures of the staff's pages, for this README, into docs/screenshots
	.ci/packages test
	$(BIN)/python -m tests.browser.screenshots

conformance: .venv/development  ## The official conformance suite of the Model Context Protocol; needs npm
	$(BIN)/python -m tests.conformance.run

.PHONY: lint bench truth faults screenshots conformance
lint: .venv/development $(CATALOGUES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check

messages: .venv/development  ## Collect what is to be translated
	for folder in */locale; do (cd $$folder/.. && ../$(BIN)/django-admin makemessages -l de --no-location) || exit 1; done

%.mo: %.po
	msgfmt --check -o $@ $<

.venv/runtime: requirements.txt
	.ci/packages demo
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

.venv/development: requirements-dev.txt .venv/runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

clean:  ## Forget the virtual environment and what the embedded default has written
	rm -rf .venv var
