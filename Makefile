# The menu: `make` alone prints it. Set-up leaves stamps in .venv, so a second run costs nothing.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
EXTRAS ?= test,demo,dev
PKGS   := pydex dialects passes tools
JOBS   ?= auto
N      ?= 5000
WORKLOADS ?=

.DEFAULT_GOAL := menu
.PHONY: menu setup apt check fast lint layers lit py gpu bench ir demo test docs fuzz clean

menu:            ## print this menu
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1	/' | expand -t 10

setup: $(VENV)/.native  ## virtual environment, dependencies, native runtime (quick when nothing changed)

apt: $(VENV)/.apt  ## system packages that are missing (C compiler, CMake, Python headers, mlir-22-tools)

$(VENV)/.apt: tools/apt.sh
	@mkdir -p $(VENV)
	sh tools/apt.sh $(PYTHON)
	@touch $@

$(VENV)/.deps: pyproject.toml | $(VENV)/.apt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) tools/requirements.py $(EXTRAS) > $(VENV)/requirements.txt
	$(PY) -m pip install --quiet -r $(VENV)/requirements.txt
	@touch $@

$(VENV)/.native: $(VENV)/.deps setup.py CMakeLists.txt $(wildcard pydex/runtime/src/*)
	$(PY) -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

# The peers are large (PyPI's torch brings CUDA with it), so they are installed when they are first wanted.
$(VENV)/.bench: $(VENV)/.native
	$(PY) tools/requirements.py bench > $(VENV)/requirements-bench.txt
	$(PY) -m pip install --quiet -r $(VENV)/requirements-bench.txt
	@touch $@

lint: setup      ## ruff and pyright
	$(BIN)/ruff check .
	$(BIN)/pyright

layers: setup    ## imports go one way, xDSL and MLIR only where they may
	$(PY) -m pytest -q test/py/test_layers.py

fast: setup      ## the pytest tests that are not marked slow, layers included
	$(PY) -m pytest -q -m "not slow" -p no:xdist

check: setup     ## lint and types beside the fast tests: under a minute
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint fast

lit: setup       ## FileCheck tests of dialects, passes and emitted MLIR
	$(BIN)/lit -q test/lit

py: setup        ## all pytest tests
	$(PY) -m pytest -q -n $(JOBS) --dist worksteal

gpu: setup       ## tests that need a CUDA device
	$(PY) -m pytest -q -m gpu

bench: $(VENV)/.bench  ## WORKLOADS="gmm fused", or all, beside C, jax, torch and numba, installed first
	$(PY) -m benchmarks.run $(WORKLOADS) --json bench-out/rows.json --png bench-out/rows.png

ir: setup        ## what each pass does to one program: F=examples/logsumexp.py:logsumexp
	$(BIN)/pydex ir $(F)

demo: setup      ## fit a Gaussian mixture to handwritten digits
	$(PY) examples/digits_gmm.py

test: lit py     ## set-up, then all tests

docs: setup      ## run the code blocks of README.md and docs/
	$(PY) -m pytest -q test/py/test_docs.py

fuzz: setup      ## N=5000 random programs through every execution
	$(PY) tools/fuzz.py $(N)

clean:           ## remove what was built; keeps .venv
	rm -rf build dist pydex/runtime/*.so pydex/runtime/*.dylib $(VENV)/.native
