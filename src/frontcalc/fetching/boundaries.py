"""Administrative boundaries of any country, from geoBoundaries' open release (gbOpen).

The API and its members: https://www.geoboundaries.org/api.html; Runfola et al. 2020, PLoS ONE 15(4): e0231866.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.fetching.download import download
from frontcalc.region_store import LEVELS, NAME_FIELD, FetchedRegions
from frontcalc.sources import read_content
from frontcalc.sources.packages import extra_package

API = "https://www.geoboundaries.org/api/current/gbOpen/"
"""Where geoBoundaries answers; followed by ISO3/ADMn/."""

VARIABLE = "FRONTCALC_GEOBOUNDARIES_API"
"""The environment variable that names a mirror of it."""

MAX_ANSWER_BYTES = 1 << 20
MAX_FILE_BYTES = 1 << 29

_LEVEL_NAMES = {"adm0": "country", "oblast": "adm1", "raion": "adm2", **{level: level for level in LEVELS}}
_ADM = {"country": "ADM0", "adm1": "ADM1", "adm2": "ADM2"}
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\s+oid sha256:([0-9a-f]{64})\s+size (\d+)\s*")


@dataclass(frozen=True, slots=True)
class Country:
    """A country by ISO 3166-1: two letters, three letters, and its name."""

    iso2: str
    iso3: str
    name: str


@dataclass(frozen=True, slots=True)
class Boundary:
    """What geoBoundaries says of one country's regions of one level."""

    country: Country
    level: str
    upstream: str
    source: str
    licence: str
    year: str
    url: str


def find_country(text: str) -> Country:
    """Return a country by two or three letters or its name.

    Raises
    ------
    UsageError
        It is not known, with the nearest names; or the package iso3166 is not installed.
    """
    countries = extra_package("iso3166", where="fetching", extra="fetch").countries
    wanted = text.strip()
    found = countries.get(wanted, None)
    if found is None:
        names = {name: one for one in countries for name in (one.name, one.apolitical_name)}
        starting = {one.alpha3: one for name, one in names.items() if name.casefold().startswith(wanted.casefold())}
        if wanted and len(starting) == 1:
            found = next(iter(starting.values()))
        else:
            near = difflib.get_close_matches(wanted, names, n=3) or sorted(one.name for one in starting.values())[:3]
            cure = f"did you mean {' or '.join(near)}?" if near else "give its ISO code, as in UA or UKR"
            raise UsageError(f"no country is named {text[:60]!r}", cure=cure)
    return Country(found.alpha2, found.alpha3, found.apolitical_name)


def find_level(text: str) -> str:
    """Return a level by its name here or at geoBoundaries.

    Raises
    ------
    UsageError
        There is no such level.
    """
    level = _LEVEL_NAMES.get(text.strip().casefold())
    if level is None:
        raise UsageError(f"no level is named {text[:60]!r}", cure=f"choose {', '.join(LEVELS)}")
    return level


def ask(country: Country, level: str, *, api: str | None = None) -> Boundary:
    """Ask geoBoundaries what it has of a country's regions of one level.

    Raises
    ------
    NoDataError
        It has none.
    DataError
        It cannot be reached, or its answer is not understood.
    """
    base = api or os.environ.get(VARIABLE) or API
    try:
        data = download(f"{base.rstrip('/')}/{country.iso3}/{_ADM[level]}/", limit=MAX_ANSWER_BYTES)
    except NoDataError as error:
        raise NoDataError(
            f"has no {level} of {country.name} ({country.iso3})", where="geoBoundaries", cure="try another level"
        ) from error
    where = f"geoBoundaries' answer on {country.iso3} {_ADM[level]}"
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DataError("is not JSON", where=where, cure="try again later") from error
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, dict) or (answer.get("boundaryISO"), answer.get("boundaryType")) != (
        country.iso3,
        _ADM[level],
    ):
        raise DataError("is of something else", where=where, cure="try again later")
    # Some of the addresses that it gave had a line break inside.
    url = re.sub(r"\s+", "", _text(answer, "gjDownloadURL"))
    if not url:
        raise DataError("names no file (gjDownloadURL)", where=where, cure="try again later")
    year = _text(answer, "boundaryYearRepresented")
    origin = _text(answer, "boundarySource") or "an unnamed source"
    return Boundary(
        country=country,
        level=level,
        upstream=f"{_text(answer, 'boundaryID')}, built {_text(answer, 'buildDate')}",
        source=f"geoBoundaries gbOpen {country.iso3} {_ADM[level]}, {year or 'no year'}, from {origin}",
        licence=_text(answer, "boundaryLicense") or "not stated",
        year=year,
        url=url,
    )


def fetch(boundary: Boundary) -> tuple[bytes, FetchedRegions]:
    """Download a country's regions, and return the file's content with what is to be recorded of it.

    Raises
    ------
    DataError
        The file cannot be had, or is no file of named regions.
    """
    where = f"{boundary.country.iso3} {_ADM[boundary.level]} of geoBoundaries"
    try:
        data = download(boundary.url, limit=MAX_FILE_BYTES)
        if pointer := _POINTER.fullmatch(data):
            data = _behind_pointer(boundary.url, pointer[1].decode(), where)
    except NoDataError as error:
        raise DataError("names a file that is not there", where=where, cure="try again later") from error
    features = read_content(data, where=where)
    unnamed = [number for number, own in enumerate(features.properties) if not str(own.get(NAME_FIELD) or "").strip()]
    if unnamed or not len(features.polygons):
        problem = f"has no {NAME_FIELD} in feature {unnamed[0]}" if unnamed else "holds no polygons"
        raise DataError(problem, where=where, cure="give a file of your own with --regions")
    return data, FetchedRegions(
        path=Path(),
        country=boundary.country.iso2,
        level=boundary.level,
        source=boundary.source,
        licence=boundary.licence,
        sha256=hashlib.sha256(data).hexdigest(),
        iso3=boundary.country.iso3,
        year=boundary.year,
        upstream=boundary.upstream,
    )


def _behind_pointer(url: str, sha256: str, where: str) -> bytes:
    """Return the file that a Git LFS pointer stands for, held against the SHA-256 that it states."""
    media = media_url(url)
    if media is None:
        raise DataError(
            f"is a Git LFS pointer, not the file itself: {url[:200]}",
            where=where,
            cure="download the file in a browser and give it with --regions",
        )
    data = download(media, limit=MAX_FILE_BYTES)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DataError("is not the file that its Git LFS pointer names", where=where, cure="try again later")
    return data


def media_url(url: str) -> str | None:
    """Return where GitHub serves the file behind a Git LFS pointer, None for an address of another form."""
    parts = urlsplit(url)
    steps = parts.path.strip("/").split("/")
    if parts.hostname == "github.com" and len(steps) > 4 and steps[2] == "raw":
        steps = [*steps[:2], *steps[3:]]
    elif parts.hostname != "raw.githubusercontent.com" or len(steps) < 4:
        return None
    return f"https://media.githubusercontent.com/media/{'/'.join(steps)}"


def _text(answer: dict[str, Any], member: str) -> str:
    """Return one member of an answer as text on one line, empty where it is missing; null and «nan» say nothing."""
    value = " ".join(str(answer.get(member) or "").split())[:500]
    return "" if value.casefold() in ("nan", "none", "null") else value
