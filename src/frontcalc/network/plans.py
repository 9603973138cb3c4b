"""What a source has: one dict from kind of source to the function that lists its maps, each with how it is fetched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from frontcalc.dates import candidates, day_from_name, day_from_property
from frontcalc.errors import DataError, FrontcalcError, NoDataError, UsageError
from frontcalc.manifest import HeldFile, held_file
from frontcalc.names import printable
from frontcalc.network import arcgis
from frontcalc.network.arcgis import OWN, InconsistentError, LayerFeatures, Moments, ServiceLayer, name_of
from frontcalc.network.catalogue import MapSource, Service
from frontcalc.network.client import LATER, Client, PassingError, UnreachableError, check_address, host_of
from frontcalc.read import read_content
from frontcalc.read.detection import detect, unpack
from frontcalc.read.features import refuse_bare

_LISTING_BYTES = 1 << 27
_DAY_IN_NAME = "{day:%Y%m%d}"
_KYIV = ZoneInfo("Europe/Kyiv")
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


MapFile = tuple[HeldFile, bytes]  # a map as it came: its entry in the manifest, and its content


@dataclass(frozen=True, slots=True)
class RemoteMap:
    """A map that a source has."""

    day: date | None  # None if only the map says it
    url: str
    get: Callable[[str], MapFile | None]  # fetches it; None where it still has the ETag that is handed over
    version: str = ""  # the publisher's, if told


@dataclass(slots=True)
class Plan:
    """The maps that a source has, by day."""

    maps: list[RemoteMap] = field(default_factory=list)
    failures: list[tuple[str, FrontcalcError | None]] = field(default_factory=list)  # what could not be asked, and why
    remarks: list[str] = field(default_factory=list)
    credit: str = ""  # whose the publisher says the maps are
    days: set[date] | None = None  # all it has, wanted or not; None where they cannot be told
    # Each takes how many features the archive holds of each day in the end, and returns what is missing, if anything.
    checks: list[Callable[[dict[date, int]], str]] = field(default_factory=list)


def source_for(
    source: MapSource, urls: Sequence[str], since: date | None, until: date | None, day: date | None, date_field: str
) -> MapSource:
    """Return a source with the addresses and the date field that the user names; refuse options that do not fit."""
    if since and until and since > until:
        raise UsageError(f"{since} is after {until}", where="--since", cure="give the earlier day first")
    if urls and source.kind not in ("arcgis-url", "url"):
        raise UsageError("takes no address", where=source.name, cure="leave it out")
    for option, given, kinds in (
        ("--day", day, ("arcgis-url", "arcgis-live", "deepstate", "url")),
        ("--since and --until", since or until, ("arcgis", "arcgis-url", "git", "url")),
        ("--date-field", date_field, ("arcgis", "arcgis-url")),
    ):
        if given and source.kind not in kinds:
            raise UsageError(f"means nothing for {source.name}", where=option, cure="leave it out")
    if source.kind == "url":
        return replace(source, urls=tuple(urls))
    if source.kind != "arcgis-url":
        return replace(source, services=tuple(replace(one, field=date_field or one.field) for one in source.services))
    if len(urls) != 1:
        raise UsageError("takes one address of a layer", where="arcgis", cure="as in https://…/FeatureServer/0")
    check_address(urls[0])
    # A layer of the user's shows one day if that was named.
    kind = "arcgis-live" if day else "arcgis"
    return replace(source, kind=kind, services=(Service(arcgis.layer_url(urls[0]), date_field),))


def plan_maps(client: Client, source: MapSource, since: date | None, until: date | None, day: date | None) -> Plan:
    """Ask a source what it has, and return the maps of the days that are wanted, by day."""
    plan = _PLANNERS[source.kind](client, source, day)
    if since or until:
        first, last = since or date.min, until or date.max
        plan.maps = [one for one in plan.maps if one.day is None or first <= one.day <= last]
        plan.checks = []  # they are of all that the source has
    plan.maps.sort(key=lambda one: (one.day or date.max, one.url))
    return plan


def _plain_files(client: Client, source: MapSource, day: date | None) -> Plan:
    """Plan files by their addresses, whose names say the day; each must be a map to be kept."""
    if not source.urls or (day and len(source.urls) > 1):
        raise UsageError("takes addresses of files", where="url", cure="with --day, one")
    days: dict[date, str] = {}
    for url in source.urls:
        check_address(url)
        # The day is in the name of the file, else in the query, as in «export?day=2024-11-01».
        path, _, query = url.partition("?")
        name = path.rstrip("/").rpartition("/")[2]
        try:
            of_file = day or day_from_name(name if candidates(name) else query or name)
        except DataError as error:
            problem = f"no day is in {printable(name)[:60]!r}"
            raise UsageError(problem, where=host_of(url), cure="give it with --day") from error
        if of_file in days:
            raise UsageError(f"gives two files of {of_file}", where=host_of(url), cure="fetch them into two folders")
        days[of_file] = url

    def planned(day: date, url: str) -> RemoteMap:
        def read(data: bytes, etag: str) -> MapFile:
            where = host_of(url)
            try:
                content = unpack(data, where=where)
                suffix = _SUFFIXES[detect(content, where=where)] + (".gz" if data[:2] == b"\x1f\x8b" else "")
                features = read_content(data, where=where)
                refuse_bare(features)
            except DataError as error:
                raise PassingError(error.problem, cure=error.cure) from error
            return held_file(f"{day}{suffix}", day, url, {}, etag, "", data, len(features.properties)), data

        return RemoteMap(day, url, lambda etag: client.get(url, read, etag=etag))

    hosts = sorted(set(map(host_of, source.urls)))
    return Plan([planned(day, url) for day, url in days.items()], credit=f"files of {', '.join(hosts)}")


def _refuse_undrawn(data: bytes, fault: type[PassingError] = PassingError) -> None:
    """Refuse a map none of whose features has a geometry; one that cannot be read is kept, for the check to say so."""
    try:
        features = read_content(data, where="")
    except DataError:
        return
    try:
        refuse_bare(features)
    except DataError as error:
        raise fault(error.problem, cure=LATER) from error


def _deepstate(client: Client, source: MapSource, stated: date | None) -> Plan:
    """Plan DeepState's latest map, whose `id` is the moment it was published (s since 1970)."""

    def read(data: bytes, etag: str) -> MapFile:
        try:
            document = orjson.loads(data)
            day = stated or datetime.fromtimestamp(document["id"], UTC).astimezone(_KYIV).date()
            number = len(document["map"]["features"])
        except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
            raise PassingError("sends no map with an id", cure="has the service been renamed?") from error
        if not number or day.year < 2022:
            raise PassingError("sends an empty map", cure=LATER)
        _refuse_undrawn(data)
        return held_file(f"{source.prefix}{day}.geojson", day, source.base, {}, etag, "", data, number), data

    return Plan([RemoteMap(stated, source.base, lambda etag: client.get(source.base, read, etag=etag))])


def _repository(client: Client, source: MapSource, day: date | None) -> Plan:
    """Plan the files of a Git repository, each known by git's id of its content and held against it."""
    where = host_of(source.listing)

    def listed(data: bytes, etag: str) -> dict[str, Any]:
        try:
            listing = orjson.loads(data)
            if listing["truncated"]:
                raise DataError("lists only some of the files", cure="fetch them by hand")
            return {str(entry["path"]): entry for entry in listing["tree"] if entry["type"] == "blob"}
        except (ValueError, KeyError, TypeError) as error:
            raise PassingError("sends no list of files", cure=LATER) from error

    def planned(digits: str, blob: str) -> RemoteMap:
        try:
            day = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date()
        except ValueError as error:
            raise DataError(f"lists a file of {digits}, which is no day", where=where, cure="fetch by hand") from error
        url = source.base + source.files.format(day=day)

        def read(data: bytes, etag: str) -> MapFile:
            # Git's own name for a content; not a defence against whoever could make two contents of one name.
            content = b"blob %d\0" % len(data) + data
            if hashlib.sha1(content, usedforsecurity=False).hexdigest() != blob:
                raise PassingError(f"sends another file of {day} than it lists", cure=LATER)
            _refuse_undrawn(data)
            return held_file(f"{source.prefix}{day}.geojson", day, url, {}, etag, blob, data), data

        return RemoteMap(day, url, lambda etag: client.get(url, read), blob)

    before, _, after = source.files.partition(_DAY_IN_NAME)
    pattern = re.compile(rf"{re.escape(before)}(\d{{8}}){re.escape(after)}")
    files = client.get(source.listing, listed, limit=_LISTING_BYTES).items()
    maps = [planned(match[1], str(entry.get("sha"))) for path, entry in files if (match := pattern.fullmatch(path))]
    if not maps:
        raise DataError("lists no maps", where=where, cure="has the repository been renamed?")
    return Plan(maps, days={one.day for one in maps if one.day})


def _timelapse(client: Client, source: MapSource, day: date | None) -> Plan:
    """Plan a map a day of layers with a date field; of a day that two layers have, the first counts."""
    plan, days = Plan(), set[date]()
    for service in source.services:
        try:
            layer = _described(client, source, service, plan.remarks)
            if not layer.field:
                cure = "if it shows one day, give that with --day"
                raise UsageError("has no date field", where=layer.name, cure=cure)
            layer.try_geojson()
            moments = layer.moments()
            if number := layer.count(f"{layer.field} IS NULL"):
                plan.remarks.append(f"{layer.name}: {number:,} features have no {layer.field} and are in no map")
        except FrontcalcError as error:
            if not source.base or isinstance(error, UnreachableError):
                raise
            plan.failures.append((name_of(_address(source, service.layer)), error))
            continue
        plan.credit = plan.credit or _credit(layer)
        new = {day: runs for day, runs in moments.items() if day not in days}
        plan.checks.append(partial(_missing, layer, moments, set(new)))
        version = "" if layer.edited is None else str(layer.edited)
        for day, runs in new.items():
            requests = [(source.layer, partial(layer.features_of, day, runs))]
            plan.maps.append(_map_of_layers(source, day, layer.url, version, requests))
        days |= set(new)
    plan.days = None if plan.failures else days
    return plan


def _address(source: MapSource, layer: str) -> str:
    """Return the address of a layer: that of the user's is whole."""
    return f"{source.base.rstrip('/')}/{layer}" if source.base else layer


def _described(client: Client, source: MapSource, service: Service, remarks: list[str]) -> ServiceLayer:
    """Describe a layer, or where it is gone the one at its newer address, which is remarked on."""
    url = _address(source, service.layer)
    try:
        return arcgis.describe(client, url, service.field)
    except (DataError, NoDataError) as gone:
        # A server that is busy or out of reach says nothing of the layer.
        if not service.newer or isinstance(gone, PassingError):
            raise
        newer = _address(source, service.newer)
        try:
            layer = arcgis.describe(client, newer, service.field)
        except (DataError, NoDataError) as error:
            problem = f"{gone.problem}, and its newer name, {name_of(newer)}, {error.problem}"
            raise type(gone)(problem, where=name_of(url), cure=gone.cure) from error
        remarks.append(f"{name_of(url)} {gone.problem}; {layer.name} is fetched in its place")
        return layer


def _credit(layer: ServiceLayer) -> str:
    """Return the credit of a layer: the copyright that it states, its name and its host."""
    place = f"{layer.name} at {host_of(layer.url)}"
    return ", ".join(filter(None, (printable(layer.credit).rstrip(". "), place)))


def _missing(layer: ServiceLayer, moments: dict[date, list[Moments]], own: set[date], held: dict[date, int]) -> str:
    """Return how many of a layer's dated features its days lack, empty if none: a list of days may be cut short."""
    total = layer.count(f"{layer.field} IS NOT NULL")
    # What an earlier service has of a day says nothing of how much this one has.
    others = [layer.where(runs) for day, runs in moments.items() if day not in own]
    number = sum(held.get(day, 0) for day in own) + sum(map(layer.count, others))
    if number == total:
        return ""
    return f"{layer.name} counts {total:,} features with a date, its days have {number:,}"


def _live(client: Client, source: MapSource, stated: date | None) -> Plan:
    """Plan one map of layers that show one day: that on which they were last edited, unless the user says it."""
    remarks: list[str] = []
    layers = [_described(client, source, service, remarks) for service in source.services]
    for layer in layers:
        layer.try_geojson()
    edits = [layer.edited for layer in layers if layer.edited is not None]
    if stated is None and not edits:
        raise UsageError("do not say which day they show", where=source.name, cure="give it with --day")
    day = stated or day_from_property(max(edits))
    version = " ".join(map(str, edits)) if len(edits) == len(layers) else ""
    requests = [(layer.name.partition("/")[0] if source.base else "", layer.features) for layer in layers]
    whole = _map_of_layers(source, day, source.base or layers[0].url, version, requests)
    return Plan([whole], remarks=remarks, credit=_credit(layers[0]))


def _map_of_layers(
    source: MapSource,
    day: date,
    url: str,
    version: str,
    layers: Sequence[tuple[str, Callable[..., LayerFeatures | None]]],
) -> RemoteMap:
    """Return a map of layers, each a name that marks its features and what fetches them, a line a feature."""
    alone = len(layers) == 1

    def get(etag: str) -> MapFile | None:
        # An ETag is of one layer; with several there is none, and each answers.
        got = [ask(etag=etag if alone else "") for _, ask in layers]
        parts = [part for part in got if part is not None]
        if not parts:
            return None
        first, lines = parts[0], list[bytes]()
        if any(part.geojson != first.geojson for part in parts):
            raise DataError("answer in different forms", cure="fetch them one by one")
        own = OWN[first.geojson]
        # A layer that is there and empty is not the same as one that is not there.
        empty: list[dict[str, Any]] = [{"type": "Feature", "properties": {}, "geometry": None}] * first.geojson
        for (mark, _), part in zip(layers, parts, strict=True):
            items = part.items or (empty if mark else [])
            marked = ({**item, own: {**(item.get(own) or {}), "layer": mark}} if mark else item for item in items)
            lines += map(_written, marked)
        number = sum(len(part.items) for part in parts)
        head = _written(first.head)[:-1] + (b"," if first.head else b"")
        data = head + b'"features":[\n' + b",\n".join(lines) + b"\n]}\n"
        _refuse_undrawn(data, InconsistentError)
        query, tag = (first.query, first.etag) if alone else ({"where": "1=1", "outSR": "4326"}, "")
        name = f"{source.prefix}{day}{'.geojson' if first.geojson else '.json'}"
        return held_file(name, day, url, query, tag, version, data, number), data

    return RemoteMap(day, url, get, version)


def _written(document: dict[str, Any]) -> bytes:
    """Return an object as JSON; refused is what nests deeper than is written, which is less than is read."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError as error:
        raise DataError(f"sends properties that cannot be kept ({error})", cure="fetch the file by hand") from error


# Kind of source to the function that plans it.
_PLANNERS: dict[str, Callable[[Client, MapSource, date | None], Plan]] = {
    "arcgis": _timelapse,
    "arcgis-live": _live,
    "url": _plain_files,
    "deepstate": _deepstate,
    "git": _repository,
}
