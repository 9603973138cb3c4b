"""Files of an archive, on disk or inside the one zip that is the archive; nothing is ever unpacked to disk."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from frontcalc.errors import DataError

SUFFIXES = (
    *(".geojson", ".json", ".geojsonl", ".geojsonseq", ".ndjson", ".jsonl", ".topojson", ".esrijson", ".gz"),
    *(".shp", ".zip", ".gpkg", ".fgb", ".parquet", ".geoparquet", ".kml", ".kmz"),
)
"""What may be a map by its suffix; which format it is, its content tells."""

SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg")
_SHAPEFILE_EXTRAS = (".sbn", ".sbx", ".xml", ".qmd", ".qix", ".idx")

MAX_BYTES = 1 << 30
"""The largest file that is read (bytes); what a zip member promises counts too."""

MAX_DEPTH = 4
"""How many folders deep an archive is searched."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One file of an archive.

    Parameters
    ----------
    root : Path
        The folder, or the zip, that is the archive; or the file itself where `name` is empty.
    name : str
        The file's path inside it, with forward slashes.
    siblings : tuple of str
        The other files of a shapefile, in the same form.
    """

    root: Path
    name: str = ""
    siblings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What messages and `meta` call the file: never a path of the machine."""
        return self.name or self.root.name

    @property
    def path(self) -> PurePosixPath:
        """The file's path inside the archive."""
        return PurePosixPath(self.label)

    def read(self, name: str | None = None) -> bytes:
        """Return the content of the file, or of one of its siblings.

        Raises
        ------
        DataError
            The file cannot be opened, is empty or is larger than `MAX_BYTES`.
        """
        wanted = self.name if name is None else name
        label = wanted or self.label
        try:
            data = self._read(wanted)
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
            raise DataError(f"cannot be read: {reason}", where=label) from error
        if not data.strip():
            raise DataError("is empty", where=label, cure="is the download complete?")
        if len(data) > MAX_BYTES:
            raise DataError(f"is larger than {MAX_BYTES:,} bytes", where=label)
        return data

    def _read(self, wanted: str) -> bytes:
        """Return a file's content, no more of it than may be read and one byte."""
        if wanted and self.root.is_file():
            with zipfile.ZipFile(self.root) as archive, archive.open(wanted) as member:
                return member.read(MAX_BYTES + 1)
        with (self.root / wanted if wanted else self.root).open("rb") as file:
            return file.read(MAX_BYTES + 1)


def list_entries(root: Path) -> list[Entry]:
    """Return the files of a folder or zip, by name; hidden files and what macOS adds are left out.

    Links to folders are not followed, so that none can lead out of the archive or round in a circle.

    Raises
    ------
    DataError
        The folder cannot be read, or the zip is none.
    """
    try:
        names = _zip_names(root) if root.is_file() else _folder_names(root)
    except zipfile.BadZipFile as error:
        raise DataError(f"cannot be read as a zip: {error}", where=root.name) from error
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or '').lower()}", where=root.name) from error
    return [Entry(root, name) for name in sorted(names) if not _hidden(name)]


def _folder_names(root: Path) -> list[str]:
    """Return the paths of files below a folder, to a bounded depth."""

    def refuse(error: OSError) -> None:
        raise error

    names = []
    for folder, folders, files in os.walk(root, onerror=refuse):
        here = Path(folder).relative_to(root)
        if len(here.parts) >= MAX_DEPTH:
            folders.clear()
        names += [(here / file).as_posix() for file in files if (Path(folder) / file).is_file()]
    return names


def _zip_names(root: Path) -> list[str]:
    """Return the names of a zip's members, none of which may lead out of it."""
    with zipfile.ZipFile(root) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in PurePosixPath(name).parts:
            raise DataError(f"holds a member that leads out of it: {name!r}", where=root.name)
    return names


def _hidden(name: str) -> bool:
    """Say whether any part of a path is hidden."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


def single_file(path: Path) -> Entry:
    """Return one file as an entry, a shapefile with the parts beside it."""
    if path.suffix.lower() != ".shp":
        return Entry(path)
    beside = [Entry(path.parent, file.name) for file in sorted(path.parent.iterdir())] if path.exists() else []
    maps, _ = maps_among(beside)
    return next((entry for entry in maps if entry.name == path.name), Entry(path))


def maps_among(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Return the entries that may be maps, shapefiles with their parts, and the names of the others."""
    by_stem: dict[str, list[str]] = {}
    for entry in entries:
        by_stem.setdefault(_stem(entry.label), []).append(entry.name)
    shapefiles = {_stem(entry.label) for entry in entries if entry.path.suffix.lower() == ".shp"}
    maps, others = [], []
    for entry in entries:
        stem, suffix = _stem(entry.label), entry.path.suffix.lower()
        if suffix == ".shp":
            parts = [name for name in by_stem[stem] if PurePosixPath(name).suffix.lower() in SHAPEFILE_PARTS]
            maps.append(replace(entry, siblings=tuple(sorted(set(parts) - {entry.name}))))
        elif stem in shapefiles and (suffix in SHAPEFILE_PARTS or suffix in _SHAPEFILE_EXTRAS):
            continue
        elif suffix in SUFFIXES:
            maps.append(entry)
        else:
            others.append(entry.label)
    return maps, others


def _stem(name: str) -> str:
    """Return a path without any of its suffixes, as in «maps/a» of Maps/A.shp.xml; case does not tell files apart."""
    path = PurePosixPath(name)
    return str(path.with_name(path.name.split(".")[0] or path.name)).casefold()
