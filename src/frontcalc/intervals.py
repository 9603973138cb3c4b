"""Days of features by their properties: a date each, or from when to when they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from frontcalc.dates import day_from_property
from frontcalc.errors import DataError
from frontcalc.sources.features import Features

# Properties that date a map, the first present wins; case is ignored.
DATE_FIELDS = ("date", "datetime", "day", "pub_date", "snapshot_date", "as_of")
INTERVAL_FIELDS = (("from", "to"), ("valid_from", "valid_to"), ("start_date", "end_date"), ("date_from", "date_to"))

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Interval:
    """The days on which a feature is drawn, both ends counted; `last` None where it still is."""

    first: date
    last: date | None


def intervals(features: Features, field: str | None, *, where: str) -> tuple[Interval, ...] | None:
    """Return the days of each feature, None where no property states any.

    Parameters
    ----------
    features : Features
        One file's.
    field : str or None
        The property to read; None for the first of `INTERVAL_FIELDS` and `DATE_FIELDS` that is there.
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        A feature has no date, or one that is none, or ends before it begins.
    """
    fields = {name.casefold(): name for properties in features.properties for name in properties}
    pair = next((pair for pair in INTERVAL_FIELDS if pair[0] in fields and pair[1] in fields), None)
    if field is None and pair:
        return _pairs(features, fields[pair[0]], fields[pair[1]], where)
    single = (
        fields.get(field.casefold()) if field else next((fields[name] for name in DATE_FIELDS if name in fields), None)
    )
    if single is None:
        return None
    days = [_day(properties.get(single), index, single, where) for index, properties in enumerate(features.properties)]
    return tuple(Interval(day, day) for day in days)


def days_of(spans: Sequence[Interval]) -> list[date]:
    """Return the days on which what is drawn changes, as long as anything is drawn."""
    starts = {span.first for span in spans}
    # Features of single days, and no others, are maps of these days, each of which stands until the next.
    lasting = any(span.last != span.first for span in spans)
    ends = {span.last + _ONE_DAY for span in spans if span.last is not None} if lasting else set()
    return [day for day in sorted(starts | ends) if in_force(spans, day).any()]


def in_force(spans: Sequence[Interval], day: date) -> NDArray[np.bool_]:
    """Return which features are drawn on a day, (n,)."""
    return np.array([span.first <= day and (span.last is None or day <= span.last) for span in spans], dtype=bool)


def _pairs(features: Features, first: str, last: str, where: str) -> tuple[Interval, ...]:
    """Return intervals from two properties; an end that is also a beginning belongs to the later one."""
    read = []
    for index, properties in enumerate(features.properties):
        stated = properties.get(last)
        start = _day(properties.get(first), index, first, where)
        end = None if stated in (None, "") else _day(stated, index, last, where)
        if end is not None and end < start:
            problem = f"feature {index} ends on {end}, before it begins on {start}"
            raise DataError(problem, where=where, cure="put the earlier day first", code="NO-DATE")
        read.append((start, end))
    beginnings = {start for start, _ in read}
    half_open = any(end in beginnings and end != start for start, end in read if end is not None)
    return tuple(Interval(start, end - _ONE_DAY if end and half_open and end > start else end) for start, end in read)


def _day(value: object, index: int, field: str, where: str) -> date:
    """Return the day that a feature's property states."""
    if value in (None, ""):
        raise DataError(f"feature {index} has no {field!r}", where=where, cure="date every feature", code="NO-DATE")
    try:
        return day_from_property(value)
    except DataError as error:
        raise DataError(f"feature {index}: {error.problem}", where=where, cure=error.cure, code="NO-DATE") from error
