"""Archives: which dated maps a folder, a zip or a file holds. An index has no geometry.

Layouts: a file a date; a folder a date with a file a layer; a folder a layer with a file a date; one file
whose features have a date, or from when to when they hold; a zip of any of these.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.config import ArchiveConfig, archive_config
from frontcalc.dates import day_from_name, mentions_day, year_from_name
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.intervals import days_of, intervals
from frontcalc.labels import printable
from frontcalc.layers import Layer
from frontcalc.manifest import NAME as MANIFEST_NAME
from frontcalc.manifest import REVISIONS, is_manifest
from frontcalc.notices import Notice
from frontcalc.sources import read_features
from frontcalc.sources.files import Entry, list_entries, maps_among, single_file

SAMPLE_NAME = "SYNTHETIC SAMPLE"
SAMPLE_ATTRIBUTION = "made up for frontcalc, of no real war, CC0 1.0"


@dataclass(frozen=True, slots=True)
class Selection:
    """The features of one day in a file of several, by a property (None for the first that states a date)."""

    field: str | None
    day: date


@dataclass(frozen=True, slots=True)
class Part:
    """A file of one day's map.

    Parameters
    ----------
    entry : Entry
        The file.
    selection : Selection or None
        Which of its features count; None for all.
    """

    entry: Entry
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class SnapshotRef:
    """Where one day's map is: the day, its files, and what the archive says its layers mean."""

    day: date | None
    parts: tuple[Part, ...]
    layers: tuple[tuple[str, Layer], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What messages call the files."""
        return tuple(part.entry.label for part in self.parts)


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

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days that have a map."""
        return tuple(ref.day for ref in self.refs if ref.day is not None)

    @property
    def extent(self) -> str:
        """From when to when there are maps."""
        return f"{self.days[0]} to {self.days[-1]}" if self.days else "no date"

    def upto(self, day: date) -> Iterator[SnapshotRef]:
        """Yield the maps dated on or before a day, latest first."""
        end = bisect_right(self.refs, day, key=lambda ref: ref.day or date.min)
        latest_first = (self.refs[place] for place in range(end - 1, -1, -1))
        return (ref for ref in latest_first if ref.day is not None and ref.day <= day)


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


def open_archive(path: str | Path, *, dating: Dating = Dating(), skip_bad: bool = False) -> Archive:
    """Index the maps of a folder, a zip or one file; files are opened only where no name has a date.

    Parameters
    ----------
    path : str or Path
        The folder or file. Its name becomes the archive's.
    dating : Dating
        Where days are read from.
    skip_bad : bool
        Leave out files that cannot be dated, with a notice, instead of stopping.

    Returns
    -------
    Archive
        Which maps there are, in date order; no geometry is read.

    Raises
    ------
    UsageError
        There is no such folder or file.
    NoDataError
        There is no map in it.
    DataError
        A map cannot be dated.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # the bundled sample, a GeoJSON file a map
    >>> maps = frontcalc.open_archive("maps")
    >>> maps.name, len(maps.refs), maps.extent
    ('maps', 99, '2022-12-31 to 2024-11-17')
    >>> table = frontcalc.diff("2024", archive=maps)  # opened once, for as many questions as one likes
    >>> round(table.rows[-1].net_km2)
    2700
    """
    root = Path(path)
    try:
        if not root.exists():
            raise UsageError("does not exist", where=printable(str(path)), cure="check the path")
        name = printable(root.resolve().name)
        root = root.absolute()  # other processes may have another working folder
        entries = list_entries(root) if _is_container(root) else [Entry(root)]
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise DataError(
            f"cannot be read: {reason}", where=printable(root.name), cure="check its name and permissions"
        ) from error
    configured = next((entry for entry in entries if entry.name == CONFIG_NAME), None)
    entries = _without_manifest(entries)
    config = archive_config(configured.read()) if configured else ArchiveConfig()
    maps, others = maps_among([entry for entry in entries if entry is not configured])
    if not maps:
        inside = f", only {_some(others)}" if others and others != [name] else ""
        raise NoDataError(f"holds no maps{inside}", where=name, cure="name files by date, as in 2024-11-03.geojson")
    days, refused = _dated(maps, dating, config, skip_bad=skip_bad)
    notices = [Notice("SKIPPED", str(error)) for error in refused]
    if others:
        notices.append(Notice("OTHER-FILES", f"{len(others)} not read: {_some(others)}"))
    if late := [day for day in days if day > (dating.today or date.today())]:
        notices.append(Notice("FUTURE", f"{len(late)} after today, the first of {min(late)}"))
    layers = tuple(sorted(config.layers.items()))
    refs = tuple(SnapshotRef(day, tuple(days[day]), layers) for day in sorted(days))
    terms = ", ".join(filter(None, (config.attribution or config.publisher, config.licence)))
    return Archive(name, refs, tuple(notices), config.view, tuple(refused), terms, config.publisher)


def open_sample() -> Archive:
    """Index the bundled sample: synthetic weekly maps from 2022-12-31 to 2024-11-17."""
    package = Path(__file__).parent
    # Inside an installed package, or beside the sources of a checkout.
    places = (package / "data" / "sample_polygons", package.parents[1] / "data" / "sample_polygons")
    folder = next((place for place in places if place.is_dir()), places[0])
    return replace(open_archive(folder), name=SAMPLE_NAME, notices=(), attribution=SAMPLE_ATTRIBUTION)


def pair_archive(before: str | Path, after: str | Path) -> Archive:
    """Return two single files as an archive of two maps; their days are those in their names, if any.

    Raises
    ------
    UsageError
        The names give dates and the first is the later.
    """
    refs = []
    for path in (Path(before), Path(after)):
        try:
            day = day_from_name(path.name)
        except DataError:
            day = None
        refs.append(SnapshotRef(day, (Part(single_file(path.absolute())),)))
    first, second = refs[0].day, refs[1].day
    if first and second and first > second:
        raise UsageError(f"is of {first}, after {second}", where=refs[0].names[0], cure="give the earlier file first")
    return Archive(f"{refs[0].names[0]}..{refs[1].names[0]}", tuple(refs))


def _without_manifest(entries: list[Entry]) -> list[Entry]:
    """Return entries without the manifest of a fetched archive and the revisions that it keeps, which are no maps."""
    named = next((entry for entry in entries if entry.name == MANIFEST_NAME), None)
    try:
        if named is None or not is_manifest(named.read()):
            return entries
    except DataError:
        return entries  # what cannot be read is refused below, as any file
    return [entry for entry in entries if entry is not named and not entry.name.startswith(f"{REVISIONS}/")]


def _is_container(root: Path) -> bool:
    """Say whether a path is a folder, or a zip of more than one map."""
    if root.is_dir():
        return True
    with root.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return False
    return len(maps_among(list_entries(root))[0]) > 1


def _dated(
    maps: list[Entry], dating: Dating, config: ArchiveConfig, *, skip_bad: bool
) -> tuple[dict[date, list[Part]], list[DataError]]:
    """Return the parts of each day's map, and why files were skipped."""
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
        stated = _day_in_names(entry, dating)
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


def _day_in_names(entry: Entry, dating: Dating) -> date | None:
    """Return the day of a file by its name or those of its folders, None where none states any."""
    folders = list(reversed(entry.path.parts[:-1]))
    year = dating.year or next((found for folder in folders if (found := year_from_name(folder))), None)
    candidates = {"name": [entry.path.name], "folder": folders}.get(dating.source or "", [entry.path.name, *folders])
    for name in candidates:
        if mentions_day(name):
            return day_from_name(name, year=year)
    return None


def _some(names: list[str], limit: int = 5) -> str:
    """Return the first few of some names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
