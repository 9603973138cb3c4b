"""Rows of several levels as a tree: which row is part of which, and in what order they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from frontcalc.regions import TOTAL, UNASSIGNED

Key = tuple[str, str]
"""A row's level and region."""

Branches = dict[Key | None, list[Key]]
"""The rows that are part of each row, in order; under None those that are part of none."""

INDENT = "  "


def key(row: Any) -> Key:
    """Return what tells a row from the others of its period or date."""
    return (row.level, row.region)


def branches(keys: Iterable[Key], levels: str) -> Branches:
    """Return which rows are part of which.

    Parameters
    ----------
    keys : iterable of (level, region)
        In the order of a result: a row is part of the nearest one above it that is of a coarser level.
    levels : str
        The levels, coarse to fine, as in «country,adm1».
    """
    ranks = {level: rank for rank, level in enumerate(levels.split(","))}
    parts: Branches = {None: []}
    above: list[Key] = []
    for one in keys:
        if one[1] in (UNASSIGNED, TOTAL):
            continue
        while above and ranks[above[-1][0]] >= ranks[one[0]]:
            above.pop()
        parts[above[-1] if above else None].append(one)
        parts[one] = []
        above.append(one)
    return parts


def walk(parts: Branches, size: Callable[[Key], Any] | None = None) -> Iterator[tuple[Key, str]]:
    """Yield rows with their labels, indented, each before its parts; smallest `size` first where one is given."""
    return _walk(parts, size, None, "")


def _walk(
    parts: Branches, size: Callable[[Key], Any] | None, above: Key | None, indent: str
) -> Iterator[tuple[Key, str]]:
    """Yield the rows that are part of one, and theirs."""
    for one in sorted(parts[above], key=size) if size else parts[above]:
        yield one, indent + one[1]
        yield from _walk(parts, size, one, indent + INDENT)
