"""Notices: coded remarks that travel with a result, so that no assumption is silent.

A code is a promise: once published it keeps its meaning. New codes are appended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from frontcalc.errors import CheckFailed, UsageError

CODES: dict[str, str] = {
    "OPENS-LATE": "the archive starts inside the period, which opens with its first map",
    "CLOSES-EARLY": "the archive ends inside the period, which closes with its last map",
    "SPAN": "the days between the two maps used differ by more than 5 % from the days asked for",
    "NO-NEW-MAP": "opening and closing are the same map, so no change can be measured",
    "NO-MAP": "the archive has no map on or before the day asked for",
    "LAYER-MISSING": "a layer that the view counts is absent on that day, so an earlier map stands in",
    "CARRIED": "a layer absent on that day was carried over from an earlier map",
    "SKIPPED": "a file that could not be read was left out, as asked",
    "MERGED": "two files of one date are byte for byte the same and were counted once",
    "OTHER-FILES": "files in the archive that are no maps were not read",
    "UNKNOWN-LAYER": "a layer with an unknown name was not counted",
    "NOT-AREA": "points or lines were not counted, since they have no area",
    "NO-REGIONS": "no region set was given, so only totals are shown",
    "SYNTHETIC": "the maps are made up: the figures hold by construction and say nothing about any war",
    "FUTURE": "a map is dated after today",
    "DATE-DIFFERS": "a date property says another day than the name, and the name counts",
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
    "REDEFINITION": "a large part changed hands on a single step, in a way that a moving front does not explain",
    "FROZEN": "a layer stands still while others move",
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
}


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
    """

    code: str
    message: str
    period: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown notice code {self.code!r}")

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.code, self.period, self.message)))


def grouped(notices: Iterable[Notice]) -> list[str]:
    """Return notices as lines, those that differ only in their period together, in order of appearance."""
    periods: dict[tuple[str, str], dict[str, None]] = {}
    for notice in notices:
        periods.setdefault((notice.code, notice.message), {})[notice.period] = None
    subjects = ((code, ", ".join(filter(None, named)), message) for (code, message), named in periods.items())
    return [": ".join(filter(None, parts)) for parts in subjects]


def join_codes(notices: Iterable[Notice]) -> str:
    """Return the codes of some notices as the `notes` column shows them: sorted, separated by spaces."""
    return " ".join(sorted({notice.code for notice in notices}))


def notice_code(name: str) -> str:
    """Return the notice code that somebody typed, in whatever case.

    Raises
    ------
    UsageError
        There is no such code; the message names the nearest.
    """
    code = name.strip().upper().replace("_", "-")
    if code in CODES:
        return code
    near = get_close_matches(code, CODES, n=1, cutoff=0.0)
    raise UsageError(f"no notice is named {name!r}", where="--fail-on", cure=f"the nearest is {near[0]}")


def require_none(notices: Iterable[Notice], codes: Collection[str]) -> None:
    """Raise where a result has a notice of some codes.

    Raises
    ------
    CheckFailed
        With the first such notice, and how many more there are.
    """
    found = grouped(notice for notice in notices if notice.code in codes)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise CheckFailed(f"a notice that was not to occur: {found[0]}{more}", where="--fail-on")
