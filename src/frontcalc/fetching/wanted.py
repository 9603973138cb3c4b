"""What a source has, as values: maps that each know how they are fetched, and what the user asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from frontcalc.errors import FrontcalcError
from frontcalc.fetching.folder import Map

Get = Callable[[str], Map | None]
"""Fetches a map, None where it still has the ETag that is handed over."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A map that a source has.

    Parameters
    ----------
    day : date or None
        The day for its name, None where only the map itself says it.
    url : str
        Where it is.
    get : callable
        Fetches it.
    version : str
        What the publisher calls its state, empty where it does not say.
    """

    day: date | None
    url: str
    get: Get
    version: str = ""


@dataclass(slots=True)
class Plan:
    """What a source has, and what of it could not be found out.

    Parameters
    ----------
    wanted : list of Wanted
        By day.
    failures : list of (str, FrontcalcError or None)
        What could not be asked, and why.
    remarks : list of str
        What is to be said beside.
    days : set of date or None
        All days that the publisher has, whether wanted or not; None where that cannot be told.
    credit : str
        Whose the maps are, as the publisher says it with them.
    checks : list of callable
        Each takes the features by day that the archive holds in the end, and yields what is missing.
    """

    wanted: list[Wanted] = field(default_factory=list)
    failures: list[tuple[str, FrontcalcError | None]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    credit: str = ""
    days: set[date] | None = None
    checks: list[Callable[[dict[date, int]], Iterator[str]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user asked for.

    Parameters
    ----------
    urls : tuple of str
        Addresses, for sources that have none of their own.
    since, until : date or None
        The first and last day wanted.
    day : date or None
        The day of a map that does not say it.
    date_field : str
        The field of a layer that has the day.
    """

    urls: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    day: date | None = None
    date_field: str = ""

    def takes(self, day: date) -> bool:
        """Say whether a day is wanted."""
        return (self.since or day) <= day <= (self.until or day)
