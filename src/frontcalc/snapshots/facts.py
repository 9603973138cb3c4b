"""What is known of a map without its polygons: found once for the same bytes, and kept.

What earlier runs found is kept under the content of the map's files, their names, and what else decides what is made
of them, so that a map that changed in a single byte is parsed anew.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from frontcalc.archives import SnapshotRef
from frontcalc.cache import NOTHING_KEPT, Cache, key_of
from frontcalc.errors import ChangedError, DataError
from frontcalc.layers import Layer, Role
from frontcalc.notices import Notice
from frontcalc.progress import timed
from frontcalc.snapshots.drawn import (
    Snapshot,
    SnapshotLayer,
    changed,
    parsed,
    read_whole,
)
from frontcalc.snapshots.legend import Tell
from frontcalc.sources import SourceFile, fingerprint
from frontcalc.sources.limits import limits

_remembered: dict[SnapshotRef, Snapshot] = {}
# The SHA-256 of files as they were when this run first read them.
_fingerprint = lru_cache(maxsize=4096)(fingerprint)


def read_snapshot(ref: SnapshotRef, cache: Cache = NOTHING_KEPT) -> Snapshot:
    """Return what is on a day's map: its files and layers.

    Of a map that an earlier run has parsed only the bytes are read, to see that they are the same. Their
    polygons are read when they are asked for.

    Parameters
    ----------
    ref : SnapshotRef
        The map.
    cache : Cache, optional
        Where what earlier runs found is kept.

    Raises
    ------
    DataError
        A file is broken; two files of the day show one layer differently.
    """
    known = known_snapshot(ref, cache)
    if known is None:
        known = parsed(ref)[0]
        keep_snapshot(known, cache)
    return known


def known_snapshot(ref: SnapshotRef, cache: Cache) -> Snapshot | None:
    """Return what is on a map where it need not be parsed for it, else None.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    if ref in _remembered:
        return _remembered[ref]
    if cache.folder is None:
        return None
    try:
        with timed(f"looked up {', '.join(ref.names)}"):
            content = cache.get("maps", _key(ref, [_fingerprint(part.entry) for part in ref.parts]))
    except DataError as error:
        if not ref.skip_bad or isinstance(error, ChangedError):
            raise
        return None
    if content is None:
        return None
    found: dict[str, Any] = orjson.loads(content)
    known = _remembered[ref] = Snapshot(
        ref,
        files=tuple(SourceFile(*file) for file in found["files"]),
        layers=tuple(
            SnapshotLayer(name, Layer(actor, Role(role), whole, legend), crs, file, digest, ref)
            for name, actor, role, whole, legend, crs, file, digest in found["layers"]
        ),
        notices=tuple(Notice(*notice) for notice in found["notices"]),
        stated_days=tuple(date.fromisoformat(day) for day in found["stated_days"]),
        tells=tuple(Tell(*tell) for tell in found["tells"]),
        box=tuple(found["box"]) if found["box"] else None,
        boxes=tuple(tuple(box) for box in found["boxes"]),
    )
    return known


def keep_snapshot(snapshot: Snapshot, cache: Cache) -> None:
    """Keep what was found on a map, in memory for this run and in a cache for later ones."""
    _remembered[snapshot.ref] = snapshot
    # What was skipped is looked at again by each run.
    if cache.folder is None or any(notice.code == "SKIPPED" for notice in snapshot.notices):
        return
    found = [file.sha256 for file in snapshot.files]
    if found != [_fingerprint(part.entry) for part in snapshot.ref.parts]:
        raise changed(snapshot.files[0].name)
    layers = [(part, part.layer) for part in snapshot.layers]
    content = {
        "files": [[file.name, file.sha256] for file in snapshot.files],
        "layers": [
            [part.name, layer.actor, layer.role.value, layer.whole, layer.legend, part.crs, part.file, part.digest]
            for part, layer in layers
        ],
        "notices": [[notice.code, notice.message, notice.period] for notice in snapshot.notices],
        "stated_days": [day.isoformat() for day in snapshot.stated_days],
        "tells": [list(tell) for tell in snapshot.tells],
        "box": snapshot.box,
        "boxes": snapshot.boxes,
    }
    cache.put("maps", _key(snapshot.ref, found), orjson.dumps(content))


def digests_of(ref: SnapshotRef) -> tuple[str, ...] | None:
    """Return the SHA-256 of a map's files, None where they hold other days too.

    Raises
    ------
    DataError
        A file cannot be read.
    """
    if any(part.selection is not None for part in ref.parts):
        return None
    return tuple(_fingerprint(part.entry) for part in ref.parts)


def forget_read() -> None:
    """Drop what is remembered of files: a run reads them as they are now, not as an earlier one found them."""
    _remembered.clear()
    _fingerprint.cache_clear()
    parsed.cache_clear()
    read_whole.cache_clear()


def _key(ref: SnapshotRef, digests: list[str]) -> str:
    """Return the key of all that decides what is found on a map."""
    files = [
        f"{part.entry.label} {part.entry.siblings} {part.selection} {digest}"
        for part, digest in zip(ref.parts, digests, strict=True)
    ]
    return key_of((repr(limits()), str(ref.day), repr(ref.legend), *files))
