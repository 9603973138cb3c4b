"""Drift as text for people and for the log of a CI job."""

from __future__ import annotations

from frontcalc.drift import Drift, Moved
from frontcalc.names import printable
from frontcalc.outputs.numbers import MINUS


def drift_text(drift: Drift) -> str:
    """Return what moved, a line a cell, with the reasons below each row; one line where nothing did."""
    if not drift.moved:
        return f"{drift.folder}: nothing moved\n"
    return "".join(_row(row) for row in drift.moved)


def _row(row: Moved) -> str:
    """Return the lines of one row."""
    subject = f"{row.table}: {', '.join(filter(None, row.key))}".rstrip(": ")
    lines = [f"{subject} {row.what}" if row.what != "moved" else f"{subject}"]
    lines += [
        f"  {column}: {_cell(before)} → {_cell(after)}{_by(before, after)}" for column, before, after in row.cells
    ]
    lines += [f"  why: {reason}" for reason in row.why]
    # No name or column may begin a line of a log that its reader takes for a command, or steer a terminal.
    return "".join(f"{printable(line)}\n" for line in lines)


def _cell(text: str) -> str:
    """Return a cell as it is shown."""
    return text.strip() or "blank"


def _by(before: str, after: str) -> str:
    """Return by how much a figure moved, nothing where one of the two is none."""
    try:
        moved = float(after) - float(before)
    except ValueError:
        return ""
    return f" ({'+' if moved > 0 else MINUS}{abs(moved):,.3f})"
