"""Events that a user wants marked on a chart: a CSV file of dates and labels."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from frontcalc.errors import DataError, UsageError
from frontcalc.names import printable
from frontcalc.periods import parse_day
from frontcalc.sources.detection import unpack
from frontcalc.sources.files import single_file

_COLUMNS = ("date", "label")
_CURE = "name the columns date and label, as in 2024-08-06,Kursk incursion"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened on a day."""

    day: date
    label: str


def read_events(path: str | Path) -> tuple[Event, ...]:
    """Read events, sorted by day.

    Parameters
    ----------
    path : str or Path
        CSV in UTF-8 with the columns date (YYYY-MM-DD) and label; others are ignored.

    Raises
    ------
    DataError
        The file cannot be read, lacks a column, or a line has no date or label.
    """
    entry = single_file(Path(path))
    try:
        text = unpack(entry.read(), where=entry.label).decode("utf-8-sig")
        found = list(csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError("is no CSV in UTF-8", where=entry.label, cure=_CURE) from error
    events = []
    for number, row in enumerate(found, start=2):
        values = {str(name).strip().casefold(): value for name, value in row.items()}
        if not all(name in values for name in _COLUMNS):
            raise DataError("lacks the column date or label", where=entry.label, cure=_CURE)
        label = printable(" ".join(str(values["label"] or "").split()))
        try:
            day = parse_day(str(values["date"] or "").strip())
        except UsageError as error:
            raise DataError(f"line {number} has no date", where=entry.label, cure=_CURE) from error
        if not label:
            raise DataError(f"line {number} has no label", where=entry.label, cure=_CURE)
        events.append(Event(day, label))
    if not events:
        raise DataError("holds no events", where=entry.label, cure=_CURE)
    return tuple(sorted(events, key=lambda event: event.day))
