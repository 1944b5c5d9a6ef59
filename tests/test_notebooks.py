"""The notebooks can be executed from the first cell to the last, with few training steps."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 500_000  # bytes, with the pictures that it shows

# Compiling the networks would take longer than the few steps.
EAGER = """
from photochrom.recipes.backend import choose_backend
if choose_backend() == "tensorflow":
    import tensorflow
    tensorflow.config.run_functions_eagerly(True)
"""

by_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells_of(path: Path) -> list[nbformat.NotebookNode]:
    return list(nbformat.read(path, as_version=4).cells)


@pytest.mark.slow
def test_they_run(monkeypatch):
    """All in one kernel, so that TensorFlow is imported once; ruff finds undefined names."""
    monkeypatch.setenv("PHOTOCHROM_QUICK", "1")
    cells = [new_code_cell(EAGER)]
    for path in NOTEBOOKS:
        cells += [new_code_cell("%reset -f"), *cells_of(path)]
    where = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(new_notebook(cells=cells), timeout=300, resources=where).execute()


@by_notebook
def test_it_shows_the_outputs_of_one_run(path):
    assert path.stat().st_size < LARGEST
    cells = [cell for cell in cells_of(path) if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {"error", "stderr"}.isdisjoint(each.get("name", each.output_type) for each in outputs)
    assert any("image/jpeg" in each.get("data", {}) for each in outputs)


@by_notebook
def test_its_links_lead_somewhere(path):
    links = re.findall(
        r"\]\((?!https?:)([^)\s#]+)", "\n".join(cell.source for cell in cells_of(path))
    )
    assert [link for link in links if not (FOLDER / link).exists()] == []


def test_all_are_listed():
    text = (FOLDER / "README.md").read_text("utf-8")
    assert all(f"]({path.name})" in text for path in NOTEBOOKS)
