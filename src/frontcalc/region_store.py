"""Region sets that the user fetched: a file named by its content, and a JSON record of where it is from."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from frontcalc import atomic
from frontcalc.cache import cache_folder
from frontcalc.errors import DataError, reason_of

LEVELS = ("country", "adm1", "adm2")  # of fetched sets, coarse before fine
# The properties of a region in a fetched file: its name, and its code where the source knows one.
NAME_FIELD, CODE_FIELD = "shapeName", "shapeISO"
_ISO3 = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class FetchedRegions:
    """One fetched region set: a file in longitude and latitude, its regions named by `NAME_FIELD`."""

    path: Path
    country: str  # two letters
    level: str
    source: str  # to be printed, as the licence is, with what is made of it
    licence: str
    sha256: str  # of the file, in hexadecimal
    iso3: str = ""  # three letters, by which the set is kept
    year: str = ""  # that the boundaries stand for, as the source says
    upstream: str = ""  # what the source calls this version of the set


def store_folder() -> Path:
    """Return the folder of fetched sets, which need not exist."""
    return cache_folder() / "regions"


def fetched(level: str) -> tuple[FetchedRegions, ...]:
    """Return the fetched sets of a level, by country, each held against its recorded SHA-256, else DataError."""
    records = sorted(store_folder().glob(f"*-{level}.json"))
    return tuple(_read(path) for path in records if _ISO3.fullmatch(path.name.partition("-")[0]))


def find_fetched(iso3: str, level: str) -> FetchedRegions | None:
    """Return one fetched set, held against its recorded SHA-256 as `fetched` does; None where it was never fetched."""
    record = _record_path(iso3, level)
    return _read(record) if record.is_file() else None


def of_content(sha256: str) -> FetchedRegions | None:
    """Return the fetched set whose file has a SHA-256, however that file was named; None without any."""
    return next((regions for regions in readable("*.json") if regions.sha256 == sha256), None)


def readable(records: str) -> Iterator[FetchedRegions]:
    """Yield what the records of a pattern, as «MDA-adm1.json», describe; broken ones are left out, no file is read."""
    for record in sorted(store_folder().glob(records)):
        with suppress(DataError):
            yield _read(record, verified=False)


def keep(data: bytes, regions: FetchedRegions) -> FetchedRegions:
    """Keep a fetched set and its record in place of an earlier one, and return it with its path; else DataError."""
    folder = store_folder()
    path = folder / f"{regions.iso3}-{regions.level}-{regions.sha256[:16]}.geojson"
    facts = {name: value for name, value in asdict(regions).items() if name != "path"} | {"file": path.name}
    record = _record_path(regions.iso3, regions.level)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The record is written last, so that a set is there whole or not at all.
        atomic.replace(path, data)
        atomic.replace(record, json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n")
        for old in folder.glob(f"{regions.iso3}-{regions.level}-*.geojson"):
            if old != path:
                old.unlink(missing_ok=True)
    except OSError as error:
        cure = "make room, or name another folder with FRONTCALC_CACHE"
        raise DataError(f"cannot be written: {reason_of(error)}", where="the cache of regions", cure=cure) from error
    return _read(record)


def _record_path(iso3: str, level: str) -> Path:
    """Return where the record of a set is kept; a code or level from outside never becomes another path."""
    if not _ISO3.fullmatch(iso3) or level not in LEVELS:
        raise ValueError(f"no set is kept as {iso3!r}, {level!r}")
    return store_folder() / f"{iso3}-{level}.json"


def _read(record: Path, *, verified: bool = True) -> FetchedRegions:
    """Return the set that a record describes; `verified`, its file is held against the SHA-256."""
    again = f"fetch it again: frontcalc regions fetch {record.stem.replace('-', ' ')} --update"
    try:
        facts = json.loads(record.read_bytes())
        name = str(facts.pop("file"))
        regions = FetchedRegions(path=record.parent / Path(name).name, **{key: str(facts[key]) for key in facts})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError("is a broken record of fetched regions", where=record.name, cure=again) from error
    if not verified:
        return regions
    try:
        digest = hashlib.sha256(regions.path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError("fetched regions are gone", where=regions.path.name, cure=again) from error
    if digest != regions.sha256:
        problem = f"is not what was fetched: its SHA-256 is {digest[:16]}…, {regions.sha256[:16]}… was recorded"
        raise DataError(problem, where=regions.path.name, cure=again)
    return regions
