"""The table of codes: of notices, which travel with a result so that no assumption is silent, and of findings.

A code is a promise: once published it keeps its meaning. New codes are appended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NamedTuple

from frontcalc.errors import LONGEST, CheckFailed, DataError, UsageError, shortened
from frontcalc.names import some_of

_SHOWN = 12  # periods, or days, that a line names of those that one notice is of

CODES = {
    "OPENS-LATE": "the archive starts inside the period, which opens with its first map",
    "CLOSES-EARLY": "the archive ends inside the period, which closes with its last map",
    "SPAN": "a map used is off its day by more than 5 % of the period, or the days between the two differ by as much",
    "NO-NEW-MAP": "opening and closing are the same map, so no change can be measured",
    "NO-MAP": "the archive has no map on or before the day asked for",
    "LAYER-MISSING": "a layer that earlier maps show is absent on that day, so an earlier map stands in",
    "CARRIED": "a layer absent on that day was carried over from an earlier map",
    "SKIPPED": "a file that could not be read was left out, as asked",
    "MERGED": "two files of one date are byte for byte the same and were counted once",
    "OTHER-FILES": "files of the archive or its zips that are no maps, or folders too deep in it, were not read",
    "UNKNOWN-LAYER": "a layer with an unknown name was not counted",
    "NOT-AREA": "points, lines or pictures were not counted, since they have no area",
    "NO-REGIONS": "no region set was given, so only totals are shown",
    "SYNTHETIC": "the maps are made up: the figures hold by construction and say nothing about any war",
    "FUTURE": "a map is dated after today",
    "DATE-DIFFERS": "a date property says another day than the file's name, and the name counts",
    "REGIONS-OVERLAP": "regions overlap; what they share goes to the one that comes first in the file",
    "ONLY": "only some regions were asked for, and the total is of the rows shown",
    "UNASSIGNED": "more than 2 % of what was gained and lost lies in no region",
    "SNAPPED": "more than 2 % of what was gained and lost lies beside the regions and went to the nearest",
    "UPSTREAM-CHANGED": "what a fetched region set comes from has changed since it was fetched",
    "UPSTREAM-UNKNOWN": "what a fetched region set comes from could not be asked whether it has changed",
    "BASELINE": "ground that was held on an earlier day is not counted, as asked",
    "DAYS-DIFFER": "the archives compared have the maps that open and close the period on different days",
    "RANGE": "ranges are over the assumptions that are named, each changed by itself",
    "SLIVERS-DROPPED": "slivers are left out of gained, lost and net, as asked",
    "REDEFINITION": "a large part changed hands on a single step, and no front made it",
    "FROZEN": "the only layers that count stand still while others move",
    "REPEAT": "a map is the same as an earlier one",
    "UNNAMED": "no layer is named on the maps, so all polygons count as one actor's",
    "ENDED": "a layer that the view counts is no longer drawn, so that nothing is known of it from then on",
    "OLD-MAP": "the map that stands for an end is far older than the period, so that nothing is measured",
    "CONTROL-ONLY": "only control counts, and much of what it gained was already drawn as an advance",
    "LATER-MAP": "several maps of one day show a layer, of which the last by its time stands",
    "AS-OF": "all maps may be stamped with another day than they show",
    "REGIONS-JOINED": "features of one name that no code tells apart are one region, though they do not touch",
    "NESTED": "a polygon lies inside another of its multipolygon, where a hole may be meant; it counts as held",
    "REPAIRS-DIFFER": "two ways of repairing polygons that cross themselves differ by more than 1 km²",
    "NO-GEOMETRY": "no layer of a map has any geometry, so nothing is held; or features that name no layer have none",
    "REGIONS-FOUND": "the layer of a region file, or the field that names its regions, was found and not given",
    "AT-ONCE": "a large part, or much of the whole map, changed hands on a single step",
    "OTHER-ACTOR": "the area of another actor changed between the same maps, and is in none of these figures",
    "LEAVES-OUT": "an archive leaves out much ground that the others compared hold at both ends of the period",
    "BORDER": "much of what was gained and lost lies so near a border of a coarse region set that it may be beyond it",
    "OPENING": "a map that was given, or a layer of what was held before 2022, stands for days before the first map",
    "OTHER-MEANING": "a layer that a publisher's name tells counts as something else, as the archive or a legend says",
    "OLD-REGIONS": "the regions that come with frontcalc are as of about 2013, and a country may have others since",
    "LAG": "by how many days an archive is later than others may come of the days of its maps",
}
"""Every code of a notice, with its meaning; what `docs/notices.md` shows."""

MARKS = {
    "u": ("border rough", {"BORDER"}),
    "b": ("a break in the maps", {"REDEFINITION", "OPENS-LATE"}),
    "e": ("days other than asked for, net_interpolated_km2 estimates those", {"net_interpolated_km2"}),
    "p": ("the maps end before the period", {"CLOSES-EARLY"}),
}
"""The marks of figures, as statistical offices set them: what each says, and the codes and columns that set it."""


class Severity(StrEnum):
    """How much a finding matters, the gravest first.

    Of an error the map cannot be measured, or would be measured wrongly; a warning is to be looked at before figures
    are printed; an info is good to know.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Code(NamedTuple):
    """One kind of finding: what it says, where it mostly comes from, and what to do, clauses without a final stop."""

    severity: Severity
    meaning: str
    cause: str
    cure: str


# The meaning of each finding, by severity.
_ERRORS = {
    "UNREADABLE": "a file cannot be read",
    "BROKEN-RING": "a ring is no ring: fewer than three different points, or a coordinate that is no finite number",
    "OUT-OF-RANGE": "coordinates are beyond ±180° of longitude or ±90° of latitude",
    "METRES-AS-DEGREES": (
        "coordinates are far too large for degrees, though the file says that they are or says nothing"
    ),
    "SWAPPED": "latitude stands before longitude",
    "CRS-UNKNOWN": "the CRS that a file declares is unknown, or it declares none and must",
    "CRS-IMPOSSIBLE": "the CRS that a file declares cannot be that of its coordinates",
    "NO-DATE": "it cannot be told which day a file shows",
    "LAYER-TWICE": "two files show one layer of one day differently",
    "NO-LAYER": "no layer of a map is known, so that it cannot be measured",
    "UNMEASURABLE": "a layer can be read but not measured",
}
_WARNINGS = {
    "UNKNOWN-LAYER": CODES["UNKNOWN-LAYER"],
    "NOT-AREA": CODES["NOT-AREA"],
    "ACTORS-OVERLAP": "two actors hold the same ground on one map",
    "OUTSIDE-REGIONS": "a part of the map touches no region, so that it is unassigned",
    "LAYER-MISSING": CODES["LAYER-MISSING"],
    "LAYER-FROZEN": "a layer stands still while others of the same map move",
    "AREA-JUMP": "the area held changes at once far more than is usual in the archive",
    "DAYS-MISSING": "the archive lacks maps that its own rhythm would have",
    "REPEATED": "files of two days are byte for byte the same",
    "DATE-DIFFERS": CODES["DATE-DIFFERS"],
    "DATE-IMPLAUSIBLE": "a date is in the future, far from all others of the archive, or a property that is no date",
    "AS-OF": CODES["AS-OF"],
    "REPAIRS-DIFFER": CODES["REPAIRS-DIFFER"],
}
_INFOS = {
    "INVALID-RING": "a polygon's rings cross or overlap as drawn",
    "OVERLAP": "two layers of one actor cover the same ground, which frontcalc counts once",
    "NO-GEOMETRY": "features have no geometry, null or empty",
    "UNCHANGED": "maps show exactly what the one before shows, in other bytes",
    "OTHER-FILES": CODES["OTHER-FILES"],
    "LATER-MAP": CODES["LATER-MAP"],
}
# What a finding mostly comes from.
_CAUSES = {
    "UNREADABLE": "a download cut short, a web page or a server's error saved as a map, a format that is not known",
    "BROKEN-RING": "lines too much simplified or rounded, NaN written by software",
    "OUT-OF-RANGE": "longitudes counted from 0 to 360, a slip of the hand",
    "METRES-AS-DEGREES": (
        "a map in a projected CRS (web Mercator, UTM) saved as GeoJSON, or a shapefile that lost its .prj"
    ),
    "SWAPPED": "software that keeps to the axis order of EPSG:4326",
    "CRS-UNKNOWN": "a misspelt or local name, a missing .prj",
    "CRS-IMPOSSIBLE": "degrees in a file that declares metres, the .prj of another file, the wrong zone",
    "NO-DATE": "a name without a day, with two, or with one that no calendar has",
    "LAYER-TWICE": "a corrected file beside the one that it corrects",
    "NO-LAYER": "a publisher that frontcalc does not know yet",
    "UNMEASURABLE": "polygons that cannot be repaired, or lie where the projection is not defined",
    "UNKNOWN-LAYER": "a publisher's new layer or new name",
    "NOT-AREA": "symbols or fronts drawn in the same layer",
    "ACTORS-OVERLAP": "layers drawn apart from one another",
    "OUTSIDE-REGIONS": "islands and spits that the region file leaves out, a part in the wrong place",
    "LAYER-MISSING": "a layer left out, renamed or given up",
    "LAYER-FROZEN": "a publisher that books changes in another layer first, or a download that failed for one layer",
    "AREA-JUMP": "a redrawn or redefined map, a flood, a part lost in the file, or a real collapse of a front",
    "DAYS-MISSING": "days that the publisher left out, or a download that failed",
    "REPEATED": "a download that got the old file again, or a publisher that made no new one",
    "DATE-DIFFERS": "maps stamped when published, not by what they show",
    "DATE-IMPLAUSIBLE": "a slip of the hand in a name, software that writes a default",
    "AS-OF": "a mirror that runs after midnight, or midnights of another zone than UTC",
    "REPAIRS-DIFFER": "a ring drawn over ground that it encloses already, where more ground or a hole may be meant",
    "INVALID-RING": "drawing by hand, simplifying",
    "OVERLAP": "layers drawn one over the other",
    "NO-GEOMETRY": "rows kept in a table after their polygons were deleted",
    "UNCHANGED": "days on which the publisher changed nothing",
    "OTHER-FILES": "readmes, styles, licences; folders too deep, or links",
    "LATER-MAP": "a publisher that makes several maps a day",
}
# What to do about it.
_CURES = {
    "UNREADABLE": "download it again or remove it",
    "BROKEN-RING": "repair or remove the feature at the place named",
    "OUT-OF-RANGE": "bring longitudes to −180…180 and latitudes to −90…90",
    "METRES-AS-DEGREES": "declare the CRS, or export the map in longitude and latitude",
    "SWAPPED": "write longitude first, as GeoJSON wants",
    "CRS-UNKNOWN": "declare an EPSG code",
    "CRS-IMPOSSIBLE": "declare the CRS that the coordinates are in",
    "NO-DATE": "name it by its day, as in 2024-11-03.geojson, or state its date in frontcalc.toml",
    "LAYER-TWICE": "keep one of the two, or put the time of day into both names, as in 20241103_1800",
    "NO-LAYER": "say what the layers mean: frontcalc archive explain",
    "UNMEASURABLE": "repair the layer, or measure in another --crs",
    "UNKNOWN-LAYER": "say what it means under [layers] in frontcalc.toml, if it should count",
    "NOT-AREA": "nothing to do, if no area is meant; else draw it as a polygon",
    "ACTORS-OVERLAP": "measure each actor by itself, and do not add them",
    "OUTSIDE-REGIONS": "look at the place; use a region file that covers it",
    "LAYER-MISSING": "get the missing layer, or measure with --carry-layers DAYS or a --view without it",
    "LAYER-FROZEN": "do not measure change by this layer alone",
    "AREA-JUMP": "look at the part named before printing a change over this step",
    "DAYS-MISSING": "download them, or ask for periods that do not end there",
    "REPEATED": "download it again; if it stays, no change was published",
    "DATE-DIFFERS": "--date-from property:FIELD or as_of_offset_days, if the property is right",
    "DATE-IMPLAUSIBLE": "correct the name or the property",
    "AS-OF": "state as_of_offset_days in frontcalc.toml among the maps, 0 where the days are right",
    "REPAIRS-DIFFER": "look at the place: frontcalc counts what is covered twice as held; draw it once, or as a hole",
    "INVALID-RING": "nothing to do here, since frontcalc repairs them; other software may lose area",
    "OVERLAP": "nothing to do here, but who adds the layers' areas counts it twice",
    "NO-GEOMETRY": "nothing to do: a layer of such features alone counts as empty",
    "UNCHANGED": "nothing to do",
    "OTHER-FILES": "nothing to do, if they are no maps",
    "LATER-MAP": "nothing to do, if the last map of the day is meant",
}

FINDINGS = {
    code: Code(severity, meaning, _CAUSES[code], _CURES[code])
    for severity, meanings in zip(Severity, (_ERRORS, _WARNINGS, _INFOS), strict=True)
    for code, meaning in meanings.items()
}
"""Every code of `archive check`, errors first; what `docs/findings.md` shows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault on one map."""

    code: str  # a key of `FINDINGS`
    what: str  # the particulars, a clause
    day: date | None = None
    until: date | None = None  # where it is of a span of days of its own
    layer: str = ""
    file: str = ""
    at: tuple[float, float] | None = None  # a place to look at (longitude and latitude)
    km2: float | None = None
    count: int | None = None
    cure: str = ""  # in place of the code's own
    maps: int | None = 1  # on how many it is, None where it is not of maps


def fault_of(error: DataError, day: date | None) -> Fault:
    """Return an error of reading as a fault of a day's map."""
    at = error.at if error.at and abs(error.at[0]) <= 180.0 and abs(error.at[1]) <= 90.0 else None
    return Fault(error.code or "UNREADABLE", error.problem, day, file=error.where or "", at=at, cure=error.cure or "")


@dataclass(frozen=True, slots=True, order=True)
class Notice:
    """One remark on a result.

    Parameters
    ----------
    code : str
        One of `CODES`.
    message : str
        The particulars, in a plain sentence without a final stop.
    period : str
        The period or date it concerns; empty where it concerns the whole result.
    km2 : float, optional
        How much ground it is about (km²), where that is known. For a fault of the map and what changed at once, with
        its sign, what of the net of all rows shown it is.
    line : str
        What was seen and its consequence, in few words for people; empty where `frontcalc.outputs.caveats` has them.
    regions : tuple of str
        The rows of the period that it concerns; empty for all.
    """

    code: str
    message: str
    period: str = ""
    km2: float | None = field(default=None, compare=False, repr=False)
    line: str = field(default="", compare=False, repr=False)
    regions: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown notice code {self.code!r}")
        if len(self.message) > LONGEST:
            object.__setattr__(self, "message", shortened(self.message))

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.code, self.period, self.message)))


def with_lines(notices: Iterable[Notice]) -> list[Notice]:
    """Return the notices that have a line in outputs for people; the others repeat what a row or column shows."""
    return [notice for notice in notices if notice.code not in ("UNASSIGNED", "SNAPPED")]


def grouped(notices: Iterable[Notice]) -> list[str]:
    """Return notices as lines, in order: those that differ in their period alone as one that lists the first few."""
    periods: dict[tuple[str, str], dict[str, None]] = {}
    for notice in notices:
        periods.setdefault((notice.code, notice.message), {})[notice.period] = None
    subjects = ((code, [*filter(None, named)], message) for (code, message), named in periods.items())
    listed = ((code, ", ".join(of) if len(of) <= _SHOWN else some_of(of, _SHOWN), text) for code, of, text in subjects)
    return [": ".join(filter(None, parts)) for parts in listed]


def join_codes(notices: Iterable[Notice]) -> str:
    """Return the codes of some notices as the `notes` column shows them: sorted, separated by spaces."""
    return " ".join(sorted({notice.code for notice in notices}))


def noted(notices: Iterable[Notice], *columns: str) -> dict[str, str]:
    """Return the columns `notes` and `flags` of a row that has some notices and some other `columns` filled."""
    codes = {notice.code for notice in notices}
    flags = "".join(mark for mark, (_, setters) in MARKS.items() if setters & {*codes, *columns})
    return {"notes": " ".join(sorted(codes)), "flags": flags}


def explained(rows: Iterable[Any], meta: Any = None) -> str:
    """Return a line that explains the marks that stand behind some rows' figures; empty for none.

    With what the figures rest on it names the borders that would mend the mark of a rough one, unless a notice does.
    """
    stand = "".join(getattr(row, "flags", "") for row in rows)
    country = "RU" if meta and meta.actors == ("Ukraine",) else "UA"
    elsewhere = meta is None or any(one.code == "OLD-REGIONS" for one in meta.notices)
    cures = {} if elsewhere else {"u": f" (frontcalc regions fetch {country} adm1 --use mends it)"}
    return " · ".join(f"{mark}: {says}{cures.get(mark, '')}" for mark, (says, _) in MARKS.items() if mark in stand)


def notice_code(name: str) -> str:
    """Return the notice code that somebody typed, in whatever case; UsageError names the nearest to an unknown one."""
    code = name.strip().upper().replace("_", "-")
    if code in CODES:
        return code
    near = get_close_matches(code, CODES, n=1, cutoff=0.0)
    raise UsageError(f"no notice is named {name!r}", where="--fail-on", cure=f"the nearest is {near[0]}")


def require_none(notices: Iterable[Notice], codes: Collection[str]) -> None:
    """Raise CheckFailed where a result has a notice of some codes, with the first, and how many more there are."""
    unwanted = grouped(notice for notice in notices if notice.code in codes)
    if unwanted:
        more = f" (and {len(unwanted) - 1} more)" if len(unwanted) > 1 else ""
        raise CheckFailed(f"a notice that was not to occur: {unwanted[0]}{more}", where="--fail-on")
