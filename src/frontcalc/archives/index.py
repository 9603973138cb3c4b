"""An index of dated maps as a value."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from frontcalc.errors import DataError
from frontcalc.labels import printable
from frontcalc.layers import Legend
from frontcalc.notices import Notice
from frontcalc.sources.files import Entry


@dataclass(frozen=True, slots=True)
class Selection:
    """The features of one day in a file of several, by a property (None for the first that states a date).

    `moment` is that of the features where the day has several maps, else None.
    """

    field: str | None
    day: date
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A file of one day's map.

    Parameters
    ----------
    entry : Entry
        The file.
    selection : Selection or None
        Which of its features count; None for all.
    moment : datetime or None
        When it shows its day, in UTC where that is known; None where nothing states a time.
    """

    entry: Entry
    selection: Selection | None = None
    moment: datetime | None = None

    @property
    def label(self) -> str:
        """What messages call it: the file, and the time of its features where it has several maps of the day."""
        several = self.selection and self.selection.moment
        return f"{self.entry.label} at {several:%H:%M:%S}" if several else self.entry.label

    def follows(self, other: Part) -> bool:
        """Say whether both state a time in the same zone, and this one a later."""
        if self.moment is None or other.moment is None or bool(self.moment.tzinfo) != bool(other.moment.tzinfo):
            return False
        return self.moment > other.moment


def latest_first(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts of a map by their times, the latest first, and those without any last."""

    def moment(part: Part) -> datetime:
        return (part.moment or datetime.min).replace(tzinfo=UTC)

    return tuple(sorted(parts, key=moment, reverse=True))


@dataclass(frozen=True, slots=True)
class SnapshotRef:
    """Where one day's map is: the day, its files, and what the archive says its layers mean.

    With `skip_bad` a file that cannot be read is passed over where another of the day can be, and so is one in a zip.
    """

    day: date | None
    parts: tuple[Part, ...]
    legend: Legend = field(default_factory=Legend)
    skip_bad: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """What messages call the files."""
        return tuple(dict.fromkeys(part.entry.label for part in self.parts))


def explain_command(refs: Iterable[SnapshotRef]) -> str:
    """Return the command that says what the layers of maps mean, one for each folder or file that they are in."""
    here = Path.cwd()
    roots = dict.fromkeys(part.entry.root for ref in refs for part in ref.parts)
    paths = (printable(str(root.relative_to(here) if root.is_relative_to(here) else root)) for root in roots)
    return " and ".join(
        f"frontcalc archive explain {json.dumps(p, ensure_ascii=False) if ' ' in p else p}" for p in paths
    )


@dataclass(frozen=True)
class Archive:
    """An index of dated maps, in date order; it holds no geometry.

    Parameters
    ----------
    name : str
        The folder's or file's name.
    refs : tuple of SnapshotRef
        One a day, in date order.
    notices : tuple of Notice
        What is to be said of the index.
    view : str or None
        The view that the archive itself asks for.
    refused : tuple of DataError
        Why files were left out that could not be dated; there are none unless bad files were to be skipped.
    attribution : str
        Whom its maps are from, and on what terms; empty where it does not say.
    publisher : str
        Who publishes the maps, as the archive itself says; empty where it does not.
    """

    name: str
    refs: tuple[SnapshotRef, ...]
    notices: tuple[Notice, ...] = ()
    view: str | None = None
    refused: tuple[DataError, ...] = ()
    attribution: str = ""
    publisher: str = ""

    @property
    def credit(self) -> str:
        """Whom the maps are from and on what terms, as results say it."""
        return f"maps: {self.attribution or f'{self.name}, whose source is not stated'}"

    @property
    def roots(self) -> frozenset[Path]:
        """The folder, zip or files that its maps are in."""
        return frozenset(part.entry.root for ref in self.refs for part in ref.parts)

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days that have a map."""
        return tuple(ref.day for ref in self.refs if ref.day is not None)

    @property
    def extent(self) -> str:
        """From when to when there are maps."""
        return f"{self.days[0]} to {self.days[-1]}" if self.days else "no date"

    def skipping_bad(self) -> Archive:
        """Return the same archive, of whose maps files that cannot be read are passed over."""
        return replace(self, refs=tuple(replace(ref, skip_bad=True) for ref in self.refs))

    def upto(self, day: date) -> Iterator[SnapshotRef]:
        """Yield the maps dated on or before a day, latest first."""
        end = bisect_right(self.refs, day, key=lambda ref: ref.day or date.min)
        latest_first = (self.refs[place] for place in range(end - 1, -1, -1))
        return (ref for ref in latest_first if ref.day is not None and ref.day <= day)
