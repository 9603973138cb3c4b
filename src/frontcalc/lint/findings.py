"""Findings: what is wrong where, under stable codes, gathered from map to map so that one fault is one line.

A code is a promise: once published it keeps its meaning. New codes are appended.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from frontcalc.snapshots import Fault


class Severity(StrEnum):
    """How much a finding matters, the gravest first.

    Of an error the map cannot be measured, or would be measured wrongly; a warning is to be looked at before figures
    are printed; an info is good to know.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: what it says, where it mostly comes from, and what to do, clauses without a final stop."""

    severity: Severity
    meaning: str
    cause: str
    cure: str


# By severity and code: meaning, cause and cure.
_TEXTS: dict[Severity, dict[str, tuple[str, str, str]]] = {
    Severity.ERROR: {
        "UNREADABLE": (
            "a file cannot be read",
            "a download cut short, a web page or a server's error saved as a map, a format that is not known",
            "download it again or remove it",
        ),
        "BROKEN-RING": (
            "a ring is no ring: fewer than three different points, or a coordinate that is no finite number",
            "lines too much simplified or rounded, NaN written by software",
            "repair or remove the feature at the place named",
        ),
        "OUT-OF-RANGE": (
            "coordinates are beyond ±180° of longitude or ±90° of latitude",
            "longitudes counted from 0 to 360, a slip of the hand",
            "bring longitudes to −180…180 and latitudes to −90…90",
        ),
        "METRES-AS-DEGREES": (
            "coordinates are far too large for degrees, though the file says that they are or says nothing",
            "a map in a projected CRS (web Mercator, UTM) saved as GeoJSON, or a shapefile that lost its .prj",
            "declare the CRS, or export the map in longitude and latitude",
        ),
        "SWAPPED": (
            "latitude stands before longitude",
            "software that keeps to the axis order of EPSG:4326",
            "write longitude first, as GeoJSON wants",
        ),
        "CRS-UNKNOWN": (
            "the CRS that a file declares is unknown, or it declares none and must",
            "a misspelt or local name, a missing .prj",
            "declare an EPSG code",
        ),
        "CRS-IMPOSSIBLE": (
            "the CRS that a file declares cannot be that of its coordinates",
            "degrees in a file that declares metres, the .prj of another file, the wrong zone",
            "declare the CRS that the coordinates are in",
        ),
        "NO-DATE": (
            "it cannot be told which day a file shows",
            "a name without a day, with two, or with one that no calendar has",
            "name it by its day, as in 2024-11-03.geojson, or state its date in frontcalc.toml",
        ),
        "LAYER-TWICE": (
            "two files show one layer of one day differently",
            "a corrected file beside the one that it corrects",
            "keep one of the two, or put the time of day into both names, as in 20241103_1800",
        ),
        "NO-LAYER": (
            "no layer of a map is known, so that it cannot be measured",
            "a publisher that frontcalc does not know yet",
            "say what the layers mean: frontcalc archive explain",
        ),
        "UNMEASURABLE": (
            "a layer can be read but not measured",
            "polygons that cannot be repaired, or lie where the projection is not defined",
            "repair the layer, or measure in another --crs",
        ),
    },
    Severity.WARNING: {
        "UNKNOWN-LAYER": (
            "a layer's name is unknown, so that it is not counted",
            "a publisher's new layer or new name",
            "say what it means under [layers] in frontcalc.toml, if it should count",
        ),
        "NOT-AREA": (
            "points or lines among polygons are not counted",
            "symbols or fronts drawn in the same layer",
            "nothing to do, if no area is meant; else draw it as a polygon",
        ),
        "ACTORS-OVERLAP": (
            "two actors hold the same ground on one map",
            "layers drawn apart from one another",
            "measure each actor by itself, and do not add them",
        ),
        "OUTSIDE-REGIONS": (
            "a part of the map touches no region, so that it is unassigned",
            "islands and spits that the region file leaves out, a part in the wrong place",
            "look at the place; use a region file that covers it",
        ),
        "LAYER-MISSING": (
            "a role that earlier maps show is absent",
            "a layer left out, renamed or given up",
            "get the missing layer, or measure with --carry-layers DAYS or a --view without it",
        ),
        "LAYER-FROZEN": (
            "a layer stands still while others of the same map move",
            "a publisher that books changes in another layer first, or a download that failed for one layer",
            "do not measure change by this layer alone",
        ),
        "AREA-JUMP": (
            "the area held changes at once far more than is usual in the archive",
            "a redrawn or redefined map, a flood, a part lost in the file, or a real collapse of a front",
            "look at the part named before printing a change over this step",
        ),
        "DAYS-MISSING": (
            "the archive lacks maps that its own rhythm would have",
            "days that the publisher left out, or a download that failed",
            "download them, or ask for periods that do not end there",
        ),
        "REPEATED": (
            "files of two days are byte for byte the same",
            "a download that got the old file again, or a publisher that made no new one",
            "download it again; if it stays, no change was published",
        ),
        "DATE-DIFFERS": (
            "a date property says another day than the file's name, and the name counts",
            "maps stamped when published, not by what they show",
            "--date-from property:FIELD or as_of_offset_days, if the property is right",
        ),
        "DATE-IMPLAUSIBLE": (
            "a date is in the future, far from all others of the archive, or a property that is no date",
            "a slip of the hand in a name, software that writes a default",
            "correct the name or the property",
        ),
        "AS-OF": (
            "all maps may be stamped with another day than they show",
            "a mirror that runs after midnight, or midnights of another zone than UTC",
            "state as_of_offset_days in frontcalc.toml, 0 where the days are right",
        ),
        "REPAIRS-DIFFER": (
            "a polygon's rings cross or overlap as drawn, and two ways of repairing it differ by more than 1 km²",
            "a ring drawn over ground that it encloses already, where more ground or a hole may be meant",
            "look at the place: frontcalc counts what is covered twice as held; draw it once, or as a hole",
        ),
    },
    Severity.INFO: {
        "INVALID-RING": (
            "a polygon's rings cross or overlap as drawn",
            "drawing by hand, simplifying",
            "nothing to do here, since frontcalc repairs them; other software may lose area",
        ),
        "OVERLAP": (
            "two layers of one actor cover the same ground, which frontcalc counts once",
            "layers drawn one over the other",
            "nothing to do here, but who adds the layers' areas counts it twice",
        ),
        "NO-GEOMETRY": (
            "features have no geometry, null or empty",
            "rows kept in a table after their polygons were deleted",
            "nothing to do: a layer of such features alone counts as empty",
        ),
        "UNCHANGED": (
            "maps show exactly what the one before shows, in other bytes",
            "days on which the publisher changed nothing",
            "nothing to do",
        ),
        "OTHER-FILES": (
            "files in the archive, or members of its zips, are no maps and were not read",
            "readmes, styles, licences",
            "nothing to do, if they are no maps",
        ),
        "LATER-MAP": (
            "several maps of one day show a layer, of which the last by its time counts",
            "a publisher that makes several maps a day",
            "nothing to do, if the last map of the day is meant",
        ),
    },
}

CODES = {code: Code(severity, *text) for severity, texts in _TEXTS.items() for code, text in texts.items()}
"""Every code of `archive check`, errors first; what `docs/findings.md` shows."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; its fields are the published columns, in order.

    Parameters
    ----------
    severity, code : str
        One of `Severity`, and a key of `frontcalc.lint.CODES`.
    date, until : date or None
        The first and last day concerned.
    maps : int or None
        On how many maps of the archive, one after the other; None where it is not of maps.
    layer : str
        The publisher's name, or several joined by « + »; empty where it concerns no layer.
    file : str
        The first file concerned.
    lon, lat : float or None
        A place to look at, on the first map (degrees).
    km2 : float or None
        The area concerned, the largest of the maps.
    count : int or None
        How many of what the message names, on all the maps.
    message : str
        What was found and what to do.
    """

    severity: str
    code: str
    date: dt.date | None
    until: dt.date | None
    maps: int | None
    layer: str
    file: str
    lon: float | None
    lat: float | None
    km2: float | None
    count: int | None
    message: str


def gather(by_map: Iterable[Iterable[Fault]]) -> Iterator[Finding]:
    """Yield findings from the faults of each map in turn: what is on maps one after the other is one finding.

    Errors stay one a file, since each file has to be mended; its message is its own.
    """
    open_runs: dict[tuple[str, str], list[Fault]] = {}
    for faults in by_map:
        running: dict[tuple[str, str], list[Fault]] = {}
        for fault in faults:
            key = (fault.code, fault.layer.casefold())
            if CODES[fault.code].severity is Severity.ERROR:
                yield finding([fault])
            elif key in running:
                running[key].append(fault)
            else:
                running[key] = [*open_runs.pop(key, []), fault]
        yield from (finding(run) for run in open_runs.values())
        open_runs = running
    yield from (finding(run) for run in open_runs.values())


def finding(run: list[Fault]) -> Finding:
    """Return one finding for faults of one code and layer, on one map or on several in turn."""
    first, last = run[0], run[-1]
    areas = [fault.km2 for fault in run if fault.km2 is not None]
    counts = [fault.count for fault in run if fault.count is not None]
    days = len({fault.day for fault in run})
    code = CODES[first.code]
    more = ""
    if days > 1:
        more = f"; so on {days} maps to {last.day}"
        more += f", {sum(counts)} in all" if counts else ""
        more += f", {max(areas):,.3f} km² at most" if areas else ""
    return Finding(
        severity=code.severity.value,
        code=first.code,
        date=first.day,
        until=last.until or last.day,
        maps=days if first.maps == 1 else first.maps,
        layer=first.layer,
        file=first.file,
        lon=first.at[0] if first.at else None,
        lat=first.at[1] if first.at else None,
        km2=max(areas) if areas else None,
        count=sum(counts) if counts else None,
        message=f"{first.what}{more}; {first.cure or code.cure}",
    )
