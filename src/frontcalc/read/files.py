"""Files of an archive, on disk or in a zip, and which of them may be maps; nothing is ever unpacked to disk."""

from __future__ import annotations

import math
import os
import posixpath
import re
import stat
import sys
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol, runtime_checkable

from frontcalc.errors import COMPLETE, ChangedError, DataError, UsageError, naming, reason_of
from frontcalc.limits import VARIABLES, beyond, limits, read_at_most, refuse_dense
from frontcalc.names import printable, some_of

try:
    from lzma import LZMAError
except ImportError:  # some Pythons are built without; zipfile then says so itself
    LZMAError = zlib.error  # type: ignore[misc,assignment]

# What zipfile raises for a member that cannot be unpacked, by whichever method it is packed, or for want of memory.
BROKEN_MEMBER = (
    *(zipfile.BadZipFile, zlib.error, LZMAError, EOFError),
    *(NotImplementedError, OSError, ValueError, MemoryError),
)
_HIDDEN = (".", "__MACOSX")  # how names of hidden files begin, and of what macOS adds
_TEXTS = (".geojson", ".json", ".geojsonl", ".geojsonseq", ".ndjson", ".jsonl", ".topojson", ".esrijson", ".kml")
# What may be a map by its suffix; which format it is, its content tells.
SUFFIXES = (*_TEXTS, ".gz", ".shp", ".zip", ".gpkg", ".fgb", ".parquet", ".geoparquet", ".kmz")
# https://sqlite.org/fileformat2.html: a log of no more than its header has no changes, a zeroed journal is done with.
_LOG_HEAD, _WAL_HEADER, _HOT_JOURNAL = 64, 32, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_ADDRESS = re.compile(r"(?:\A|/)([a-z][a-z0-9+.-]+):/+(.+)", re.IGNORECASE | re.DOTALL)  # two slashes of a path are one
_SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg")
_SHAPEFILE_EXTRAS = (".sbn", ".sbx", ".xml", ".qmd", ".qix", ".idx")
_GEODATABASE_TABLE = ".gdbtable"
_GEODATABASE_FILE = re.compile(r"a[0-9a-f]{8}\.\w+|gdb|timestamps", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One file of an archive or of a zip."""

    root: Path  # the folder, or the zip, that is the archive; or the file itself where `name` is empty
    name: str = ""  # the file's path inside it, with forward slashes
    siblings: tuple[str, ...] = ()  # the other files of a shapefile, or all of a file geodatabase, in the same form
    content: bytes = b""  # what the file would hold, where it is in memory alone
    opened: zipfile.ZipFile | None = field(default=None, compare=False, repr=False)  # a zip in memory that it is in

    @property
    def label(self) -> str:
        """What messages and `meta` call the file: never a path of the machine."""
        if self.opened:
            return f"{self.root}/{printable(self.name)}".rstrip("/")
        return printable(self.name or self.root.name)

    @property
    def path(self) -> PurePosixPath:
        """The file's path inside the archive."""
        return _pure(self.label)

    @property
    def is_geodatabase(self) -> bool:
        """Whether it is an Esri file geodatabase, a folder of files."""
        return any(name.lower().endswith(_GEODATABASE_TABLE) for name in self.siblings)

    def read(self, name: str | None = None) -> bytes:
        """Return the content of the file or of a sibling.

        Refused is what is empty, too large or no file, leads out of the archive, or changes while it is read.
        """
        if self.opened:  # its size was checked with its zip's, and its reader says if it may be empty
            return self.head(sys.maxsize, name)
        label, most = self.label if name is None else printable(name), limits()["max_bytes"]
        data = self.content[: most + 1] or self.head(most + 1, name)
        if len(data) > most:
            raise beyond("max_bytes", "is larger than {:,} bytes", where=label)
        if not data or data.isspace():
            raise DataError("is empty", where=label, cure=COMPLETE)
        return data

    def head(self, most: int, name: str | None = None) -> bytes:
        """Return the first bytes of the file or a sibling, `most` at most; it may be empty. Raises as `read`."""
        wanted = self.name if name is None else name
        label, path = printable(wanted) or self.label, self.root / wanted
        try:
            if self.opened or ((self.name or self.siblings) and self.root.is_file()):
                with _open_zip(self.opened or self.root) as archive, archive.open(wanted) as member:
                    return read_at_most(member, most)
            if wanted:
                try:
                    target = path.resolve(strict=True)
                except (OSError, RuntimeError) as error:
                    if isinstance(error, FileNotFoundError) and not path.is_symlink():
                        raise ChangedError("is gone since the run began", where=label, cure="run again") from error
                    # A circle of links is an OSError here, a RuntimeError on older versions of Python.
                    problem, cure = "is a link that leads nowhere", "put the file itself there"
                    raise DataError(problem, where=label, cure=cure) from error
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
            if self.opened:
                broken = f"is a broken zip: {self.name!r} cannot be unpacked: {error}"
                raise DataError(broken, where=str(self.root), cure=COMPLETE) from error
            problem, cure = f"cannot be read: {reason_of(error)}", "check its name and permissions"
            raise DataError(problem, where=label, cure=cure) from error
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if is_file and not (unchanged and len(data) == min(after.st_size, most)):
            raise ChangedError("changed while it was read", where=label, cure="run again when it is complete")
        return data

    def parts(self) -> dict[str, bytes]:
        """Return the other parts of a shapefile by suffix, or the files of a geodatabase by name."""
        if not self.is_geodatabase:
            return {PurePosixPath(name).suffix.lower(): self.read(name) for name in self.siblings}
        files: dict[str, bytes] = {}
        left = limits()["max_unpacked_bytes" if self.opened else "max_bytes"]
        for name in self.siblings:
            files[PurePosixPath(name).name] = data = self.head(left + 1, name)
            if (left := left - len(data)) < 0:
                raise beyond("max_bytes", "is larger than {:,} bytes", where=self.label)
        return files

    def refuse_logs(self) -> None:
        """Refuse an SQLite database with changes in a log beside it, which its own bytes lack or have too many of."""
        name, heads = self.label.rpartition("/")[2], []
        for ending in ("-wal", "-journal"):
            if self.opened or (self.name and self.root.is_file()):
                with _open_zip(self.opened or self.root) as archive:
                    there, log = self.name + ending in archive.NameToInfo, replace(self, name=self.name + ending)
            else:
                # What a database writes beside itself lies beside the file that a link leads to.
                log = Entry(Path(f"{(self.root / self.name).resolve()}{ending}"))
                there = log.root.exists()
            heads.append(log.head(_LOG_HEAD) if there else b"")
        cure = f"open and close it in what wrote it, as QGIS, or run: sqlite3 {name} 'PRAGMA journal_mode=delete'"
        if len(heads[0]) > _WAL_HEADER:
            raise DataError(f"has changes in {name}-wal that are not in it yet", where=self.label, cure=cure)
        if heads[1].startswith(_HOT_JOURNAL):
            problem = f"was not written to its end: {name}-journal has what it was before"
            raise DataError(problem, where=self.label, cure=cure)


# Where an archive is without links; looked up once, so that one which moves no longer holds its files.
_resolved = lru_cache(maxsize=16)(Path.resolve)
_pure = lru_cache(maxsize=4096)(PurePosixPath)  # asked for four times a file


def list_entries(root: Path, passed: list[str] | None = None) -> list[Entry]:
    """Return the files of a folder or zip, by name, but for hidden ones and those behind links to folders.

    So no link leads out of the archive or round in a circle; those to files are looked at when they are read. `passed`
    gets a line for each reason why folders were not searched.
    """
    where, most = printable(root.name), limits()
    refused: list[OSError] = []
    try:
        if root.is_file():  # whose members are each read by themselves
            with naming(where), zip_members(root, {**most, "max_unpacked_bytes": math.inf}, where=where) as members:
                return [Entry(root, one.name) for one in members]
        names, links, deep = list[str](), list[str](), list[str]()
        for folder, folders, files in os.walk(root, onerror=refused.append):
            here = Path(folder).relative_to(root)
            seen = [name for name in folders if not name.startswith(_HIDDEN)]
            folders[:] = [] if len(here.parts) >= most["max_folder_depth"] else seen
            linked = {name for name in seen if os.path.islink(f"{folder}/{name}")}  # noqa: PTH114 - a tenth of the time
            links += [printable((here / name).as_posix()) for name in linked]
            deep += [printable((here / name).as_posix()) for name in seen if not folders and name not in linked]
            names += [(here / file).as_posix() for file in files if not file.startswith(_HIDDEN)]
            if len(names) > most["max_files"]:
                raise beyond("max_files", "holds more than {:,} files", where=where)
        for error in refused:
            raise error
        for unsearched, why, cure in (
            (links, "as links", "put the folder itself there"),
            (deep, f"more than {most['max_folder_depth']} deep", f"raise {VARIABLES['max_folder_depth']}"),
        ):
            if unsearched and passed is not None:
                number = f"{len(unsearched):,} folder{'s' * (len(unsearched) > 1)}"
                passed.append(f"{number} not searched, {why}: {some_of(sorted(unsearched))}; {cure}")
        return [Entry(root, name) for name in sorted(names)]
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DataError(f"cannot be read as a zip: {error}", where=where, cure=COMPLETE) from error
    except OSError as error:
        problem, cure = f"cannot be read: {reason_of(error)}", "check its name and permissions"
        raise DataError(problem, where=where, cure=cure) from error


@contextmanager
def zip_members(file: Path | IO[bytes], left: dict[str, float], *, where: str) -> Iterator[list[Entry]]:
    """Open a zip, and give its files once all are found harmless; what it holds is taken from the limits `left`."""
    with _open_zip(file) as archive:
        infos, names = archive.infolist(), set[str]()
        left["max_members"] -= len(infos)
        if left["max_members"] < 0:
            raise beyond("max_members", "has more than {:,} members")
        unpacked = sum(info.file_size for info in infos)  # zipfile holds members to these promises
        left["max_unpacked_bytes"] -= unpacked
        if left["max_unpacked_bytes"] < 0:
            raise beyond("max_unpacked_bytes", "unpacks to more than {:,} bytes")
        refuse_dense(unpacked, archive.start_dir, where=where)
        for info in infos:
            name, folders = info.filename, PurePosixPath(info.filename).parts
            if not name:
                raise DataError("has a member without a name", cure="pack it again")
            if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in folders:
                raise DataError(f"has a member that names a place outside: {name!r}", cure="do not trust it")
            if name.endswith("/") or any(part.startswith(_HIDDEN) for part in folders):
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                raise DataError(f"has a member that is a link: {name!r}", cure="do not trust it")
            if name in names:
                raise DataError(f"has two members named {name!r}", cure="pack it again")
            if info.flag_bits & 0x1:
                raise DataError(f"is encrypted: {name!r} needs a password", cure="unpack it")
            names.add(name)
        yield [Entry(Path(where), name, opened=archive) for name in sorted(names)]


def _open_zip(file: Path | IO[bytes] | zipfile.ZipFile) -> AbstractContextManager[zipfile.ZipFile]:
    """Open a zip, its members' paths with forward slashes: Windows PowerShell 5 writes backslashes."""
    if isinstance(file, zipfile.ZipFile):
        return nullcontext(file)  # whoever opened it closes it
    archive = zipfile.ZipFile(file)
    for info in archive.infolist():
        info.filename = info.filename.replace("\\", "/")
        archive.NameToInfo[info.filename] = info
    return archive


@runtime_checkable
class GeoFrame(Protocol):
    """A GeoDataFrame, told without importing geopandas."""

    crs: Any  # None where it has none

    def to_json(self, *args: Any, **kwargs: Any) -> str:
        """Return it as GeoJSON, with the name of its CRS."""


def in_memory(frame: GeoFrame) -> Entry:
    """Return a GeoDataFrame as a file that is read as any other; UsageError where its CRS is not known by a code."""
    if frame.crs is None or frame.crs.to_authority() is None:
        cure = "give one with a code, as in .set_crs(4326)"
        raise UsageError("its CRS is not known", where="GeoDataFrame", cure=cure)
    content = frame.to_json(drop_id=True, to_wgs84=frame.crs.is_geographic, default=str)
    return Entry(Path("GeoDataFrame"), content=content.encode())


def file_of(given: str | Path | Entry | GeoFrame) -> Entry:
    """Return a file that a user gave, by its path or as a GeoDataFrame; shapefiles and geodatabases with all parts."""
    if not isinstance(given, str | Path):
        return given if isinstance(given, Entry) else in_memory(given)
    path, name, entries = Path(given), "", []
    refuse_address(path)
    if path.is_dir():
        entries = list_entries(path)
    elif path.suffix.lower() == ".shp" and path.exists():
        name, entries = path.name, [Entry(path.parent, file.name) for file in sorted(path.parent.iterdir())]
    return next((entry for entry in maps_among(entries)[0] if entry.name == name), Entry(path))


def refuse_address(path: Path, *, archive: bool = False) -> None:
    """Refuse a web address in the place of a path; of an `archive`, with the command that fetches maps from it."""
    # Path.exists raises where a name is too long for a file.
    if (match := _ADDRESS.search(str(path))) and not os.path.exists(path):  # noqa: PTH110
        address, cure = printable(f"{match[1]}://{match[2]}"), "download it, and name the file"
        if archive and address.lower().startswith("http"):
            source = "arcgis" if re.search(r"Server(/\d*)?$", address) else "url"
            cure = f"fetch it: frontcalc fetch {source} {address} -o maps"
        raise UsageError("is an address, and only files are read", where=address, cure=cure)


def maps_among(entries: Collection[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the entries that may be maps by name, shapefiles and geodatabases each as one, and the others."""
    databases = {one.name.rpartition("/")[0] for one in entries if one.name.lower().endswith(_GEODATABASE_TABLE)}
    maps, others = list[Entry](), list[Entry]()
    groups: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        (folder, _, file), suffix = entry.name.rpartition("/"), suffix_of(entry.label)
        if folder in databases and (folder.lower().endswith(".gdb") or _GEODATABASE_FILE.fullmatch(file)):
            groups[f"{folder}/"].append(entry)
        elif suffix in (".shp", *_SHAPEFILE_PARTS, *_SHAPEFILE_EXTRAS):
            stem = entry.label.casefold().removesuffix(suffix)  # as «maps/a.b» of Maps/A.b.shp.xml
            groups[stem.removesuffix(".shp") if suffix == ".xml" else stem].append(entry)
        else:
            (maps if suffix in SUFFIXES else others).append(entry)
    for key, group in groups.items():
        named = {suffix_of(one.label): one.name for one in sorted(group)}  # of one that is there twice, the last
        if key.endswith("/"):
            maps.append(replace(group[0], name=key[:-1], siblings=tuple(sorted(one.name for one in group))))
        elif ".shp" in named:
            siblings = tuple(sorted(named[suffix] for suffix in _SHAPEFILE_PARTS if suffix in named))
            maps += [replace(one, siblings=siblings) for one in group if suffix_of(one.label) == ".shp"]
        else:
            others += group
    return maps, others


def suffix_of(name: str) -> str:
    """Return a name's suffix in lower case; a browser's .txt after that of a map does not count."""
    stem, suffix = posixpath.splitext(name.lower())
    inner = posixpath.splitext(stem)[1]
    if suffix == ".gz" and inner == ".tar":
        return ".tgz"
    return inner if suffix == ".txt" and inner in _TEXTS else suffix


def may_be_other(name: str) -> bool:
    """Say whether a name leaves open if JSON in the file is geodata, as index.json and 2024-02-01 do."""
    suffix = suffix_of(name.lower().removesuffix(".gz"))
    return suffix in (".json", ".jsonl", ".ndjson") or not suffix.strip(".0123456789")
