"""Plans of maps that are files: by their addresses, DeepState's latest, and those of a Git repository."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from frontcalc.dates import day_from_name, mentions_day
from frontcalc.errors import DataError, UsageError
from frontcalc.fetching.addresses import check_address, host_of
from frontcalc.fetching.catalogue import Source
from frontcalc.fetching.client import Answer, Client, PassingError
from frontcalc.fetching.folder import Map
from frontcalc.fetching.wanted import Choice, Plan, Wanted
from frontcalc.names import printable
from frontcalc.sources import read_content
from frontcalc.sources.detection import detect, unpack
from frontcalc.sources.limits import limits

_LISTING_BYTES = 1 << 27
_DAY_IN_NAME = {"{day:%Y%m%d}": r"(\d{8})"}
_SUFFIXES = {
    "json": ".geojson",
    "geojson-sequence": ".geojsonl",
    "shapefile": ".shp",
    "geopackage": ".gpkg",
    "flatgeobuf": ".fgb",
    "geoparquet": ".parquet",
    "kml": ".kml",
    "zip": ".zip",
}
_KYIV = ZoneInfo("Europe/Kyiv")


def files(client: Client, source: Source, choice: Choice) -> Plan:
    """Plan files by their addresses, whose names say the day."""
    if not choice.urls or (choice.day and len(choice.urls) > 1):
        raise UsageError("takes addresses of files", where="url", cure="with --day, one")
    days: dict[date, str] = {}
    for url in choice.urls:
        check_address(url)
        day = choice.day or _day_of_address(url)
        if day in days:
            raise UsageError(f"gives two files of {day}", where=host_of(url), cure="fetch them into two folders")
        days[day] = url
    hosts = sorted({host_of(url) for url in choice.urls})
    return Plan([_file(client, url, day) for day, url in days.items()], credit=f"files of {', '.join(hosts)}")


def _day_of_address(url: str) -> date:
    """Return the day that the name of a file at an address says, else its query, as in «export?day=2024-11-01»."""
    path, _, query = url.partition("?")
    name = path.rstrip("/").rpartition("/")[2]
    try:
        return day_from_name(name if mentions_day(name) else query or name)
    except DataError as error:
        problem = f"no day is in {printable(name)[:60]!r}"
        raise UsageError(problem, where=host_of(url), cure="give it with --day") from error


def _file(client: Client, url: str, day: date) -> Wanted:
    """Return a plain file, which must be a map to be kept."""

    def read(answer: Answer) -> Map | None:
        if answer.unchanged:
            return None
        where = host_of(url)
        try:
            content = unpack(answer.data, where=where)
            suffix = _SUFFIXES[detect(content, where=where)] + (".gz" if answer.data[:2] == b"\x1f\x8b" else "")
            number = len(read_content(answer.data, where=where).properties)
        except DataError as error:
            raise PassingError(error.problem, where=where, cure=error.cure) from error
        return Map(day, answer.data, suffix, url, {}, answer.etag, "", number)

    def get(etag: str) -> Map | None:
        found: Map | None = client.get(url, read, etag=etag, limit=limits().max_bytes)
        return found

    return Wanted(day, url, get)


def deepstate(client: Client, source: Source, choice: Choice) -> Plan:
    """Plan DeepState's latest map, whose `id` is the moment it was published (s since 1970)."""

    def read(answer: Answer) -> Map | None:
        if answer.unchanged:
            return None
        where = host_of(source.base)
        try:
            document = orjson.loads(answer.data)
            day = choice.day or datetime.fromtimestamp(document["id"], UTC).astimezone(_KYIV).date()
            number = len(document["map"]["features"])
        except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
            raise PassingError("sends no map with an id", where=where, cure="has the service been renamed?") from error
        if not number or day.year < 2022:
            raise PassingError("sends an empty map", where=where, cure="try again later")
        return Map(day, answer.data, ".geojson", source.base, {}, answer.etag, "", number)

    def get(etag: str) -> Map | None:
        found: Map | None = client.get(source.base, read, etag=etag, limit=limits().max_bytes)
        return found

    return Plan([Wanted(choice.day, source.base, get)])


def repository(client: Client, source: Source, choice: Choice) -> Plan:
    """Plan the files of a Git repository, each known by git's id of its content."""
    where = host_of(source.listing)

    def read(answer: Answer) -> dict[str, Any]:
        try:
            listing = orjson.loads(answer.data)
            if listing["truncated"]:
                raise DataError("lists only some of the files", where=where, cure="fetch them by hand")
            return {str(entry["path"]): entry for entry in listing["tree"] if entry["type"] == "blob"}
        except (ValueError, KeyError, TypeError) as error:
            raise PassingError("sends no list of files", where=where, cure="try again later") from error

    listed = client.get(source.listing, read, limit=_LISTING_BYTES)
    pattern = re.escape(source.files)
    for mark, digits in _DAY_IN_NAME.items():
        pattern = pattern.replace(re.escape(mark), digits)
    found = Plan()
    for path, entry in listed.items():
        if match := re.fullmatch(pattern, path):
            found.wanted.append(_blob(client, source, _stamp(match[1], where), str(entry.get("sha"))))
    if not found.wanted:
        raise DataError("lists no maps", where=where, cure="has the repository been renamed?")
    found.days = {wanted.day for wanted in found.wanted if wanted.day}
    return found


def _stamp(digits: str, where: str) -> date:
    """Return the day that eight digits are."""
    try:
        return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise DataError(f"lists a file of {digits}, which is no day", where=where, cure="fetch by hand") from error


def _blob(client: Client, source: Source, day: date, blob: str) -> Wanted:
    """Return one file of a Git repository, held against git's id of it."""
    url = source.base + source.files.format(day=day)

    def read(answer: Answer) -> Map | None:
        data = answer.data
        # Git's own name for a content; not a defence against whoever could make two contents of one name.
        digest = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        if digest != blob:
            raise PassingError(f"sends another file of {day} than it lists", where=host_of(url), cure="try again later")
        return Map(day, data, ".geojson", url, {}, answer.etag, blob)

    def get(etag: str) -> Map | None:
        found: Map | None = client.get(url, read, limit=limits().max_bytes)
        return found

    return Wanted(day, url, get, blob)
