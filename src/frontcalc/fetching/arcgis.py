"""Layers of ArcGIS services: what a layer is, which days it has, and all features of a day, counted.

Queries are as Esri's «Query (Feature Service/Layer)» of the ArcGIS REST API describes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from frontcalc.dates import day_from_property
from frontcalc.errors import DataError, UsageError
from frontcalc.fetching.addresses import host_of
from frontcalc.fetching.arcgis_queries import (
    ALL,
    Features,
    InconsistentError,
    Layer,
    RefusedError,
    as_list,
    as_object,
    ask,
    count,
    name_of,
    pages,
    paging,
)
from frontcalc.fetching.client import Client, Patience

DATE, DATE_ONLY = "esriFieldTypeDate", "esriFieldTypeDateOnly"
_LIKELY_FIELDS = ("date", "datetime", "day", "pub_date", "snapshot_date", "as_of")
_LAYER = re.compile(r"(.*/(?:FeatureServer|MapServer)/\d+)/?")
_FIELD = re.compile(r"[A-Za-z_]\w{0,127}")
_USUAL_PAGE = 1000
_METADATA_BYTES = 1 << 24
_LATER = "try again later"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Moments = tuple[int, ...]
"""Values of a date field, in order: milliseconds since 1970 (UTC)."""


def layer_url(url: str) -> str:
    """Return the address of a layer without what does not belong to it.

    Raises
    ------
    UsageError
        It is not that of a layer.
    """
    parts = urlsplit(url)
    found = _LAYER.fullmatch(parts.path)
    if not found:
        cure = "name one with its number, as in https://…/FeatureServer/0"
        raise UsageError("is no layer of an ArcGIS service", where=host_of(url), cure=cure)
    return f"{parts.scheme}://{parts.netloc}{found[1]}"


def describe(client: Client, url: str, field: str = "") -> Layer:
    """Ask a layer what it is.

    Raises
    ------
    UsageError
        It has no such date field, or several and none was named.
    NoDataError, DataError
        It is not there, or no layer of polygons that can be asked.
    """
    url = layer_url(url)
    facts, _ = ask(client, url, {"f": "json"}, limit=_METADATA_BYTES)
    named = name_of(url)
    fields = {
        str(one.get("name")): str(one.get("type")) for one in as_list(facts.get("fields")) if isinstance(one, dict)
    }
    if not fields:
        raise DataError("describes no fields", where=named, cure="is it a layer, and public?")
    if facts.get("geometryType") not in (None, "esriGeometryPolygon"):
        raise DataError(f"holds {facts.get('geometryType')!s:.40}, no polygons", where=named, cure="name another layer")
    able = as_object(facts.get("advancedQueryCapabilities"))
    edits = as_object(facts.get("editingInfo"))
    page = facts.get("maxRecordCount")
    key = str(facts.get("objectIdField") or next((name for name, kind in fields.items() if kind.endswith("OID")), ""))
    chosen = _date_field(fields, field, as_object(facts.get("editFieldsInfo")), named)
    return Layer(
        url=url,
        field=chosen,
        date_only=fields.get(chosen) == DATE_ONLY,
        key=key if _FIELD.fullmatch(key) else "",
        page=page if type(page) is int and page > 0 else _USUAL_PAGE,
        pages=able.get("supportsPagination") is not False,
        geojson="geojson" in str(facts.get("supportedQueryFormats", "")).casefold(),
        edited=next((at for at in (edits.get("dataLastEditDate"), edits.get("lastEditDate")) if type(at) is int), None),
        credit=" ".join(str(facts.get("copyrightText") or "").split())[:200],
    )


def moments(client: Client, layer: Layer) -> dict[date, list[Moments]]:
    """Ask a layer which days it has, and return the values of its date field by day.

    The values of a day come as runs, between whose first and last no value of another day lies.

    Raises
    ------
    DataError
        The answer is not understood, or is no list of dates in order.
    """
    query = {
        "where": ALL,
        "outFields": layer.field,
        "returnGeometry": "false",
        "returnDistinctValues": "true",
        "orderByFields": layer.field,
        "f": "json",
    }
    answer = pages(client, replace(layer, geojson=False, key=""), query, lambda: count(client, layer))
    values = {
        _value(layer, value)
        for feature in (answer.items if answer else ())
        if (value := as_object(as_object(feature).get("attributes")).get(layer.field)) is not None
    }
    found: dict[date, list[Moments]] = {}
    for day, run in groupby(sorted(values), key=lambda value: day_of(layer, _as_text(layer, value))):
        found.setdefault(day, []).append(tuple(run))
    return dict(sorted(found.items()))


def _value(layer: Layer, value: object) -> int:
    """Return a value of the date field as milliseconds since 1970, whichever form the service writes it in."""
    try:
        moment = _EPOCH + timedelta(milliseconds=value) if type(value) is int else datetime.fromisoformat(str(value))
    except (ValueError, OverflowError) as error:
        problem, cure = f"has the date {str(value)[:40]!r}", "name another --date-field"
        raise DataError(problem, where=name_of(layer.url), cure=cure) from error
    return round((moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH) / timedelta(milliseconds=1))


def _as_text(layer: Layer, value: int) -> object:
    """Return a value as `day_of` takes it: a day as text where the field has no times."""
    return f"{_EPOCH + timedelta(milliseconds=value):%Y-%m-%d}" if layer.date_only else value


def day_of(layer: Layer, value: object) -> date:
    """Return the day of a value of the date field.

    Raises
    ------
    DataError
        It is none.
    """
    return day_from_property(value, kind=DATE_ONLY if layer.date_only else None)


def where_clause(layer: Layer, runs: Sequence[Moments]) -> str:
    """Return the condition that features of some runs of values fulfil, and no others."""
    clauses = []
    for run in runs:
        first, last = _literal(layer, run[0]), _literal(layer, run[-1], after=True)
        if first == last:
            clauses.append(f"{layer.field} = {first}")
        else:
            until = "<" if run[-1] % 1000 else "<="
            clauses.append(f"({layer.field} >= {first} AND {layer.field} {until} {last})")
    return " OR ".join(clauses)


def features(client: Client, layer: Layer, where: str = ALL, *, etag: str = "") -> Features | None:
    """Return all features that fulfil a condition, held against the layer's own count.

    Parameters
    ----------
    client : Client
        The connection.
    layer : Layer
        As described.
    where : str
        The condition.
    etag : str
        Of the answer that is there already.

    Returns
    -------
    Features or None
        None where the answer is still the one with that ETag.

    Raises
    ------
    InconsistentError
        Features are missing, or came twice.
    DataError
        The layer cannot be asked.
    """
    query = {"where": where, "outFields": "*", "returnGeometry": "true", "outSR": "4326"}
    if layer.key:
        query["orderByFields"] = layer.key
    query["f"] = "geojson" if layer.geojson else "json"
    return pages(client, layer, query, lambda: count(client, layer, where), exact=True, etag=etag)


def in_a_form_it_gives(client: Client, layer: Layer, patience: Patience) -> Layer:
    """Return a layer in GeoJSON if it sends that, as it says that it can; else in Esri's JSON.

    A layer of one archive should not change its form because a server stumbled, so that it is asked more than once.

    Raises
    ------
    DataError
        It cannot be asked.
    """
    if not layer.geojson:
        return layer
    query = {"where": ALL, "outFields": layer.key or "*", "outSR": "4326", "f": "geojson"} | paging(layer, 0)
    for attempt in range(1, patience.attempts + 1):
        try:
            ask(client, f"{layer.url}/query", query | ({"resultRecordCount": "1"} if layer.pages else {}))
        except RefusedError:
            patience.sleep(patience.first_wait_s * attempt)
        else:
            return layer
    return replace(layer, geojson=False)


def check_days(layer: Layer, found: Features, day: date) -> None:
    """Hold each feature against the day that was asked for.

    Raises
    ------
    InconsistentError
        One is of another day.
    """
    for feature in found.items:
        value = as_object(as_object(feature).get("properties" if found.geojson else "attributes")).get(layer.field)
        if value is None or day_of(layer, value) != day:
            problem = f"was asked for {day} and sends a feature of {value!r:.40}"
            raise InconsistentError(problem, where=name_of(layer.url), cure=_LATER)


def _date_field(fields: Mapping[str, str], wanted: str, edits: Mapping[str, Any], where: str) -> str:
    """Return the field with the day: the one that was named, else the only one, or that of the likeliest name."""
    dated = [name for name, kind in fields.items() if kind in (DATE, DATE_ONLY) and _FIELD.fullmatch(name)]
    if wanted:
        match = next((name for name in dated if name.casefold() == wanted.casefold()), None)
        if match is None:
            has = f"it has {', '.join(dated)}" if dated else "it has none"
            raise UsageError(f"has no date field {wanted[:40]!r}", where=where, cure=has)
        return match
    # When and by whom a feature was edited says nothing of the day that it shows.
    tracked = {str(edits.get(name)) for name in ("creationDateField", "editDateField")}
    left = [name for name in dated if name not in tracked]
    likely = [name for name in left if name.casefold() in _LIKELY_FIELDS]
    if len(left) > 1 and len(likely) != 1:
        raise UsageError(f"has date fields {', '.join(left)}", where=where, cure="name one with --date-field")
    return (likely or left or [""])[0]


def _literal(layer: Layer, value: int, *, after: bool = False) -> str:
    """Return a value as SQL writes it, in whole seconds; `after` rounds up."""
    moment = _EPOCH + timedelta(seconds=-(-value // 1000) if after else value // 1000)
    return f"DATE '{moment:%Y-%m-%d}'" if layer.date_only else f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'"
