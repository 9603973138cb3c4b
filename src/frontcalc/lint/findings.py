"""Findings: what is wrong where, gathered from map to map so that one fault is one line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from frontcalc.errors import DataError
from frontcalc.lint.codes import CODES, Severity

Place = tuple[float, float]
"""Longitude and latitude."""


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


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault on one map, before neighbours are gathered.

    Parameters
    ----------
    code : str
        A key of `CODES`.
    what : str
        The particulars, a clause; the code's cure follows it.
    day, until : date or None
        When; `until` only where the fault is of a span of its own.
    layer, file : str
        Where.
    at : Place or None
        A place to look at.
    km2, count : float and int or None
        How much.
    cure : str
        What to do, where that is not the code's cure.
    maps : int or None
        How many maps it concerns.
    """

    code: str
    what: str
    day: dt.date | None = None
    until: dt.date | None = None
    layer: str = ""
    file: str = ""
    at: Place | None = None
    km2: float | None = None
    count: int | None = None
    cure: str = ""
    maps: int | None = 1


def fault_of(error: DataError, day: dt.date | None) -> Fault:
    """Return what a reader refused as a fault."""
    at = error.at if error.at and abs(error.at[0]) <= 180.0 and abs(error.at[1]) <= 90.0 else None
    return Fault(
        error.code or "UNREADABLE", error.problem, day, file=error.where or "", at=at, cure=error.cure or "", maps=1
    )


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


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by severity, then code in the table's order, date, file and layer."""
    severities, codes = [severity.value for severity in Severity], list(CODES)

    def key(found: Finding) -> tuple[object, ...]:
        return (
            severities.index(found.severity),
            codes.index(found.code),
            found.date or dt.date.min,
            found.file,
            found.layer,
            found.message,
        )

    return tuple(sorted(findings, key=key))
