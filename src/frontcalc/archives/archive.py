"""`Archive`: an index of dated maps as a value, and how one is opened in any of its layouts.

A file a date; a folder a date with a file a layer; a folder a layer with a file a date; one file whose features have
a date, or from when to when they hold; a zip of any of these.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path

from frontcalc.archives.companions import HEAD, maps_missing, sorted_out
from frontcalc.archives.file_dates import Dating, Part, dated, intervals
from frontcalc.config import LARGEST, ArchiveConfig, archive_config, named_archive, read_legend
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.dates import candidates, day_from_name, settled
from frontcalc.errors import DataError, FrontcalcError, NoDataError, UsageError, reason_of
from frontcalc.keywords import facade
from frontcalc.layers import Legend
from frontcalc.manifest import NAME as MANIFEST_NAME
from frontcalc.manifest import REVISIONS, is_manifest
from frontcalc.names import printable, some_of
from frontcalc.notices import Notice
from frontcalc.read import SourceFile, read_features
from frontcalc.read.detection import kind_of, refusal, tally
from frontcalc.read.files import Entry, file_of, list_entries, maps_among, refuse_address

SAMPLE_NAME = "SYNTHETIC SAMPLE"
NOT_STATED = "whose source is not stated"  # how the credit of maps or regions ends that state none
SAMPLE_ATTRIBUTION = "made up for frontcalc, of no real war, CC0 1.0"
# Inside an installed package, or beside the sources of a checkout.
_SAMPLE = max((Path(__file__).parents[up] / "data" / "sample_polygons" for up in (1, 3)), key=Path.is_dir)


@dataclass(frozen=True, slots=True)
class SnapshotRef:
    """Where one day's map is: the day, its files, and what the archive says its layers mean.

    With `skip_bad` a file that cannot be read is passed over where another of the day can be, and so is one in a zip.
    """

    day: date | None
    parts: tuple[Part, ...] = field(hash=False)  # few maps of an archive share a day
    legend: Legend = field(default_factory=Legend, hash=False)
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


@dataclass(frozen=True, repr=False)
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
    opening : SnapshotRef or None
        The map that stands for every day before the first, as a map of the day before that; it is none of `refs`.
    legends : tuple of SourceFile
        The files that say what its layers mean.
    """

    name: str
    refs: tuple[SnapshotRef, ...]
    notices: tuple[Notice, ...] = ()
    view: str | None = None
    refused: tuple[DataError, ...] = ()
    attribution: str = ""
    publisher: str = ""
    opening: SnapshotRef | None = None
    legends: tuple[SourceFile, ...] = ()

    def __repr__(self) -> str:
        """Return its name, how many maps it has, and from when to when: a list of them would fill the screen."""
        return f"<Archive {self.name} of {len(self.refs)} maps, {self.extent}>"

    @property
    def credit(self) -> str:
        """Whom the maps are from and on what terms, as results say it."""
        return f"maps: {self.attribution or f'{self.name}, {NOT_STATED}'}"

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

    @property
    def first(self) -> date:
        """The first day that a map is of: the opening map, where there is one, is of the day before all others."""
        return (self.opening and self.opening.day) or self.days[0]

    def opened_by(self, path: str | Path) -> Archive:
        """Return the same archive with a single file as the map that stands for every day before its first."""
        if not self.days or self.days[0] == date.min:
            raise NoDataError("has no first day, before which a map could stand", where=self.name, cure="date its maps")
        return replace(self, opening=self.beside(path, self.days[0] - timedelta(days=1)))

    def beside(self, path: str | Path, day: date | None = None) -> SnapshotRef:
        """Return a single file as a map of a day, by its own NAME.frontcalc.toml, else by this archive's legend."""
        refuse_address(Path(path))
        file = Path(path).absolute()
        return SnapshotRef(day, (_single(file),), _beside(file).get("legend") or self.refs[0].legend)

    def skipping_bad(self) -> Archive:
        """Return the same archive, of whose maps files that cannot be read are passed over."""
        return replace(self, refs=tuple(replace(ref, skip_bad=True) for ref in self.refs))

    def upto(self, day: date) -> Iterator[SnapshotRef]:
        """Yield the maps dated on or before a day, latest first."""
        end = bisect_right(self.refs, day, key=lambda ref: ref.day or date.min)
        return (ref for ref in reversed(self.refs[:end]) if ref.day is not None and ref.day <= day)


@facade
def open_archive(
    path: str | Path | None,
    *,
    dating: Dating | None = None,
    skip_bad: bool = False,
    legend: str | Path | None = None,
    opening: str | Path | None = None,
) -> Archive:
    """Index the maps of a folder, a zip or one file; files are opened only where no name has a date.

    Parameters
    ----------
    path : str, Path or None
        The folder or file, whose name becomes the archive's, or «NAME=PATH» with another name; or the name of an
        archive in the working folder's frontcalc.toml. None is the bundled sample: synthetic weekly maps.
    dating : Dating, optional
        Where days are read from; by default the file's name, else its folder's, else a property.
    skip_bad : bool
        Leave out files that cannot be dated or read, with a notice, instead of stopping.
    legend : str or Path, optional
        A toml that explains the layers, as `frontcalc archive explain` writes it; it comes before what the archive
        says of itself.
    opening : str or Path, optional
        The map that stands for every day before the archive's first; it comes before what the working folder's
        frontcalc.toml says.

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
        A map cannot be dated, the folder cannot be read, or its frontcalc.toml is broken.

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
    if path is None:
        sample = open_archive(_SAMPLE, dating=dating, skip_bad=skip_bad, legend=legend, opening=opening)
        return replace(sample, name=SAMPLE_NAME, notices=(), attribution=SAMPLE_ATTRIBUTION)
    if not str(path):
        raise UsageError("is empty", where="archive", cure="name a folder or file; only without one it is the sample")
    passed: list[str] = []
    root, stated, entries = _located(split_name(path)[1], passed)
    name = printable(split_name(path)[0] or root.resolve().name)
    configured = next((entry for entry in entries if entry.name == CONFIG_NAME), None)
    if (root / CONFIG_NAME).is_dir():
        raise DataError("is a folder", where=CONFIG_NAME, cure="rename it")
    listed = next((entry for entry in entries if entry.name == MANIFEST_NAME), None)
    with suppress(DataError):  # what cannot be read is refused below, as any file
        if listed and is_manifest(listed.read()):
            entries = [one for one in entries if one is not listed and not one.name.startswith(f"{REVISIONS}/")]
    own = archive_config(configured.head(LARGEST + 1)) if configured else {} if root.is_dir() else _beside(root)
    config = own | stated | (given := read_legend(Path(legend)) if legend else ArchiveConfig())
    maps, others, other_json = sorted_out([one for one in entries if one is not configured], config.get("dates", ()))
    if not maps:
        raise _no_maps(root, entries, others, passed)
    source = dating.source if dating else None
    days, refused, notices = dated(maps, source, config, skip_bad=skip_bad)
    if other_json and (missing := maps_missing(other_json, maps, days, source, config)):
        days |= missing
        others = sorted({*others}.difference(part.entry.label for parts in missing.values() for part in parts))
    notices += [Notice("SKIPPED", str(error)) for error in refused]
    if others:
        # A file named by a day may be a map that arrived incomplete: those come first, each with what it is.
        first = [
            f"{name} ({what})" if not undated and (what := kind_of(name)) else name
            for undated, name in sorted((not candidates(name.rpartition("/")[2]), name) for name in others)
        ]
        notices.append(Notice("OTHER-FILES", f"{len(others)} not read: {some_of(first)}"))
    notices += [Notice("OTHER-FILES", one) for one in passed]
    if late := [day for day in days if day > ((dating and dating.today) or date.today())]:
        notices.append(Notice("FUTURE", f"{len(late)} after today, the first of {min(late)}"))
    explained, publisher = config.get("legend", Legend()), config.get("publisher", "")
    latest_first = partial(sorted, key=lambda part: (part.moment or datetime.min).replace(tzinfo=UTC), reverse=True)
    refs = tuple(SnapshotRef(day, tuple(latest_first(days[day])), explained, skip_bad) for day in sorted(days))
    terms = ", ".join(filter(None, (config.get("attribution") or publisher, config.get("licence"))))
    files = tuple(SourceFile(*one["file"]) for one in (own, stated, given) if "file" in one)
    archive = Archive(name, refs, tuple(notices), config.get("view"), tuple(refused), terms, publisher, None, files)
    return archive.opened_by(before) if (before := opening or config.get("opening")) else archive


def _no_maps(root: Path, entries: Sequence[Entry], others: Iterable[str], passed: list[str]) -> FrontcalcError:
    """Return the error for an archive without maps, which says what there is in its place."""
    name = printable(root.resolve().name)
    if not root.is_dir() and (error := refusal(name, b"") or refusal(name, entries[0].head(HEAD))):
        return error
    inside, cure = tally(one for one in others if one != name)
    cure = "; ".join(passed) or cure or "name files by date, as in 2024-11-03.geojson"
    return NoDataError(f"holds no maps{inside and f', only {inside}'}", where=name, cure=cure)


def _located(path: str | Path, passed: list[str]) -> tuple[Path, ArchiveConfig, list[Entry]]:
    """Return where an archive lies, what the working folder says of it, and its files (`passed` as there)."""
    root, stated = Path(path), ArchiveConfig()
    try:
        if ":" in str(path):
            refuse_address(root, archive=True)
        if not root.exists():
            named = named_archive(str(path), Path())
            if named is None or not named[0].exists():
                lost = printable(str(named[0] if named else path))
                raise UsageError("does not exist", where=lost, cure="check the path")
            root, stated = named
        root = root.absolute()  # other processes may have another working folder
        if root.is_dir():
            return root, stated, list_entries(root, passed)
        with root.open("rb") as file:
            entries = list_entries(root) if file.read(4) == b"PK\x03\x04" else []
        # A zip of one map is a file.
        return root, stated, entries if len(maps_among(entries)[0]) > 1 else [Entry(root)]
    except OSError as error:
        problem = f"cannot be read: {reason_of(error)}"
        raise DataError(problem, where=printable(root.name), cure="check its name and permissions") from error


def split_name(path: str | Path) -> tuple[str, str | Path]:
    """Return the name and the path of NAME=PATH; of a path alone, or one that exists, an empty name and the path."""
    name, equals, place = str(path).partition("=")
    # Path.exists raises where a name is too long for a file; an address may have a query.
    return (name.strip(), place) if equals and "/" not in name and not os.path.exists(path) else ("", path)  # noqa: PTH110


def archive_path(path: str | Path) -> Path:
    """Return where an archive lies that is given as a path, or by its name in the working folder's frontcalc.toml."""
    _, path = split_name(path)
    named = None if Path(path).exists() else named_archive(str(path), Path())
    return named[0] if named else Path(path)


def _beside(root: Path) -> ArchiveConfig:
    """Return what the NAME.frontcalc.toml beside a zip or file says of it, nothing where there is none."""
    path = root.with_name(f"{root.stem}.{CONFIG_NAME}")
    return read_legend(path) if not root.is_dir() and path.is_file() else ArchiveConfig()


def _single(path: Path) -> Part:
    """Return a file as one map; DataError if its name has no day and parts of it are of other days than others."""
    entry = file_of(path)
    spans = None if candidates(path.name) else intervals(read_features(entry)[1], None, where=entry.label)
    distinct = {(first, last) for first, last, _ in spans or ()}
    if len(distinct) > 1 and any(last for _, last in distinct):
        raise DataError("has maps of several days", where=entry.label, cure="give one, or name the file by its day")
    return Part(entry)


def pair_archive(before: str | Path, after: str | Path, *, legend: str | Path | None = None) -> Archive:
    """Return two single files as an archive of two maps; their days are those in their names, if any.

    `legend` is a toml that explains the layers of both; else each has that of its own NAME.frontcalc.toml. Files of
    which the first is the later are refused.
    """
    refs = []
    explained = read_legend(Path(legend)).get("legend", Legend()) if legend else None
    orders = settled((Path(path).name, None) for path in (before, after))
    for path in (Path(before), Path(after)):
        try:
            day = day_from_name(path.name, orders=orders)
        except DataError:
            day = None
        own = _beside(path.absolute()).get("legend", Legend()) if explained is None else explained
        refs.append(SnapshotRef(day, (_single(path.absolute()),), own))
    first, second = refs[0].day, refs[1].day
    if first and second and first > second:
        raise UsageError(f"is of {first}, after {second}", where=refs[0].names[0], cure="give the earlier file first")
    return Archive(f"{refs[0].names[0]}..{refs[1].names[0]}", tuple(refs))
