"""The days of an archive's files: by frontcalc.toml, by names, else by properties of their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from frontcalc.archives.index import Part, Selection
from frontcalc.archives.orders import settled
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.config import ArchiveConfig
from frontcalc.dates import day_from_name, mentions_day, moment_from_name, year_from_name
from frontcalc.day_forms import Orders, time_alone
from frontcalc.errors import DataError, UsageError
from frontcalc.intervals import days_of, intervals, moments_of
from frontcalc.notices import Notice
from frontcalc.sources import read_features
from frontcalc.sources.files import Entry

_MIRROR = "deepstatemap_data_"
_MIDNIGHTS = {20, 21, 22, 23}  # in UTC, from Yerevan to Berlin


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
            raise UsageError(
                f"{source!r} is no source of dates", where="--date-from", cure="name, folder or property:FIELD"
            )

    @property
    def field(self) -> str | None:
        """The property asked for."""
        return self.source.removeprefix("property:") if self.source and ":" in self.source else None


class _Naming(NamedTuple):
    """The name that states a file's day, the year of its folder, and the time that a name further in states."""

    text: str
    year: int | None
    clock: time | None


def dated(
    maps: list[Entry], dating: Dating, config: ArchiveConfig, *, skip_bad: bool
) -> tuple[dict[date, list[Part]], list[DataError], list[Notice]]:
    """Return the parts of each day's map, why files were skipped, and what may put all days off.

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
    moments: list[datetime | None] = []
    shift = timedelta(days=config.as_of_offset_days or 0)
    named = {} if dating.field else {entry: name for entry in maps if (name := _naming(entry, dating, config))}
    orders = settled((name.text, name.year) for entry, name in named.items() if entry.label not in config.dates)
    for entry in maps:
        try:
            found, stamps = _days_of(entry, named.get(entry), dating, config, orders)
        except DataError as error:
            if not skip_bad:
                raise
            refused.append(error)
            continue
        moments += stamps
        for day, part in found:
            days.setdefault(day + shift, []).append(part)
    said = [] if config.as_of_offset_days is not None else _offsets([*named], moments, len(days))
    return days, refused, said


def _days_of(
    entry: Entry, named: _Naming | None, dating: Dating, config: ArchiveConfig, orders: Orders
) -> tuple[list[tuple[date, Part]], list[datetime | None]]:
    """Return the days that a file has a map of, by the first source that states any, and all moments that it states."""
    stated = config.dates.get(entry.label)
    if stated is not None or named is not None:
        try:
            day, moment = _by_name(named, orders) if named else (None, None)
        except DataError:
            if stated is None:
                raise
            day = moment = None
        if stated and moment is None and (clock := time_alone(entry.path.name)):
            moment = datetime.combine(stated, clock)
        on = stated or day
        assert on is not None
        return [(on, Part(entry, moment=moment))], [moment]
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
    moments = moments_of(spans, where=entry.label)
    parts: list[tuple[date, Part]] = []
    for day in days_of(spans):
        if len(several := moments.get(day, ())) > 1:
            parts += [(day, Part(entry, Selection(dating.field, day, moment), moment)) for moment in several]
        else:
            parts.append((day, Part(entry, Selection(dating.field, day), *several)))
    return parts, [span.moment for span in spans]


def day_in_names(entry: Entry, dating: Dating, config: ArchiveConfig) -> date | None:
    """Return the day of a file by its name or those of its folders, None where none states any."""
    named = _naming(entry, dating, config)
    return day_from_name(named.text, year=named.year) if named else None


def _by_name(named: _Naming, orders: Orders) -> tuple[date, datetime | None]:
    """Return the day that a name states, and the moment where a time goes with it."""
    day = day_from_name(named.text, year=named.year, orders=orders)
    clock = datetime.combine(day, named.clock) if named.clock else None
    return day, moment_from_name(named.text, day) or clock


def _naming(entry: Entry, dating: Dating, config: ArchiveConfig) -> _Naming | None:
    """Return the name that states the day of a file, its own or a folder's; None where none states any."""
    folders = list(reversed(entry.path.parts[:-1]))
    year = config.year or next((found for folder in folders if (found := year_from_name(folder))), None)
    clock: time | None = None
    for up, name in enumerate((entry.path.name, *folders)):
        asked = dating.source is None or dating.source == ("folder" if up else "name")
        if asked and mentions_day(name):
            return _Naming(name, year, clock)
        clock = clock or time_alone(name)
    return None


def _offsets(named: Sequence[Entry], moments: Sequence[datetime | None], maps: int) -> list[Notice]:
    """Return notices where all days of an archive may be off by one, as its publisher stamps them."""
    said = []
    if mirrored := [entry for entry in named if entry.path.name.casefold().startswith(_MIRROR)]:
        what = f"{len(mirrored)} files named {_MIRROR}* show the day before the one in their names"
        said.append(Notice("AS-OF", f"{what}: write as_of_offset_days = -1 into {CONFIG_NAME}, or 0 to keep the days"))
    hours = {moment.hour for moment in moments if moment and moment.tzinfo}
    on_the_hour = all(moment and moment.tzinfo and not moment.time().replace(hour=0) > time.min for moment in moments)
    # Summer time moves a zone's midnight by an hour.
    if maps > 1 and hours and on_the_hour and hours <= _MIDNIGHTS and max(hours) - min(hours) <= 1:
        stamped = " or ".join(f"{hour}:00" for hour in sorted(hours))
        what = (
            f"all {maps} maps are stamped at {stamped} UTC, midnight farther east, and dated by the day that ends then"
        )
        said.append(
            Notice("AS-OF", f"{what}: write as_of_offset_days = 1 into {CONFIG_NAME} for the day that begins, or 0")
        )
    return said
