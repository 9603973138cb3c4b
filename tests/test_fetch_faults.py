"""Servers that fail in every way they do: the archive is complete in the end, or it is said what is missing."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import examples
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from map_server import (
    FAULTS,
    FakeLayer,
    Fault,
    Handler,
    Maps,
    changed,
    drip,
    drip_headers,
    endless,
    error_inside,
    milliseconds,
    redirect,
    schedule,
    serving,
    status,
)

import frontcalc
from frontcalc.errors import DataError, FrontcalcError
from frontcalc.manifest import NAME
from frontcalc.measure.fetch import Fetched, IncompleteError
from frontcalc.network.client import Client, Patience, retry_after_s

LAYER = "Maps/FeatureServer/0"
PATIENT = Patience(attempts=4, request_s=20, sleep=lambda _: None)
DAYS = ("2024-11-01", "2024-11-02", "2024-11-04")


def three_days() -> FakeLayer:
    rows = [(milliseconds(day), (column, 0)) for column, day in enumerate((*DAYS, DAYS[0], DAYS[0], DAYS[2]))]
    return FakeLayer(rows)


@pytest.fixture(scope="module")
def maps() -> Iterator[Maps]:
    with pytest.MonkeyPatch.context() as patch, serving() as server:
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield server


@pytest.fixture
def layer(maps: Maps) -> FakeLayer:
    """Return a layer of a server that does not fail yet."""
    maps.faults, maps.by_path = [], {}
    maps.asked.clear()
    maps.layers = {LAYER: three_days()}
    return maps.layers[LAYER]


@pytest.fixture
def undisturbed(maps: Maps, layer: FakeLayer, tmp_path: Path) -> dict[str, bytes]:
    """Return what an undisturbed run makes."""
    fetch(maps, tmp_path / "undisturbed")
    return tree(tmp_path / "undisturbed")


def fetch(maps: Maps, folder: Path, patience: Patience = PATIENT, **how: bool) -> Fetched:
    return frontcalc.fetch("arcgis", folder, urls=[maps.layer()], patience=patience, **how)


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of a folder by its path, also of hidden ones."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# A layer that refuses GeoJSON at every attempt is fetched as Esri's JSON, which is another archive.
SCHEDULES = st.lists(st.sampled_from(["ok", "ok", *FAULTS]), max_size=40).filter(
    lambda names: names.count("error 400 inside") < PATIENT.attempts
)


@settings(max_examples=examples(16), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCHEDULES)
@example(["ok", "dropped"])
@example(["ok", "other day", "ok", "ok", "other day"])
@example(["ok"] * 8 + ["dropped"] * 8)
@example(["reset"] * 40)
def test_whatever_fails_the_archive_is_complete_or_it_is_said_what_is_missing(
    maps: Maps, undisturbed: dict[str, bytes], names: list[str]
) -> None:
    maps.faults = schedule(names)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "maps"
        error = None
        try:
            fetch(maps, folder)
        except DataError as raised:
            error = raised
        if error is None:
            assert tree(folder) == undisturbed
        elif isinstance(error, IncompleteError):
            left = [day for day in DAYS if f"{day}.geojson" not in tree(folder)]
            assert all(day in str(error) for day in left) or "counts" in str(error) or "publisher's count" in str(error)
            assert str(error).startswith("maps: is incomplete: ")
        else:
            assert error.where in ("127.0.0.1", "Maps/0"), "the source could not be asked at all"
            assert not tree(folder)
        kept = {name: data for name, data in tree(folder).items() if name != NAME}
        assert all(undisturbed[name] == data for name, data in kept.items()), "never a wrong file"
        maps.faults = []
        fetch(maps, folder)
        assert tree(folder) == undisturbed


OF_A_KIND = (
    *("503", "error 500 inside", "error 400 inside", "cut JSON", "list", "no features"),
    *("reset", "redirect", "dropped", "repeated", "flagged", "other day"),
)
"""A fault of each kind that is told apart; the schedules above draw from all."""


@pytest.mark.thorough(but=["503", "cut JSON", "dropped", "other day"])
@pytest.mark.parametrize("name", OF_A_KIND)
def test_each_fault_is_survived_once_wherever_it_strikes(
    name: str, maps: Maps, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    requests = len(maps.asked)
    for number in range(requests):
        maps.faults = schedule(["ok"] * number + [name])
        folder = tmp_path / str(number)
        try:
            fetch(maps, folder)
        except FrontcalcError:
            maps.faults = []
            fetch(maps, folder)
        assert tree(folder) == undisturbed, number


def test_a_server_that_asks_for_a_pause_gets_it(maps: Maps, layer: FakeLayer, tmp_path: Path) -> None:
    waited: list[float] = []
    maps.faults = [status(429, Retry_After="7"), status(503, Retry_After="3")]
    fetch(maps, tmp_path / "maps", Patience(attempts=4, sleep=waited.append, first_wait_s=0))
    assert waited == [7, 3]
    maps.faults = [status(429, Retry_After="3600")]
    with pytest.raises(DataError, match=r"answers with status 429, and asks to wait 3,600 s; try again later"):
        fetch(maps, tmp_path / "other", Patience(attempts=4, sleep=waited.append))
    assert len(waited) == 2, "whoever asks for an hour is left"


def test_waits_double_at_most_and_are_random(maps: Maps, layer: FakeLayer, tmp_path: Path) -> None:
    waited: list[float] = []
    maps.faults = [status(500)] * 10
    with pytest.raises(DataError, match=r"127\.0\.0\.1: answers with status 500; try again later"):
        fetch(maps, tmp_path / "maps", Patience(attempts=5, longest_wait_s=5, sleep=waited.append))
    assert len(waited) == 4
    assert all(0 <= wait <= most for wait, most in zip(waited, (1, 2, 4, 5), strict=True))
    assert len(set(waited)) == 4


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("Fri, 01 Nov 2024 12:01:00 GMT", 60),
        ("Fri, 01 Nov 2024 11:00:00 GMT", 0),
        ("Fri, 01 Nov 2024 12:01:00", 60),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("²", 0),
        ("9" * 30, 0),
        (f"Fri, 01 Nov {'9' * 30} 12:01:00 GMT", 0),
    ],
)
def test_both_forms_of_retry_after(text: str, wait: float) -> None:
    assert retry_after_s(text, datetime(2024, 11, 1, 12, tzinfo=UTC)) == wait


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (redirect("http://localhost:9/"), "127.0.0.1: redirects to another host, localhost; if you trust that host"),
        (redirect("https://example.org/"), "127.0.0.1: redirects to another host, example.org"),
        (redirect("file:///etc/passwd"), "file:///etc/passwd: is no https address"),
        (redirect("//me:pw@127.0.0.1/"), "127.0.0.1: the address holds a name or password"),
        (redirect("http://[me"), "127.0.0.1: redirects to what is no address; try again later"),
        (redirect("https://999.1.1.1/"), "127.0.0.1: redirects to what is no address; try again later"),
        (
            redirect(f"https://{'a' * 70}.org/"),
            f"https://{'a' * 70}.org/: is no https address; 127.0.0.1 redirects there",
        ),
        (redirect("https://a..org/"), "https://a..org/: is no https address"),
        (redirect("https://xn--a.org/"), "https://xn--a.org/: is no https address"),
        (redirect("http://127.0.0.1:99999/"), "http://127.0.0.1:99999/: is no https address"),
        (redirect("http://127.0.0.1:0/"), "http://127.0.0.1:0/: is no https address"),
        (redirect("http://127.0.0.1:x/"), "http://127.0.0.1:x/: is no https address"),
        (redirect("?"), "127.0.0.1: redirects more than 5 times"),
        (redirect(""), "127.0.0.1: redirects more than 5 times"),
        (error_inside(499, "Token Required"), "Maps/0: asks for a login: answers with error 499 (Token Required)"),
        (
            error_inside(400, "Invalid URL"),
            "Maps/0: answers with error 400 (Invalid URL); has the service been renamed?",
        ),
        (error_inside(404, "Gone"), "Maps/0: answers with error 404 (Gone); has the service been renamed?"),
        (status(404), "127.0.0.1: has nothing there (404); check the address"),
        (status(410), "127.0.0.1: has nothing there (410); check the address"),
        (status(418), "127.0.0.1: answers with status 418; try again later"),
        (FAULTS["page"], "Maps/0: sends no JSON; try again later"),
        (FAULTS["list"], "Maps/0: sends no JSON object; try again later"),
        (FAULTS["no features"], "Maps/0: describes no fields; is it a layer, and public?"),
        (FAULTS["too long"], "127.0.0.1: breaks off (RemoteProtocolError); is there a network?"),
    ],
)
def test_what_does_not_pass_is_said_plainly(
    maps: Maps, layer: FakeLayer, tmp_path: Path, fault: Fault, message: str
) -> None:
    maps.faults = [fault] * 9
    with pytest.raises(FrontcalcError) as error:
        fetch(maps, tmp_path / "maps")
    assert str(error.value).startswith(message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fault", [drip, drip_headers], ids=["body", "headers"])
def test_a_server_that_drips_is_left_at_the_deadline(
    maps: Maps, layer: FakeLayer, tmp_path: Path, fault: Fault
) -> None:
    maps.faults = [fault] * 2
    began = time.monotonic()
    with pytest.raises(DataError, match=r"127\.0\.0\.1: takes more than 0\.2 s; try again later"):
        fetch(maps, tmp_path / "maps", Patience(attempts=2, request_s=0.2, sleep=lambda _: None))
    assert time.monotonic() - began < 8


def test_a_server_that_says_nothing_is_left(maps: Maps, layer: FakeLayer, tmp_path: Path) -> None:
    maps.faults = [lambda handler, data: handler.server.maps.stopping.wait(0.3) and None]
    with pytest.raises(DataError, match=r"127\.0\.0\.1: says nothing for 0\.1 s; try again later"):
        fetch(maps, tmp_path / "maps", Patience(attempts=1, silence_s=0.1, sleep=lambda _: None))


def test_a_body_without_an_end_is_left(
    maps: Maps, layer: FakeLayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTCALC_MAX_BYTES", "300000")
    maps.faults = [None, None, endless]
    with pytest.raises(DataError, match=r"127\.0\.0\.1: sends more than 300,000 bytes; fetch the file by hand"):
        fetch(maps, tmp_path / "maps")
    assert not (tmp_path / "maps").exists()


def test_gzip_that_unpacks_to_too_much_is_left(maps: Maps, layer: FakeLayer) -> None:
    import gzip

    bomb = gzip.compress(bytes(1 << 24))
    maps.faults = [lambda handler, data: handler.send(200, bomb, Content_Encoding="gzip")]
    with Client(PATIENT) as client, pytest.raises(DataError, match="sends more than 1,000,000 bytes"):
        client.get(f"{maps.url}/x", lambda data, _: data, limit=1_000_000)
    maps.faults = [lambda handler, data: handler.send(200, b"no gzip", Content_Encoding="gzip")] * 4
    with Client(PATIENT) as client, pytest.raises(DataError, match="sends damaged gzip"):
        client.get(f"{maps.url}/x", lambda data, _: data, limit=1_000_000)


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,gzip,gzip", "deflate", "br", "x"])
def test_what_is_packed_twice_or_otherwise_is_not_unpacked(maps: Maps, layer: FakeLayer, coding: str) -> None:
    import gzip

    bomb = gzip.compress(gzip.compress(bytes(1 << 26)))
    maps.faults = [lambda handler, data: handler.send(200, bomb, Content_Encoding=coding)]
    tracemalloc.start()
    with Client(PATIENT) as client, pytest.raises(DataError, match=r"packs what it sends as .*, and only gzip, once"):
        client.get(f"{maps.url}/x", lambda data, _: data)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


@pytest.mark.parametrize("change", [lambda whole: whole[:-1], lambda whole: whole + whole, lambda whole: b""])
def test_gzip_is_read_to_its_end_and_no_further(maps: Maps, layer: FakeLayer, change: Callable[[bytes], bytes]) -> None:
    import gzip

    whole = gzip.compress(b"a map" * 100_000)
    maps.faults = [lambda handler, data: handler.send(200, whole, Content_Encoding="gzip")]
    with Client(PATIENT) as client:
        assert client.get(f"{maps.url}/x", lambda data, _: data) == b"a map" * 100_000
        maps.faults = [lambda handler, data: handler.send(200, change(whole), Content_Encoding="gzip")] * 4
        with pytest.raises(DataError, match="sends damaged gzip"):
            client.get(f"{maps.url}/x", lambda data, _: data)


def _bare(document: dict[str, Any]) -> None:
    for feature in document["features"]:
        feature["geometry"] = None


def _without_id(document: dict[str, Any]) -> None:
    del document["features"][0]["id"], document["features"][0]["properties"]["OBJECTID"]


def _deep(document: dict[str, Any]) -> None:
    own = document["features"][0]["properties"]
    for _ in range(900):
        own["inside"] = own = {}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (changed(_bare), r"holds no polygons: none of its features \(\d\) has a geometry"),
        (changed(_without_id), "sends a feature without OBJECTID"),
        (changed(_deep), "sends properties that cannot be kept"),
    ],
)
def test_maps_that_make_no_sense_are_not_kept(
    maps: Maps, layer: FakeLayer, tmp_path: Path, fault: Fault, message: str
) -> None:
    nothing = len(plan := fetch(maps, tmp_path / "plan", dry_run=True).steps) and len(maps.asked)
    maps.faults = [None] * nothing + [fault] * 100
    with pytest.raises(IncompleteError, match=message):
        fetch(maps, tmp_path / "maps")
    assert len(plan) == 3
    assert not list((tmp_path / "maps").glob("*.geojson"))


def _edit(layer: FakeLayer) -> None:
    layer.edited = (layer.edited or 0) + 1


def _add_field(layer: FakeLayer) -> None:
    layer.extra_fields[f"field_{len(layer.extra_fields)}"] = "esriFieldTypeString"


def _add_row(layer: FakeLayer) -> None:
    layer.rows.append(layer.rows[0])


@pytest.mark.parametrize("change", [_edit, _add_field, _add_row])
def test_pages_of_two_versions_of_a_layer_are_not_kept(
    maps: Maps, layer: FakeLayer, tmp_path: Path, change: Callable[[FakeLayer], None]
) -> None:
    layer.rows = [(milliseconds("2024-11-01"), (column, 0)) for column in range(5)]
    times = [0]

    def fault(handler: Handler, data: bytes) -> None:
        # The third of three pages is still as it was.
        if "returnGeometry=true" in handler.path and "resultOffset=4" in handler.path and times[0]:
            change(layer)
            times[0] -= 1
        handler.send(200, data)

    maps.by_path = {f"/arcgis/rest/services/{LAYER}/query": fault}
    assert fetch(maps, tmp_path / "whole").number("new") == 1
    times[0] = 100
    with pytest.raises(
        IncompleteError,
        match=r"2024-11-01 \(Maps/0: (changed while its pages were read|sends \d features and counts \d)",
    ):
        fetch(maps, tmp_path / "maps")
    assert not list((tmp_path / "maps").glob("*.geojson"))
    times[0] = 1
    assert fetch(maps, tmp_path / "maps").number("new") == 1, "once it has been edited, the next attempt is whole"


def test_a_server_that_dies_half_way_is_given_up_soon(maps: Maps, layer: FakeLayer, tmp_path: Path) -> None:
    layer.rows = [(milliseconds(f"2024-10-{day:02}"), (day, 0)) for day in range(1, 31)]
    layer.page = 100
    maps.faults = [None] * 12 + [status(503)] * 200
    with pytest.raises(IncompleteError) as error:
        fetch(maps, tmp_path / "maps")
    assert str(error.value) == (
        "maps: is incomplete: 2024-10-04 (127.0.0.1: answers with status 503); "
        "2024-10-05 (127.0.0.1: answers with status 503); 2024-10-06 (127.0.0.1: answers with status 503); "
        "2024-10-07 (was not asked for after these); 2024-10-08 (was not asked for after these) and 22 more; "
        "run again: what came is kept, and only the rest is asked for"
    )
    assert (error.value.fetched.number("new"), error.value.fetched.number("missing")) == (3, 27)
    maps.faults = []
    assert fetch(maps, tmp_path / "maps").number("new") == 27


def test_a_pace_is_kept_with_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    client = Client(Patience(pace_s=10, sleep=waited.append))
    for url in ("http://127.0.0.1/", "http://127.0.0.1/", "https://example.org/", "https://example.org/"):
        client._keep_pace(url)
    assert [round(wait) for wait in waited] == [10, 10]


# Killed, and started again.

KILLED_AT = """
import os, signal, sys
from pkgutil import resolve_name
owner, _, name = sys.argv[1].rpartition(".")
before, left = getattr(resolve_name(owner), name), int(sys.argv[2])
def die(*positional, **named):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return before(*positional, **named)
setattr(resolve_name(owner), name, die)
from frontcalc.cli import run
sys.exit(run(sys.argv[3:]))
"""

POINTS = {
    "before the folder is made": ("pathlib.Path.mkdir", 1),
    "before the first manifest": ("frontcalc.atomic.replace", 1),
    "before the terms are written": ("frontcalc.atomic.replace", 2),
    "between two pages of a day": ("frontcalc.network.arcgis.ServiceLayer._paging", 3),
    "before a day's file is renamed": ("pathlib.Path.replace", 3),
    "between a day's file and the manifest": ("frontcalc.atomic.replace", 4),
    "before the manifest is renamed": ("pathlib.Path.replace", 8),
    "before the publisher's count": ("frontcalc.network.arcgis.ServiceLayer.count", 6),
    "before the check": ("frontcalc.run.run.Run.open", 1),
}

CHANGES = {
    "before the file before is kept": ("frontcalc.atomic.replace", 1),
    "half way through what is kept": ("os.fsync", 1),
    "between what is kept and the new file": ("frontcalc.atomic.replace", 2),
    "between the new file and the manifest": ("frontcalc.atomic.replace", 3),
}


def killed(maps: Maps, folder: Path, point: tuple[str, int]) -> None:
    command = [sys.executable, "-c", KILLED_AT, point[0], str(point[1]), "fetch", "arcgis", maps.layer(), "-o", folder]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.thorough(
    but=[
        "before the first manifest",
        "between a day's file and the manifest",
    ]
)
@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_killed_and_started_again_it_makes_the_same_bytes(
    maps: Maps, undisturbed: dict[str, bytes], tmp_path: Path, point: tuple[str, int]
) -> None:
    folder = tmp_path / "maps"
    killed(maps, folder, point)
    fetch(maps, folder)
    assert tree(folder) == undisturbed


@pytest.mark.thorough(but=["half way through what is kept"])
@pytest.mark.parametrize("point", CHANGES.values(), ids=CHANGES)
def test_killed_while_a_change_is_taken_in(
    maps: Maps, layer: FakeLayer, tmp_path: Path, point: tuple[str, int]
) -> None:
    folder, whole = tmp_path / "maps", tmp_path / "whole"
    fetch(maps, whole)
    shutil.copytree(whole, folder)
    layer.rows[1] = (layer.rows[1][0], (50, 0))
    fetch(maps, whole)
    killed(maps, folder, point)
    fetch(maps, folder)
    assert tree(folder) == tree(whole)
    assert len([name for name in tree(folder) if name.startswith("revisions/")]) == 1
