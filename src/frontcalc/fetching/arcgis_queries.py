"""Questions to a layer of an ArcGIS service: pages, counts, and errors inside of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from frontcalc.errors import DataError, FrontcalcError, NoDataError
from frontcalc.fetching.addresses import host_of
from frontcalc.fetching.client import Answer, Client, PassingError
from frontcalc.sources.limits import limits

ALL = "1=1"
"""The condition that every feature fulfils."""

_LOGIN = (401, 403, 498, 499)
_GONE = (404,)
_LATER = "try again later"
_CUT = ("features", "exceededTransferLimit", "properties")


class RefusedError(DataError):
    """A service answered with an error of its own."""


class InconsistentError(PassingError):
    """What a service sent contradicts itself."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer says of itself.

    Parameters
    ----------
    url : str
        Its address, without a query.
    field : str
        The field with the day, empty without any.
    date_only : bool
        Its values are days without a time.
    key : str
        The field whose values are unique, by which features are put in order; empty without any.
    page : int
        The most features that one answer has.
    pages : bool
        Answers can be asked for page by page.
    geojson : bool
        It can answer in GeoJSON; else in Esri's JSON.
    edited : int or None
        When it was last edited (ms since 1970), where it says so.
    credit : str
        Whose it is, as it says itself.
    """

    url: str
    field: str
    date_only: bool
    key: str
    page: int
    pages: bool
    geojson: bool
    edited: int | None
    credit: str


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a layer, as they came: of one query, whatever the number of pages."""

    document: dict[str, Any]
    geojson: bool
    query: dict[str, str]
    etag: str

    @property
    def items(self) -> list[Any]:
        """The features."""
        features: list[Any] = self.document["features"]
        return features


def count(client: Client, layer: Layer, where: str = ALL) -> int:
    """Ask a layer how many features fulfil a condition.

    Raises
    ------
    DataError
        The answer is no count.
    """
    answer, _ = ask(client, f"{layer.url}/query", {"where": where, "returnCountOnly": "true", "f": "json"})
    number = answer.get("count")
    if type(number) is not int or number < 0:
        raise InconsistentError("gives no count", where=name_of(layer.url), cure=_LATER)
    return number


def pages(
    client: Client,
    layer: Layer,
    query: dict[str, str],
    ask_count: Callable[[], int],
    *,
    exact: bool = False,
    etag: str = "",
) -> Features | None:
    """Return what a query finds, page after page for as long as the server says that there is more.

    `ask_count` gives the most features that there can be; `exact`, just so many.
    """
    where = name_of(layer.url)
    gathered: list[Any] = []
    before: list[Any] = []
    first, tag = ask(client, f"{layer.url}/query", query | paging(layer, 0), etag=etag)
    if first is None:
        return None
    expected, page, number = ask_count(), first, 1
    while True:
        got = page.get("features")
        if not isinstance(got, list):
            raise InconsistentError("sends no list of features", where=where, cure=_LATER)
        if number > 1 and got and got == before:
            raise InconsistentError("sends the same page again", where=where, cure=_LATER)
        gathered += got
        before = got
        # Some servers do not say in GeoJSON that there is more: a full page and the count do.
        more = _is_cut(page) or (exact and len(gathered) < expected and len(got) >= layer.page)
        if not more or not got or len(gathered) > expected:
            break
        if not layer.pages:
            raise DataError("has more features than it sends, and no pages", where=where, cure="fetch it by hand")
        page, _ = ask(client, f"{layer.url}/query", query | paging(layer, len(gathered)))
        number += bool(page.get("features"))
    if len(gathered) > expected or (exact and len(gathered) < expected):
        problem = f"sends {len(gathered):,} features and counts {expected:,}"
        raise InconsistentError(problem, where=where, cure=_LATER)
    _refuse_repeats(layer, gathered)
    document = {name: first[name] for name in first if name not in _CUT} | {"features": gathered}
    return Features(document, layer.geojson, query, tag if number == 1 else "")


def paging(layer: Layer, offset: int) -> dict[str, str]:
    """Return what asks for one page."""
    return {"resultOffset": str(offset), "resultRecordCount": str(layer.page)} if layer.pages else {}


def _is_cut(page: Mapping[str, Any]) -> bool:
    """Say whether an answer says that there are more features: at its top in Esri's JSON, in properties in GeoJSON."""
    return any(holder.get("exceededTransferLimit") is True for holder in (page, as_object(page.get("properties"))))


def _refuse_repeats(layer: Layer, items: Sequence[Any]) -> None:
    """Refuse features that came on two pages."""
    if not layer.key:
        return
    seen: set[object] = set()
    for feature in items:
        own = as_object(feature)
        inside = as_object(own.get("properties") or own.get("attributes"))
        key = inside.get(layer.key, own.get("id"))
        if isinstance(key, int | str):
            if key in seen:
                raise InconsistentError(f"sends feature {key!s:.40} twice", where=name_of(layer.url), cure=_LATER)
            seen.add(key)


def ask(
    client: Client, url: str, query: Mapping[str, str], *, etag: str = "", limit: int | None = None
) -> tuple[Any, str]:
    """Return a JSON object that a service answers with, and its ETag; None where it is unchanged."""

    def read(answer: Answer) -> tuple[Any, str]:
        if answer.unchanged:
            return None, answer.etag
        try:
            document = orjson.loads(answer.data)
        except orjson.JSONDecodeError as error:
            raise PassingError("sends no JSON", where=name_of(url), cure=_LATER) from error
        if not isinstance(document, dict):
            raise PassingError("sends no JSON object", where=name_of(url), cure=_LATER)
        if "error" in document:
            raise _error_inside(as_object(document["error"]), url)
        return document, answer.etag

    result: tuple[Any, str] = client.get(url, read, query=query, etag=etag, limit=limit or limits().max_bytes)
    return result


def _error_inside(error: Mapping[str, Any], url: str) -> FrontcalcError:
    """Return what an error inside an answer of status 200 means."""
    code = error.get("code")
    said = " ".join(str(error.get("message") or "").split())[:120]
    problem = f"answers with error {code!r:.10}{f' ({said})' if said else ''}"
    if code in _LOGIN:
        return DataError(
            f"asks for a login: {problem}", where=name_of(url), cure="frontcalc fetches only what is public"
        )
    if code in _GONE:
        return NoDataError(problem, where=name_of(url), cure="has the service been renamed?")
    if type(code) is int and (code == 429 or code >= 500):
        return PassingError(problem, where=name_of(url), cure=_LATER)
    return RefusedError(problem, where=name_of(url), cure="has the service been renamed?")


def name_of(url: str) -> str:
    """Return what messages call a layer: its service and number."""
    steps = urlsplit(url).path.removesuffix("/query").strip("/").split("/")
    return "/".join([steps[-3], steps[-1]])[:120] if len(steps) > 2 else host_of(url)


def as_object(value: object) -> Mapping[str, Any]:
    """Return an object of a document, empty where it is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return a list of a document, empty where it is none."""
    return value if isinstance(value, list) else []
