"""The day a map shows, read from the name of its file."""

from __future__ import annotations

import re
from datetime import date

from frontcalc.errors import DataError

_DAY = re.compile(r"(?<!\d)(\d{4})([-_]?)(\d{2})\2(\d{2})(?!\d)")


def day_from_name(name: str) -> date:
    """Return the one day that a file name states as YYYY-MM-DD, YYYY_MM_DD or YYYYMMDD.

    Raises
    ------
    DataError
        No day, more than one, or one that no calendar has; the candidates are listed.
    """
    found = {match[0]: _as_day(match) for match in _DAY.finditer(name)}
    days = sorted({day for day in found.values() if day is not None})
    if len(days) == 1:
        return days[0]
    if days:
        several = ", ".join(map(str, days))
        raise DataError(f"the name holds {len(days)} dates ({several})", where=name, cure="leave one in the name")
    problem = f"{', '.join(found)} is no date" if found else "the name holds no date"
    raise DataError(problem, where=name, cure="name the file by its day, as in 2024-11-03.geojson")


def without_day(name: str) -> str:
    """Return a file name's stem without its day, as in «deepstatemap_data» of deepstatemap_data_20240708."""
    return _DAY.sub("", name).strip(" _-.")


def _as_day(match: re.Match[str]) -> date | None:
    """Return the day that a match states, None where no calendar has it."""
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None
