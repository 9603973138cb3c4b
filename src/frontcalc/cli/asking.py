"""Questions to whoever sits at the terminal: what the values of a property mean."""

from __future__ import annotations

import sys
from typing import Any

import click

from frontcalc.cli import terminal


def possible() -> bool:
    """Say whether somebody reads and answers."""
    return terminal.is_terminal(sys.stdin) and terminal.is_terminal(sys.stdout)


def answers(table: Any, field: str | None) -> tuple[str | None, dict[str, str], tuple[str, ...]]:
    """Return which property tells, what its values mean, and which properties tell nothing; one question a line.

    Parameters
    ----------
    table : Table of LegendRow
        What is on the maps.
    field : str or None
        The property, where it was named.
    """
    asked = list(dict.fromkeys(row.property for row in table.rows if row.asked))
    if not asked:
        return field, {}, ()
    if field is None and len(asked) == 1:
        field = asked[0]
    while field is None or field not in asked:
        field = str(click.prompt(f"Which property tells whose ground it is ({', '.join(asked)})", err=True))
    meant = {}
    for row in table.rows:
        if row.property == field:
            question = f"{row.value!r}, {row.km2:,.1f} km²: actor and role, as in Russia control; empty to leave it out"
            if answer := click.prompt(question, default="", show_default=False, err=True).strip():
                meant[row.value] = answer
    if not meant and click.confirm(f"Do the values of {field!r} tell nothing", err=True):
        return None, {}, (field,)
    return field, meant, ()
