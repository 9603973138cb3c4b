"""Tables as they are published: columns with unit and definition, figures in the unit asked for, rounded.

Rows hold km² throughout the library; here is the one place where that becomes square miles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from operator import attrgetter
from typing import Any, get_type_hints

from frontcalc.columns import DEFINITIONS, unit_of
from frontcalc.outputs.numbers import decimals, places_of
from frontcalc.tables import Table
from frontcalc.tables.frames import cell_kind

KM2_PER_MI2 = 2.589988110336
"""Square kilometres in a square mile: 1.609344², exactly."""

UNITS = {"km2": 1.0, "mi2": 1 / KM2_PER_MI2}
"""Units that areas can be written in, and how many of each a square kilometre is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One published column.

    Parameters
    ----------
    name : str
        As written, with its unit.
    kind : type
        `str`, `int`, `float`, `bool` or `date`.
    nullable : bool
        Whether cells may be blank.
    definition, unit : str
        What it says; the unit is empty where it has none.
    """

    name: str
    kind: type
    nullable: bool
    definition: str
    unit: str


def columns(kind: type, units: str = "km2") -> tuple[Column, ...]:
    """Return the columns of a class of rows, in their published order."""
    hints = get_type_hints(kind)
    return tuple(_column(entry.name, hints[entry.name], units) for entry in fields(kind) if entry.name != "geometry")


def rows(result: Table[Any, Any]) -> list[tuple[Any, ...]]:
    """Return the cells of a result in the order of `columns`: figures in its units, rounded."""
    names = [entry.name for entry in fields(result.kind) if entry.name != "geometry"]
    # By column, since what is to be done is the same for all of its cells, and there may be a million.
    by_column = zip(*map(attrgetter(*names), result.rows), strict=True)
    rounded = [
        _rounded(cells, _factor(name, result.meta.units), places_of(name))
        for name, cells in zip(names, by_column, strict=False)
    ]
    return list(zip(*rounded, strict=True))


def scaled(result: Table[Any, Any]) -> Table[Any, Any]:
    """Return a result whose figures are in the units it is to be written in, for laying out; names stay.

    It never leaves the writers: a field that is named km2 may hold square miles here.
    """
    if UNITS[result.meta.units] == 1.0:
        return result
    kind, meta = result.kind, result.meta
    factors = {entry.name: _factor(entry.name, meta.units) for entry in fields(kind)}
    areas = [name for name, factor in factors.items() if factor != 1.0]
    moved = tuple(
        replace(row, **{name: value * factors[name] for name in areas if (value := getattr(row, name)) is not None})
        for row in result.rows
    )
    return Table(kind, moved, _scaled(meta, meta.units))


def attribution(result: Table[Any, Any]) -> str:
    """Return in one line whose maps and regions a result rests on."""
    return "; ".join(result.meta.attribution)


def _column(field: str, hint: Any, units: str) -> Column:
    """Return the column of one field of a row."""
    kind, nullable = cell_kind(hint)
    assert kind in (str, int, float, bool, date)
    name = "_".join(units if word == "km2" else word for word in field.split("_"))
    return Column(name, kind, nullable, DEFINITIONS[field], unit_of(name))


def _factor(field: str, units: str) -> float:
    """Return what a field's figures are multiplied with to be in some units."""
    return UNITS[units] if "km2" in field.split("_") else 1.0


def _rounded(cells: Sequence[Any], factor: float, places: int) -> list[Any]:
    """Return the cells of a column, figures converted and rounded."""
    return [decimals(value * factor, places) if isinstance(value, float) else value for value in cells]


def _scaled(value: Any, units: str, name: str = "") -> Any:
    """Return what is beside rows, every area in it in other units; `name` is the field that holds it."""
    if is_dataclass(value) and not isinstance(value, type):
        moved = {entry.name: _scaled(getattr(value, entry.name), units, entry.name) for entry in fields(value)}
        return replace(value, **moved)
    if isinstance(value, tuple):
        return tuple(_scaled(item, units, name) for item in value)
    return value * _factor(name, units) if isinstance(value, float) else value
