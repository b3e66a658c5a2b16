# Every verb works on a fresh machine with Python >= 3.11, cargo and a C linker: what it needs is
# installed in .venv/ first, and again when pyproject.toml or the Rust sources have changed.

PYTHON ?= python3
CARGO ?= cargo
VENV := .venv
BIN := $(VENV)/bin
# As if .venv were activated, whatever other environment is: pip looks for maturin on the PATH.
ACTIVATED := env -u CONDA_PREFIX VIRTUAL_ENV="$(CURDIR)/$(VENV)" PATH="$(CURDIR)/$(BIN):$$PATH"

RUST_SOURCES := $(shell find rust -path rust/target -prune -o \
	-type f \( -name '*.rs' -o -name 'Cargo.*' \) -print)

# A stamp whose recipe failed must not look fresh.
.DELETE_ON_ERROR:
.PHONY: help build demo docs test checked check bench bench-quick bench-rust bench-instructions performance clean

# What `make checked` needs of the machine: AddressSanitizer, where the C compiler has its run-time. A stable
# rustc has the option, but calls it unstable; the target is named so that build scripts go without.
RUST_HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
ASAN := $(filter /%,$(shell $(CC) -print-file-name=libasan.so 2>/dev/null))
SANITIZED := $(if $(ASAN),RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address)
SANITIZING := $(if $(ASAN),LD_PRELOAD=$(ASAN) ASAN_OPTIONS=detect_leaks=0)

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{printf "%-25s%s\n", $$1, $$2}'
	@echo "PYTHON=... chooses the interpreter that .venv is made with (now $(PYTHON))."

build: $(VENV)/.built $(VENV)/.deps ## make .venv, install what the other verbs need, build the Rust engine

demo: build ## resample real images, whole and in chunks, and show that the bytes agree
	@$(BIN)/python -m gridr_dask.demo

docs: build ## the site, from docs/, the notebooks and the docstrings, into build/docs/
	@rm -rf build/docs
	@$(BIN)/python -m sphinx --quiet --fresh-env --fail-on-warning --keep-going \
		--conf-dir docs --doctree-dir build/docs-cache . build/docs
	@echo "build/docs/index.html"

# The test profile, not release: only the former checks overflow and bounds.
test: build ## Rust tests, then all Python tests and the examples in docstrings
	@echo "Testing the Rust engine ..."
	@cd rust && $(CARGO) test --quiet --locked
	@echo "Testing the Python package ..."
	@$(BIN)/python -m pytest --doctest-modules gridr_dask tests \
		--ignore=gridr_dask/demo/__main__.py --ignore=gridr_dask/scaling/shmutils.py

# Installed apart from the engine of .venv. Python is not sanitized, so the run-time is loaded before it; with it,
# the libraries of pyproj and odc-geo do not load.
checked: $(VENV)/.deps ## laws and fuzzing on an engine with every assertion, sanitized (five minutes)
	@echo "Building the engine with assertions $(if $(ASAN),and AddressSanitizer,(no AddressSanitizer here)) ..."
	@rm -rf build/checked && mkdir -p build/checked
	@$(ACTIVATED) $(SANITIZED) maturin build --quiet --locked --profile checked --target $(RUST_HOST) \
		--out build/checked >build/checked/log 2>&1 || { cat build/checked/log; exit 1; }
	@$(BIN)/python -m pip install --quiet --no-deps --target build/checked/site build/checked/*.whl
	@$(SANITIZING) $(BIN)/python -m pytest -o pythonpath="build/checked/site ." -m "not slow and not distributed" \
		tests/properties --ignore=tests/properties/test_reproject.py \
		tests/parity/test_oracle.py tests/unit/test_bad_engine_calls.py \
		tests/engine/test_splines.py::test_neighbours_have_the_bytes_that_they_have_apart

check: build ## formatting, lints, import contracts and types, in both languages
	@echo "Checking the Python package ..."
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m mypy
	@$(BIN)/python -m mypy.stubtest gridr_dask._core
	@echo "Checking the Rust engine ..."
	@cd rust && $(CARGO) fmt --check
	@cd rust && $(CARGO) clippy --quiet --all-targets --all-features --locked -- -D warnings

bench: build $(VENV)/.bench ## compare speed with other libraries, into build/bench/ (some minutes)
	@$(BIN)/python -m tests.benchmarks.table --json build/bench/bench.json
	@$(BIN)/python -m tests.benchmarks.graphs --json build/bench/graphs.json
	@$(BIN)/python -m tests.benchmarks.memory --json build/bench/memory.json
	@$(BIN)/python -m tests.benchmarks.cluster --json build/bench/cluster.json
	@$(BIN)/python -m tests.benchmarks.shared --json build/bench/shared.json
	@$(BIN)/python -m tests.benchmarks.handover --json build/bench/handover.json

bench-quick: build $(VENV)/.bench ## the same with small images and few runs (under two minutes)
	@$(BIN)/python -m tests.benchmarks.table --quick --json build/bench/quick.json

bench-rust: ## time single phases of the engine: positions, weights, prefilter (two minutes)
	@cd rust && $(CARGO) bench --quiet --locked -p gridr-dask-core --features bench --bench phases

bench-instructions: ## count the instructions of these phases with valgrind, whatever else runs (a minute)
	@command -v valgrind >/dev/null || { echo "valgrind is needed"; exit 1; }
	@cd rust && $(CARGO) bench --quiet --locked -p gridr-dask-core --features bench --bench instructions

performance: build ## docs/performance.md and its plot, from what make bench measured last
	@$(BIN)/python -m tests.benchmarks.report --json build/bench/bench.json

clean: ## remove .venv, build products, caches and the demo's output
	rm -rf $(VENV) rust/target build demo-output gridr_dask/_core*.so
	rm -rf .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .benchmarks
	find . -name __pycache__ -prune -exec rm -rf {} +

# pip is upgraded because the one that comes with Python 3.11 is slow on long lists.
$(VENV)/.maturin: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed; try make PYTHON=python3.12")'
	@command -v $(CARGO) >/dev/null || { echo "cargo is needed: see https://rustup.rs"; exit 1; }
	@echo "Creating $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip 'maturin>=1.9,<2'
	@touch $@

# maturin puts the extension beside the Python sources, where the editable install below finds it.
# The stamp bears the time of the start: a file saved during the build is newer.
$(VENV)/.built: $(VENV)/.maturin $(RUST_SOURCES)
	@echo "Building the Rust engine (release; about a minute the first time) ..."
	@touch $@.started
	@$(ACTIVATED) maturin develop --quiet --release --locked --skip-install >$@.log 2>&1 \
		|| { cat $@.log; exit 1; }
	@mv $@.started $@

# Without build isolation pip's own call of maturin finds the engine built, in rust/target.
$(VENV)/.deps: pyproject.toml | $(VENV)/.built
	@echo "Installing dependencies (a few minutes the first time) ..."
	@$(ACTIVATED) python -m pip install --quiet --no-build-isolation --editable '.[dev]'
	@touch $@

# Apart from the rest: only the benchmarks need libraries as large as these.
$(VENV)/.bench: pyproject.toml | $(VENV)/.deps
	@echo "Installing the libraries to compare with (torch is a download of about 2.5 GB) ..."
	@$(ACTIVATED) python -m pip install --quiet --no-build-isolation --editable '.[dev,bench]'
	@touch $@
