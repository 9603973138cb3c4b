"""What `archive check` can find: stable codes, each with its severity, meaning, cause and cure.

A code is a promise: once published it keeps its meaning. New codes are appended.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters, the gravest first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding.

    Parameters
    ----------
    severity : Severity
        `error`: the map cannot be measured, or would be measured wrongly. `warning`: figures need a look
        before they are printed. `info`: good to know.
    meaning, cause, cure : str
        What it says, where it mostly comes from, and what to do; clauses without a final stop.
    """

    severity: Severity
    meaning: str
    cause: str
    cure: str


_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO

CODES: dict[str, Code] = {
    "UNREADABLE": Code(
        _ERROR,
        "a file cannot be read",
        "a download cut short, a web page or a server's error saved as a map, a format that is not known",
        "download it again or remove it",
    ),
    "BROKEN-RING": Code(
        _ERROR,
        "a ring is no ring: fewer than three different points, or a coordinate that is no finite number",
        "lines too much simplified or rounded, NaN written by software",
        "repair or remove the feature at the place named",
    ),
    "OUT-OF-RANGE": Code(
        _ERROR,
        "coordinates are beyond ±180° of longitude or ±90° of latitude",
        "longitudes counted from 0 to 360, a slip of the hand",
        "bring longitudes to −180…180 and latitudes to −90…90",
    ),
    "METRES-AS-DEGREES": Code(
        _ERROR,
        "coordinates are far too large for degrees, though the file says that they are or says nothing",
        "a map in a projected CRS (web Mercator, UTM) saved as GeoJSON, or a shapefile that lost its .prj",
        "declare the CRS, or export the map in longitude and latitude",
    ),
    "SWAPPED": Code(
        _ERROR,
        "latitude stands before longitude",
        "software that keeps to the axis order of EPSG:4326",
        "write longitude first, as GeoJSON wants",
    ),
    "CRS-UNKNOWN": Code(
        _ERROR,
        "the CRS that a file declares is unknown, or it declares none and must",
        "a misspelt or local name, a missing .prj",
        "declare an EPSG code",
    ),
    "CRS-IMPOSSIBLE": Code(
        _ERROR,
        "the CRS that a file declares cannot be that of its coordinates",
        "degrees in a file that declares metres, the .prj of another file, the wrong zone",
        "declare the CRS that the coordinates are in",
    ),
    "NO-DATE": Code(
        _ERROR,
        "it cannot be told which day a file shows",
        "a name without a day, with two, or with one that no calendar has",
        "name it by its day, as in 2024-11-03.geojson, or state its date in frontcalc.toml",
    ),
    "LAYER-TWICE": Code(
        _ERROR,
        "two files show one layer of one day differently",
        "a corrected file beside the one that it corrects",
        "keep one of the two, or put the time of day into both names, as in 20241103_1800",
    ),
    "NO-LAYER": Code(
        _ERROR,
        "no layer of a map is known, so that it cannot be measured",
        "a publisher that frontcalc does not know yet",
        "say what the layers mean: frontcalc archive explain",
    ),
    "UNMEASURABLE": Code(
        _ERROR,
        "a layer can be read but not measured",
        "polygons that cannot be repaired, or lie where the projection is not defined",
        "repair the layer, or measure in another --crs",
    ),
    "UNKNOWN-LAYER": Code(
        _WARNING,
        "a layer's name is unknown, so that it is not counted",
        "a publisher's new layer or new name",
        "say what it means under [layers] in frontcalc.toml, if it should count",
    ),
    "NOT-AREA": Code(
        _WARNING,
        "points or lines among polygons are not counted",
        "symbols or fronts drawn in the same layer",
        "nothing to do, if no area is meant; else draw it as a polygon",
    ),
    "ACTORS-OVERLAP": Code(
        _WARNING,
        "two actors hold the same ground on one map",
        "layers drawn apart from one another",
        "measure each actor by itself, and do not add them",
    ),
    "OUTSIDE-REGIONS": Code(
        _WARNING,
        "a part of the map touches no region, so that it is unassigned",
        "islands and spits that the region file leaves out, a part in the wrong place",
        "look at the place; use a region file that covers it",
    ),
    "LAYER-MISSING": Code(
        _WARNING,
        "a role that earlier maps show is absent",
        "a layer left out, renamed or given up",
        "get the missing layer, or measure with --carry-layers DAYS or a --view without it",
    ),
    "LAYER-FROZEN": Code(
        _WARNING,
        "a layer stands still while others of the same map move",
        "a publisher that books changes in another layer first, or a download that failed for one layer",
        "do not measure change by this layer alone",
    ),
    "AREA-JUMP": Code(
        _WARNING,
        "the area held changes at once far more than is usual in the archive",
        "a redrawn or redefined map, a flood, a part lost in the file, or a real collapse of a front",
        "look at the part named before printing a change over this step",
    ),
    "DAYS-MISSING": Code(
        _WARNING,
        "the archive lacks maps that its own rhythm would have",
        "days that the publisher left out, or a download that failed",
        "download them, or ask for periods that do not end there",
    ),
    "REPEATED": Code(
        _WARNING,
        "files of two days are byte for byte the same",
        "a download that got the old file again, or a publisher that made no new one",
        "download it again; if it stays, no change was published",
    ),
    "DATE-DIFFERS": Code(
        _WARNING,
        "a date property says another day than the file's name, and the name counts",
        "maps stamped when published, not by what they show",
        "--date-from property:FIELD or as_of_offset_days, if the property is right",
    ),
    "DATE-IMPLAUSIBLE": Code(
        _WARNING,
        "a date is in the future, far from all others of the archive, or a property that is no date",
        "a slip of the hand in a name, software that writes a default",
        "correct the name or the property",
    ),
    "AS-OF": Code(
        _WARNING,
        "all maps may be stamped with another day than they show",
        "a mirror that runs after midnight, or midnights of another zone than UTC",
        "state as_of_offset_days in frontcalc.toml, 0 where the days are right",
    ),
    "REPAIRS-DIFFER": Code(
        _WARNING,
        "a polygon's rings cross or overlap as drawn, and two ways of repairing it differ by more than 1 km²",
        "a ring drawn over ground that it encloses already, where more ground or a hole may be meant",
        "look at the place: frontcalc counts what is covered twice as held; draw it once, or as a hole",
    ),
    "INVALID-RING": Code(
        _INFO,
        "a polygon's rings cross or overlap as drawn",
        "drawing by hand, simplifying",
        "nothing to do here, since frontcalc repairs them; other software may lose area",
    ),
    "OVERLAP": Code(
        _INFO,
        "two layers of one actor cover the same ground, which frontcalc counts once",
        "layers drawn one over the other",
        "nothing to do here, but who adds the layers' areas counts it twice",
    ),
    "NO-GEOMETRY": Code(
        _INFO,
        "features have no geometry, null or empty",
        "rows kept in a table after their polygons were deleted",
        "nothing to do: a layer of such features alone counts as empty",
    ),
    "UNCHANGED": Code(
        _INFO,
        "maps show exactly what the one before shows, in other bytes",
        "days on which the publisher changed nothing",
        "nothing to do",
    ),
    "OTHER-FILES": Code(
        _INFO,
        "files in the archive, or members of its zips, are no maps and were not read",
        "readmes, styles, licences",
        "nothing to do, if they are no maps",
    ),
    "LATER-MAP": Code(
        _INFO,
        "several maps of one day show a layer, of which the last by its time counts",
        "a publisher that makes several maps a day",
        "nothing to do, if the last map of the day is meant",
    ),
}
"""Every code, errors first; what `docs/findings.md` shows."""
