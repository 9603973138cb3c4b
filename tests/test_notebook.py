"""The example notebook is kept without outputs, and runs from its first cell to its last."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

PATH = Path(__file__).parents[1] / "docs" / "notebook.ipynb"


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(PATH, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert PATH.stat().st_size < 10_000


def shown(notebook: Any, kind: str) -> list[str]:
    """Return what the cells show of one kind, in order."""
    outputs = (output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    notebook = nbformat.read(PATH, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type in ("stream", "error")], "a warning is a fault"
    table, totals, claims, moved = shown(notebook, "text/html")
    assert re.search(r"<td>total</td>.*\+465\.0</td>.*\+2,700\.0</td>", table, re.DOTALL)
    assert "SYNTHETIC SAMPLE" in table
    assert "data:image/png;base64," in table
    assert "2023-12-31" in totals
    assert claims.count("agrees") == 7
    assert all(f"<td>{word}</td>" in moved for word in ("base", "range", "least", "most"))
    pictures = [base64.b64decode(picture) for picture in shown(notebook, "image/png")]
    assert len(pictures) == 3, "a series, a map of change, and a map of figures"
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 10_000 for picture in pictures)
