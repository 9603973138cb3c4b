"""Opening archives, in any of their layouts.

A file a date; a folder a date with a file a layer; a folder a layer with a file a date; one file whose features have
a date, or from when to when they hold; a zip of any of these.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from frontcalc.archives.beside import is_unnamed_map, maps_missing, without_other_json
from frontcalc.archives.dating import Dating, dated
from frontcalc.archives.index import Archive, Part, SnapshotRef, latest_first
from frontcalc.archives.orders import settled
from frontcalc.archives.written import maps_of
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.config import ArchiveConfig, archive_config, merged, named_archive, read_legend
from frontcalc.dates import day_from_name, mentions_day
from frontcalc.errors import DataError, NoDataError, UsageError, reason_of
from frontcalc.keywords import facade
from frontcalc.labels import printable, some_of
from frontcalc.manifest import NAME as MANIFEST_NAME
from frontcalc.manifest import REVISIONS, is_manifest
from frontcalc.notices import Notice
from frontcalc.sources.files import Entry, list_entries, maps_among, single_file

SAMPLE_NAME = "SYNTHETIC SAMPLE"
SAMPLE_ATTRIBUTION = "made up for frontcalc, of no real war, CC0 1.0"


@facade
def open_archive(
    path: str | Path, *, dating: Dating = Dating(), skip_bad: bool = False, legend: str | Path | None = None
) -> Archive:
    """Index the maps of a folder, a zip or one file; files are opened only where no name has a date.

    Parameters
    ----------
    path : str or Path
        The folder or file, whose name becomes the archive's; or the name of an archive in the working folder's
        frontcalc.toml.
    dating : Dating
        Where days are read from.
    skip_bad : bool
        Leave out files that cannot be dated or read, with a notice, instead of stopping.
    legend : str or Path, optional
        A toml that explains the layers, as `frontcalc archive explain` writes it; it comes before what the archive
        says of itself.

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
    if not str(path):
        raise UsageError("is empty", where="archive", cure="name a folder or file; only without one it is the sample")
    root, stated, entries = _located(path)
    name = printable(root.resolve().name)
    configured = next((entry for entry in entries if entry.name == CONFIG_NAME), None)
    if (root / CONFIG_NAME).is_dir():
        raise DataError("is a folder", where=CONFIG_NAME, cure="rename it")
    entries = _without_manifest(entries)
    config = archive_config(configured.read()) if configured else _beside(root)
    config = merged(merged(config, stated), read_legend(Path(legend)) if legend else ArchiveConfig())
    maps, others = maps_of([entry for entry in entries if entry is not configured])
    maps = sorted([*maps, *(entry for entry in entries if entry.label in others and is_unnamed_map(entry))])
    maps, other_json = without_other_json(maps, config.dates)
    others = sorted({*others, *(entry.label for entry in other_json)} - {entry.label for entry in maps})
    if not maps:
        inside = f", only {some_of(others)}" if others and others != [name] else ""
        raise NoDataError(f"holds no maps{inside}", where=name, cure="name files by date, as in 2024-11-03.geojson")
    days, refused, notices = dated(maps, dating, config, skip_bad=skip_bad)
    if alone := maps_missing(other_json, maps, days, dating, config):
        days |= dated(alone, dating, config, skip_bad=skip_bad)[0]
        others = [name for name in others if name not in {entry.label for entry in alone}]
    notices += [Notice("SKIPPED", str(error)) for error in refused]
    if others:
        # What is named by a day may be a map that did not come whole, and is named first.
        first = sorted(others, key=lambda name: not mentions_day(name.rpartition("/")[2]))
        notices.append(Notice("OTHER-FILES", f"{len(others)} not read: {some_of(first)}"))
    if late := [day for day in days if day > (dating.today or date.today())]:
        notices.append(Notice("FUTURE", f"{len(late)} after today, the first of {min(late)}"))
    refs = tuple(SnapshotRef(day, latest_first(days[day]), config.legend, skip_bad) for day in sorted(days))
    terms = ", ".join(filter(None, (config.attribution or config.publisher, config.licence)))
    return Archive(name, refs, tuple(notices), config.view, tuple(refused), terms, config.publisher)


def _located(path: str | Path) -> tuple[Path, ArchiveConfig, list[Entry]]:
    """Return where an archive lies, what the working folder's file says of it, and its files."""
    root, stated = Path(path), ArchiveConfig()
    try:
        if not root.exists():
            named = named_archive(str(path), Path())
            if named is None or not named[0].exists():
                lost = printable(str(named[0] if named else path))
                raise UsageError("does not exist", where=lost, cure="check the path")
            root, stated = named
        root = root.absolute()  # other processes may have another working folder
        return root, stated, list_entries(root) if _is_container(root) else [Entry(root)]
    except OSError as error:
        problem = f"cannot be read: {reason_of(error)}"
        raise DataError(problem, where=printable(root.name), cure="check its name and permissions") from error


def archive_path(path: str | Path) -> Path:
    """Return where an archive lies that is given as a path, or by its name in the working folder's frontcalc.toml.

    Raises
    ------
    UsageError
        The working folder's file cannot be read, or what it says of the archive is wrong.
    """
    named = None if Path(path).exists() else named_archive(str(path), Path())
    return named[0] if named else Path(path)


def open_sample() -> Archive:
    """Index the bundled sample: synthetic weekly maps from 2022-12-31 to 2024-11-17."""
    package = Path(__file__).parents[1]
    # Inside an installed package, or beside the sources of a checkout.
    places = (package / "data" / "sample_polygons", package.parents[1] / "data" / "sample_polygons")
    folder = next((place for place in places if place.is_dir()), places[0])
    return replace(open_archive(folder), name=SAMPLE_NAME, notices=(), attribution=SAMPLE_ATTRIBUTION)


def _beside(root: Path) -> ArchiveConfig:
    """Return what the NAME.frontcalc.toml beside a zip or file says of it, nothing where there is none."""
    path = root.with_name(f"{root.stem}.{CONFIG_NAME}")
    return read_legend(path) if not root.is_dir() and path.is_file() else ArchiveConfig()


def pair_archive(before: str | Path, after: str | Path, *, legend: str | Path | None = None) -> Archive:
    """Return two single files as an archive of two maps; their days are those in their names, if any.

    `legend` is a toml that explains the layers of both; else each has that of its own NAME.frontcalc.toml.

    Raises
    ------
    UsageError
        The names give dates and the first is the later.
    """
    refs = []
    explained = read_legend(Path(legend)).legend if legend else None
    orders = settled((Path(path).name, None) for path in (before, after))
    for path in (Path(before), Path(after)):
        try:
            day = day_from_name(path.name, orders=orders)
        except DataError:
            day = None
        own = _beside(path.absolute()).legend if explained is None else explained
        refs.append(SnapshotRef(day, (Part(single_file(path.absolute())),), own))
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
