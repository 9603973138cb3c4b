"""The lint of archives: what is wrong in which file, on which day and where, under stable codes.

Faults are gathered from map to map, so that one fault is one line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from frontcalc.notices import FINDINGS, Fault, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; the published columns, in order."""

    severity: str
    code: str  # a key of `frontcalc.notices.FINDINGS`
    date: dt.date | None
    until: dt.date | None
    maps: int | None  # on how many one after the other; None where it is not of maps
    layer: str  # several names are joined by « + »
    file: str  # the first
    lon: float | None  # with `lat` a place to look at on the first map (degrees)
    lat: float | None
    km2: float | None  # the largest area of the maps
    count: int | None  # how many on all maps of what the message names
    message: str


def gather(by_map: Iterable[Iterable[Fault]]) -> Iterator[Finding]:
    """Yield findings from each map's faults in turn: one for those on maps after one another, errors apart."""
    open_runs: dict[tuple[str, str], list[Fault]] = {}
    for faults in by_map:
        running: dict[tuple[str, str], list[Fault]] = {}
        for fault in faults:
            key = (fault.code, fault.layer.casefold())
            if FINDINGS[fault.code].severity is Severity.ERROR:
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
    km2 = max((fault.km2 for fault in run if fault.km2 is not None), default=None)
    counts = [fault.count for fault in run if fault.count is not None]
    days, code, more = len({fault.day for fault in run}), FINDINGS[first.code], ""
    if days > 1:
        more = f"; so on {days} maps to {last.day}"
        more += f", {sum(counts)} in all" if counts else ""
        more += "" if km2 is None else f", {km2:,.3f} km² at most"
    lon, lat = first.at or (None, None)
    return Finding(
        severity=code.severity.value,
        code=first.code,
        date=first.day,
        until=last.until or last.day,
        maps=days if first.maps == 1 else first.maps,
        layer=first.layer,
        file=first.file,
        lon=lon,
        lat=lat,
        km2=km2,
        count=sum(counts) if counts else None,
        message=f"{first.what}{more}; {first.cure or code.cure}",
    )
