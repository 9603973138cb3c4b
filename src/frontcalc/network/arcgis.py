"""Layers of ArcGIS services: what a layer is, which days it has, and all features of a day, counted.

Queries are as Esri's «Query (Feature Service/Layer)» of the ArcGIS REST API describes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

import orjson

from frontcalc.dates import day_from_property
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.network.client import LATER, Client, PassingError, host_of, persist

_EVERY = "1=1"
_DATE, _DATE_ONLY = "esriFieldTypeDate", "esriFieldTypeDateOnly"
_LIKELY_FIELDS = ("date", "datetime", "day", "pub_date", "snapshot_date", "as_of")
_LAYER = re.compile(r"(.*/(?:FeatureServer|MapServer)/\d+)/?")
_FIELD = re.compile(r"[A-Za-z_]\w{0,127}")
_CUT = ("features", "exceededTransferLimit", "properties")
_USUAL_PAGE, _METADATA_BYTES = 1000, 1 << 24
OWN = {True: "properties", False: "attributes"}  # where a feature has its fields, in GeoJSON or in Esri's JSON
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Moments = tuple[int, ...]
"""Values of a date field in order, ms since 1970 (UTC), between which the layer has none of another day."""


class RefusedError(DataError):
    """A service answered with an error of its own."""


class InconsistentError(PassingError):
    """What a service sent contradicts itself."""


@dataclass(frozen=True, slots=True)
class LayerFeatures:
    """Features of a layer, as they came: of one query, whatever the number of pages."""

    head: dict[str, Any]  # what stood around them
    items: list[dict[str, Any]]
    geojson: bool
    query: dict[str, str]
    etag: str

    def values(self, field: str) -> list[Any]:
        """Return each feature's value of a field, None where it has none."""
        return [(item.get(OWN[self.geojson]) or {}).get(field) for item in self.items]


@dataclass(slots=True)
class ServiceLayer:
    """A layer as it describes itself, and the client by which it is asked."""

    client: Client
    url: str
    field: str  # which has the day; empty without any
    date_only: bool  # whether that is without a time
    key: str  # the field that is unique and puts features in order; empty without any
    page: int  # the most features that an answer has
    pages: bool  # whether further pages can be asked for
    geojson: bool  # whether it answers in GeoJSON; else in Esri's JSON
    edited: int | None  # when last (ms since 1970)
    credit: str  # whose it says it is
    version: tuple[object, ...]  # its fields and when it was edited, as it said last

    @property
    def name(self) -> str:
        """What messages call it: its service and number."""
        return name_of(self.url)

    def try_geojson(self) -> None:
        """Ask for one feature in GeoJSON if the layer says that it can; where that is refused, use Esri's JSON."""
        if not self.geojson:
            return
        # Asked more than once: an archive's files should not change their form because a server stumbled.
        query = {"where": _EVERY, "outFields": self.key or "*", "outSR": "4326", "f": "geojson"} | self._paging(0)
        query |= {"resultRecordCount": "1"} if self.pages else {}
        try:
            persist(lambda: _ask(self.client, f"{self.url}/query", query), self.client.patience, RefusedError)
        except RefusedError:
            self.geojson = False

    def count(self, where: str = _EVERY) -> int:
        """Ask how many features fulfil a condition."""
        query = {"where": where, "returnCountOnly": "true", "f": "json"}
        number = _ask(self.client, f"{self.url}/query", query)[0].get("count")
        if type(number) is not int or number < 0:
            raise InconsistentError("gives no count", where=self.name, cure=LATER)
        return number

    def moments(self) -> dict[date, list[Moments]]:
        """Ask which days the layer has, and return the values of its date field by day."""
        query = {"where": _EVERY, "outFields": self.field, "returnGeometry": "false", "returnDistinctValues": "true"}
        answer = self._gathered(query | {"orderByFields": self.field, "f": "json"})
        values = {self._moment(value) for value in answer.values(self.field) if value is not None} if answer else ()
        days: dict[date, list[Moments]] = {}
        for day, run in groupby(
            sorted(values),
            key=lambda at: day_from_property(f"{_EPOCH + at * _MILLISECOND:%Y-%m-%d}" if self.date_only else at),
        ):
            days.setdefault(day, []).append(tuple(run))
        return dict(sorted(days.items()))

    def features(self, where: str = _EVERY, *, etag: str = "") -> LayerFeatures | None:
        """Return all features that fulfil a condition, none missing and none twice; None if the ETag still holds."""
        query = {"where": where, "outFields": "*", "returnGeometry": "true", "outSR": "4326"}
        query |= {"orderByFields": self.key} if self.key else {}
        return self._gathered(query | {"f": "geojson" if self.geojson else "json"}, exact=True, etag=etag)

    def features_of(self, day: date, runs: Sequence[Moments], *, etag: str = "") -> LayerFeatures | None:
        """Return the features of a day as `features` does, some and none of another day."""
        answer = self.features(self.where(runs), etag=etag)
        kind = _DATE_ONLY if self.date_only else None
        for value in answer.values(self.field) if answer else ():
            if value is None or day_from_property(value, kind=kind) != day:
                problem = f"was asked for {day} and sends a feature of {value!r:.40}"
                raise InconsistentError(problem, where=self.name, cure=LATER)
        if answer and not answer.items:
            raise InconsistentError(f"lists {day} and has nothing of it", where=self.name, cure=LATER)
        return answer

    def where(self, runs: Sequence[Moments]) -> str:
        """Return the condition that features of some runs of values fulfil, and no others."""
        form = "DATE '{:%Y-%m-%d}'" if self.date_only else "TIMESTAMP '{:%Y-%m-%d %H:%M:%S}'"
        clauses = []
        for run in runs:
            # In whole seconds, the last rounded up.
            seconds = run[0] // 1000, -(-run[-1] // 1000)
            first, last = (form.format(_EPOCH + timedelta(seconds=second)) for second in seconds)
            between = f"({self.field} >= {first} AND {self.field} {'<' if run[-1] % 1000 else '<='} {last})"
            clauses.append(f"{self.field} = {first}" if first == last else between)
        return " OR ".join(clauses)

    def _moment(self, value: object) -> int:
        """Return a value of the date field as milliseconds since 1970, whichever form the service writes it in."""
        try:
            moment = _EPOCH + value * _MILLISECOND if type(value) is int else datetime.fromisoformat(str(value))
        except (ValueError, OverflowError) as error:
            problem, cure = f"has the date {str(value)[:40]!r}", "name another --date-field"
            raise DataError(problem, where=self.name, cure=cure) from error
        return round((moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH) / _MILLISECOND)

    def _gathered(self, query: dict[str, str], *, exact: bool = False, etag: str = "") -> LayerFeatures | None:
        """Return all pages of a query: at most as many features as the layer counts; if `exact`, just as many."""
        address, geojson = f"{self.url}/query", query["f"] == "geojson"
        answer = _ask(self.client, address, query | self._paging(0), etag=etag)
        if answer is None:
            return None
        (head, tag), expected = answer, self.count(query["where"])
        page, items, last = head, list[dict[str, Any]](), list[dict[str, Any]]()
        while True:
            got = page.get("features")
            listed = isinstance(got, list) and all(isinstance(one, dict) for one in got)
            if not listed or not all(isinstance(one.get(OWN[geojson]) or {}, dict) for one in got):
                raise InconsistentError("sends no list of features", where=self.name, cure=LATER)
            if got and got == last:
                raise InconsistentError("sends the same page again", where=self.name, cure=LATER)
            items += got
            last = got
            # Esri's JSON says at its top that there is more, GeoJSON in properties; some servers do not say it in
            # GeoJSON: a full page and the count do.
            cut = any(holder.get("exceededTransferLimit") is True for holder in (page, _object(page.get("properties"))))
            more = cut or (exact and len(items) < expected and len(got) >= self.page)
            if not more or not got or len(items) > expected:
                break
            if not self.pages:
                cure = "fetch it by hand"
                raise DataError("has more features than it sends, and no pages", where=self.name, cure=cure)
            page, _ = _ask(self.client, address, query | self._paging(len(items)))
            if page.get("features") and _around(page) != _around(head):
                raise InconsistentError("sends pages that do not fit together", where=self.name, cure=LATER)
        if len(items) > expected or (exact and len(items) < expected):
            problem = f"sends {len(items):,} features and counts {expected:,}"
            raise InconsistentError(problem, where=self.name, cure=LATER)
        # A feature may come on two pages, and pages be of two versions.
        seen: set[object] = set()
        for item in items if exact and self.key else ():
            key = (item.get(OWN[geojson]) or {}).get(self.key, item.get("id"))
            if not isinstance(key, int | str) or key in seen:
                problem = f"sends a feature without {self.key}" if key is None else f"sends feature {key!s:.40} twice"
                raise InconsistentError(problem, where=self.name, cure=LATER)
            seen.add(key)
        one_page = len(items) == len(head["features"])
        if exact and not one_page:
            self._refuse_changed(query["where"], expected)
        return LayerFeatures(_around(head), items, geojson, query, tag if one_page else "")

    def _refuse_changed(self, where: str, expected: int) -> None:
        """Refuse pages of a layer that is no longer what it was before they came."""
        before = self.version
        self.version = _version(_ask(self.client, self.url, {"f": "json"}, limit=_METADATA_BYTES)[0])
        if self.version != before or self.count(where) != expected:
            raise InconsistentError("changed while its pages were read", where=self.name, cure=LATER)

    def _paging(self, offset: int) -> dict[str, str]:
        """Return what asks for one page."""
        return {"resultOffset": str(offset), "resultRecordCount": str(self.page)} if self.pages else {}


def layer_url(url: str) -> str:
    """Return the address of a layer without what does not belong to it; raise UsageError if it is of something else."""
    parts = urlsplit(url)
    path = _LAYER.fullmatch(parts.path)
    if not path:
        cure = "name one with its number, as in https://…/FeatureServer/0"
        raise UsageError("is no layer of an ArcGIS service", where=host_of(url), cure=cure)
    return f"{parts.scheme}://{parts.netloc}{path[1]}"


def name_of(url: str) -> str:
    """Return what messages call a layer: its service and number."""
    steps = urlsplit(url).path.removesuffix("/query").strip("/").split("/")
    return "/".join([steps[-3], steps[-1]])[:120] if len(steps) > 2 else host_of(url)


def describe(client: Client, url: str, field: str = "") -> ServiceLayer:
    """Ask a layer what it is; raise UsageError where it has no such date field, or several and none was named."""
    url = layer_url(url)
    facts, _ = _ask(client, url, {"f": "json"}, limit=_METADATA_BYTES)
    listed = facts.get("fields")
    own = map(_object, listed if isinstance(listed, list) else ())
    fields = {str(one.get("name")): str(one.get("type")) for one in own if one}
    if not fields:
        raise DataError("describes no fields", where=name_of(url), cure="is it a layer, and public?")
    if (shape := facts.get("geometryType")) not in (None, "esriGeometryPolygon"):
        raise DataError(f"holds {shape!s:.40}, no polygons", where=name_of(url), cure="name another layer")
    edits, page = _object(facts.get("editingInfo")), facts.get("maxRecordCount")
    key = str(facts.get("objectIdField") or next((name for name, kind in fields.items() if kind.endswith("OID")), ""))
    # The field with the day is the one that was named, else the only one, or that of the likeliest name.
    dated = [name for name, kind in fields.items() if kind in (_DATE, _DATE_ONLY) and _FIELD.fullmatch(name)]
    left = [name for name in dated if name.casefold() == field.casefold()]
    if field and not left:
        has = f"it has {', '.join(dated)}" if dated else "it has none"
        raise UsageError(f"has no date field {field[:40]!r}", where=name_of(url), cure=has)
    if not field:
        # When and by whom a feature was edited says nothing of the day that it shows.
        tracks = _object(facts.get("editFieldsInfo"))
        tracked = {str(tracks.get(name)) for name in ("creationDateField", "editDateField")}
        left = [name for name in dated if name not in tracked]
        likely = [name for name in left if name.casefold() in _LIKELY_FIELDS]
        if len(left) > 1 and len(likely) != 1:
            cure = "name one with --date-field"
            raise UsageError(f"has date fields {', '.join(left)}", where=name_of(url), cure=cure)
        left = likely or left
    chosen = next(iter(left), "")
    return ServiceLayer(
        client=client,
        url=url,
        field=chosen,
        date_only=fields.get(chosen) == _DATE_ONLY,
        key=key if _FIELD.fullmatch(key) else "",
        page=page if type(page) is int and page > 0 else _USUAL_PAGE,
        pages=_object(facts.get("advancedQueryCapabilities")).get("supportsPagination") is not False,
        geojson="geojson" in str(facts.get("supportedQueryFormats", "")).casefold(),
        edited=next((at for at in (edits.get("dataLastEditDate"), edits.get("lastEditDate")) if type(at) is int), None),
        credit=" ".join(str(facts.get("copyrightText") or "").split())[:200],
        version=_version(facts),
    )


def _ask(client: Client, url: str, query: Mapping[str, str], *, etag: str = "", limit: int | None = None) -> Any:
    """Return a JSON object that a service answers with, and its ETag; None where it is unchanged."""
    where = name_of(url)

    def read(data: bytes, etag: str) -> tuple[dict[str, Any], str]:
        try:
            document = orjson.loads(data)
        except orjson.JSONDecodeError as broken:
            raise PassingError("sends no JSON", where=where, cure=LATER) from broken
        if not isinstance(document, dict):
            raise PassingError("sends no JSON object", where=where, cure=LATER)
        if "error" in document:
            # What an error inside an answer of status 200 means.
            error = _object(document["error"])
            code, text = error.get("code"), " ".join(str(error.get("message") or "").split())[:120]
            problem = f"answers with error {code!r:.10}{f' ({text})' if text else ''}"
            if code in (401, 403, 498, 499):
                cure = "frontcalc fetches only what is public"
                raise DataError(f"asks for a login: {problem}", where=where, cure=cure)
            if type(code) is int and (code == 429 or code >= 500):
                raise PassingError(problem, where=where, cure=LATER)
            kind = NoDataError if code == 404 else RefusedError
            raise kind(problem, where=where, cure="has the service been renamed?")
        return document, etag

    return client.get(url, read, query=query, etag=etag, limit=limit)


def _version(facts: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what tells one version of a layer from another: its fields, and when it was edited."""
    return facts.get("fields"), facts.get("editingInfo")


def _around(page: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands around the features of a page."""
    return {name: page[name] for name in page if name not in _CUT}


def _object(value: object) -> Mapping[str, Any]:
    """Return an object of a document, empty where it is none."""
    return value if isinstance(value, dict) else {}
