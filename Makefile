# Two commands matter: `make demo` and `make test`. Each installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# In how many processes the tests run; more than there are processors makes what is killed and raced slower, not better.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

.PHONY: demo test fuzz soak lint bench load docs pictures lock clean

# What is compiled is kept, whatever the environment says: compiling is half of every start, and the tests start many.
test soak: export PYTHONDONTWRITEBYTECODE =

demo: $(VENV)/.run
	$(BIN)/stageproof demo

# All in one run, so that nobody waits between its parts and its summary names everything that fails.
test: $(VENV)/.test
	$(PYTEST) tests $(PYTEST_ARGS)

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
# races by the thousand, verbs in any order by the hundred thousand, five thousand files of each kind that are spoiled and
# as many bodies, a thousand requests to each operation; -rP shows what was counted. Takes hours.
soak: $(VENV)/.test
	STAGEPROOF_DRAW_ANEW=1 STAGEPROOF_CRASH_SECONDS=1200 STAGEPROOF_CRASH_KILLS=800 STAGEPROOF_POSTGRES_KILLS=60 STAGEPROOF_DISK_SECONDS=600 \
	STAGEPROOF_RACE_ROUNDS=5000 STAGEPROOF_EXAMPLES=2000 STAGEPROOF_FUZZ=5000 \
	STAGEPROOF_FUZZ_EXAMPLES=1000 STAGEPROOF_FUZZ_SECONDS=36000 \
	$(PYTEST) -rP $(SOAKED) $(PYTEST_ARGS)

SOAKED := tests/crash tests/schemathesis tests/actions/test_any_order.py tests/security/test_fuzz.py

# What the documentation shows of commands, measures, findings and problems, made anew.
docs: $(VENV)/.test
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/examples.py

# The pictures of the documentation, as the demo company's pages look now.
pictures: $(VENV)/.test
	$(BIN)/python docs/make_pictures.py

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
