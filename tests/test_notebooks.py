"""The notebooks can be executed from the first cell to the last, with few training steps."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 500_000  # bytes, with the pictures that it shows

by_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.slow
@by_notebook
def test_it_runs(path, monkeypatch):
    monkeypatch.setenv("PHOTOCHROM_QUICK", "1")
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()


@by_notebook
def test_its_outputs_are_those_of_one_run_and_small(path):
    assert path.stat().st_size < LARGEST
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" for cell in cells for output in cell.outputs)
    assert not any("stderr" in output.get("name", "") for cell in cells for output in cell.outputs)


def test_they_are_listed():
    text = (FOLDER / "README.md").read_text("utf-8")
    assert all(f"]({path.name})" in text for path in NOTEBOOKS)


@by_notebook
def test_its_links_lead_somewhere(path):
    cells = nbformat.read(path, as_version=4).cells
    links = re.findall(r"\]\(([^)\s#]+)", "\n".join(cell.source for cell in cells))
    assert [link for link in links if not (FOLDER / link).exists()] == []
