"""A fetched archive on disk: its manifest, its files named by their days, and what the publisher changed since."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from frontcalc import atomic
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.errors import DataError, UsageError, reason_of
from frontcalc.fetching.catalogue import Source
from frontcalc.manifest import NAME, REVISIONS, HeldFile, Manifest, is_manifest, manifest_bytes, read_manifest
from frontcalc.names import printable

_LEFT_BEHIND = re.compile(r"\.(?:\w*\d{4}-\d\d-\d\d[\w.]*|manifest\.json|frontcalc\.toml)\.\w{8}")
"""Temporary files of a run that was killed; `atomic.beside` names them."""

_LONGEST_LINE = 500


class FolderError(DataError):
    """The archive cannot be written, so that nothing further can be kept."""


@dataclass(frozen=True, slots=True)
class Map:
    """One day's map as it came.

    Parameters
    ----------
    day : date
        The day for its name.
    data : bytes
        Its content.
    suffix : str
        Of its name, as in `.geojson`.
    url, query, etag, version, features
        As in `HeldFile`.
    """

    day: date
    data: bytes
    suffix: str
    url: str
    query: dict[str, str]
    etag: str
    version: str
    features: int = -1


class Folder:
    """An archive that is being filled.

    Parameters
    ----------
    root : Path
        Where it is.
    manifest : Manifest
        What it holds; files that are gone or were changed here are not among it.
    prefix : str
        What names begin with, before the day.
    """

    def __init__(self, root: Path, manifest: Manifest, prefix: str) -> None:
        self.root = root
        self.manifest = manifest
        self.prefix = prefix

    def of_day(self, day: date) -> HeldFile | None:
        """Return the file of a day, None without any."""
        return next((held for held in self.manifest.files if held.day == day), None)

    def latest_from(self, url: str) -> HeldFile | None:
        """Return the latest file from an address, None without any."""
        return max((held for held in self.manifest.files if held.url == url), key=lambda held: held.day, default=None)

    def twin_of(self, new: Map) -> HeldFile | None:
        """Return a file of another day with the same bytes, from an address that differs in its query alone."""
        digest, path = hashlib.sha256(new.data).hexdigest(), new.url.partition("?")[0]
        others = (held for held in self.manifest.files if held.day != new.day and held.url != new.url)
        return next((held for held in others if held.sha256 == digest and held.url.partition("?")[0] == path), None)

    def put(self, new: Map) -> str:
        """Keep a map in place of an earlier one of its day, and return «new», «changed» or «unchanged».

        The earlier file is moved to `revisions`, named by its own content, before anything takes its place.

        Raises
        ------
        FolderError
            The folder cannot be written.
        """
        stem = f"{self.prefix}{new.day}"
        name = f"{stem}{new.suffix}"
        held = self.of_day(new.day)
        digest = hashlib.sha256(new.data).hexdigest()
        with _writing(self.root):
            # Also what no manifest names: a run may have been killed, or the file been edited here.
            earlier = [path for path in self.root.glob(f"{stem}.*") if path.is_file()]
            differing = [path for path in earlier if path.name != name or _sha256(path) != digest]
            for path in differing:
                _keep_revision(self.root, path)
            if not (self.root / name).exists() or self.root / name in differing:
                atomic.replace(self.root / name, new.data)
            for path in differing:
                if path.name != name:
                    path.unlink()
        self._note(
            HeldFile(name, new.day, new.url, new.query, new.etag, new.version, digest, len(new.data), new.features)
        )
        if held is None:
            return "changed" if differing else "new"
        return "unchanged" if held.sha256 == digest and not differing else "changed"

    def confirm(self, held: HeldFile, version: str) -> None:
        """Note that the publisher has still the same map, in this version of its own."""
        if held.version != version:
            self._note(replace(held, version=version))

    def _note(self, held: HeldFile) -> None:
        """Write a file into the manifest."""
        others = tuple(one for one in self.manifest.files if one.day != held.day)
        self.manifest = replace(self.manifest, files=(*others, held), revisions=_revisions(self.root))
        with _writing(self.root):
            atomic.replace(self.root / NAME, manifest_bytes(self.manifest))


@contextmanager
def filling(path: Path, source: Source, origin: str) -> Iterator[Folder]:
    """Open an archive to fill it, made where there is none; no second run may fill it meanwhile.

    Raises
    ------
    UsageError
        The folder is of another source, or holds files that no fetch wrote.
    DataError
        It cannot be written, or its manifest is broken.
    """
    with _writing(path):
        path.mkdir(parents=True, exist_ok=True)
    with _alone(path):
        manifest = _manifest_of(path, source, origin)
        with _writing(path):
            for left in (*path.glob(".*"), *path.glob(f"{REVISIONS}/.*")):
                if _LEFT_BEHIND.fullmatch(left.name):
                    left.unlink(missing_ok=True)
            if not (path / NAME).exists():
                atomic.replace(path / NAME, manifest_bytes(manifest))
            if not (path / CONFIG_NAME).exists():
                atomic.replace(path / CONFIG_NAME, _config(source).encode())
        yield Folder(path, manifest, source.prefix)


def check_place(path: Path, source: Source, origin: str) -> None:
    """Refuse a place that cannot be filled from a source, before anything is asked of anybody.

    Raises
    ------
    UsageError
        The folder is of another source, holds files that no fetch wrote, or lies in another archive.
    DataError
        It cannot be made or written, or its manifest is broken.
    """
    _stated(path, source, origin)
    for above in path.resolve().parents:
        if (above / NAME).is_file() and is_manifest((above / NAME).read_bytes()):
            problem = f"lies in the archive {printable(above.name)}, whose maps would be mixed with these"
            raise UsageError(problem, where=printable(path.name), cure="give a folder beside it with -o")
    nearest = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise _unwritable(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _unwritable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def looked_at(path: Path, source: Source, origin: str) -> Folder:
    """Return an archive as it is, without making or changing anything.

    Raises
    ------
    UsageError, DataError
        As `filling`.
    """
    return Folder(path, _manifest_of(path, source, origin), source.prefix)


def _manifest_of(path: Path, source: Source, origin: str) -> Manifest:
    """Return what a folder holds of a source, whole and unchanged."""
    stated = _stated(path, source, origin)
    try:
        return replace(stated, files=tuple(held for held in stated.files if _is_sound(path, held, source.prefix)))
    except OSError as error:
        raise _unwritable(path, error) from error


def _stated(path: Path, source: Source, origin: str) -> Manifest:
    """Return what the manifest of a folder says that it holds of a source."""
    where = printable(path.name)
    fresh = Manifest(
        source.name, origin, source.publisher, source.attribution, source.licence, source.unresolved, source.terms
    )
    try:
        names = [entry.name for entry in path.iterdir()] if path.exists() else []
        if NAME not in names:
            if others := [name for name in names if not name.startswith(".")]:
                problem = f"holds {printable(others[0])}, which no fetch wrote"
                raise UsageError(problem, where=where, cure="give a new or empty folder with -o")
            return fresh
        manifest = read_manifest((path / NAME).read_bytes())
        if (manifest.source, manifest.origin) != (source.name, origin):
            held = " ".join(filter(None, (manifest.source, manifest.origin)))
            raise UsageError(f"is an archive of {printable(held)}", where=where, cure="give another folder with -o")
    except OSError as error:
        raise _unwritable(path, error) from error
    return replace(fresh, files=manifest.files, revisions=manifest.revisions)


def _is_sound(root: Path, held: HeldFile, prefix: str) -> bool:
    """Say whether a file is what was fetched; a name of another form is none of ours."""
    if not re.fullmatch(rf"{re.escape(f'{prefix}{held.day}')}(?:\.[a-z]+)+", held.file):
        return False
    path = root / held.file
    return path.is_file() and not path.is_symlink() and _sha256(path) == held.sha256


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _keep_revision(root: Path, path: Path) -> None:
    """Keep a file that is about to be replaced, under its day and its content."""
    folder = root / REVISIONS
    folder.mkdir(exist_ok=True)
    stem, dot, suffix = path.name.partition(".")
    kept = folder / f"{stem}.{_sha256(path)[:16]}{dot}{suffix}"
    if not kept.exists():
        atomic.replace(kept, path.read_bytes())


def _revisions(root: Path) -> tuple[str, ...]:
    """Return the names of the files in `revisions`."""
    folder = root / REVISIONS
    return tuple(sorted(path.name for path in folder.iterdir() if path.name[:1] != ".")) if folder.is_dir() else ()


def _config(source: Source) -> str:
    """Return the archive's frontcalc.toml, by which every output states whose the maps are and on what terms."""
    lines = ["# Written by frontcalc fetch, once: what you change here stays."]
    texts = {"publisher": source.publisher, "attribution": source.attribution, "licence": source.licence_line}
    lines += [f"{key} = {_quoted(text)}" for key, text in texts.items() if text]
    if source.view:
        lines.append(f"view = {_quoted(source.view)}")
    if source.as_of_offset_days:
        lines.append(f"as_of_offset_days = {source.as_of_offset_days}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(printable(text)[:_LONGEST_LINE], ensure_ascii=False)


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Say of whatever the system refuses which folder it is and what to do."""
    try:
        yield
    except OSError as error:
        raise _unwritable(root, error) from error


def _unwritable(root: Path, error: OSError) -> FolderError:
    """Return the error for a folder that cannot be read or written."""
    return FolderError(f"cannot be written: {reason_of(error)}", where=str(root), cure="give another folder with -o")


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep any second run out of a folder, where the system has locks for that."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with _writing(root):
        descriptor = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            where, cure = printable(root.name), "wait until it has ended"
            raise UsageError("is being filled by another run", where=where, cure=cure) from error
        yield
    finally:
        os.close(descriptor)
