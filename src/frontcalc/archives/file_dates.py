"""Which days the files of an archive are of: by frontcalc.toml, by names, else by properties of their features."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.config import ArchiveConfig
from frontcalc.dates import (
    candidates,
    day_from_name,
    day_from_property,
    moment_from_property,
    settled,
    time_alone,
    year_from_name,
)
from frontcalc.errors import DataError, UsageError
from frontcalc.notices import Notice
from frontcalc.read import read_features
from frontcalc.read.features import Features
from frontcalc.read.files import Entry

# Properties that date a map, the first present wins; case is ignored.
DATE_FIELDS = ("date", "datetime", "day", "pub_date", "snapshot_date", "as_of")
INTERVAL_FIELDS = (
    *(("from", "to"), ("valid_from", "valid_to"), ("start_date", "end_date"), ("date_from", "date_to")),
    ("begin", "end"),  # also what KML's TimeSpan becomes
)
_MIRROR = "deepstatemap_data_"
_MIDNIGHTS = {20, 21, 22, 23}  # in UTC, from Yerevan to Berlin
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Part:
    """A file of one day's map, or what a file of several days has of one."""

    entry: Entry
    moment: datetime | None = None  # of the map, in UTC where that is known
    day: date | None = None  # whose features count; None for all
    field: str | None = None  # the property that dates those; None for the first that states a date
    several: bool = False  # whether the file has several maps of the day, told apart by the moment

    @property
    def label(self) -> str:
        """What messages call it: the file, and the time of its features where it has several maps of the day."""
        return f"{self.entry.label} at {self.moment:%H:%M:%S}" if self.several else self.entry.label

    def follows(self, other: Part) -> bool:
        """Say whether both state a time in the same zone, and this one a later."""
        if self.moment is None or other.moment is None or bool(self.moment.tzinfo) != bool(other.moment.tzinfo):
            return False
        return self.moment > other.moment


@dataclass(frozen=True, slots=True)
class Dating:
    """Where days are read from.

    Parameters
    ----------
    source : str or None
        `name`, `folder` or `property:FIELD`; None for the file's name, else its folder's, else a property.
    today : date or None
        Maps after it get a notice; None for the real today.
    """

    source: str | None = None
    today: date | None = None

    def __post_init__(self) -> None:
        source = self.source or "name"
        if source not in ("name", "folder") and not source.startswith("property:"):
            problem = f"{source!r} is no source of dates"
            raise UsageError(problem, where="--date-from", cure="name, folder or property:FIELD")


# The first and last day on which a feature is drawn, without a last where it still is, and when it begins where its
# file states times of day.
Interval = tuple[date, date | None, datetime | None]
# The name that states a file's day, the year of its folder, and the time that a name nearer to the file states.
Naming = tuple[str, int | None, time | None]


def dated(
    maps: list[Entry], source: str | None, config: ArchiveConfig, *, skip_bad: bool
) -> tuple[dict[date, list[Part]], list[DataError], list[Notice]]:
    """Return the parts of each day's map, why files were skipped, and notices where all days may be off by one."""
    days, refused = dict[date, list[Part]](), list[DataError]()
    moments: list[datetime | None] = []
    shift = timedelta(days=config.get("as_of_offset_days", 0))
    field = source.removeprefix("property:") if source and ":" in source else None
    stated = config.get("dates", {})
    named = {entry: name for entry in maps if (name := naming(entry, source, config))}
    orders = settled((name, year) for entry, (name, year, _) in named.items() if entry.label not in stated)
    for entry in maps:
        try:
            day, moment = stated.get(entry.label), None
            if entry in named:
                text, year, clock = named[entry]
                try:
                    own = day_from_name(text, year=year, orders=orders)
                    times = {one.time for one in candidates(text)}
                    at = (times.pop() if len(times) == 1 else None) or clock
                    day, moment = day or own, datetime.combine(own, at) if at else None
                except DataError:
                    if day is None:
                        raise
            if day and moment is None and entry.label in stated and (alone := time_alone(entry.path.name)):
                moment = datetime.combine(day, alone)
            # Neither by the archive nor by a name it is dated by what is in it.
            parts, stamps = ([(day, Part(entry, moment=moment))], [moment]) if day else _days_inside(entry, field)
        except DataError as error:
            if not skip_bad:
                raise
            refused.append(error)
            continue
        moments += stamps
        for day, part in parts:
            days.setdefault(day + shift, []).append(part)
    mirrored = [entry for entry in named if entry.path.name.casefold().startswith(_MIRROR)]
    unsettled = "as_of_offset_days" not in config and (mirrored or any(moments))
    return days, refused, _offsets(len(mirrored), moments, len(days)) if unsettled else []


def _days_inside(entry: Entry, field: str | None) -> tuple[list[tuple[date, Part]], list[datetime | None]]:
    """Return the parts of a file by the days that properties of its features state, and all moments stated."""
    spans = intervals(read_features(entry)[1], field, where=entry.label)
    if spans is None:
        problem = "neither its name nor its folder nor a property of its features has a date"
        cure = f"name it by its day, as in 2024-11-03.geojson, or state its date in {CONFIG_NAME}"
        if field:
            problem, cure = f"has no property {field!r}", "check --date-from"
        raise DataError(problem, where=entry.label, cure=cure, code="NO-DATE")
    # On which days does what is drawn change? Features of single days alone are maps, each standing until the next.
    days = {first for first, _, _ in spans}
    if any(last != first for first, last, _ in spans):
        days |= {last + _ONE_DAY for _, last, _ in spans if last is not None}
    moments = _moments_by_day(spans, where=entry.label)
    parts: list[tuple[date, Part]] = []
    for day in (day for day in sorted(days) if in_force(spans, day).any()):
        stamps: Sequence[datetime | None] = moments.get(day) or [None]
        parts += [(day, Part(entry, moment, day, field, len(stamps) > 1)) for moment in stamps]
    return parts, [moment for _, _, moment in spans]


def naming(entry: Entry, source: str | None, config: ArchiveConfig) -> Naming | None:
    """Return the name that states a file's day, its own or a folder's; None for none, or days from a property."""
    folders = list(reversed(entry.path.parts[:-1]))
    year = config.get("year") or next((stated for folder in folders if (stated := year_from_name(folder))), None)
    clock: time | None = None
    for up, name in enumerate((entry.path.name, *folders)):
        is_source = source is None or source == ("folder" if up else "name")
        if is_source and candidates(name):
            return name, year, clock
        clock = clock or time_alone(name)
    return None


def _offsets(mirrored: int, moments: Sequence[datetime | None], maps: int) -> list[Notice]:
    """Return notices where all days of an archive may be off by one, as its publisher stamps them."""
    notices = []
    if mirrored:
        what = f"{mirrored} files named {_MIRROR}* show the day before the one in their names"
        cure = f"write as_of_offset_days = -1 into {CONFIG_NAME} among the maps, or 0 to keep the days"
        notices.append(Notice("AS-OF", f"{what}: {cure}"))
    hours = {moment.hour for moment in moments if moment and moment.tzinfo}
    on_the_hour = all(moment and moment.tzinfo and not moment.time().replace(hour=0) > time.min for moment in moments)
    # Summer time moves a zone's midnight by an hour.
    if maps > 1 and hours and on_the_hour and hours <= _MIDNIGHTS and max(hours) - min(hours) <= 1:
        stamped = " or ".join(f"{hour}:00" for hour in sorted(hours))
        what = f"all {maps} maps are stamped at {stamped} UTC, midnight farther east, and dated by the day that ends"
        cure = f"write as_of_offset_days = 1 into {CONFIG_NAME} among the maps for the day that begins, or 0"
        notices.append(Notice("AS-OF", f"{what} then: {cure}"))
    return notices


def intervals(features: Features, field: str | None, *, where: str) -> list[Interval] | None:
    """Return the days of each feature, None where no property states any; DataError where one of them has none.

    They are read from the property `field`, else from the first of `INTERVAL_FIELDS` and `DATE_FIELDS` that is there.
    The beginning of an interval is enough, if nothing else dates the features: what has no end still holds.
    """
    names = {normalize("NFC", name).casefold(): name for properties in features.properties for name in properties}
    pairs: list[tuple[str, str | None]] = [*INTERVAL_FIELDS, *zip(DATE_FIELDS, DATE_FIELDS, strict=True)]
    pairs += [(first, None) for first, _ in INTERVAL_FIELDS]
    if field is not None:
        single = normalize("NFC", field).casefold()
        pairs = [(single, single)]
    for first, last in pairs:
        if first in names and (last is None or last in names):
            return _spans(features, names[first], None if last is None else names[last], where)
    return None


def _spans(features: Features, first: str, last: str | None, where: str) -> list[Interval]:
    """Return the days of each feature by the properties of its first and last day, which may be one."""
    begins = [properties.get(first) for properties in features.properties]
    ends = [properties.get(last) if last else None for properties in features.properties]
    read: list[tuple[date, date | None]] = []
    for index, (begin, stated) in enumerate(zip(begins, ends, strict=True)):
        start = _day(begin, index, first, where)
        end = start if last == first else None
        if last and last != first and stated not in (None, ""):
            end = _day(stated, index, last, where)
        if end is not None and end < start:
            problem = f"feature {index} ends on {end}, before it begins on {start}"
            raise DataError(problem, where=where, cure="put the earlier day first", code="NO-DATE")
        read.append((start, end))
    # An end that is also a beginning belongs to the later interval.
    beginnings = {start for start, _ in read}
    half_open = any(end in beginnings and end != start for start, end in read if end is not None)
    begun = _moments(begins)
    spans = []
    for (start, end), at, until in zip(read, begun, begun if last == first else _moments(ends), strict=True):
        # What another follows on the very day that it began is not on the day's last map.
        followed = end == start and until is not None and until != at and until in begun
        earlier = end is not None and (followed or (half_open and end > start))
        spans.append((start, end - _ONE_DAY if end and earlier else end, at))
    return spans


def _moments(values: Sequence[object]) -> list[datetime | None]:
    """Return the moments that values state, in UTC; none where all are midnight, which is how software writes days."""
    moments = [None if value in (None, "") else moment_from_property(value) for value in values]
    if all(moment is None or moment.time() == time.min for moment in moments):
        return [None] * len(moments)
    return [moment.astimezone(UTC) if moment and moment.tzinfo else moment for moment in moments]


def _day(value: object, index: int, field: str, where: str) -> date:
    """Return the day that a feature's property states."""
    if value in (None, ""):
        raise DataError(f"feature {index} has no {field!r}", where=where, cure="date every feature", code="NO-DATE")
    try:
        return day_from_property(value)
    except DataError as error:
        raise DataError(f"feature {index}: {error.problem}", where=where, cure=error.cure, code="NO-DATE") from error


def in_force(spans: Sequence[Interval], day: date, moment: datetime | None = None) -> NDArray[np.bool_]:
    """Return which features are drawn on a day, and of it at a moment, (n,)."""
    drawn = [first <= day <= (last or date.max) and moment in (None, begun) for first, last, begun in spans]
    return np.array(drawn, dtype=bool)


def day_stated(spans: Sequence[Interval]) -> date | None:
    """Return the one day that all features with an end begin on, None where there is no such day."""
    days = {first for first, last, _ in spans if last is not None}
    return days.pop() if len(days) == 1 else None


def refuse_other_times(features: Features, day: date, *, where: str) -> None:
    """Refuse a map of a day that draws what does not hold on it, by the time spans of its features (KML's TimeSpan)."""
    for nth, own in enumerate(features.properties):
        stated: dict[str, date] = {}
        for name in INTERVAL_FIELDS[-1]:
            with suppress(DataError):
                stated[name] = day_from_property(own.get(name))
        if not stated.get("begin", day) <= day <= stated.get("end", day):
            span = " ".join(f"{name} {one}" for name, one in stated.items())
            problem = f"feature {nth} has a time span (TimeSpan: {span}) that does not hold {day}, the day of the file"
            raise DataError(problem, where=where, cure="take the day out of its name: its time spans date it then")


def _moments_by_day(spans: Sequence[Interval], *, where: str) -> dict[date, list[datetime]]:
    """Return the moments that features of single days are of, by day, in order; none of what lasts."""
    by_day: dict[date, set[datetime | None]] = {}
    for day, _, moment in spans if all(first == last for first, last, _ in spans) else ():
        by_day.setdefault(day, set()).add(moment)
    for day, moments in by_day.items():
        if len({(moment is None, moment and moment.tzinfo is None) for moment in moments}) > 1:
            problem = f"some features of {day} have a time of day, or its zone, and others none"
            raise DataError(problem, where=where, cure="give each the time of its map", code="NO-DATE")
    return {day: sorted(moment for moment in moments if moment) for day, moments in by_day.items()}
