"""Fetching from layers that answer as ArcGIS does, on this machine; no network is used."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from map_server import DATE, DATE_ONLY, FakeLayer, Maps, changed, milliseconds, serving, status

import frontcalc
from frontcalc import atomic
from frontcalc.errors import DataError, FrontcalcError, UsageError
from frontcalc.measure.fetch import Fetched
from frontcalc.network.catalogue import OF_USER
from frontcalc.network.client import Patience
from frontcalc.network.folder import filling

LAYER = "Maps/FeatureServer/0"
WAITED: list[float] = []
PATIENCE = Patience(attempts=4, request_s=20, sleep=WAITED.append)


@pytest.fixture
def maps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Maps]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    WAITED.clear()
    with serving() as server:
        yield server


def three_days(**how: Any) -> FakeLayer:
    """Return a layer of three days: three squares, one, two."""
    days = ["2024-11-01"] * 3 + ["2024-11-02"] + ["2024-11-04"] * 2
    values = days if how.get("kind") == DATE_ONLY else [milliseconds(day) for day in days]
    return FakeLayer([(value, (column, 0)) for column, value in enumerate(values)], **how)


def fetch(maps: Maps, folder: Path, **how: Any) -> Fetched:
    return frontcalc.fetch("arcgis", folder, urls=[maps.layer()], patience=PATIENCE, **how)


def what(fetched: Fetched) -> list[str]:
    return [f"{step.day} {step.what}" for step in fetched.steps]


@pytest.mark.parametrize("kind", [DATE, DATE_ONLY])
@pytest.mark.parametrize("flag", ["properties", "top"])
@pytest.mark.parametrize("geojson", [True, False])
@pytest.mark.parametrize("cap", [None, 1])
def test_each_day_is_a_file_with_all_its_features(
    maps: Maps, tmp_path: Path, kind: str, flag: str, geojson: bool, cap: int | None
) -> None:
    maps.layers[LAYER] = three_days(kind=kind, flag=flag, geojson=geojson, cap=cap)
    folder = tmp_path / "maps"
    fetched = fetch(maps, folder)
    assert what(fetched) == ["2024-11-01 new", "2024-11-02 new", "2024-11-04 new"]
    suffix = "geojson" if geojson else "json"
    names = [f"2024-11-0{day}.{suffix}" for day in (1, 2, 4)]
    assert sorted(path.name for path in folder.iterdir()) == [*names, "frontcalc.toml", "manifest.json"]
    table = frontcalc.list_archive(archive=folder)
    assert [(str(row.date), row.parts, row.km2) for row in table.rows] == [
        ("2024-11-01", 3, pytest.approx(300)),
        ("2024-11-02", 1, pytest.approx(100)),
        ("2024-11-04", 2, pytest.approx(200)),
    ]
    manifest = json.loads((folder / "manifest.json").read_bytes())
    first = manifest["files"][0]
    data = (folder / names[0]).read_bytes()
    assert (first["file"], first["day"], first["features"]) == (names[0], "2024-11-01", 3)
    assert (first["sha256"], first["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    assert first["url"] == maps.layer()
    literal = "DATE '2024-11-01'" if kind == DATE_ONLY else "TIMESTAMP '2024-11-01 00:00:00'"
    assert first["query"]["where"] == f"datetime = {literal}"
    assert first["query"]["outSR"] == "4326"
    assert (manifest["licence"], manifest["origin"]) == ("licence not stated", maps.layer())


def test_licence_and_attribution_reach_every_output(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days()
    fetch(maps, tmp_path / "maps")
    table = frontcalc.held(["2024-11-01"], archive=tmp_path / "maps")
    credit = "maps: Made-Up Institute, Maps/0 at 127.0.0.1, licence not stated"
    assert table.meta.attribution[0] == credit
    assert not [notice for notice in table.meta.notices if notice.code == "OTHER-FILES"]


def test_a_second_run_fetches_only_what_is_new(maps: Maps, tmp_path: Path) -> None:
    layer = maps.layers[LAYER] = three_days()
    fetch(maps, tmp_path / "maps")
    maps.asked.clear()
    layer.rows.append((milliseconds("2024-11-05"), (9, 0)))
    assert what(fetch(maps, tmp_path / "maps")) == [
        "2024-11-01 trusted",
        "2024-11-02 unchanged",
        "2024-11-04 unchanged",
        "2024-11-05 new",
    ]
    # A day on one page has an ETag, by which the server says that it is the same; that of two pages has none.
    assert len(maps.unchanged) == 2
    assert len(maps.asked_for_maps()) == 3


def test_an_edit_date_says_that_nothing_changed(maps: Maps, tmp_path: Path) -> None:
    layer = maps.layers[LAYER] = three_days(edited=milliseconds("2024-11-04"), etags=False)
    fetch(maps, tmp_path / "maps")
    before = tree(tmp_path / "maps")
    maps.asked.clear()
    assert {step.what for step in fetch(maps, tmp_path / "maps").steps} == {"unchanged"}
    assert (maps.asked_for_maps(), tree(tmp_path / "maps")) == ([], before)
    # Edited since: every day is asked for again, and one has changed.
    layer.edited = milliseconds("2024-11-06")
    layer.rows[3] = (layer.rows[3][0], (50, 0))
    assert [step.what for step in fetch(maps, tmp_path / "maps").steps] == ["unchanged", "changed", "unchanged"]


def test_what_changed_is_kept_and_said(maps: Maps, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    layer = maps.layers[LAYER] = three_days()
    folder = tmp_path / "maps"
    fetch(maps, folder)
    old = (folder / "2024-11-02.geojson").read_bytes()
    layer.rows[3] = (layer.rows[3][0], (50, 0))
    assert what(fetch(maps, folder))[1] == "2024-11-02 changed"
    assert "2024-11-02 is not what it was; the file before is kept in revisions/" in caplog.text
    kept = f"2024-11-02.{hashlib.sha256(old).hexdigest()[:16]}.geojson"
    assert (folder / "revisions" / kept).read_bytes() == old
    assert json.loads((folder / "manifest.json").read_bytes())["revisions"] == [kept]
    # What it was is no map of the archive any more, and nothing is said of it.
    archive = frontcalc.open_archive(folder)
    assert [str(day) for day in archive.days] == ["2024-11-01", "2024-11-02", "2024-11-04"]
    assert archive.notices == ()
    zipped = frontcalc.open_archive(shutil.make_archive(str(tmp_path / "zipped"), "zip", folder))
    assert (zipped.days, zipped.notices) == (archive.days, ())


def test_a_day_that_the_publisher_took_back_stays_and_is_said(
    maps: Maps, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    layer = maps.layers[LAYER] = three_days()
    fetch(maps, tmp_path / "maps")
    before = tree(tmp_path / "maps")
    del layer.rows[4:]
    assert what(fetch(maps, tmp_path / "maps", refresh=True)) == ["2024-11-01 unchanged", "2024-11-02 unchanged"]
    assert "2024-11-04 is no longer at the publisher's; 2024-11-04.geojson stays" in caplog.text
    assert tree(tmp_path / "maps") == before


def test_refresh_asks_for_all_again(maps: Maps, tmp_path: Path) -> None:
    layer = maps.layers[LAYER] = three_days(etags=False)
    fetch(maps, tmp_path / "maps")
    layer.rows[3] = (layer.rows[3][0], (50, 0))
    assert {step.what for step in fetch(maps, tmp_path / "maps").steps} == {"trusted"}
    assert [step.what for step in fetch(maps, tmp_path / "maps", refresh=True).steps] == [
        "unchanged",
        "changed",
        "unchanged",
    ]


def test_a_file_that_was_changed_or_removed_here_is_fetched_again(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days(etags=False, edited=1)
    folder = tmp_path / "maps"
    fetch(maps, folder)
    before = tree(folder)
    (folder / "2024-11-01.geojson").unlink()
    (folder / "2024-11-02.geojson").write_text("mine")
    assert [step.what for step in fetch(maps, folder).steps] == ["new", "changed", "unchanged"]
    after = tree(folder)
    mine = [name for name in after if name.startswith("revisions/")]
    assert [after.pop(name) for name in mine] == [b"mine"]
    after.pop("manifest.json")
    before.pop("manifest.json")
    assert after == before


def test_what_is_written_in_the_archive_s_own_toml_stays(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days()
    fetch(maps, tmp_path / "maps")
    (tmp_path / "maps" / "frontcalc.toml").write_text('publisher = "Mine"\n')
    fetch(maps, tmp_path / "maps", refresh=True)
    assert (tmp_path / "maps" / "frontcalc.toml").read_text() == 'publisher = "Mine"\n'


def test_days_by_moments_as_everywhere_in_frontcalc(maps: Maps, tmp_path: Path) -> None:
    """Midnight in UTC is a date; any other moment is of its day in New York; fractions of a second count."""
    moments = ["2024-11-01T23:30:00", "2024-11-02T00:00:00", "2024-11-02T02:00:00.250", "2024-11-02T12:00:00.001"]
    maps.layers[LAYER] = FakeLayer([(milliseconds(text), (column, 0)) for column, text in enumerate(moments)])
    fetch(maps, tmp_path / "maps")
    held = {str(row.date): row.parts for row in frontcalc.list_archive(archive=tmp_path / "maps").rows}
    assert held == {"2024-11-01": 2, "2024-11-02": 2}


def test_features_without_a_date_are_said(maps: Maps, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    layer = maps.layers[LAYER] = three_days()
    layer.rows += [(None, (20, 0)), (None, (21, 0))]
    assert len(fetch(maps, tmp_path / "maps").steps) == 3
    assert "Maps/0: 2 features have no datetime and are in no map" in caplog.text


def test_a_list_of_days_cut_short_without_a_word_is_found_out(maps: Maps, tmp_path: Path) -> None:
    layer = maps.layers[LAYER] = three_days()
    whole = layer.query

    def cut(asked: dict[str, str]) -> dict[str, Any]:
        answer = whole(asked)
        if "returnDistinctValues" in asked:
            answer["features"] = answer["features"][:2]
            answer.pop("exceededTransferLimit", None)
        return answer

    layer.query = cut  # type: ignore[method-assign]
    with pytest.raises(DataError, match=r"maps: is incomplete: Maps/0 counts 6 features with a date, its days have 4"):
        fetch(maps, tmp_path / "maps")


def test_geojson_that_is_refused_is_asked_for_as_esri_json(maps: Maps, tmp_path: Path) -> None:
    layer = maps.layers[LAYER] = three_days(refuses_geojson=True)
    assert {step.what for step in fetch(maps, tmp_path / "maps").steps} == {"new"}
    assert (tmp_path / "maps" / "2024-11-01.json").is_file()
    # When it can do GeoJSON, the file changes its form and the old one is kept.
    layer.refuses_geojson = False
    fetch(maps, tmp_path / "maps", refresh=True)
    assert sorted(path.suffix for path in (tmp_path / "maps").glob("2024*")) == [".geojson"] * 3
    assert len(list((tmp_path / "maps" / "revisions").iterdir())) == 3
    assert len(frontcalc.open_archive(tmp_path / "maps").days) == 3


def test_a_layer_that_cannot_be_paged(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days(pages=False)
    with pytest.raises(DataError, match="Maps/0: has more features than it sends, and no pages; fetch it by hand"):
        fetch(maps, tmp_path / "maps")
    maps.layers[LAYER].page = 10
    assert len(fetch(maps, tmp_path / "maps").steps) == 3


@pytest.mark.parametrize(
    ("fields", "wanted", "message"),
    [
        ({"date": DATE}, "", "Maps/0: has date fields datetime, date; name one with --date-field"),
        ({"made": DATE, "seen": DATE}, "when", "Maps/0: has no date field 'when'; it has datetime, made, seen"),
    ],
)
def test_which_date_field(maps: Maps, tmp_path: Path, fields: dict[str, str], wanted: str, message: str) -> None:
    maps.layers[LAYER] = three_days(extra_fields=fields)
    with pytest.raises(UsageError) as error:
        fetch(maps, tmp_path / "maps", date_field=wanted)
    assert str(error.value) == message
    assert not (tmp_path / "maps").exists()


def test_a_date_field_is_found_by_its_name_or_named(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days(extra_fields={"made": DATE})
    assert len(fetch(maps, tmp_path / "found").steps) == 3
    assert len(fetch(maps, tmp_path / "named", date_field="DateTime").steps) == 3


def test_a_layer_without_dates_needs_a_day(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = FakeLayer([("", (1, 0)), ("", (2, 0)), ("", (3, 0))], name="")
    with pytest.raises(UsageError, match="Maps/0: has no date field; if it shows one day, give that with --day"):
        fetch(maps, tmp_path / "maps")
    assert what(fetch(maps, tmp_path / "maps", day="2024-11-03")) == ["2024-11-03 new"]
    (row,) = frontcalc.list_archive(archive=tmp_path / "maps").rows
    assert (row.date, row.parts) == (date(2024, 11, 3), 3)


@pytest.mark.parametrize("feature", [1, None, {"properties": [1]}])
def test_a_feature_that_is_none_is_refused(maps: Maps, tmp_path: Path, feature: object) -> None:
    maps.layers[LAYER] = three_days(page=10)
    broken = changed(lambda document: document["features"].append(feature))
    maps.by_path = {f"/arcgis/rest/services/{LAYER}/query": broken}
    with pytest.raises(DataError, match=r"2024-11-03 \(Maps/0: sends no list of features\)"):
        fetch(maps, tmp_path / "maps", day="2024-11-03")


def test_some_days_only(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days()
    assert what(fetch(maps, tmp_path / "maps", since="2024-11-02", until="2024-11-03")) == ["2024-11-02 new"]
    assert [step.what for step in fetch(maps, tmp_path / "maps", since="2024-11-02").steps] == ["unchanged", "new"]
    with pytest.raises(UsageError, match="2024-11-03 is after 2024-11-02"):
        fetch(maps, tmp_path / "maps", since="2024-11-03", until="2024-11-02")


def test_a_dry_run_writes_nothing(maps: Maps, tmp_path: Path) -> None:
    layer = maps.layers[LAYER] = three_days()
    fetched = fetch(maps, tmp_path / "maps", dry_run=True)
    assert {step.what for step in fetched.steps} == {"new"}
    assert not list(tmp_path.iterdir())
    assert not maps.asked_for_maps()
    fetch(maps, tmp_path / "maps")
    before = tree(tmp_path / "maps")
    layer.rows.append((milliseconds("2024-11-05"), (9, 0)))
    fetched = fetch(maps, tmp_path / "maps", dry_run=True)
    assert [step.what for step in fetched.steps] == ["trusted", "ask", "ask", "new"]
    assert tree(tmp_path / "maps") == before


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of a folder by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "https://example.org/FeatureServer",
            "example.org: is no layer of an ArcGIS service; name one",
        ),
        ("http://example.org/a/FeatureServer/0", "http://example.org/a/FeatureServer/0: is no https address"),
        ("https://me:pw@example.org/FeatureServer/0", "example.org: the address holds a name or password; give one"),
        ("https://example.org/FeatureServer/0?token=x", "example.org: the address holds a secret (token)"),
        ("https://exa mple.org/FeatureServer/0", "is no https address"),
        ("https://example.org:x/FeatureServer/0", "is no https address"),
        ("https://[::1/FeatureServer/0", "is no https address"),
        ("nothing", "nothing: is no https address"),
    ],
)
def test_addresses_that_are_refused(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        frontcalc.fetch("arcgis", tmp_path / "maps", urls=[url])
    assert message in str(error.value)
    assert "pw" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("source", "how", "message"),
    [
        ("arcgis", {}, "arcgis: takes one address of a layer"),
        ("isw-live", {"urls": ["https://example.org/"], "accept_terms": True}, "isw-live: takes no address"),
        (
            "deepstate",
            {"since": "2024-01-01", "accept_terms": True},
            "--since and --until: means nothing for deepstate",
        ),
        ("isw-timelapse", {"day": "2024-01-01", "accept_terms": True}, "--day: means nothing for isw-timelapse"),
        ("url", {"date_field": "x", "urls": ["https://example.org/"]}, "--date-field: means nothing for url"),
        ("url", {}, "url: takes addresses of files"),
        ("https://me:pw@example.org/", {}, "example.org: is an address and no source; put arcgis or url before it"),
        ("deepstat", {}, "no source is named 'deepstat'; did you mean deepstate? sources are isw-timelapse, isw-live"),
    ],
)
def test_questions_that_do_not_fit(tmp_path: Path, source: str, how: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as error:
        frontcalc.fetch(source, tmp_path / "maps", **how)
    assert message in str(error.value)
    assert "pw" not in str(error.value)


def test_a_folder_of_something_else_is_left_alone(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days()
    (tmp_path / "mine.geojson").write_text("{}")
    with pytest.raises(UsageError, match=r"holds mine\.geojson, which no fetch wrote; give a new or empty folder"):
        fetch(maps, tmp_path)
    assert maps.asked == []
    fetch(maps, tmp_path / "maps")
    with pytest.raises(UsageError, match=r"maps: is an archive of arcgis http://127.*/0; give another folder with -o"):
        frontcalc.fetch("url", tmp_path / "maps", urls=[f"{maps.url}/2024-01-01.geojson"], patience=PATIENCE)
    (tmp_path / "maps" / "manifest.json").write_text("{}")
    with pytest.raises(DataError, match=r"manifest\.json: is no manifest of a fetched archive"):
        fetch(maps, tmp_path / "maps")


def test_names_in_a_manifest_lead_nowhere(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days(edited=1)
    folder = tmp_path / "maps"
    fetch(maps, folder)
    secret = tmp_path / "secret.geojson"
    secret.write_text("{}")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for name in ("../secret.geojson", "/etc/passwd", "2024-11-01.geojson/../../secret.geojson"):
        manifest["files"][0] |= {"file": name, "sha256": hashlib.sha256(b"{}").hexdigest()}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert fetch(maps, folder).steps[0].what == "new"
    assert secret.read_text() == "{}"


@pytest.mark.parametrize("name", ["revisions", "2024-11-01.geojson", "2024-11-09.geojson", "manifest.json"])
def test_links_in_the_archive_are_neither_read_nor_written_through(maps: Maps, tmp_path: Path, name: str) -> None:
    maps.layers[LAYER] = three_days()
    folder, outside = tmp_path / "maps", tmp_path / "outside"
    fetch(maps, folder)
    if name == "revisions":
        outside.mkdir()
    elif (folder / name).exists():
        (folder / name).replace(outside)
    (folder / name).symlink_to(outside)
    before = sorted(outside.iterdir()) if outside.is_dir() else outside.exists() and outside.read_bytes()
    maps.layers[LAYER].rows[0] = (maps.layers[LAYER].rows[0][0], (50, 0))
    for dry in (True, False):
        with pytest.raises(
            UsageError, match=rf"maps: holds {re.escape(name)}, a link, and none is followed; put there"
        ):
            fetch(maps, folder, refresh=True, dry_run=dry)
    assert before == (sorted(outside.iterdir()) if outside.is_dir() else outside.exists() and outside.read_bytes())


def test_a_link_among_the_revisions_is_replaced(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days()
    folder, outside = tmp_path / "maps", tmp_path / "outside"
    fetch(maps, folder)
    outside.write_text("not ours")
    before = (folder / "2024-11-01.geojson").read_bytes()
    kept = folder / "revisions" / f"2024-11-01.{hashlib.sha256(before).hexdigest()[:16]}.geojson"
    kept.parent.mkdir()
    kept.symlink_to(outside)
    maps.layers[LAYER].rows[0] = (maps.layers[LAYER].rows[0][0], (50, 0))
    fetch(maps, folder, refresh=True)
    assert (kept.read_bytes(), outside.read_text(), kept.is_symlink()) == (before, "not ours", False)


def test_two_runs_at_once(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days()
    message = "maps: is being filled by another run; wait until it has ended"
    with filling(tmp_path / "maps", OF_USER["arcgis"], maps.layer()), pytest.raises(UsageError, match=message):
        fetch(maps, tmp_path / "maps")
    assert len(fetch(maps, tmp_path / "maps").steps) == 3


def test_a_folder_that_cannot_be_written(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days()
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written: not a directory; give another folder with -o"):
        fetch(maps, tmp_path / "file" / "maps")
    assert maps.asked == []


def test_a_folder_that_one_may_not_write(maps: Maps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(DataError, match="cannot be written: permission denied; give another folder with -o"):
        fetch(maps, tmp_path / "maps")
    assert maps.asked == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("sha256", 1),
        ("etag", "a\r\nX-Evil: 1"),
        ("query", []),
        ("query", {"a": 1}),
        ("day", "x"),
        ("bytes", "1"),
        ("x", ""),
    ],
)
def test_a_manifest_that_somebody_broke(maps: Maps, tmp_path: Path, member: str, value: object) -> None:
    maps.layers[LAYER] = three_days()
    fetch(maps, tmp_path / "maps")
    manifest = json.loads((tmp_path / "maps" / "manifest.json").read_bytes())
    manifest["files"][0][member] = value
    (tmp_path / "maps" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(
        DataError, match=r"manifest\.json: is no manifest of a fetched archive; fetch into a new folder"
    ):
        fetch(maps, tmp_path / "maps")


@pytest.mark.parametrize("etag", ['"Größe"', '"\xa0"', '"a\tb"', '"' + "x" * 300 + '"'])
def test_an_etag_that_cannot_be_sent_back_is_not_kept(maps: Maps, tmp_path: Path, etag: str) -> None:
    maps.layers[LAYER] = three_days()
    maps.by_path = {f"/arcgis/rest/services/{LAYER}/query": lambda handler, data: handler.send(200, data, ETag=etag)}
    fetch(maps, tmp_path / "maps")
    manifest = json.loads((tmp_path / "maps" / "manifest.json").read_bytes())
    assert [entry["etag"] for entry in manifest["files"]] == ["", "", ""]
    assert what(fetch(maps, tmp_path / "maps", refresh=True)) == [f"2024-11-0{day} unchanged" for day in (1, 2, 4)]


@pytest.mark.parametrize("credit", ["An In\u00adsti\u200btute", "\ufeffMaps"])
def test_a_credit_with_signs_that_do_not_show_can_be_read_again(maps: Maps, tmp_path: Path, credit: str) -> None:
    maps.layers[LAYER] = three_days(credit=credit)
    fetch(maps, tmp_path / "maps")
    assert what(fetch(maps, tmp_path / "maps"))[0] == "2024-11-01 trusted"


def test_a_day_that_is_beyond_all_years_is_no_date(maps: Maps, tmp_path: Path) -> None:
    for kind in (DATE, DATE_ONLY):
        maps.layers[LAYER] = FakeLayer([(10**18, (0, 0))], kind=kind)
        with pytest.raises(DataError, match=r"Maps/0: has the date '1000000000000000000'; name another --date-field"):
            fetch(maps, tmp_path / "maps")


def test_a_disk_that_is_full_stops_the_run(maps: Maps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maps.layers[LAYER] = three_days()
    whole = atomic.replace

    def full(target: Path, content: bytes) -> None:
        if target.name.startswith("2024-11-02"):
            raise OSError(28, "No space left on device")
        whole(target, content)

    monkeypatch.setattr(atomic, "replace", full)
    with pytest.raises(DataError, match="maps: cannot be written: no space left on device"):
        fetch(maps, tmp_path / "maps")
    assert len(maps.asked_for_maps()) == 3, "the third day is not asked for: two pages and one"
    monkeypatch.undo()
    assert [step.what for step in fetch(maps, tmp_path / "maps").steps] == ["trusted", "new", "new"]


def test_without_a_network_it_is_said_at_once_what_to_do(tmp_path: Path) -> None:
    waited: list[float] = []
    with pytest.raises(FrontcalcError) as error:
        frontcalc.fetch(
            "arcgis",
            tmp_path / "maps",
            urls=["http://127.0.0.1:9/FeatureServer/0"],
            patience=Patience(sleep=waited.append),
        )
    assert str(error.value) == "127.0.0.1: cannot be reached (ConnectError); is there a network?"
    assert len(waited) == 1
    assert not list(tmp_path.iterdir())


def test_a_login_is_not_asked_for(maps: Maps, tmp_path: Path) -> None:
    maps.layers[LAYER] = three_days()
    maps.faults = [status(401)]
    with pytest.raises(DataError, match=r"127.0.0.1: refuses \(401\); frontcalc fetches only what is public"):
        fetch(maps, tmp_path / "maps")
    assert len(maps.asked) == 1
