"""A server of maps on this machine: layers that answer as ArcGIS does, plain files, and faults on a schedule."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conftest import square

DATE, DATE_ONLY = "esriFieldTypeDate", "esriFieldTypeDateOnly"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(text: str) -> int:
    """Return a moment in UTC as a date field holds it."""
    return round((datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) / timedelta(milliseconds=1))


def rings(column: int, row: int) -> list[list[list[float]]]:
    """Return a square's ring, clockwise as Esri draws outlines."""
    return [[list(xy) for xy in square(column, row).reverse().exterior.coords]]


@dataclass
class FakeLayer:
    """A layer of squares: each row is a date and where its square is."""

    rows: list[tuple[Any, tuple[int, int]]]
    kind: str = DATE
    page: int = 2
    geojson: bool = True
    edited: int | None = None
    flag: str = "properties"
    etags: bool = True
    credit: str = "Made-Up Institute"
    name: str = "datetime"
    extra_fields: dict[str, str] = field(default_factory=dict)
    pages: bool = True
    refuses_geojson: bool = False
    cap: int | None = None

    def metadata(self) -> dict[str, Any]:
        fields = {"OBJECTID": "esriFieldTypeOID", **({self.name: self.kind} if self.name else {}), **self.extra_fields}
        return {
            "name": "made up",
            "type": "Feature Layer",
            "geometryType": "esriGeometryPolygon",
            "copyrightText": self.credit,
            "fields": [{"name": name, "type": kind} for name, kind in fields.items()],
            "objectIdField": "OBJECTID",
            "maxRecordCount": self.page,
            "supportedQueryFormats": "JSON, geoJSON, PBF" if self.geojson else "JSON",
            "advancedQueryCapabilities": {"supportsPagination": self.pages},
            **({"editingInfo": {"dataLastEditDate": self.edited}} if self.edited is not None else {}),
        }

    def query(self, asked: dict[str, str]) -> dict[str, Any]:
        found = [
            (number, row) for number, row in enumerate(self.rows, 1) if self._holds(asked.get("where", ""), row[0])
        ]
        if asked.get("returnCountOnly") == "true":
            return {"count": len(found)}
        if asked.get("f") == "geojson" and self.refuses_geojson:
            return {"error": {"code": 400, "message": "Invalid or missing input parameters.", "details": []}}
        if asked.get("returnDistinctValues") == "true":
            values = sorted({row[0] for _, row in found}, key=lambda value: (value is not None, value))
            features = [{"attributes": {self.name: value}} for value in values]
        else:
            features = [self._feature(number, row, asked["f"]) for number, row in found]
        start = int(asked.get("resultOffset", 0))
        # A server may send fewer than it says that it can, where features are large.
        size = min(self.cap or self.page, int(asked.get("resultRecordCount", self.page)))
        page = features[start : start + size]
        more = len(features) > start + size
        if asked["f"] == "geojson":
            document: dict[str, Any] = {"type": "FeatureCollection", "features": page}
            if more:
                holder = document.setdefault("properties", {}) if self.flag == "properties" else document
                holder["exceededTransferLimit"] = True
            return document
        return {
            "objectIdFieldName": "OBJECTID",
            "geometryType": "esriGeometryPolygon",
            "spatialReference": {"wkid": 4326, "latestWkid": 4326},
            "features": page,
            **({"exceededTransferLimit": True} if more else {}),
        }

    def _feature(self, number: int, row: tuple[Any, tuple[int, int]], form: str) -> dict[str, Any]:
        own = {"OBJECTID": number, **({self.name: row[0]} if self.name else {})}
        if form == "geojson":
            geometry = {"type": "Polygon", "coordinates": rings(*row[1])}
            return {"type": "Feature", "id": number, "geometry": geometry, "properties": own}
        return {"attributes": own, "geometry": {"rings": rings(*row[1])}}

    def _holds(self, where: str, value: Any) -> bool:
        """Say whether a row fulfils a condition, of the few forms that are asked for."""
        if where == "1=1":
            return True
        if where.endswith(" IS NULL"):
            return value is None
        if where.endswith(" IS NOT NULL"):
            return value is not None
        if value is None:
            return False
        return any(all(self._compares(part, value) for part in one.split(" AND ")) for one in where.split(" OR "))

    def _compares(self, condition: str, value: Any) -> bool:
        match = re.fullmatch(r"\(?(\w+) (=|>=|<=|<) (DATE|TIMESTAMP) '([^']+)'\)?", condition)
        assert match, condition
        assert match[1] == self.name
        assert (match[3] == "DATE") == (self.kind == DATE_ONLY), "DATE is for days, TIMESTAMP for moments"
        other: Any = match[4] if self.kind == DATE_ONLY else milliseconds(match[4])
        return {"=": value == other, ">=": value >= other, "<=": value <= other, "<": value < other}[match[2]]


Fault = Callable[["Handler", bytes], None]
"""Answers a request in place of the server, which would have sent these bytes."""


@dataclass
class Maps:
    """What the server has, what it was asked, and how it fails: a fault for each request in turn, None for none."""

    url: str = ""
    layers: dict[str, FakeLayer] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # by path and query
    asked: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    faults: list[Fault | None] = field(default_factory=list)
    by_path: dict[str, Fault] = field(default_factory=dict)
    etags: bool = True
    stopping: threading.Event = field(default_factory=threading.Event)

    def layer(self, path: str = "Maps/FeatureServer/0") -> str:
        """Return the address of a layer."""
        return f"{self.url}/arcgis/rest/services/{path}"

    def layer_at(self, target: str) -> FakeLayer | None:
        """Return the layer that a request is for."""
        path = urlsplit(target).path.partition("/arcgis/rest/services/")[2]
        return self.layers.get(path.partition("/query")[0])

    def answer(self, target: str) -> bytes | None:
        """Return what the whole address has, its query with it: a client that loses that gets something else."""
        if target in self.files:
            return self.files[target]
        parts = urlsplit(target)
        layer = self.layer_at(target)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if layer is None or "f" not in asked:  # without a form ArcGIS shows a page about the layer
            return None
        document = layer.query(asked) if "/query" in parts.path else layer.metadata()
        return json.dumps(document).encode()

    def asked_for_maps(self) -> list[str]:
        """Return the requests for features."""
        return [target for target in self.asked if "returnGeometry=true" in target]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet; else each answer waits for the other side's confirmation
    server: _Server

    def do_GET(self) -> None:
        maps = self.server.maps
        maps.asked.append(self.path)
        data = maps.answer(self.path)
        fault = maps.by_path.get(urlsplit(self.path).path) or (maps.faults.pop(0) if maps.faults else None)
        if fault:
            fault(self, data or b"{}")
        elif data is None:
            self.send(404, b"<html>not found</html>")
        else:
            layer = maps.layers.get(
                urlsplit(self.path).path.removeprefix("/arcgis/rest/services/").partition("/query")[0]
            )
            tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"' if maps.etags and (not layer or layer.etags) else ""
            if tag and self.headers.get("If-None-Match") == tag:
                maps.unchanged.append(self.path)
                self.send(304, b"", ETag=tag)
            else:
                self.send(200, data, **({"ETag": tag} if tag else {}))

    def tag(self, data: bytes) -> str:
        """Return the ETag of an answer, empty where the server gives none."""
        layer = self.server.maps.layer_at(self.path)
        given = self.server.maps.etags and (not layer or layer.etags)
        return f'"{hashlib.sha256(data).hexdigest()[:16]}"' if given else ""

    def send(self, status: int, body: bytes, **headers: str) -> None:
        """Answer; headers beat the usual ones, underscores standing for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | named).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def hang_up(self) -> None:
        """Break the connection off, as a reset does."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    """A server whose threads end with it, and which says nothing of clients that hang up."""

    daemon_threads = False
    maps: Maps

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: faults break connections off."""


@contextmanager
def serving(**what: Any) -> Iterator[Maps]:
    """Serve maps while the work inside is done."""
    maps = Maps(**what)
    with _Server(("127.0.0.1", 0), Handler) as server:
        server.maps = maps
        maps.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield maps
        finally:
            maps.stopping.set()
            server.shutdown()
            thread.join()


# Faults, by what they do.


def status(code: int, **headers: str) -> Fault:
    """Answer with a status, and no map."""
    return lambda handler, data: handler.send(code, b"<html>busy</html>", **headers)


def error_inside(code: int, message: str = "Unable to complete operation.") -> Fault:
    """Answer 200 with an error inside, as ArcGIS does."""
    body = json.dumps({"error": {"code": code, "message": message, "details": []}}).encode()
    return lambda handler, data: handler.send(200, body)


def body(content: bytes) -> Fault:
    """Answer 200 with something else."""
    return lambda handler, data: handler.send(200, content)


def reset(handler: Handler, data: bytes) -> None:
    """Break off in the middle of the body."""
    handler.send(200, data[: len(data) // 2], Content_Length=str(len(data)))
    handler.hang_up()


def reset_at_once(handler: Handler, data: bytes) -> None:
    """Break off before anything is sent."""
    handler.hang_up()


def cut_json(handler: Handler, data: bytes) -> None:
    """Send half of the JSON, with the length of that half."""
    handler.send(200, data[: len(data) // 2])


def too_long(handler: Handler, data: bytes) -> None:
    """Promise more than is sent."""
    handler.send(200, data, Content_Length=str(len(data) + 100))
    handler.hang_up()


def too_short(handler: Handler, data: bytes) -> None:
    """Promise less than is sent."""
    handler.send(200, data, Content_Length=str(max(0, len(data) - 10)))
    handler.close_connection = True


def redirect(location: str) -> Fault:
    """Lead elsewhere."""
    return lambda handler, data: handler.send(302, b"", Location=location)


def drip(handler: Handler, data: bytes) -> None:
    """Send a byte now and then, for as long as somebody listens."""
    handler.send(200, b"", Content_Length="1000000")
    _pour(handler, b" ", 0.02)


def drip_headers(handler: Handler, data: bytes) -> None:
    """Send the headers byte by byte."""
    handler.close_connection = True
    _pour(handler, b"H", 0.02)


def endless(handler: Handler, data: bytes) -> None:
    """Send a body without an end."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    _pour(handler, b" " * (1 << 16), 0)


def _pour(handler: Handler, piece: bytes, pause: float) -> None:
    handler.close_connection = True
    while not handler.server.maps.stopping.is_set():
        handler.wfile.write(piece)
        handler.wfile.flush()
        time.sleep(pause)


def changed(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Send the answer with something wrong in it, where there are features; else as it is."""

    def fault(handler: Handler, data: bytes) -> None:
        document = json.loads(data)
        if document.get("features"):
            change(document)
        tag = handler.tag(data)
        handler.send(200, json.dumps(document).encode(), **({"ETag": tag} if tag else {}))

    return fault


def _repeat(document: dict[str, Any]) -> None:
    document["features"].append(document["features"][0])


def _say_more(document: dict[str, Any]) -> None:
    document["exceededTransferLimit"] = True


def _other_day(document: dict[str, Any]) -> None:
    for feature in document["features"]:
        own = feature.get("properties") or feature.get("attributes")
        own.update({name: milliseconds("2001-01-01") for name in own if name == "datetime"})


dropped = changed(lambda document: document["features"].pop())
"""Leave out a feature, and say nothing."""

repeated = changed(_repeat)
"""Send a feature twice."""

flagged = changed(_say_more)
"""Say that there is more, where there may be none."""

other_day = changed(_other_day)
"""Send features of another day."""

FAULTS: dict[str, Fault] = {
    "429": status(429),
    "429, 2 s": status(429, Retry_After="2"),
    "429, date": status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "500": status(500),
    "503": status(503),
    "error 500 inside": error_inside(500),
    "error 400 inside": error_inside(400),
    "page": body(b"<!doctype html><html>sign in</html>"),
    "nothing": body(b""),
    "list": body(b"[]"),
    "no features": body(b"{}"),
    "reset": reset,
    "reset at once": reset_at_once,
    "cut JSON": cut_json,
    "too long": too_long,
    "too short": too_short,
    "redirect": redirect("http://localhost:9/"),
    "dropped": dropped,
    "repeated": repeated,
    "flagged": flagged,
    "other day": other_day,
}
"""Faults that pass at once, for schedules of them."""


def schedule(names: Sequence[str]) -> list[Fault | None]:
    """Return faults by name, «ok» for none."""
    return [FAULTS.get(name) for name in names]
