# Two commands matter: `make demo` and `make test`. Each installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Real servers and real browsers have processes of their own: what they start must not meet the other tests.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup

.PHONY: demo test fuzz lint bench load docs lock clean screenshots

# What is compiled is kept, and kept apart, where the environment says to keep nothing: it is half of every start.
test soak: export PYTHONDONTWRITEBYTECODE =
test soak: export PYTHONPYCACHEPREFIX = $(CURDIR)/.pytest_cache/compiled

demo: $(VENV)/.run
	$(BIN)/stageproof demo

test: $(VENV)/.test
	$(PYTEST) tests/engine tests/importers tests/charts tests/audit tests/demo tests/cli tests/docs $(PYTEST_ARGS)
	$(PYTEST) tests/actions tests/api tests/doors tests/security tests/web $(PYTEST_ARGS)
	$(PYTEST) tests/crash tests/server tests/schemathesis tests/test_on_postgres.py $(PYTEST_ARGS)
	$(PYTEST) tests/browser $(PYTEST_ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	STAGEPROOF_SECRET_KEY=lint $(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/python bench/run.py
	$(BIN)/python bench/server.py

# Twenty-five people at work on 100,000 deals while an import runs: how long they wait.
load: $(VENV)/.test
	$(BIN)/python bench/load.py

# The server killed for twenty minutes and eight hundred times, PostgreSQL sixty times, the disk failing for ten minutes,
# races by the thousand and verbs in any order by the hundred thousand; -rP shows what was counted. Takes hours.
soak: $(VENV)/.test
	STAGEPROOF_CRASH_SECONDS=1200 STAGEPROOF_CRASH_KILLS=800 STAGEPROOF_POSTGRES_KILLS=60 STAGEPROOF_DISK_SECONDS=600 \
	STAGEPROOF_RACE_ROUNDS=5000 STAGEPROOF_EXAMPLES=2000 \
	$(PYTEST) -rP tests/crash tests/actions/test_any_order.py $(PYTEST_ARGS)

# What the documentation shows of commands, measures, findings and problems, made anew.
docs: $(VENV)/.test
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/examples.py

# A live server on this machine, asked everything that its own description allows.
fuzz: $(VENV)/.test $(VENV)/fuzz/.done
	$(BIN)/python tests/schemathesis/run.py $(VENV)/fuzz $(FUZZ_EXAMPLES)

FUZZ_EXAMPLES ?= 50

# What the fuzzer needs does not go with what the product needs.
$(VENV)/fuzz/.done: tests/schemathesis/requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/fuzz
	$(VENV)/fuzz/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r tests/schemathesis/requirements.txt
	touch $@

# Versions and hashes, no addresses.
lock:
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 pyproject.toml requirements/run.in -o requirements/run.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 pyproject.toml requirements/test.in -c requirements/run.txt -o requirements/test.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 pyproject.toml requirements/test.in requirements/spark.in -c requirements/test.txt -o requirements/spark.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 tests/schemathesis/requirements.in -o tests/schemathesis/requirements.txt

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# With a Java runtime the test matrix has PySpark in it too.
$(VENV)/.test: requirements/test.txt requirements/spark.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $$(command -v java >/dev/null 2>&1 && echo requirements/spark.txt || echo requirements/test.txt)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	tests/install-browser
	touch $@

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
