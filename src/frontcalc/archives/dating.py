"""The days of an archive's files: by frontcalc.toml, by names, else by properties of their features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from frontcalc.archives.index import Part, Selection
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.config import ArchiveConfig
from frontcalc.dates import day_from_name, mentions_day, year_from_name
from frontcalc.errors import DataError, UsageError
from frontcalc.intervals import days_of, intervals
from frontcalc.sources import read_features
from frontcalc.sources.files import Entry


@dataclass(frozen=True, slots=True)
class Dating:
    """Where days are read from.

    Parameters
    ----------
    source : str or None
        `name`, `folder` or `property:FIELD`; None for the file's name, else its folder's, else a property.
    year : int or None
        The year of names that state only day and month.
    today : date or None
        Maps after it get a notice; None for the real today.
    """

    source: str | None = None
    year: int | None = None
    today: date | None = None

    def __post_init__(self) -> None:
        source = self.source or "name"
        if source not in ("name", "folder") and not source.startswith("property:"):
            raise UsageError(
                f"{source!r} is no source of dates", where="--date-from", cure="name, folder or property:FIELD"
            )

    @property
    def field(self) -> str | None:
        """The property asked for."""
        return self.source.removeprefix("property:") if self.source and ":" in self.source else None


def dated(
    maps: list[Entry], dating: Dating, config: ArchiveConfig, *, skip_bad: bool
) -> tuple[dict[date, list[Part]], list[DataError]]:
    """Return the parts of each day's map, and why files were skipped.

    Parameters
    ----------
    maps : list of Entry
        The files.
    dating : Dating
        Where the user reads days from.
    config : ArchiveConfig
        What the archive says of its days itself.
    skip_bad : bool
        Skip a file that cannot be dated instead of stopping.

    Raises
    ------
    DataError
        A file cannot be dated, or must be read for its day and cannot be.
    """
    days: dict[date, list[Part]] = {}
    refused: list[DataError] = []
    shift = timedelta(days=config.as_of_offset_days)
    for entry in maps:
        try:
            for day, part in _days_of(entry, dating, config):
                days.setdefault(day + shift, []).append(part)
        except DataError as error:
            if not skip_bad:
                raise
            refused.append(error)
    return days, refused


def _days_of(entry: Entry, dating: Dating, config: ArchiveConfig) -> Iterator[tuple[date, Part]]:
    """Yield the days that a file has a map of, by the first source that states any."""
    stated = config.dates.get(entry.label)
    if stated is None and dating.field is None:
        stated = day_in_names(entry, dating)
    if stated is not None:
        yield stated, Part(entry)
        return
    spans = intervals(read_features(entry)[1], dating.field, where=entry.label)
    if spans is None:
        if dating.field:
            problem = f"has no property {dating.field!r}"
            raise DataError(problem, where=entry.label, cure="check --date-from", code="NO-DATE")
        raise DataError(
            "neither its name nor its folder nor a property of its features has a date",
            where=entry.label,
            cure=f"name it by its day, as in 2024-11-03.geojson, or state its date in {CONFIG_NAME}",
            code="NO-DATE",
        )
    for day in days_of(spans):
        yield day, Part(entry, Selection(dating.field, day))


def day_in_names(entry: Entry, dating: Dating) -> date | None:
    """Return the day of a file by its name or those of its folders, None where none states any."""
    folders = list(reversed(entry.path.parts[:-1]))
    year = dating.year or next((found for folder in folders if (found := year_from_name(folder))), None)
    candidates = {"name": [entry.path.name], "folder": folders}.get(dating.source or "", [entry.path.name, *folders])
    for name in candidates:
        if mentions_day(name):
            return day_from_name(name, year=year)
    return None
