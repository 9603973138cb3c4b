# Commands for people and for CI; CONTRIBUTING.md has all of them. Each sets up its own environment in .venv.
# With another Python: make test PYTHON=python3.13 VENV=build/venv-3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MINIMUM := build/venv-minimum
EXTRAS := all,dask
RELEASE := build/venv-release
# Else each of the hundreds of processes that tests start would compile all sources anew.
export PYTHONDONTWRITEBYTECODE =
# To compile all that is installed would take longer than to install it.
INTO_RELEASE = $(BIN)/python -m pip --python $(RELEASE)/bin/python install --quiet --no-compile --only-binary :all:

.PHONY: demo test thorough lint docs pages tutorial minimum coverage mutants gallery fuzz attack \
	bench engines exact scale build release-check clean

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]" --group dev
	touch $@

# The lowest versions that pyproject.toml allows, and the newest of what they bring along.
$(MINIMUM)/.ready: pyproject.toml scripts/minimum_versions.py
	$(PYTHON) -m venv --clear $(MINIMUM)
	$(PYTHON) scripts/minimum_versions.py > $(MINIMUM)/constraints.txt
	$(MINIMUM)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(MINIMUM)/bin/python -m pip install --quiet --only-binary :all: --constraint $(MINIMUM)/constraints.txt \
		--editable ".[$(EXTRAS)]" --group dev
	touch $@

demo: $(READY)
	$(BIN)/frontcalc diff 2023 2024

test: $(READY)
	$(BIN)/python -m pytest $(TESTS)

# All parameters of tests that try the same of many archives, files and formats, and many examples of each law.
thorough: $(READY)
	$(BIN)/python -m pytest --thorough $(TESTS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The documentation as a site, build/site/index.html. A broken link or a page that none leads to is an error, which
# --quiet would hide.
docs: pages
	$(BIN)/mkdocs build --strict

# The pages that are made from the code; of these only docs/commands.md and docs/schema.json are committed.
pages: $(READY)
	$(BIN)/python scripts/publish.py
	FRONTCALC_WRITE_DOCS=1 $(BIN)/python -m pytest --numprocesses 0 tests/test_errors.py

# What the commands of tutorial, how-to pages and README say.
tutorial: $(READY)
	FRONTCALC_WRITE_DOCS=1 $(BIN)/python -m pytest --thorough tests/test_tutorial.py

# Old packages use what newer ones deprecate.
minimum: $(MINIMUM)/.ready
	$(MINIMUM)/bin/python -m pytest -W ignore::DeprecationWarning $(TESTS)

# Counting loads SQLite and writes files in every process, which two tests forbid.
coverage: $(READY)
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered --cov-fail-under=95 $(TESTS) \
		--deselect tests/test_atomic_writes.py::test_a_disk_that_takes_no_more_leaves_the_old_file_and_says_so \
		--deselect tests/test_database.py::test_sqlite_is_loaded_where_something_is_kept_only \
		--deselect tests/test_forking.py::test_where_processes_and_threads_are_limited_there_are_fewer \
		--deselect tests/test_kml.py::test_a_megabyte_of_anything_is_read_or_refused_in_seconds \
		--deselect tests/test_system_limits.py

mutants: $(READY)
	$(BIN)/python -m pip install --quiet --group mutation
	rm -rf mutants
	$(BIN)/mutmut run
	$(BIN)/mutmut results

gallery: $(READY)
	$(BIN)/python scripts/make_gallery.py

fuzz: $(READY)
	$(BIN)/python scripts/fuzz.py

attack: $(READY)
	$(BIN)/python scripts/attack.py

bench: $(READY)
	$(BIN)/python bench/run.py

engines: $(READY)
	$(BIN)/python scripts/oracles.py engines

exact: $(READY)
	$(BIN)/python scripts/oracles.py exact

scale: $(READY)
	$(BIN)/python bench/scale.py

build: $(READY)
	rm -rf dist
	$(BIN)/python -m build --quiet --no-isolation --outdir dist

# What is in the files, and what the wheel does in an environment of its own, without extras and with them.
release-check: build
	$(BIN)/python scripts/check_release.py dist
	$(PYTHON) -m venv --clear --without-pip $(RELEASE)
	$(INTO_RELEASE) dist/*.whl
	$(RELEASE)/bin/python -W error -c "import frontcalc"
	$(RELEASE)/bin/frontcalc --version
	$(RELEASE)/bin/python scripts/check_install.py
	$(INTO_RELEASE) "$$(echo dist/*.whl)[all]"
	$(RELEASE)/bin/python scripts/check_install.py all

clean:
	rm -rf $(VENV) dist build mutants .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
