"""The sources that have a name, and the command, against a server on this machine; no network is used."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, collection, square
from map_server import DATE_ONLY, FakeLayer, Fault, Maps, error_inside, milliseconds, redirect, serving, status

import frontcalc
from frontcalc.cli.upkeep import sources as completed
from frontcalc.config import archive_config
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.layers import find_layer
from frontcalc.measure.fetch import Fetched, IncompleteError
from frontcalc.network import catalogue, client, plans
from frontcalc.network.catalogue import OF_USER, MapSource, sources
from frontcalc.network.client import Patience
from frontcalc.network.folder import config_bytes
from frontcalc.read import READERS

PATIENT = Patience(attempts=3, request_s=20, sleep=lambda _: None)
ROOT = "/SaBe5HMtmnbqSWlu/arcgis/rest/services/"


@pytest.fixture
def maps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Maps]:
    """Return a server that stands for every publisher of the table."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with serving() as server:
        table = Path(catalogue._TABLE).read_text(encoding="utf-8")
        table = re.sub(r"^((?:base|listing) = \")https://[a-z0-9.]+", rf"\1{server.url}", table, flags=re.MULTILINE)
        (tmp_path / "sources.toml").write_text(table, encoding="utf-8")
        monkeypatch.setenv(catalogue.VARIABLE, str(tmp_path / "sources.toml"))
        yield server


def fetch(source: str, folder: Path, **how: Any) -> Fetched:
    return frontcalc.fetch(source, folder, patience=PATIENT, accept_terms=True, **how)


def what(fetched: Fetched) -> list[str]:
    return [f"{step.day} {step.what}" for step in fetched.steps]


def map_json(*columns: int) -> bytes:
    return json.dumps(collection({None: [square(column, 0) for column in columns]})).encode()


# The table.


@pytest.mark.parametrize("source", sources().values(), ids=lambda source: source.name)
def test_the_table_is_whole_and_reaches_every_output(source: MapSource) -> None:
    config = archive_config(config_bytes(source))
    assert config.get("attribution", "") == source.attribution
    assert config.get("licence", "") == source.licence_line
    assert source.unresolved in config.get("licence", "")
    assert config.get("view") == (source.view or None)
    assert (config.get("publisher", ""), config.get("as_of_offset_days", 0)) == (
        source.publisher,
        source.as_of_offset_days,
    )
    assert source.restricted
    assert all(url.startswith("https://") for url in (source.base, source.terms, source.listing) if url)
    live = source.services if source.kind == "arcgis-live" else ()
    marks = [source.layer, source.prefix, *(name for one in live for name in (one.layer, one.newer))]
    assert all(find_layer(mark.partition("/")[0]) for mark in marks if mark)


def test_a_table_of_something_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table = tmp_path / "mine.toml"
    monkeypatch.setenv(catalogue.VARIABLE, str(table))
    for text in ("", "x", '[a]\nkind = "ftp"', '[a]\nkind = "git"\nlisting = 1', "[a]\nwhat = 1", "a = 1"):
        if text:
            table.write_text(text)
        with pytest.raises(DataError, match=r"mine\.toml: is no table of sources"):
            sources()


def test_documentation_and_help_name_every_source(run_here: Run) -> None:
    page = (Path(__file__).parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")
    text = run_here("fetch", "--help").stdout
    for name, source in sources().items():
        assert f"`{name}`" in page
        assert source.terms in page
        assert re.search(rf"^    {name} ", text, re.MULTILINE)
    for name in OF_USER:
        assert f"`{name}` URL" in page
        assert re.search(rf"^    {name} URL", text, re.MULTILINE)


@pytest.mark.parametrize("name", sources())
def test_terms_have_to_be_accepted(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        frontcalc.fetch(name, tmp_path / "maps")
    assert str(error.value).startswith(f"{name}: restricts what you may do: ")
    assert str(error.value).endswith("read its terms; if they allow it, add --accept-terms")
    assert sources()[name].terms in str(error.value)
    assert not list(tmp_path.iterdir())


# ISW.


def timelapse(number: int) -> str:
    """Return the path of one of the layers, below which the server knows it."""
    return sources()["isw-timelapse"].services[number].layer


def isw(maps: Maps) -> None:
    """Serve layers as ISW's are: the field differs, and two have a day in common."""
    for number in range(9):
        day = f"2025-{number + 1:02}-15"
        field = {0: "datetime", 8: "pub_date"}.get(number, "Date_")
        kind = {"kind": DATE_ONLY} if number == 4 else {}
        value = day if kind else milliseconds(day)
        maps.layers[timelapse(number)] = FakeLayer([(value, (number, 0))], name=field, edited=1, **kind)
    maps.layers[timelapse(1)].rows.append((milliseconds("2025-01-15"), (90, 0)))


def test_isw_s_days_come_from_all_its_services(maps: Maps, tmp_path: Path) -> None:
    isw(maps)
    assert what(fetch("isw-timelapse", tmp_path / "isw")) == [f"2025-0{month}-15 new" for month in range(1, 10)]
    table = frontcalc.held(["2025-01-15", "2025-09-15"], archive=tmp_path / "isw")
    # Of the day that two services have, the one named first counts.
    assert [(row.held_km2, row.actor) for row in table.rows] == [(pytest.approx(100), "Russia")] * 2
    assert table.meta.publisher == "ISW"
    credit = table.meta.attribution[0]
    assert credit.startswith("maps: © Institute for the Study of War and AEI's Critical Threats Project, ISW's")
    assert credit.endswith("unresolved: whether figures measured from the maps are such a product")
    assert {step.what for step in fetch("isw-timelapse", tmp_path / "isw").steps} == {"unchanged"}


def test_a_service_that_was_renamed_is_named_and_the_others_are_fetched(maps: Maps, tmp_path: Path) -> None:
    isw(maps)
    del maps.layers[timelapse(3)]
    maps.by_path[f"{ROOT}{timelapse(5)}"] = error_inside(400, "Invalid URL")
    with pytest.raises(IncompleteError) as error:
        fetch("isw-timelapse", tmp_path / "isw")
    assert str(error.value) == (
        "isw: is incomplete: Ukraine_COT_Timelapse_April_2025/110 (127.0.0.1: has nothing there (404)); "
        "SEP2025RUCoT/5 (SEP2025RUCoT/5: answers with error 400 (Invalid URL)); "
        "run again: what came is kept, and only the rest is asked for"
    )
    assert error.value.fetched.number("new") == 7


def live(maps: Maps) -> list[FakeLayer]:
    """Serve four layers of one day, the last of them empty."""
    layers = []
    for number, service in enumerate(sources()["isw-live"].services):
        rows = [("", (number, 0))] if number < 3 else []
        layers.append(FakeLayer(rows, name="", edited=milliseconds(f"2026-04-2{number}T23:00:00")))
        maps.layers[service.layer] = layers[-1]
    return layers


def test_isw_s_layers_of_today_are_one_map(maps: Maps, tmp_path: Path) -> None:
    layers = live(maps)
    # The day on which any of them was last edited, in New York.
    assert what(fetch("isw-live", tmp_path / "isw")) == ["2026-04-23 new"]
    rows = frontcalc.list_archive(archive=tmp_path / "isw").rows
    assert [(row.layer, row.actor, row.role, row.parts) for row in rows] == [
        ("MDS_AssessedRussianAdvanceInUkraine_view", "Russia", "advance", 1),
        ("VIEW_ClaimedRussianTerritoryinUkraine_V2", "Russia", "claimed", 1),
        ("VIEW_ClaimedUkrainianCounteroffensives_V2", "Ukraine", "counteroffensive", 0),
        ("VIEW_RussiaCoTinUkraine_V3", "Russia", "control", 1),
    ]
    assert what(fetch("isw-live", tmp_path / "isw")) == ["2026-04-23 unchanged"]
    layers[1].edited = milliseconds("2026-04-26T12:00:00")
    layers[1].rows.append(("", (40, 0)))
    assert what(fetch("isw-live", tmp_path / "isw")) == ["2026-04-26 new"]
    assert what(fetch("isw-live", tmp_path / "isw", day="2026-04-27")) == ["2026-04-27 new"]


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (status(404), "has nothing there (404)"),
        (error_inside(400, "Invalid URL"), "answers with error 400 (Invalid URL)"),
        (error_inside(499, "Token Required"), "asks for a login: answers with error 499 (Token Required)"),
    ],
)
def test_a_layer_that_is_gone_is_fetched_by_its_newer_name(
    maps: Maps, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Fault, problem: str
) -> None:
    live(maps)
    service = sources()["isw-live"].services[1]
    maps.layers[service.newer] = FakeLayer([("", (1, 0)), ("", (7, 0))], name="", edited=1)
    maps.by_path[f"{ROOT}{service.layer}"] = fault
    assert what(fetch("isw-live", tmp_path / "isw")) == ["2026-04-23 new"]
    rows = frontcalc.list_archive(archive=tmp_path / "isw").rows
    assert [row.parts for row in rows if row.role == "advance"] == [2]
    assert [row.layer for row in rows if row.role == "advance"] == ["AssessedRussianAdvanceInUkraine_V2_view"]
    old, new = "MDS_AssessedRussianAdvanceInUkraine_view/49", "AssessedRussianAdvanceInUkraine_V2_view/0"
    assert caplog.messages == [f"{old} {problem}; {new} is fetched in its place"]


def test_the_newer_name_is_asked_for_only_where_the_layer_is_gone(maps: Maps, tmp_path: Path) -> None:
    live(maps)
    service = sources()["isw-live"].services[1]
    fetch("isw-live", tmp_path / "isw")
    maps.by_path[f"{ROOT}{service.layer}"] = status(503)
    with pytest.raises(DataError, match="answers with status 503"):
        fetch("isw-live", tmp_path / "isw")
    assert not [target for target in maps.asked if service.newer in target]
    # Where neither is there, both are named.
    del maps.layers[service.layer], maps.by_path[f"{ROOT}{service.layer}"]
    with pytest.raises(NoDataError) as error:
        fetch("isw-live", tmp_path / "isw")
    assert str(error.value) == (
        "MDS_AssessedRussianAdvanceInUkraine_view/49: has nothing there (404), and its newer name, "
        "AssessedRussianAdvanceInUkraine_V2_view/0, has nothing there (404); check the address"
    )


def test_one_layer_that_fails_leaves_no_half_a_map(maps: Maps, tmp_path: Path) -> None:
    live(maps)
    service = sources()["isw-live"].services[2].layer
    maps.by_path[f"{ROOT}{service}/query"] = status(500)
    with pytest.raises(DataError, match="answers with status 500"):
        fetch("isw-live", tmp_path / "isw")
    assert not list((tmp_path / "isw").glob("2026*"))


def test_layers_that_do_not_say_their_day_need_one(maps: Maps, tmp_path: Path) -> None:
    for layer in live(maps):
        layer.edited = None
    with pytest.raises(UsageError, match="isw-live: do not say which day they show; give it with --day"):
        fetch("isw-live", tmp_path / "isw")


# DeepState.


def latest(maps: Maps, moment: str, *columns: int) -> None:
    features = collection({None: [square(column, 0) for column in columns]})
    for feature in features["features"]:
        feature["properties"]["name"] = "Окуповано /// Occupied /// geoJSON.status.occupied"
    document = {"id": milliseconds(moment) // 1000, "map": features, "datetime": "03.11 22:00"}
    maps.files["/api/history/last"] = json.dumps(document, ensure_ascii=False).encode()


def test_deepstate_s_latest_map_by_its_id(maps: Maps, tmp_path: Path) -> None:
    # 22:30 UTC is past midnight in Kyiv.
    latest(maps, "2024-11-03T22:30:00", 1)
    assert what(fetch("deepstate", tmp_path / "maps")) == ["2024-11-04 new"]
    assert (tmp_path / "maps" / "2024-11-04.geojson").read_bytes() == maps.files["/api/history/last"]
    assert what(fetch("deepstate", tmp_path / "maps")) == ["2024-11-04 unchanged"]
    assert maps.unchanged == ["/api/history/last"]
    latest(maps, "2024-11-04T12:00:00", 1, 2)
    assert what(fetch("deepstate", tmp_path / "maps")) == ["2024-11-04 changed"]
    latest(maps, "2024-11-05T12:00:00", 1, 2, 3)
    assert what(fetch("deepstate", tmp_path / "maps")) == ["2024-11-05 new"]
    rows = frontcalc.held(["2024-11-04", "2024-11-05"], archive=tmp_path / "maps").rows
    assert [row.held_km2 for row in rows] == pytest.approx([200, 300])


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"<html>", b'{"id": "x", "map": {"features": [1]}}', b'{"id": 1e99}'])
def test_what_deepstate_may_send_in_place_of_a_map(maps: Maps, tmp_path: Path, answer: bytes) -> None:
    maps.files["/api/history/last"] = answer
    with pytest.raises(IncompleteError, match=r"is incomplete: the latest map \(127.0.0.1: sends no map with an id\)"):
        fetch("deepstate", tmp_path / "maps")


def mirror(maps: Maps, files: dict[str, bytes], *, listed: dict[str, bytes] | None = None) -> None:
    tree = [
        {
            "path": path,
            "type": "blob",
            "sha": hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest(),
        }
        for path, data in ({"README.md": b"", "data/x.geojson": b""} | files | (listed or {})).items()
    ]
    maps.files[LISTING] = json.dumps({"tree": tree, "truncated": False}).encode()
    for path, data in files.items():
        maps.files[f"/cyterat/deepstate-map-data/master/{path}"] = data


STAMPED = "data/deepstatemap_data_{}.geojson"
LISTING = "/repos/cyterat/deepstate-map-data/git/trees/master?recursive=1"
"""Without that query GitHub lists the first level alone, which has no maps."""


def test_the_mirror_s_files_are_held_against_git_s_names_and_dated_a_day_earlier(maps: Maps, tmp_path: Path) -> None:
    files = {STAMPED.format("20241104"): map_json(1), STAMPED.format("20241105"): map_json(1, 2)}
    mirror(maps, files)
    folder = tmp_path / "maps"
    assert what(fetch("deepstate-mirror", folder)) == ["2024-11-04 new", "2024-11-05 new"]
    assert (folder / "deepstatemap_data_2024-11-04.geojson").read_bytes() == files[STAMPED.format("20241104")]
    table = frontcalc.held(["2024-11-03", "2024-11-04"], archive=folder)
    assert [(row.held_km2, row.actor) for row in table.rows] == [(pytest.approx(km2), "Russia") for km2 in (100, 200)]
    assert "by way of cyterat/deepstate-map-data" in table.meta.attribution[0]
    # Only what git lists under another name is asked for.
    maps.asked.clear()
    mirror(maps, files | {STAMPED.format("20241105"): map_json(3), STAMPED.format("20241106"): map_json(4)})
    assert what(fetch("deepstate-mirror", folder)) == ["2024-11-04 unchanged", "2024-11-05 changed", "2024-11-06 new"]
    assert len(maps.asked) == 3


def test_the_mirror_sends_another_file_than_it_lists(maps: Maps, tmp_path: Path) -> None:
    path = STAMPED.format("20241104")
    mirror(maps, {path: map_json(1)})
    maps.files[f"/cyterat/deepstate-map-data/master/{path}"] = map_json(2)
    with pytest.raises(IncompleteError, match="sends another file of 2024-11-04 than it lists"):
        fetch("deepstate-mirror", tmp_path / "maps")


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        ({"tree": [], "truncated": True}, "lists only some of the files"),
        ({"tree": [], "truncated": False}, "lists no maps; has the repository been renamed?"),
        ({"message": "Not Found"}, "sends no list of files"),
        ({"tree": [{"path": STAMPED.format("20241399"), "type": "blob"}], "truncated": False}, "which is no day"),
    ],
)
def test_listings_that_cannot_be_used(maps: Maps, tmp_path: Path, listing: dict[str, Any], message: str) -> None:
    maps.files[LISTING] = json.dumps(listing).encode()
    with pytest.raises(DataError, match=message):
        fetch("deepstate-mirror", tmp_path / "maps")
    assert not (tmp_path / "maps").exists()


# Plain files.


def urls(maps: Maps, **files: bytes) -> list[str]:
    for name, data in files.items():
        maps.files[f"/a/{name}"] = data
    return [f"{maps.url}/a/{name}" for name in files]


def test_plain_files_are_named_by_their_days_and_by_what_they_are(maps: Maps, tmp_path: Path) -> None:
    zipped = gzip.compress(map_json(1, 2), mtime=0)
    addresses = urls(maps, Map_03NOV2024=map_json(1), **{"2024-11-04.php": zipped})
    folder = tmp_path / "maps"
    assert what(fetch("url", folder, urls=addresses)) == ["2024-11-03 new", "2024-11-04 new"]
    assert sorted(path.name for path in folder.glob("2024*")) == ["2024-11-03.geojson", "2024-11-04.geojson.gz"]
    assert [row.parts for row in frontcalc.list_archive(archive=folder).rows] == [1, 2]
    assert what(fetch("url", folder, urls=addresses)) == ["2024-11-03 unchanged", "2024-11-04 unchanged"]
    more = urls(maps, other=map_json(5))
    assert what(fetch("url", folder, urls=more, day="2024-11-05")) == ["2024-11-05 new"]
    assert len(frontcalc.open_archive(folder).days) == 3


def test_every_format_that_is_read_has_a_suffix_to_be_kept_under() -> None:
    assert plans._SUFFIXES.keys() == READERS.keys()


def test_addresses_that_differ_in_their_query_alone_are_two_files(maps: Maps, tmp_path: Path) -> None:
    maps.files |= {"/export?day=2024-11-01": map_json(1), "/export?day=2024-11-02&all=": map_json(1, 2)}
    addresses = [f"{maps.url}/export?day=2024-11-01", f"{maps.url}/export?day=2024-11-02&all="]
    folder = tmp_path / "maps"
    assert what(fetch("url", folder, urls=addresses)) == ["2024-11-01 new", "2024-11-02 new"]
    assert maps.asked == ["/export?day=2024-11-01", "/export?day=2024-11-02&all="]
    held = frontcalc.held(["2024-11-01", "2024-11-02"], archive=folder)
    assert [row.held_km2 for row in held.rows] == [pytest.approx(100), pytest.approx(200)]
    assert [file["url"] for file in json.loads((folder / "manifest.json").read_text())["files"]] == addresses
    with pytest.raises(UsageError, match=r"no day is in 'export'; give it with --day"):
        fetch("url", folder, urls=[f"{maps.url}/export?from=2024-11-01&to=2024-11-05"])


def test_a_redirect_keeps_its_query(maps: Maps, tmp_path: Path) -> None:
    maps.files["/export?day=2024-11-01"] = map_json(1)
    maps.by_path["/2024-11-01.json"] = redirect("/export?day=2024-11-01")
    fetch("url", tmp_path / "maps", urls=[f"{maps.url}/2024-11-01.json"])
    assert maps.asked == ["/2024-11-01.json", "/export?day=2024-11-01"]


def test_a_server_that_ignores_the_query_is_named(maps: Maps, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    maps.files |= {f"/export?day=2024-11-0{day}": map_json(max(day, 2)) for day in (1, 2, 3)}
    fetch("url", tmp_path / "maps", urls=[f"{maps.url}{path}" for path in maps.files])
    assert [record.getMessage() for record in caplog.records] == [
        "2024-11-02 came as the bytes of 2024-11-01, and only the query of the address differs: "
        "does the server take it?"
    ]


def test_a_plain_file_that_is_no_map_is_not_kept(maps: Maps, tmp_path: Path) -> None:
    addresses = urls(
        maps, **{"2024-11-03.json": b"<!doctype html><html>sign in</html>", "2024-11-04.json": map_json(1)}
    )
    said = r"2024-11-03 \(127.0.0.1: is a web page, not a map that is read\); run again"
    with pytest.raises(IncompleteError, match=said):
        fetch("url", tmp_path / "maps", urls=addresses)
    assert [path.name for path in (tmp_path / "maps").glob("2024*")] == ["2024-11-04.geojson"]


def test_names_come_from_days_alone(maps: Maps, tmp_path: Path) -> None:
    maps.files["/..%2f..%2f2024-11-03"] = map_json(1)
    fetch("url", tmp_path / "maps", urls=[f"{maps.url}/..%2f..%2f2024-11-03"])
    assert [path.name for path in tmp_path.rglob("2024*")] == ["2024-11-03.geojson"]
    with pytest.raises(UsageError, match=r"no day is in 'latest\.json'; give it with --day"):
        fetch("url", tmp_path / "maps", urls=[f"{maps.url}/latest.json"])
    with pytest.raises(UsageError, match="gives two files of 2024-11-03"):
        fetch("url", tmp_path / "maps", urls=[f"{maps.url}/2024-11-03", f"{maps.url}/2024-11-03.json"])


def test_a_plain_file_that_is_gone(maps: Maps, tmp_path: Path) -> None:
    with pytest.raises(IncompleteError, match=r"2024-11-03 \(127.0.0.1: has nothing there \(404\)\)"):
        fetch("url", tmp_path / "maps", urls=[f"{maps.url}/2024-11-03.json"])


# The command.


def test_the_command_fetches_says_on_what_terms_and_checks(maps: Maps, tmp_path: Path, run_here: Run) -> None:
    latest(maps, "2024-11-03T12:00:00", 1)
    folder = tmp_path / "maps"
    done = run_here("fetch", "deepstate", "-o", folder, "--accept-terms")
    assert (done.returncode, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert lines[0] == "frontcalc: source: DeepState's latest map; the list of earlier ones asks for a login"
    assert lines[1] == "frontcalc: maps: © DEEPSTATEUATECH LLC, DeepStateMap.live"
    assert lines[3] == "frontcalc: unresolved: on what terms others may use it"
    assert lines[5] == f"frontcalc: {folder}: maps 1 new"
    assert lines[6] == "frontcalc: archive check found nothing"
    done = run_here("fetch", "deepstate", "-o", folder, "--accept-terms", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_dry_run_s_list_is_its_result(maps: Maps, tmp_path: Path, run_here: Run) -> None:
    mirror(maps, {STAMPED.format("20241104"): map_json(1)})
    done = run_here("fetch", "deepstate-mirror", "-o", tmp_path / "maps", "--dry-run")
    url = f"{maps.url}/cyterat/deepstate-map-data/master/data/deepstatemap_data_20241104.geojson"
    assert (done.returncode, done.stdout) == (0, f"2024-11-04\tnew\t{url}\n")
    assert not (tmp_path / "maps").exists()


def test_the_command_says_what_came_and_what_is_missing(
    maps: Maps, tmp_path: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The class stays, since the first call of a facade looks at the types of what it takes.
    monkeypatch.setattr(Patience.__init__, "__defaults__", tuple(getattr(PATIENT, name) for name in Patience.__slots__))
    good, bad = urls(maps, **{"2024-11-03.json": map_json(1), "2024-11-04.json": b""})
    done = run_here("fetch", "url", good, bad, "-o", tmp_path / "maps")
    assert done.returncode == 3
    *_, summary, error = done.stderr.splitlines()
    assert summary == f"frontcalc: {tmp_path / 'maps'}: maps 1 new, 1 missing"
    assert error.startswith("frontcalc: maps: is incomplete: 2024-11-04 (127.0.0.1: is empty); run again: ")


def test_what_the_check_finds_wrong_is_exit_1(maps: Maps, tmp_path: Path, run_here: Run) -> None:
    latest(maps, "2024-11-03T12:00:00", 1)
    document = json.loads(maps.files["/api/history/last"])
    document["map"]["features"][0]["geometry"]["coordinates"] = [[[0, 0], [1, 1], [0, 0]]]
    maps.files["/api/history/last"] = json.dumps(document).encode()
    done = run_here("fetch", "deepstate", "-o", tmp_path / "maps", "--accept-terms")
    assert done.returncode == 1
    assert "archive check found BROKEN-RING 1" in done.stderr
    assert run_here("fetch", "deepstate", "-o", tmp_path / "other", "--accept-terms", "--no-check").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("isw-timelaps",), 2, "no source is named 'isw-timelaps'; did you mean isw-timelapse? sources are"),
        (("isw-live",), 2, "isw-live: restricts what you may do: ISW's Fair Use"),
        (
            ("url", "http://127.0.0.1:9/2024-11-03.json"),
            3,
            "frontcalc: 127.0.0.1: cannot be reached (ConnectError); is",
        ),
        (
            ("arcgis", "http://127.0.0.1:9/FeatureServer/0"),
            3,
            "127.0.0.1: cannot be reached (ConnectError); is there a",
        ),
        (("url", "https://me:secret@example.org/2024-11-03.json"), 2, "example.org: the address holds a name or"),
    ],
)
def test_what_the_command_says_when_it_cannot(
    tmp_path: Path, run_here: Run, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = run_here("fetch", *arguments, "-o", tmp_path / "maps")
    assert (done.returncode, message in done.stderr) == (code, True), done.stderr
    assert "secret" not in done.stderr


def test_names_are_completed() -> None:
    command = completed(None, None, "isw")  # type: ignore[arg-type]
    assert [item.value for item in command] == ["isw-timelapse", "isw-live"]


@pytest.mark.parametrize("package", ["httpx", "anyio", "tenacity", "certifi"])
def test_without_a_package_a_line_says_what_to_install(
    maps: Maps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    client._certificates.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError) as error:
        fetch("deepstate", tmp_path / "maps")
    cure = f"""pip install {package}, or in frontcalc's folder pip install ".[all]\""""
    assert str(error.value) == f"fetching: needs the package {package}; {cure}"
    assert not (tmp_path / "maps").exists()


def test_a_manifest_of_somebody_else_s_is_a_file_like_others(tmp_path: Path) -> None:
    (tmp_path / "2024-11-03.geojson").write_bytes(map_json(1))
    (tmp_path / "revisions").mkdir()
    (tmp_path / "revisions" / "2024-11-04.geojson").write_bytes(map_json(1))
    assert len(frontcalc.open_archive(tmp_path).days) == 2
    (tmp_path / "manifest.json").write_text('{"files": []}')
    maps = frontcalc.open_archive(tmp_path)
    assert (len(maps.days), [notice.message for notice in maps.notices]) == (2, ["1 not read: manifest.json"])
