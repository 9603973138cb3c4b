"""Rows of the lists and checks of archives, and what they rest on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from frontcalc.notices import Notice
from frontcalc.sources import SourceFile


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer of one map: polygons as drawn, coordinates, and its own area, overlaps once."""

    date: dt.date
    layer: str
    actor: str
    role: str
    parts: int
    vertices: int
    km2: float
    file: str


@dataclass(frozen=True, slots=True)
class LegendRow:
    """A layer of the maps, or a value of a property that may tell whose ground it is, and what it is taken for.

    Polygons and area are those of the map that has most of it.
    """

    property: str
    value: str
    polygons: int
    km2: float
    first: dt.date | None
    last: dt.date | None
    actor: str
    role: str
    legend: str
    asked: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveMeta:
    """What a list or a check of an archive rests on; `counts` has the findings by code."""

    version: str
    archive: str
    crs: str
    maps: int
    files: tuple[SourceFile, ...]
    distinct_files: int
    regions: SourceFile | None = None
    counts: tuple[tuple[str, int], ...] = ()
    notices: tuple[Notice, ...] = ()
    attribution: tuple[str, ...] = ()
    units: str = "km2"
