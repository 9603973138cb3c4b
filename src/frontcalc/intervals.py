"""Days of features by their properties: a date each, or from when to when they hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from frontcalc.dates import day_from_property, moment_from_property
from frontcalc.errors import DataError
from frontcalc.sources.features import Features

# Properties that date a map, the first present wins; case is ignored.
DATE_FIELDS = ("date", "datetime", "day", "pub_date", "snapshot_date", "as_of")
INTERVAL_FIELDS = (("from", "to"), ("valid_from", "valid_to"), ("start_date", "end_date"), ("date_from", "date_to"))

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """The days on which a feature is drawn, both ends counted; `last` None where it still is.

    `moment` is when it begins, where its file states times of day.
    """

    first: date
    last: date | None
    moment: datetime | None = None


def intervals(features: Features, field: str | None, *, where: str) -> tuple[Interval, ...] | None:
    """Return the days of each feature, None where no property states any.

    Parameters
    ----------
    features : Features
        One file's.
    field : str or None
        The property to read; None for the first of `INTERVAL_FIELDS` and `DATE_FIELDS` that is there. The
        beginning of an interval is enough, if nothing else dates the features: what has no end still holds.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        A feature has no date, or one that is none, or ends before it begins.
    """
    fields = {_folded(name): name for properties in features.properties for name in properties}
    if field is not None:
        single = fields.get(_folded(field))
        return None if single is None else _single(features, single, where)
    if pair := next((pair for pair in INTERVAL_FIELDS if pair[0] in fields and pair[1] in fields), None):
        return _pairs(features, fields[pair[0]], fields[pair[1]], where)
    if single := next((fields[name] for name in DATE_FIELDS if name in fields), None):
        return _single(features, single, where)
    first = next((fields[name] for name, _ in INTERVAL_FIELDS if name in fields), None)
    return None if first is None else _pairs(features, first, None, where)


def days_of(spans: Sequence[Interval]) -> list[date]:
    """Return the days on which what is drawn changes, as long as anything is drawn."""
    starts = {span.first for span in spans}
    # Features of single days, and no others, are maps of these days, each of which stands until the next.
    lasting = any(span.last != span.first for span in spans)
    ends = {span.last + _ONE_DAY for span in spans if span.last is not None} if lasting else set()
    return [day for day in sorted(starts | ends) if in_force(spans, day).any()]


def in_force(spans: Sequence[Interval], day: date, moment: datetime | None = None) -> NDArray[np.bool_]:
    """Return which features are drawn on a day, and of it at a moment, (n,)."""
    drawn = (span.first <= day and (span.last is None or day <= span.last) for span in spans)
    of_moment = (moment is None or span.moment == moment for span in spans)
    return np.array([one and other for one, other in zip(drawn, of_moment, strict=True)], dtype=bool)


def day_stated(spans: Sequence[Interval] | None) -> date | None:
    """Return the one day that all features with an end begin on, None where there is no such day."""
    days = {span.first for span in spans or () if span.last is not None}
    return days.pop() if len(days) == 1 else None


def moments_of(spans: Sequence[Interval], *, where: str) -> dict[date, list[datetime]]:
    """Return the moments that features of single days are of, by day, in order; none of what lasts.

    Raises
    ------
    DataError
        Some of a day's features have a time, or its zone, and others none.
    """
    found: dict[date, set[datetime | None]] = {}
    if all(span.first == span.last for span in spans):
        for span in spans:
            found.setdefault(span.first, set()).add(span.moment)
    for day, moments in found.items():
        if len({(moment is None, moment and moment.tzinfo is None) for moment in moments}) > 1:
            problem = f"some features of {day} have a time of day, or its zone, and others none"
            raise DataError(problem, where=where, cure="give each the time of its map", code="NO-DATE")
    return {day: sorted(moment for moment in moments if moment) for day, moments in found.items()}


def _folded(name: str) -> str:
    """Return the form in which names of properties are compared."""
    return unicodedata.normalize("NFC", name).casefold()


def _single(features: Features, field: str, where: str) -> tuple[Interval, ...]:
    """Return single days from one property."""
    values = [properties.get(field) for properties in features.properties]
    days = [_day(value, index, field, where) for index, value in enumerate(values)]
    return tuple(Interval(day, day, moment) for day, moment in zip(days, _moments(values), strict=True))


def _pairs(features: Features, first: str, last: str | None, where: str) -> tuple[Interval, ...]:
    """Return intervals from two properties; an end that is also a beginning belongs to the later one."""
    begins = [properties.get(first) for properties in features.properties]
    ends = [properties.get(last) if last else None for properties in features.properties]
    read = []
    for index, (begin, stated) in enumerate(zip(begins, ends, strict=True)):
        start = _day(begin, index, first, where)
        end = None if last is None or stated in (None, "") else _day(stated, index, last, where)
        if end is not None and end < start:
            problem = f"feature {index} ends on {end}, before it begins on {start}"
            raise DataError(problem, where=where, cure="put the earlier day first", code="NO-DATE")
        read.append((start, end))
    beginnings = {start for start, _ in read}
    half_open = any(end in beginnings and end != start for start, end in read if end is not None)
    begun = _moments(begins)
    spans = []
    for (start, end), at, until in zip(read, begun, _moments(ends), strict=True):
        # What another follows on the very day that it began is not on the day's last map.
        followed = end == start and until is not None and until != at and until in begun
        earlier = end is not None and (followed or (half_open and end > start))
        spans.append(Interval(start, end - _ONE_DAY if end and earlier else end, at))
    return tuple(spans)


def _moments(values: Sequence[object]) -> list[datetime | None]:
    """Return the moments that values state, in UTC; none where all are midnight, which is how software writes days."""
    found = [None if value in (None, "") else moment_from_property(value) for value in values]
    if all(moment is None or moment.time() == time.min for moment in found):
        return [None] * len(found)
    return [moment.astimezone(UTC) if moment and moment.tzinfo else moment for moment in found]


def _day(value: object, index: int, field: str, where: str) -> date:
    """Return the day that a feature's property states."""
    if value in (None, ""):
        raise DataError(f"feature {index} has no {field!r}", where=where, cure="date every feature", code="NO-DATE")
    try:
        return day_from_property(value)
    except DataError as error:
        raise DataError(f"feature {index}: {error.problem}", where=where, cure=error.cure, code="NO-DATE") from error
