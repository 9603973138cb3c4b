"""Region sets that the user fetched: a file named by its content, and a JSON record of where it is from."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from frontcalc import atomic
from frontcalc.cache import VARIABLE, cache_folder
from frontcalc.errors import DataError, UsageError, reason_of

LEVELS = ("country", "adm1", "adm2")  # of fetched sets, coarse before fine
# The properties of a region in a fetched file: its name, and its code where the source knows one.
NAME_FIELD, CODE_FIELD = "shapeName", "shapeISO"
EMBEDDED = "embedded"  # the name of the regions that come with frontcalc, where those of a file or a set may stand
_ISO3 = re.compile(r"[A-Z]{3}")
_NAME = re.compile(r"([A-Z]{2,3})(?:-(adm[12]))?(?:@sha256:([0-9a-f]{8,64}))?", re.IGNORECASE)
_logger = logging.getLogger(__name__)


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


class SetName(NamedTuple):
    """What names a fetched set: its country and, where said, its level and the beginning of its SHA-256."""

    country: str  # two or three letters
    level: str = ""
    sha256: str = ""


def set_named(regions: object) -> SetName | None:
    """Return the fetched set that regions are named by, as «UA» or «UA-adm1@sha256:…»; None where they are a file."""
    match = _NAME.fullmatch(regions) if isinstance(regions, str) else None
    # What is written small may be a file.
    if match is None or (not match[1].isupper() and os.path.lexists(match[0])):
        return None
    return SetName(match[1].upper(), (match[2] or "").lower(), (match[3] or "").lower())


def find_named(name: SetName, level: str) -> FetchedRegions:
    """Return the set of exactly a name, level and SHA-256; UsageError with what fetches it if it is not here."""
    if name.level not in ("", level):
        problem, cure = f"is of {name.level}, and figures by {level} were asked for", f"say --regions {name.country}"
        raise UsageError(problem, where=f"--regions {name.country}-{name.level}", cure=cure)
    where, fetch = f"--regions {name.country}-{level}", f"frontcalc regions fetch {name.country} {level}"
    kept = next((one for one in readable(f"*-{level}.json") if name.country in (one.country, one.iso3)), None)
    if kept is None:
        raise UsageError("was not fetched", where=where, cure=f"fetch it: {fetch}")
    if not kept.sha256.startswith(name.sha256):
        problem = f"was fetched with another SHA-256, {kept.sha256[:16]}… and not {name.sha256[:16]}…"
        cure = f"put back the file that was used, or use the one that is here: {fetch} --use"
        raise UsageError(problem, where=where, cure=cure)
    return _read(_record_path(kept.iso3, level))


def store_folder() -> Path:
    """Return the folder of fetched sets, which need not exist: in FRONTCALC_CACHE, else in the user's data folder."""
    if os.environ.get(VARIABLE):
        return earlier_folder()
    from platformdirs import user_data_path

    return user_data_path("frontcalc", appauthor=False) / "regions"


def earlier_folder() -> Path:
    """Return the folder of fetched sets in earlier versions, inside the cache; sets in it are still found."""
    return cache_folder() / "regions"


def find_fetched(iso3: str, level: str) -> FetchedRegions | None:
    """Return one fetched set, held against its recorded SHA-256, else DataError; None where it was never fetched."""
    record = _record_path(iso3, level)
    return _read(record) if record.is_file() else None


def of_content(sha256: str) -> FetchedRegions | None:
    """Return the fetched set whose file has a SHA-256, whatever that file is called; None if there is none."""
    return next((regions for regions in readable("*.json") if regions.sha256 == sha256), None)


def readable(records: str) -> Iterator[FetchedRegions]:
    """Yield what the records of a pattern, as «MDA-adm1.json», describe; broken ones are left out, no file is read."""
    paths = {path.name: path for folder in (earlier_folder(), store_folder()) for path in folder.glob(records)}
    for record in sorted(paths.values()):
        with suppress(DataError):
            yield _read(record, verified=False)


def keep(data: bytes, regions: FetchedRegions) -> FetchedRegions:
    """Keep a fetched set and its record in place of an earlier one, and return it with its path; else DataError."""
    folder = store_folder()
    path = folder / f"{regions.iso3}-{regions.level}-{regions.sha256[:16]}.geojson"
    facts = {name: value for name, value in asdict(regions).items() if name != "path"} | {"file": path.name}
    record, earlier = folder / _record_path(regions.iso3, regions.level).name, earlier_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The record is written last, so that a set is there whole or not at all.
        atomic.replace(path, data)
        atomic.replace(record, json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n")
        for old in (one for place in (folder, earlier) for one in place.glob(f"{record.stem}[-.]*")):
            if old not in (path, record):
                old.unlink(missing_ok=True)
                if old.name == path.name:
                    _logger.warning("%s was moved from %s to %s", old.name, earlier, folder)
    except OSError as error:
        cure = f"make room, or name another folder with {VARIABLE}"
        raise DataError(f"cannot be written: {reason_of(error)}", where="the folder of regions", cure=cure) from error
    return _read(record)


def _record_path(iso3: str, level: str) -> Path:
    """Return where the record of a set is kept; a code or level from outside never becomes another path."""
    if not _ISO3.fullmatch(iso3) or level not in LEVELS:
        raise ValueError(f"no set is kept as {iso3!r}, {level!r}")
    paths = [folder / f"{iso3}-{level}.json" for folder in (store_folder(), earlier_folder())]
    return next((path for path in paths if path.is_file()), paths[0])


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
