"""Figures as they are written: published columns, what each means, their units, and how far figures are rounded.

Rows hold km² throughout the library. Only here does that become square miles, and only here is anything rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from operator import attrgetter
from typing import Any, get_type_hints

from frontcalc.crs import M_PER_MILE
from frontcalc.tables import Table
from frontcalc.tables.table import cell_kind

MINUS = "\N{MINUS SIGN}"
BLANK = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of areas: its `label` after a figure in a sentence, and how many of it a square kilometre is."""

    label: str
    per_km2: float


# The square of a mile is 2.589988110336 km² exactly.
KM2, MI2 = Unit("km²", 1.0), Unit("sq mi", 1 / round(M_PER_MILE**2 / 1e6, 12))
UNITS = {"km2": KM2, "mi2": MI2}
"""By the names that columns have for them."""

BEFORE_UNITS = "attribution"
"""The field of every `meta` behind which JSON says in which units the rows are."""

_DEGREES = ("lon", "lat", "west", "south", "east", "north")

PLACES = dict.fromkeys(_DEGREES, 6) | {"ground_km2": 9, "ground_mi2": 9}
"""Decimals of the columns that have other than three: degrees have six (0.1 m), areas that are to be summed nine."""

_RANGE = "under the assumptions of a range or by the archives compared"

_KINDS = ("gained", "lost")
_SAME = "the same in each archive's row: to sum, take the rows of one archive"

DEFINITIONS: dict[str, str] = {
    "archive": "name of the folder or file that holds the maps",
    "actor": "whose territory is measured",
    "period": "the period asked for",
    "date": "the day that the row is of",
    "level": "kind of region, as in adm1; total where everything is measured at once",
    "region": "name of the region; unassigned is what no region takes, total is everything",
    "opening": "day of the map that the change is measured from",
    "closing": "day of the map that the change is measured to",
    "snapshot": "day of the map that stands for the date",
    "previous": "day of the map before it, which the change is measured from",
    "days": "days from the one map to the other",
    "view": "which roles of layers count as held",
    "opening_km2": "area held on the opening map",
    "closing_km2": "area held on the closing map",
    "held_km2": "area held",
    "gained_km2": "held on the later map and not on the earlier one",
    "lost_km2": "held on the earlier map and not on the later one",
    "net_km2": "gained less lost, which is the change of the area held",
    "rate_km2_per_day": "net change over the days between the two maps",
    "notes": "codes of the notices that concern the row, separated by spaces",
    "set": "name of the region set",
    "code": "the region's code (ISO 3166-2); the finding's, as docs/findings.md explains it",
    "country": "the country it belongs to by international law (ISO 3166-1)",
    "local_name": "the region's name in the local language",
    "area_km2": "land area, as the set or file draws it",
    "aliases": "other spellings of the name, separated by |",
    "kind": "gained or lost; of the ground of several archives also held: at the close, by some of them alone",
    "km2": "area of the ground",
    "snapped_km2": "how much of gained and lost together, or of the area held, lies outside the region as drawn",
    "from_role": "role of the layer that had the ground at the opening; none where it was not held",
    "to_role": "role of the layer that has the ground at the close; none where it is not held",
    "place": "name of the place",
    "change": "gained where half of the place came under the actor's hold, lost where it came out of it; part gained or"
    " part lost where between the period's ends its share only passed 5 or 95 %",
    "reached": "first map since which 5 % of the place and more is held, in a row lost not held, until the next change"
    " or the period's end; blank where that is not so, or was so on its first map",
    "half": "the same of half of it",
    "whole": "the same of 95 % of it",
    "held_pct": "how much of the place's disc is held: on the map, or at the period's close",
    "people": "people of the place; blank where they are not known",
    "radius_m": "radius of the disc that stands for the place",
    "lon": "longitude on WGS 84",
    "lat": "latitude on WGS 84",
    "west": "western edge of the region's box, longitude on WGS 84",
    "south": "southern edge of the region's box, latitude on WGS 84",
    "east": "eastern edge of the region's box, longitude on WGS 84",
    "north": "northern edge of the region's box, latitude on WGS 84",
    "neighbours": "regions of the set that touch it, separated by |",
    "layer": "the publisher's name of the layer, several joined by +",
    "role": "what the layer means, as views count it",
    "parts": "polygons as drawn",
    "vertices": "coordinates of the polygons as drawn",
    "file": "name of the file, the first one where it is of several",
    "severity": "error, warning or info",
    "until": "the last day that the finding is of",
    "maps": "on how many maps of the archive, one after the other",
    "count": "how many of what the message names, on all the maps",
    "message": "what was found and what to do",
    "features": "features of the region's name",
    "repaired": "polygons that were invalid and were repaired",
    "overlap_km2": "what the region shares with others",
    "overlaps_with": "the regions that it shares ground with, separated by |",
    "geometry": "where the change is: longitude and latitude on WGS 84",
    "region_km2": "the region's land area, as the region set draws it, with what is held beside it and snapped to it;"
    " blank where the region takes no ground of the actor",
    "share_of_region_pct": "held at the close, of region_km2",
    "country_km2": "area of the region's country as of region_km2, in the row total of the one country that is not the"
    " actor's own; blank where the region set does not draw it whole",
    "share_of_country_pct": "held at the close, of country_km2",
    "step": "what gross figures compare: each snapshot with the one before, or the states at the ends of units",
    "steps": "how many pairs of maps were compared for the gross figures",
    **{f"gross_{name}_km2": f"{name}, summed over the steps inside the period" for name in ("gained", "lost")},
    "turnover_km2": "gross gained and gross lost together",
    "sliver_width_m": "mean width (2 × area ÷ perimeter) below which a part of a change is a sliver",
    **{f"sliver_{name}_km2": f"of gross {name}, what lies in slivers" for name in ("gained", "lost")},
    "id": "name of the claim; several joined by ↔ where claims contradict each other",
    "claimed": "the published figure",
    "computed": "the figure under the claim's stated choices, else the default ones; what other claims imply where"
    " claims contradict each other",
    "difference": "computed less claimed",
    "unit": "unit of claimed, computed and difference: km2, mi2, km2/day, mi2/day, times or percent",
    "verdict": "agrees, depends, disagrees, too coarse or no data, as docs/claims.md defines them",
    "reason": "which figures would fit, which other choice does, or what is missing",
    "measure": "what the claimed figure is of: held, net, gained, lost, gross_gained, gross_lost, rate, ratio or share",
    "qualifier": "how the figure is said: exactly, about, more than, less than, nearly or up to",
    "text": "the words of the claim",
    "source": "where the claim stands",
    "published": "the day it was published",
    "added": "of computed, what a second figure adds that the claim counts with its own, as another actor's",
    "assumption": "what was changed against the base, by itself; range for the least and the most of those in range",
    "choice": "what it was changed to",
    **{f"{name}_difference_km2": f"{name} less {name} of the base" for name in ("gained", "lost", "net")},
    "matters": "which of gained, lost and net a newspaper would print otherwise than the base, separated by spaces",
    "in_range": "whether the assumption is open to argument, so that the range is taken over it",
    **{f"{name}_min_km2": f"the least that {name} comes to, {_RANGE}" for name in ("gained", "lost", "net")},
    **{f"{name}_max_km2": f"the most that {name} comes to, {_RANGE}" for name in ("gained", "lost", "net")},
    "closing_only_km2": "held on the closing map of this archive and on that of none of the others compared",
    "closing_lacking_km2": "held on the closing map of another archive compared, and not on this one's",
    "gained_sliver_km2": "of gained, what lies in slivers; with --drop-slivers, what was left out of it",
    "lost_sliver_km2": "of lost, what lies in slivers; with --drop-slivers, what was left out of it",
    "net_interpolated_km2": "net change with both ends taken linearly between the two maps around the days asked for;"
    " blank where the maps are near enough to those days, or do not allow it",
    "border_km2": "of gained and lost together, what lies within 2 km of a border between the row's regions and others;"
    " blank in the total, and where the regions are no coarse ones",
    "not_held_km2": "what of region_km2 is not held: land as drawn, without what is held of it",
    "flags": "marks of the figure: u border rough, b a break in the maps, e interpolated, p maps end before the period",
    "state": "open where the archive's last map is dated before the period's last day, or a later map would move that"
    " day; else closed",
    "property": "the property that has the value; layer where a layer's name is known, wherever it stands",
    "value": "the layer's name, or the property's value",
    "polygons": "polygons as drawn, on the map that has most of the value's ground",
    "first": "day of the first map that has it",
    "last": "day of the last map that has it",
    "legend": "whose table names the layer: a publisher's, own where the archive explains it; blank where none does",
    "sliver": "whether the ground is thin strips, mostly lines drawn anew: a row of its own beside what is broader",
    "asked": "whether no figure can be had until somebody says what the value means",
    "town": "the town of the ground's own country that is nearest to it; blank for ground in no country, and the total",
    "distance_km": "from the town to the middle of the ground that changed",
    "direction": "where that middle lies from the town, one of eight winds",
    "places": "places more than half of whose ground changed hands in the row, largest first; of many the first five",
    "half_from": "with half_to, the days of the two maps between which half of the net came, the shortest such time",
    "half_to": "see half_from; of at most 60 steps inside the period",
    "held_from": "day of the first map that shows the ground held; blank where the opening map does",
    "held_until": "day of the first map that no longer does; blank where the last map does",
    "ground_km2": "area of the ground, to be summed",
    "came_sliver": "whether it came in thin strips, mostly lines drawn anew",
    "came_fault": "whether it came by a fault of the map, with no front there (docs/slivers.md)",
    "went_sliver": "whether it went in thin strips",
    "went_fault": "whether it went by a fault of the map",
    "came_files": "the files of the map of held_from, or of the opening map",
    "went_files": "the files of the map of held_until",
    "record": "what is remarkable in the net change: the largest, of one sign in a row, the first of its sign, or none",
    "periods": "how many periods the record spans, the last one too; 0 for none",
    "since": "the last period before those, which was as large or of the other sign; blank where none was measured",
    "survives": "under which assumptions, each changed by itself, the record holds, separated by semicolons",
    "fails": "under which it does not, and why",
    "untried": "which cannot be tried, for want of maps",
    "sentence": "the record in words, with what it survives",
    **{
        f"{name}_by_all_km2": f"{name} by every archive compared, without what is set aside; {_SAME}" for name in _KINDS
    },
    **{
        f"{name}_by_any_km2": f"{name} by at least one of the archives, without what is set aside; {_SAME}"
        for name in _KINDS
    },
    **{f"{name}_only_km2": f"{name} by this archive and by none of the others" for name in _KINDS},
    **{
        f"{name}_aside_km2": f"of the archive's own {name}, what lies on ground that is set aside: connected, of more"
        " than 5,000 km², held by the others at both ends and by one archive not at both"
        for name in _KINDS
    },
    "first_km2": "of gained_by_all_km2, what this archive drew before every other",
    "lag_days": "days from the first map of any other archive since which a piece of ground that all gained is held to"
    " the close to the first of this one, the median by area; below zero where this one is mostly the first",
    "lag_from_days": "the first quartile of the same",
    "lag_to_days": "the third quartile of the same",
    "maps_apart_days": "days from a map of this archive to the next in the period, the median: a lag within is none",
    "shown_by": "the archives that show the ground so, all others not, separated by |",
    "attribution": "whose maps and regions the figures rest on, and on what terms",
}
"""What each column says, in square kilometres, without its unit: the same wherever a column of that name stands."""

_UNITS = {"days": "days", "km": "km", "pct": "%", "m": "metres", **dict.fromkeys(_DEGREES, "degrees")}


def unit_of(name: str) -> str:
    """Return the unit of a column, by its name; empty where it has none."""
    words = name.split("_")
    for word, unit in (("km2", "km²"), ("mi2", "mi²")):
        if word in words:
            return f"{unit} per day" if name.endswith("_per_day") else unit
    return _UNITS.get(words[-1], "")


@dataclass(frozen=True, slots=True)
class Column:
    """One published column: its name, the type of its cells, if they may be blank, what it says, its unit or none."""

    name: str
    kind: type
    nullable: bool
    definition: str
    unit: str


# What spreadsheets take for the beginning of a formula (OWASP, CSV Injection), full-width forms included.
_FORMULA_MARKS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LEADING_CONTROLS = ("\t", "\r", "\n")

ATTRIBUTION = Column("attribution", str, False, DEFINITIONS["attribution"], "")
"""The column that flat files have beside those of their rows."""


def decimals(value: float, places: int) -> float:
    """Return a figure rounded, with no negative zero."""
    return round(value, places) + 0.0


def km2(value: float | None, *, signed: bool = False, places: int = 1) -> str:
    """Return an area or change for people: thousands separated, a true minus sign, a dash for none."""
    if value is None:
        return BLANK
    rounded = round(value, places)
    text = f"{abs(rounded):,.{places}f}"
    if rounded < 0:
        return MINUS + text
    return f"+{text}" if signed and rounded > 0 else text


def header(kind: type, units: str = "km2") -> dict[str, str]:
    """Return the published name of each field of a class of rows, in their order: as it is but for the unit."""
    ordered = sorted(fields(kind), key=lambda entry: bool(entry.metadata))
    names = (entry.name for entry in ordered if entry.name != "geometry")
    return {name: "_".join(units if word == "km2" else word for word in name.split("_")) for name in names}


def columns(kind: type, units: str = "km2") -> tuple[Column, ...]:
    """Return the columns of a class of rows, in their published order."""
    hints = get_type_hints(kind)
    return tuple(
        Column(name, *cell_kind(hints[own]), DEFINITIONS[own], unit_of(name))
        for own, name in header(kind, units).items()
    )


def cells(
    result: Table[Any, Any], units: str = "km2", *, attribution: bool = False, shown: Any = lambda value, places: value
) -> dict[str, list[Any]]:
    """Return the cells of each published column, figures rounded, as `shown` has them; flat files are attributed."""
    published = {}
    for own, name in header(result.kind, units).items():
        factor, places = UNITS[units].per_km2 if "km2" in own.split("_") else 1.0, PLACES.get(name, 3)
        # Most cells repeat: regions, days, blanks, nothing gained. No zero is -0.0.
        cell = lru_cache(None, typed=True)(
            lambda value, factor=factor, places=places: shown(
                round(value * factor, places) + 0.0 if isinstance(value, float) else value, places
            )
        )
        published[name] = list(map(cell, map(attrgetter(own), result.rows)))
    if attribution:
        published[ATTRIBUTION.name] = [shown("; ".join(result.meta.attribution), 0)] * len(result.rows)
    return published


def cell_text(value: object, places: int) -> str:
    """Return one cell as CSV has it: blank for None, a day in ISO 8601."""
    if isinstance(value, float):
        return f"{value:.{places}f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        risky = value.startswith(_LEADING_CONTROLS) or value.lstrip().startswith(_FORMULA_MARKS)
        return f"'{value}" if risky else value
    return "" if value is None else str(value)


def records(published: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Return cells by column as a dict a row."""
    return [dict(zip(published, values, strict=True)) for values in zip(*published.values(), strict=True)]


def scaled(value: Any, units: str, name: str = "") -> Any:
    """Return a result with areas in other units, for laying out; names stay, so it never leaves the writers."""
    if UNITS[units].per_km2 == 1.0:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        moved = {entry.name: scaled(getattr(value, entry.name), units, entry.name) for entry in fields(value)}
        return replace(value, **moved)
    if isinstance(value, tuple):
        return tuple(scaled(item, units, name) for item in value)
    return value * UNITS[units].per_km2 if isinstance(value, float) and "km2" in name.split("_") else value
