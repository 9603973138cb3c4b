"""Fetching region sets into the user's cache: boundaries of any country, from geoBoundaries' open release (gbOpen).

The API and its members: https://www.geoboundaries.org/api.html; Runfola et al. 2020, PLoS ONE 15(4): e0231866.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson

from frontcalc import crs, geometry, region_store
from frontcalc.errors import DataError, NoDataError, UsageError, extra_package
from frontcalc.keywords import facade
from frontcalc.network.client import LATER, Client, Patience
from frontcalc.notices import Notice
from frontcalc.read import read_content, read_features
from frontcalc.read.files import file_of
from frontcalc.region_store import CODE_FIELD, LEVELS, NAME_FIELD, FetchedRegions
from frontcalc.run.land import shapes_by_row
from frontcalc.snapshots import to_equal_area
from frontcalc.tables import RegionMeta, RegionRow, Table

# Where geoBoundaries answers, followed by ISO3/ADMn/, and the environment variable that names a mirror of it.
API, VARIABLE = "https://www.geoboundaries.org/api/current/gbOpen/", "FRONTCALC_GEOBOUNDARIES_API"
MAX_ANSWER_BYTES, MAX_FILE_BYTES = 1 << 20, 1 << 29
ONCE = Patience(attempts=1)  # each of the few requests is made once; who waits for a region set can ask again
LEVEL_NAMES = {"adm0": "country", "oblast": "adm1", "raion": "adm2", **{level: level for level in LEVELS}}
_ADM = {"country": "ADM0", "adm1": "ADM1", "adm2": "ADM2"}
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\s+oid sha256:([0-9a-f]{64})\s+size (\d+)\s*")


@facade
def fetch_regions(
    country: str, level: str, *, update: bool = False, api: str | None = None
) -> Table[RegionRow, RegionMeta]:
    """Fetch a country's regions from geoBoundaries into the user's cache, and list them.

    A set that was fetched before stays as it is, so that figures do not change by themselves; whether the
    source has another one now is said in a notice.

    Parameters
    ----------
    country : str
        ISO 3166-1 code of two or three letters, or a name.
    level : str
        `country` (also `adm0`), `adm1` or `adm2`.
    update : bool
        Fetch again what was fetched before.
    api : str, optional
        A mirror of geoBoundaries' API.

    Returns
    -------
    Table of RegionRow
        A row a region, by name; `meta` has source, licence and SHA-256.

    Raises
    ------
    UsageError
        The country or level is unknown, or a package for fetching is not installed.
    NoDataError
        geoBoundaries has no such regions.
    DataError
        It cannot be reached, or what it sends cannot be used; what was fetched before stays.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.fetch_regions("Moldova", "adm1")  # doctest: +SKIP
    >>> table.meta.licence  # doctest: +SKIP
    """
    where, step = find_country(country), LEVEL_NAMES.get(level.strip().casefold())
    if step is None:
        raise UsageError(f"no level is named {level[:60]!r}", cure=f"choose {', '.join(LEVELS)}")
    kept = None if update else region_store.find_fetched(where.alpha3, step)
    if kept and kept.path.parent != region_store.store_folder():
        kept = region_store.keep(kept.path.read_bytes(), kept)
    if kept:
        try:
            now, _ = _described(where, step, api)
        except DataError as error:
            return _listed(kept, (Notice("UPSTREAM-UNKNOWN", f"the set fetched before is used; {error}"),))
        message = f"the set fetched before is used ({kept.upstream}); there is {now.upstream}: --update fetches it"
        return _listed(kept, () if now.upstream == kept.upstream else (Notice("UPSTREAM-CHANGED", message),))
    before = next((one.sha256 for one in region_store.readable(f"{where.alpha3}-{step}.json")), "")
    data, regions = _download_regions(*_described(where, step, api))
    message = f"the set of {where.alpha3} {step} was replaced: its SHA-256 was {before[:16]}…"
    notices = (Notice("UPSTREAM-CHANGED", message),) if before and before != regions.sha256 else ()
    return _listed(region_store.keep(data, regions), notices)


def find_country(text: str) -> Any:
    """Return a country, as iso3166 has it, by its letters or name; raise UsageError with the nearest names."""
    countries = extra_package("iso3166", where="fetching").countries
    name = text.strip()
    if country := countries.get(name, None):
        return country
    names = {other: one for one in countries for other in (one.name, one.apolitical_name)}
    starting = {one.alpha3: one for other, one in names.items() if other.casefold().startswith(name.casefold())}
    if name and len(starting) == 1:
        return next(iter(starting.values()))
    near = difflib.get_close_matches(name, names, n=3) or sorted(one.name for one in starting.values())[:3]
    cure = f"did you mean {' or '.join(near)}?" if near else "give its ISO code, as in UA or UKR"
    raise UsageError(f"no country is named {text[:60]!r}", cure=cure)


def _described(country: Any, level: str, api: str | None) -> tuple[FetchedRegions, str]:
    """Return what geoBoundaries says of a country's regions of one level, and where their file lies."""
    iso3, adm = country.alpha3, _ADM[level]
    base = api or os.environ.get(VARIABLE) or API
    try:
        data = _download(f"{base.rstrip('/')}/{iso3}/{adm}/", MAX_ANSWER_BYTES)
    except NoDataError as error:
        problem = f"has no {level} of {country.apolitical_name} ({iso3})"
        raise NoDataError(problem, where="geoBoundaries", cure="try another level") from error
    where = f"geoBoundaries' answer on {iso3} {adm}"
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise DataError("is not JSON", where=where, cure=LATER) from error
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, dict) or (answer.get("boundaryISO"), answer.get("boundaryType")) != (iso3, adm):
        raise DataError("is of something else", where=where, cure=LATER)
    # Some of the addresses that it gave had a line break inside.
    url = re.sub(r"\s+", "", _text(answer, "gjDownloadURL"))
    if not url:
        raise DataError("names no file (gjDownloadURL)", where=where, cure=LATER)
    members = ("boundaryYearRepresented", "boundarySource", "boundaryLicense", "boundaryID", "buildDate")
    year, origin, licence, version, built = (_text(answer, member) for member in members)
    source = f"geoBoundaries gbOpen {iso3} {adm}, {year or 'no year'}, from {origin or 'an unnamed source'}"
    own = (country.alpha2, level, source, licence or "not stated", "", iso3, year, f"{version}, built {built}")
    return FetchedRegions(Path(), *own), url


def _text(answer: dict[str, Any], member: str) -> str:
    """Return one member of an answer as text on one line, empty where it is missing; null and «nan» say nothing."""
    value = " ".join(str(answer.get(member) or "").split())[:500]
    return "" if value.casefold() in ("nan", "none", "null") else value


def _download_regions(regions: FetchedRegions, url: str) -> tuple[bytes, FetchedRegions]:
    """Return the content of a region file, each region named, and what is to be recorded of it."""
    where = f"{regions.iso3} {_ADM[regions.level]} of geoBoundaries"
    try:
        data = _download(url, MAX_FILE_BYTES)
        if pointer := _POINTER.fullmatch(data):
            media = media_url(url)
            if media is None:
                cure = "download the file in a browser and give it with --regions"
                raise DataError(f"is a Git LFS pointer, not the file itself: {url[:200]}", where=where, cure=cure)
            data = _download(media, MAX_FILE_BYTES)
            if hashlib.sha256(data).hexdigest() != pointer[1].decode():
                raise DataError("is not the file that its Git LFS pointer names", where=where, cure=LATER)
    except NoDataError as error:
        raise DataError("names a file that is not there", where=where, cure=LATER) from error
    features = read_content(data, where=where)
    unnamed = [number for number, own in enumerate(features.properties) if not str(own.get(NAME_FIELD) or "").strip()]
    if unnamed or not len(features.polygons):
        problem = f"has no {NAME_FIELD} in feature {unnamed[0]}" if unnamed else "holds no polygons"
        raise DataError(problem, where=where, cure="give a file of your own with --regions")
    return data, replace(regions, sha256=hashlib.sha256(data).hexdigest())


def media_url(url: str) -> str | None:
    """Return where GitHub serves the file behind a Git LFS pointer, None for an address of another form."""
    parts = urlsplit(url)
    steps = parts.path.strip("/").split("/")
    if parts.hostname == "github.com" and len(steps) > 4 and steps[2] == "raw":
        steps = [*steps[:2], *steps[3:]]
    elif parts.hostname != "raw.githubusercontent.com" or len(steps) < 4:
        return None
    return f"https://media.githubusercontent.com/media/{'/'.join(steps)}"


def _download(url: str, limit: int) -> bytes:
    """Return what an address holds, wherever its publisher has moved it to: redirects may lead to any https address."""
    with Client(ONCE, same_host=False) as client:
        return bytes(client.get(url, lambda data, _: data, limit=limit))


def _listed(regions: FetchedRegions, notices: tuple[Notice, ...]) -> Table[RegionRow, RegionMeta]:
    """Return a fetched set as a table: its regions as named, with their areas as drawn."""
    _, features = read_features(file_of(regions.path))
    title = f"geoBoundaries {regions.iso3} {regions.level}"
    rows, drawn = [], {}
    for number, own in enumerate(features.properties):
        polygons = features.polygons[features.owner == number]
        area_km2 = float(np.sum(geometry.area_km2(to_equal_area(polygons, features.crs, crs.DEFAULT_CRS))))
        code, name = str(own.get(CODE_FIELD) or ""), str(own[NAME_FIELD]).strip()
        rows.append(RegionRow(title, regions.level, code, regions.country, name, "", area_km2, ""))
        drawn[rows[-1]] = polygons
    rows.sort(key=lambda row: (row.region, row.code, row.area_km2))
    terms = (title, regions.source, regions.licence, "as fetched", regions.sha256)
    credit = f"regions: {', '.join(filter(None, (regions.source, regions.licence)))}"
    meta = RegionMeta(*terms, notices, attribution=(credit,))
    return Table(RegionRow, tuple(rows), meta, shapes_by_row(drawn, features.crs))
