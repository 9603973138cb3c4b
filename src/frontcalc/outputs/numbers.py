"""Figures as they are written: published columns, their units, and how far figures are rounded.

Rows hold km² throughout the library. Only here does that become square miles, and only here is anything rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from operator import attrgetter
from typing import Any, get_type_hints

from frontcalc.columns import DEFINITIONS, unit_of
from frontcalc.tables import Table
from frontcalc.tables.table import cell_kind

MINUS = "\N{MINUS SIGN}"
BLANK = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of areas: its `label` after a figure in a sentence, and how many of it a square kilometre is."""

    label: str
    per_km2: float


UNITS = {"km2": Unit("km²", 1.0), "mi2": Unit("sq mi", 1 / 2.589988110336)}
"""By the names that columns have for them; a mile is 1,609.344 m, its square 2.589988110336 km² exactly."""

BEFORE_UNITS = "attribution"
"""The field of every `meta` behind which JSON says in which units the rows are."""

PLACES = dict.fromkeys(("lon", "lat", "west", "south", "east", "north"), 6)
"""Decimals of the columns that have other than three: degrees have six (0.1 m)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One published column: its name as written, with its unit, and what it says; `unit` is empty for none.

    `kind` is `str`, `int`, `float`, `bool` or `date`; `nullable` says whether cells may be blank.
    """

    name: str
    kind: type
    nullable: bool
    definition: str
    unit: str


ATTRIBUTION = Column("attribution", str, False, DEFINITIONS["attribution"], "")
"""The column that flat files have beside those of their rows."""


def decimals(value: float, places: int) -> float:
    """Return a figure rounded, with no negative zero."""
    return round(value, places) + 0.0


def km2(value: float | None, *, signed: bool = False, places: int = 1) -> str:
    """Return an area or change for people: thousands separated, a true minus sign, a dash for none."""
    if value is None:
        return BLANK
    rounded = decimals(value, places)
    text = f"{abs(rounded):,.{places}f}"
    if rounded < 0:
        return MINUS + text
    return f"+{text}" if signed and rounded > 0 else text


def times(value: float | None) -> str:
    """Return a ratio as in «5.0×», a dash for none."""
    return BLANK if value is None else f"{value:,.1f}×"


def plain(value: object, places: int = 3) -> object:
    """Return a cell for machines: figures to three decimals or so many, dates as ISO 8601, None kept."""
    if isinstance(value, float):
        return decimals(value, places)
    return value.isoformat() if isinstance(value, date) else value


def header(kind: type, units: str = "km2") -> dict[str, str]:
    """Return the published name of each field of a class of rows, in their order: as it is but for the unit."""
    own = [entry.name for entry in fields(kind) if entry.name != "geometry"]
    return {name: "_".join(units if word == "km2" else word for word in name.split("_")) for name in own}


def columns(kind: type, units: str = "km2") -> tuple[Column, ...]:
    """Return the columns of a class of rows, in their published order."""
    hints = get_type_hints(kind)
    return tuple(
        Column(name, *cell_kind(hints[own]), DEFINITIONS[own], unit_of(name))
        for own, name in header(kind, units).items()
    )


def rows(result: Table[Any, Any], units: str = "km2") -> list[tuple[Any, ...]]:
    """Return the cells of a result in the order of `columns`, figures rounded."""
    names = [entry.name for entry in fields(result.kind) if entry.name != "geometry"]
    rounded = []
    # By column, since what is to be done is the same for all of its cells, and there may be a million. No zero is -0.0.
    for name, cells in zip(names, zip(*map(attrgetter(*names), result.rows), strict=True), strict=False):
        factor = UNITS[units].per_km2 if "km2" in name.split("_") else 1.0
        places = PLACES.get(name, 3)
        rounded.append([round(cell * factor, places) + 0.0 if isinstance(cell, float) else cell for cell in cells])
    return list(zip(*rounded, strict=True))


def scaled(value: Any, units: str, name: str = "") -> Any:
    """Return a result with every area in it in other units, for laying out; names stay.

    It never leaves the writers: a field that is named km2 holds square miles then. `name` is the field that a
    value inside the result is in.
    """
    if UNITS[units].per_km2 == 1.0:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        moved = {entry.name: scaled(getattr(value, entry.name), units, entry.name) for entry in fields(value)}
        return replace(value, **moved)
    if isinstance(value, tuple):
        return tuple(scaled(item, units, name) for item in value)
    return value * UNITS[units].per_km2 if isinstance(value, float) and "km2" in name.split("_") else value
