"""A fetched archive on disk: its manifest, its files named by their days, and what the publisher changed since."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from frontcalc import atomic
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.errors import DataError, UsageError, reason_of
from frontcalc.manifest import NAME, REVISIONS, HeldFile, Manifest, is_manifest, manifest_bytes, read_manifest
from frontcalc.names import printable
from frontcalc.network.catalogue import MapSource

# Temporary files of a run that was killed; `atomic.beside` names them.
_LEFT_BEHIND = re.compile(r"\.(?:\w*\d{4}-\d\d-\d\d[\w.]*|manifest\.json|frontcalc\.toml)\.\w{8}\.unfinished")
_LONGEST_LINE = 500
_ELSEWHERE = "give another folder with -o"


class FolderError(DataError):
    """The archive cannot be written, so that nothing further can be kept."""


class Folder:
    """A fetched archive, opened without making or changing anything.

    `manifest` says what it holds; files that are gone or were changed here are not among it. A folder of another source
    or `origin` (as in `Manifest`), or with files that no fetch wrote, is refused, and so is a broken manifest.
    """

    def __init__(self, root: Path, source: MapSource, origin: str) -> None:
        self.root, self.prefix = root, source.prefix
        stated = _stated(root, source, origin)

        def is_sound(held: HeldFile) -> bool:
            path = root / held.file
            # A name of another form is none of ours.
            ours = re.fullmatch(rf"{re.escape(f'{self.prefix}{held.day}')}(?:\.[a-z]+)+", held.file)
            return bool(ours) and path.is_file() and _sha256(path) == held.sha256

        with _writing(root):
            self.manifest = replace(stated, files=tuple(filter(is_sound, stated.files)))

    def held(self, day: date | None, url: str) -> HeldFile | None:
        """Return the file of a day, or without a day the latest from an address; None without any."""
        files = (one for one in self.manifest.files if (one.day == day if day else one.url == url))
        return max(files, key=lambda one: one.day, default=None)

    def twin_of(self, new: HeldFile) -> HeldFile | None:
        """Return a file of another day with the same bytes, from an address that differs in its query alone."""
        path = new.url.partition("?")[0]
        others = (held for held in self.manifest.files if held.day != new.day and held.url != new.url)
        return next((held for held in others if held.sha256 == new.sha256 and held.url.partition("?")[0] == path), None)

    def put(self, new: HeldFile, data: bytes) -> str:
        """Keep a map, once an earlier one of its day is in `revisions`, and return «new», «changed» or «unchanged»."""
        stem, place, held = f"{self.prefix}{new.day}", self.root / new.file, self.held(new.day, new.url)
        with _writing(self.root):
            # Also what no manifest names: a run may have been killed, or the file been edited here.
            earlier = [path for path in self.root.glob(f"{stem}.*") if path.is_file()]
            differing = [path for path in earlier if path != place or _sha256(path) != new.sha256]
            for path in differing:
                kept = self.root / REVISIONS / f"{stem}.{_sha256(path)[:16]}{path.name.removeprefix(stem)}"
                kept.parent.mkdir(exist_ok=True)
                atomic.replace(kept, path.read_bytes())
            if not place.exists() or place in differing:
                atomic.replace(place, data)
            for path in differing:
                if path != place:
                    path.unlink()
        self.note(new)
        if held is None:
            return "changed" if differing else "new"
        return "unchanged" if held.sha256 == new.sha256 and not differing else "changed"

    def note(self, held: HeldFile) -> None:
        """Write a file into the manifest."""
        others = tuple(one for one in self.manifest.files if one.day != held.day)
        with _writing(self.root):
            kept = self.root / REVISIONS
            names = sorted(path.name for path in kept.iterdir() if path.name[:1] != ".") if kept.is_dir() else ()
            self.manifest = replace(self.manifest, files=(*others, held), revisions=tuple(names))
            atomic.replace(self.root / NAME, manifest_bytes(self.manifest))


@contextmanager
def filling(path: Path, source: MapSource, origin: str) -> Iterator[Folder]:
    """Open an archive to fill it, made where there is none; no second run may fill it meanwhile."""
    with ExitStack() as stack:
        with _writing(path):
            path.mkdir(parents=True, exist_ok=True)
            free = stack.enter_context(atomic.alone(path))
        if free is False:  # None where the system has no locks
            where = printable(path.name)
            raise UsageError("is being filled by another run", where=where, cure="wait until it has ended")
        folder = Folder(path, source, origin)
        with _writing(path):
            for left in (*path.glob(".*"), *path.glob(f"{REVISIONS}/.*")):
                if _LEFT_BEHIND.fullmatch(left.name):
                    left.unlink(missing_ok=True)
            if not (path / NAME).exists():
                atomic.replace(path / NAME, manifest_bytes(folder.manifest))
            if not (path / CONFIG_NAME).exists():
                atomic.replace(path / CONFIG_NAME, config_bytes(source))
        yield folder


def check_place(path: Path, source: MapSource, origin: str) -> None:
    """Refuse a place that no archive of a source can be in, or that cannot be written, before a server is asked."""
    _stated(path, source, origin)
    for above in path.resolve().parents:
        if (above / NAME).is_file() and is_manifest((above / NAME).read_bytes()):
            problem = f"lies in the archive {printable(above.name)}, whose maps would be mixed with these"
            raise UsageError(problem, where=printable(path.name), cure="give a folder beside it with -o")
    nearest = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        reason = "permission denied" if nearest.is_dir() else "not a directory"
        raise FolderError(f"cannot be written: {reason}", where=str(path), cure=_ELSEWHERE)


def _stated(path: Path, source: MapSource, origin: str) -> Manifest:
    """Return what the manifest of a folder says that it holds of a source."""
    where = printable(path.name)
    terms = (source.publisher, source.attribution, source.licence, source.unresolved, source.terms)
    fresh = Manifest(source.name, origin, *terms)
    with _writing(path):
        names = [entry.name for entry in path.iterdir()] if path.exists() else []
        # Whatever is written or kept would go where the link leads.
        if links := [name for name in names if name[:1] != "." and (path / name).is_symlink()]:
            problem, cure = f"holds {printable(links[0])}, a link, and none is followed", "put there what it leads to"
            raise UsageError(problem, where=where, cure=cure)
        if NAME not in names:
            if others := [name for name in names if not name.startswith(".")]:
                problem = f"holds {printable(others[0])}, which no fetch wrote"
                raise UsageError(problem, where=where, cure="give a new or empty folder with -o")
            return fresh
        manifest = read_manifest((path / NAME).read_bytes())
    if (manifest.source, manifest.origin) != (source.name, origin):
        held = " ".join(filter(None, (manifest.source, manifest.origin)))
        raise UsageError(f"is an archive of {printable(held)}", where=where, cure=_ELSEWHERE)
    return replace(fresh, files=manifest.files, revisions=manifest.revisions)


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def config_bytes(source: MapSource) -> bytes:
    """Return the archive's frontcalc.toml, by which every output states whose the maps are and on what terms."""
    texts = {"publisher": source.publisher, "attribution": source.attribution, "licence": source.licence_line}
    lines = ["# Written by frontcalc fetch, once: what you change here stays."]
    for key, text in (texts | {"view": source.view}).items():
        lines += [f"{key} = {json.dumps(printable(text)[:_LONGEST_LINE], ensure_ascii=False)}"] if text else []
    lines += [f"as_of_offset_days = {days}"] if (days := source.as_of_offset_days) else []
    return "\n".join(lines).encode() + b"\n"


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Say of whatever the system refuses which folder it is and what to do."""
    try:
        yield
    except OSError as error:
        problem = f"cannot be written: {reason_of(error)}"
        raise FolderError(problem, where=str(root), cure=_ELSEWHERE) from error
