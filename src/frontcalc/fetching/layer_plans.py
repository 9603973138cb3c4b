"""Plans of maps from layers of ArcGIS services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import orjson

from frontcalc.dates import day_from_property
from frontcalc.errors import DataError, FrontcalcError, UsageError
from frontcalc.fetching import arcgis
from frontcalc.fetching.addresses import host_of
from frontcalc.fetching.arcgis_queries import Features, InconsistentError, Layer, count, name_of
from frontcalc.fetching.catalogue import Source
from frontcalc.fetching.client import Client, UnreachableError
from frontcalc.fetching.folder import Map
from frontcalc.fetching.wanted import Choice, Plan, Wanted
from frontcalc.names import printable


def timelapse(client: Client, source: Source, choice: Choice) -> Plan:
    """Plan a map a day of layers with a date field, the first that has a day."""
    found = Plan()
    taken: set[date] = set()
    for url, date_field in _layers(source, choice):
        try:
            layer = arcgis.describe(client, url, date_field)
            if not layer.field:
                cure = "if it shows one day, give that with --day"
                raise UsageError("has no date field", where=name_of(url), cure=cure)
            layer = arcgis.in_a_form_it_gives(client, layer, client.patience)
            days = arcgis.moments(client, layer)
            found.remarks += _undated(client, layer)
            found.credit = found.credit or _credit(layer)
            found.checks.append(_count_check(client, layer, days, choice, frozenset(taken)))
        except FrontcalcError as error:
            if not source.services or isinstance(error, UnreachableError):
                raise
            found.failures.append((name_of(url), error))
            continue
        found.wanted += [_day_of_layer(client, source, layer, day, days[day]) for day in days if day not in taken]
        taken |= set(days)
    found.days = None if found.failures else taken
    return found


def _layers(source: Source, choice: Choice) -> Iterator[tuple[str, str]]:
    """Yield the addresses of a source's layers and their date fields."""
    if source.services:
        for service in source.services:
            yield f"{source.base.rstrip('/')}/{service.layer}", choice.date_field or service.field
    else:
        yield from ((url, choice.date_field) for url in choice.urls)


def _credit(layer: Layer) -> str:
    """Return whose a layer is: what it says itself, and where it lies."""
    place = f"{name_of(layer.url)} at {host_of(layer.url)}"
    return ", ".join(filter(None, (printable(layer.credit).rstrip(". "), place)))


def _undated(client: Client, layer: Layer) -> Iterator[str]:
    """Yield a remark on features without a date, which are in no day's map."""
    if number := count(client, layer, f"{layer.field} IS NULL"):
        yield f"{name_of(layer.url)}: {number:,} features have no {layer.field} and are in no map"


def _count_check(
    client: Client, layer: Layer, days: dict[date, list[arcgis.Moments]], choice: Choice, taken: frozenset[date]
) -> Callable[[dict[date, int]], Iterator[str]]:
    """Return a check that the days hold all of a layer's dated features: a list of days may be cut short."""

    def check(held: dict[date, int]) -> Iterator[str]:
        if choice.since or choice.until:
            return
        total = count(client, layer, f"{layer.field} IS NOT NULL")
        own = sum(held.get(day, 0) for day in days if day not in taken)
        # What an earlier service has of a day says nothing of how much this one has.
        others = [arcgis.where_clause(layer, days[day]) for day in days if day in taken]
        got = own + sum(count(client, layer, where) for where in others)
        if got != total:
            yield f"{name_of(layer.url)} counts {total:,} features with a date, its days have {got:,}"

    return check


def _day_of_layer(client: Client, source: Source, layer: Layer, day: date, runs: list[arcgis.Moments]) -> Wanted:
    """Return one day of a layer."""
    version = "" if layer.edited is None else str(layer.edited)

    def get(etag: str) -> Map | None:
        found = arcgis.features(client, layer, arcgis.where_clause(layer, runs), etag=etag)
        if found is None:
            return None
        arcgis.check_days(layer, found, day)
        if not found.items:
            raise InconsistentError(
                f"lists {day} and has nothing of it", where=name_of(layer.url), cure="try again later"
            )
        return _map_of(day, [(source.layer, found)], layer.url, version)

    return Wanted(day, layer.url, get, version)


def live(client: Client, source: Source, choice: Choice) -> Plan:
    """Plan one map of layers that show one day: that on which they were last edited, unless the user says it."""
    layers = [arcgis.describe(client, url, date_field) for url, date_field in _layers(source, choice)]
    layers = [arcgis.in_a_form_it_gives(client, layer, client.patience) for layer in layers]
    edits = [layer.edited for layer in layers if layer.edited is not None]
    if choice.day is None and not edits:
        raise UsageError("do not say which day they show", where=source.name, cure="give it with --day")
    day = choice.day or day_from_property(max(edits))
    names = [name_of(layer.url).partition("/")[0] if source.services else "" for layer in layers]
    version = " ".join(str(layer.edited) for layer in layers) if len(edits) == len(layers) else ""
    url = source.base or layers[0].url

    def get(etag: str) -> Map | None:
        # An ETag is of one layer; with several there is none.
        found = [arcgis.features(client, layer, etag=etag if len(layers) == 1 else "") for layer in layers]
        parts = [(name, part) for name, part in zip(names, found, strict=True) if part is not None]
        return _map_of(day, parts, url, version) if parts else None

    return Plan([Wanted(day, url, get, version)], credit=_credit(layers[0]))


def _map_of(day: date, parts: list[tuple[str, Features]], url: str, version: str) -> Map:
    """Return layers as one file, a line a feature; what is named here is marked with its layer."""
    geojson = parts[0][1].geojson
    if any(part.geojson != geojson for _, part in parts):
        raise DataError("answer in different forms", where=host_of(url), cure="fetch them one by one")
    lines = []
    for layer, part in parts:
        # A layer that is there and empty is not the same as one that is not there.
        items = part.items or ([{"type": "Feature", "properties": {}, "geometry": None}] if layer and geojson else [])
        for item in items:
            own = "properties" if geojson else "attributes"
            marked = {**item, own: {**(item.get(own) or {}), "layer": layer}} if layer else item
            lines.append(orjson.dumps(marked))
    head = orjson.dumps({name: value for name, value in parts[0][1].document.items() if name != "features"})
    data = head[:-1] + (b"," if len(head) > 2 else b"") + b'"features":[\n' + b",\n".join(lines) + b"\n]}\n"
    only = parts[0][1] if len(parts) == 1 else None
    return Map(
        day=day,
        data=data,
        suffix=".geojson" if geojson else ".json",
        url=url,
        query=only.query if only else {"where": "1=1", "outSR": "4326"},
        etag=only.etag if only else "",
        version=version,
        features=sum(len(part.items) for _, part in parts),
    )


def of_user(client: Client, source: Source, choice: Choice) -> Plan:
    """Plan a layer of the user's: its days, or the one that the user says it shows."""
    return (live if choice.day else timelapse)(client, source, choice)
