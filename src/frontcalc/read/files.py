"""Files of an archive, on disk or inside the one zip that is the archive; nothing is ever unpacked to disk."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, runtime_checkable

from frontcalc.errors import ChangedError, DataError, UsageError, reason_of
from frontcalc.names import printable
from frontcalc.read.limits import (
    BROKEN_MEMBER,
    HIDDEN,
    VARIABLES,
    Budget,
    beyond,
    checked_members,
    limits,
    path_of,
    read_at_most,
)

_TEXTS = (".geojson", ".json", ".geojsonl", ".geojsonseq", ".ndjson", ".jsonl", ".topojson", ".esrijson", ".kml")
SUFFIXES = (*_TEXTS, ".gz", ".shp", ".zip", ".gpkg", ".fgb", ".parquet", ".geoparquet", ".kmz")
"""What may be a map by its suffix; which format it is, its content tells."""

_HEAD = 64
SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg")
SHAPEFILE_EXTRAS = (".sbn", ".sbx", ".xml", ".qmd", ".qix", ".idx")


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One file of an archive."""

    root: Path  # the folder, or the zip, that is the archive; or the file itself where `name` is empty
    name: str = ""  # the file's path inside it, with forward slashes
    siblings: tuple[str, ...] = ()  # the other files of a shapefile, in the same form
    content: bytes = b""  # what the file would hold, where it is in memory alone

    @property
    def label(self) -> str:
        """What messages and `meta` call the file: never a path of the machine."""
        return printable(self.name or self.root.name)

    @property
    def path(self) -> PurePosixPath:
        """The file's path inside the archive."""
        return PurePosixPath(self.label)

    def read(self, name: str | None = None) -> bytes:
        """Return the content of the file, or of one of its siblings.

        Raises
        ------
        DataError
            The file cannot be opened, is empty, larger than the limit `max_bytes` or no file, is a link that
            leads out of the archive, or changes while it is read.
        """
        label = printable(self.name if name is None else name) or self.label
        most = limits()["max_bytes"]
        data = self.content[: most + 1] or self.head(most + 1, name)
        if len(data) > most:
            raise beyond("max_bytes", f"is larger than {most:,} bytes", where=label)
        if not data.strip():
            raise DataError("is empty", where=label, cure="is the download complete?")
        return data

    def head(self, most: int, name: str | None = None) -> bytes:
        """Return the first bytes of the file or a sibling, `most` at most; it may be empty. Raises as `read`."""
        wanted = self.name if name is None else name
        label = printable(wanted) or self.label
        try:
            if wanted and self.root.is_file():
                with zipfile.ZipFile(self.root) as archive:
                    info = next((info for info in archive.infolist() if path_of(info) == wanted), wanted)
                    with archive.open(info) as member:
                        return read_at_most(member, most)
            path = self.root / wanted
            if wanted:
                try:
                    target = path.resolve(strict=True)
                except (OSError, RuntimeError) as error:
                    if isinstance(error, FileNotFoundError) and not path.is_symlink():
                        raise ChangedError("is gone since the run began", where=label, cure="run again") from error
                    # A circle of links is an OSError here, a RuntimeError on older versions of Python.
                    cure = "put the file itself there"
                    raise DataError("is a link that leads nowhere", where=label, cure=cure) from error
                if not target.is_relative_to(_resolved(self.root.absolute())) and not limits()["follow_links"]:
                    cure = f"put the file itself there or, if you trust it, set {VARIABLES['follow_links']}=1"
                    raise DataError("is a link that leads out of the archive", where=label, cure=cure)
                if not target.is_file():
                    raise DataError("is no regular file", where=label, cure="remove it")
            with path.open("rb") as file:
                before = os.fstat(file.fileno())
                is_file = stat.S_ISREG(before.st_mode)
                data = file.read(min(most, before.st_size + 1)) if is_file else read_at_most(file, most)
                after = os.fstat(file.fileno())
        except (*BROKEN_MEMBER, RuntimeError, KeyError) as error:
            problem = f"cannot be read: {reason_of(error)}"
            raise DataError(problem, where=label, cure="check its name and permissions") from error
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if is_file and not (unchanged and len(data) == min(after.st_size, most)):
            raise ChangedError("changed while it was read", where=label, cure="run again when it is complete")
        return data

    def beside(self, ending: str) -> bytes:
        """Return the first bytes of the file whose name is this one's and an ending; none where there is none."""
        if self.name and self.root.is_file():
            with zipfile.ZipFile(self.root) as archive:
                there = any(path_of(info) == self.name + ending for info in archive.infolist())
            return self.head(_HEAD, self.name + ending) if there else b""
        # What a database writes beside itself lies beside the file that a link leads to.
        path = (self.root / self.name).resolve()
        path = path.with_name(path.name + ending)
        return Entry(path).head(_HEAD) if path.exists() else b""


# Where an archive is without links; looked up once, so that one which moves no longer holds its files.
_resolved = lru_cache(maxsize=16)(Path.resolve)


def list_entries(root: Path) -> list[Entry]:
    """Return the files of a folder or zip, by name; hidden files and what macOS adds are left out.

    Links to folders are not followed, so that none can lead out of the archive or round in a circle; where a
    link to a file leads is looked at when it is read.

    Raises
    ------
    DataError
        The folder cannot be read or holds more than the limit `max_files`, or the zip is none or not to be trusted.
    """
    where = printable(root.name)
    most = limits()
    names: list[str] = []
    is_zip = root.is_file()

    def refuse(error: OSError) -> None:
        raise error

    try:
        if is_zip:
            with zipfile.ZipFile(root) as archive:
                names += checked_members(archive, Budget(most["max_members"], None), where=where)
        for folder, folders, files in () if is_zip else os.walk(root, onerror=refuse):
            here = Path(folder).relative_to(root)
            deepest = len(here.parts) >= most["max_folder_depth"]
            folders[:] = [] if deepest else [name for name in folders if not name.startswith(HIDDEN)]
            names += [(here / file).as_posix() for file in files if not file.startswith(HIDDEN)]
            if len(names) > most["max_files"]:
                raise beyond("max_files", f"holds more than {most['max_files']:,} files", where=where)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DataError(f"cannot be read as a zip: {error}", where=where, cure="is the download complete?") from error
    except OSError as error:
        problem = f"cannot be read: {reason_of(error)}"
        raise DataError(problem, where=where, cure="check its name and permissions") from error
    return [Entry(root, name) for name in sorted(names)]


@runtime_checkable
class GeoFrame(Protocol):
    """What is asked of a GeoDataFrame, so that geopandas need not be loaded."""

    @property
    def crs(self) -> Any:
        """Its coordinate reference system, None where it has none."""

    def to_json(self, *args: Any, **kwargs: Any) -> str:
        """Return it as GeoJSON, with the name of its CRS."""


def in_memory(frame: GeoFrame) -> Entry:
    """Return a GeoDataFrame as a file that is read as any other; UsageError where its CRS is not known by a code."""
    cure = "give one with a code, as in .set_crs(4326)"
    if frame.crs is None or frame.crs.to_authority() is None:
        raise UsageError("its CRS is not known", where="GeoDataFrame", cure=cure)
    content = frame.to_json(drop_id=True, to_wgs84=frame.crs.is_geographic, default=str)
    return Entry(Path("GeoDataFrame"), content=content.encode())


def file_of(given: str | Path | Entry | GeoFrame) -> Entry:
    """Return a file that a user gave, by its path or as a GeoDataFrame."""
    if isinstance(given, str | Path):
        return single_file(Path(given))
    return given if isinstance(given, Entry) else in_memory(given)


def single_file(path: Path) -> Entry:
    """Return one file as an entry, a shapefile with the parts beside it."""
    if path.suffix.lower() != ".shp":
        return Entry(path)
    beside = [Entry(path.parent, file.name) for file in sorted(path.parent.iterdir())] if path.exists() else []
    maps, _ = maps_among(beside)
    return next((entry for entry in maps if entry.name == path.name), Entry(path))


def maps_among(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Return the entries that may be maps, shapefiles with their parts, and the names of the others."""
    stems = [shapefile_stem(entry.label) for entry in entries if suffix_of(entry.label) == ".shp"]
    shapefiles: dict[str, list[str]] = {stem: [] for stem in stems}
    for entry in entries if shapefiles else ():
        stem = shapefile_stem(entry.label)
        if stem in shapefiles and PurePosixPath(entry.name).suffix.lower() in SHAPEFILE_PARTS:
            shapefiles[stem].append(entry.name)
    maps, others = [], []
    for entry in entries:
        suffix = suffix_of(entry.label)
        if suffix == ".shp":
            maps.append(replace(entry, siblings=tuple(sorted(shapefiles[shapefile_stem(entry.label)]))))
        elif suffix in (*SHAPEFILE_PARTS, *SHAPEFILE_EXTRAS) and shapefile_stem(entry.label) in shapefiles:
            continue
        elif suffix in SUFFIXES:
            maps.append(entry)
        else:
            others.append(entry.label)
    return maps, others


def suffix_of(name: str) -> str:
    """Return a name's suffix in lower case; a browser's .txt after that of a map does not count."""
    path = PurePosixPath(name.lower())
    inner = PurePosixPath(path.stem).suffix
    return inner if path.suffix == ".txt" and inner in _TEXTS else path.suffix


def may_be_other(name: str) -> bool:
    """Say whether a name leaves open if JSON in the file is geodata, as index.json and 2024-02-01 do."""
    suffix = suffix_of(name.lower().removesuffix(".gz"))
    return suffix in (".json", ".jsonl", ".ndjson") or not suffix.strip(".0123456789")


def shapefile_stem(name: str) -> str:
    """Return what the parts of a shapefile have in common, as «maps/a.b» of Maps/A.b.shp.xml; case tells none apart."""
    path = PurePosixPath(name.casefold())
    return str(path.with_name(path.stem.removesuffix(".shp") if path.suffix == ".xml" else path.stem))
