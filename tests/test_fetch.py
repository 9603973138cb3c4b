"""Fetching regions from geoBoundaries, against a server on this machine; no network is used."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import shapely
from conftest import Run, collection, square

import frontcalc
from frontcalc import region_store
from frontcalc.measure import fetch_regions as region_fetch
from frontcalc.measure.fetch_regions import LEVEL_NAMES, find_country, media_url
from frontcalc.network.client import Client, Patience
from frontcalc.outputs import render
from frontcalc.read import SourceFile

Write = Callable[..., Path]
Response = tuple[int, bytes, dict[str, str]]
OK, JSON = 200, "application/json"


def region_json(*names: str) -> bytes:
    """Return a region file as geoBoundaries writes it: a square a name."""
    document = collection({name: [square(index, 0)] for index, name in enumerate(names)}, field="shapeName")
    for number, feature in enumerate(document["features"]):
        feature["properties"] |= {"shapeISO": f"MD-{number}", "shapeGroup": "MDA", "shapeType": "ADM1"}
    return json.dumps(document).encode()


@dataclass
class Server:
    """What a server on this machine answers by path, and what it was asked."""

    url: str
    answers: dict[str, Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def api(self) -> str:
        return f"{self.url}/api/"

    def offers(self, data: bytes, *, build: str = "Dec 20, 2022", **members: Any) -> None:
        """Answer as geoBoundaries does for Moldova's first level."""
        answer = {
            "boundaryID": "MDA-ADM1-1",
            "boundaryISO": "MDA",
            "boundaryType": "ADM1",
            "boundaryYearRepresented": "2017",
            "boundarySource": "Made up",
            "boundaryLicense": "Open Data Commons Open Database License 1.0",
            "buildDate": build,
            # Some of the real addresses have a line break inside.
            "gjDownloadURL": f"{self.url}/raw/8bedfa\n/MDA.geojson",
        } | members
        self.answers["/api/MDA/ADM1/"] = (OK, json.dumps(answer).encode(), {"Content-Type": JSON})
        self.answers["/raw/8bedfa/MDA.geojson"] = (OK, data, {})


MOLDOVA = region_store.SetName("MD")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("FRONTCALC_CACHE", str(tmp_path / "cache"))
    answering = Server("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answering.asked.append(self.path)
            status, body, headers = answering.answers.get(self.path, (404, b"<html>not found</html>", {}))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        answering.url = f"http://127.0.0.1:{serving.server_port}"
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield answering
        serving.shutdown()
        thread.join()


def test_a_set_is_fetched_kept_and_described(server: Server) -> None:
    data = region_json("Orhei", "Bălți")
    server.offers(data)
    table = frontcalc.fetch_regions("moldova", "ADM1", api=server.api)
    assert [(row.region, row.code, row.country, row.level) for row in table.rows] == [
        ("Bălți", "MD-1", "MD", "adm1"),
        ("Orhei", "MD-0", "MD", "adm1"),
    ]
    assert [row.area_km2 for row in table.rows] == pytest.approx([100, 100])
    orhei = table.to_geoframe().set_index("region").geometry["Orhei"]
    assert orhei.equals_exact(shapely.MultiPolygon([square(0, 0)]), 1e-9, normalize=True)
    sha256 = hashlib.sha256(data).hexdigest()
    assert table.meta.source == "geoBoundaries gbOpen MDA ADM1, 2017, from Made up"
    assert table.meta.licence == "Open Data Commons Open Database License 1.0"
    assert (table.meta.sha256, table.meta.notices) == (sha256, ())
    kept = region_store.find_named(MOLDOVA, "adm1")
    assert kept.path.read_bytes() == data
    assert (kept.country, kept.level, kept.sha256, kept.year) == ("MD", "adm1", sha256, "2017")
    with pytest.raises(
        frontcalc.UsageError, match="--regions MD-adm2: was not fetched; fetch it: frontcalc regions fetch"
    ):
        region_store.find_named(MOLDOVA, "adm2")


def test_results_by_a_fetched_set_carry_its_source_and_licence(server: Server, archive: Write) -> None:
    server.offers(region_json("Orhei", "Bălți"))
    frontcalc.fetch_regions("MD", "adm1", api=server.api)
    kept = region_store.find_named(MOLDOVA, "adm1")
    maps = archive({"2024-01-01": {"control_map": [None]}, "2024-01-31": {"control_map": [(0, 0), (2, 0)]}})
    table = frontcalc.diff(
        ["2024-01-01..2024-01-31"],
        archive=maps,
        view="control",
        regions=kept.path,
        region_name="shapeName",
        snap="none",
    )
    assert {row.region: row.gained_km2 for row in table.rows} == pytest.approx(
        {"Bălți": 0, "Orhei": 100, "unassigned": 100, "total": 200}
    )
    assert (table.meta.region_source, table.meta.region_licence) == (kept.source, kept.licence)


def test_a_fetched_set_is_used_where_it_is_named_and_never_because_it_is_there(server: Server, archive: Write) -> None:
    maps = archive({"2024-01-01": {"control_map": [None]}, "2024-01-31": {"control_map": [(0, 0), (2, 0)]}})
    asked: Any = {"archive": maps, "view": "control", "snap": "none"}
    with pytest.raises(frontcalc.UsageError) as error:
        frontcalc.diff(["2024-01-31"], regions="MD", **asked)
    assert str(error.value) == "--regions MD-adm1: was not fetched; fetch it: frontcalc regions fetch MD adm1"
    server.offers(region_json("Orhei", "Bălți"))
    sha256 = frontcalc.fetch_regions("MD", "adm1", api=server.api).meta.sha256
    assert {row.region for row in frontcalc.diff(["2024-01-31"], **asked).rows} == {"total"}
    table = frontcalc.diff(["2024-01-31"], by="country,adm1", regions="MD", **asked)
    assert {(row.level, row.region): row.gained_km2 for row in table.rows} == pytest.approx(
        {
            ("country", "MD"): 100,
            ("adm1", "Bălți"): 0,
            ("adm1", "Orhei"): 100,
            ("adm1", "unassigned"): 100,
            ("total", "total"): 200,
        }
    )
    # What is left of it, and no band along borders that are not coarse.
    orhei = next(row for row in table.rows if row.region == "Orhei")
    assert (orhei.region_km2, orhei.not_held_km2, orhei.border_km2) == (pytest.approx(100), pytest.approx(0), None)
    assert table.meta.regions == SourceFile("MD-adm1", sha256)
    assert f"regions: MD-adm1 (SHA-256 {sha256[:16]}…)" in render(table, "table").decode()
    for name in ("MDA-adm1", f"MD-adm1@sha256:{sha256}", f"md-ADM1@sha256:{sha256[:8]}"):
        assert frontcalc.diff(["2024-01-31"], by="country,adm1", regions=name, **asked).rows == table.rows
    for name, said in (
        (f"MD-adm1@sha256:{'0' * 64}", "was fetched with another SHA-256, "),
        ("MD-adm2", "was not fetched; fetch it: frontcalc regions fetch MD adm2"),
        ("UKR", "was not fetched; fetch it: frontcalc regions fetch UKR adm1"),
    ):
        with pytest.raises(frontcalc.UsageError, match=said):
            frontcalc.diff(["2024-01-31"], regions=name, **asked)
    with pytest.raises(frontcalc.UsageError, match="is of adm1, and figures by adm2 were asked for; say --regions MD"):
        frontcalc.diff(["2024-01-31"], regions="MD-adm1", by="adm2", **asked)
    with pytest.raises(frontcalc.UsageError, match="no adm1 regions are known for this place"):
        frontcalc.diff(["2024-01-31"], regions="embedded", **asked)


def test_a_set_in_the_cache_of_an_earlier_version_is_found_and_moves_when_it_is_fetched(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.offers(region_json("Orhei"))
    frontcalc.fetch_regions("MD", "adm1", api=server.api)
    earlier, now = region_store.store_folder(), tmp_path / "data" / "regions"
    monkeypatch.setattr(region_store, "store_folder", lambda: now)
    assert region_store.find_named(MOLDOVA, "adm1").path.parent == earlier
    frontcalc.fetch_regions("MD", "adm1", api=server.api)
    assert region_store.find_named(MOLDOVA, "adm1").path.parent == now
    assert list(earlier.iterdir()) == []
    assert f"was moved from {earlier} to {now}" in caplog.text


def test_what_was_fetched_stays_until_update_and_a_change_upstream_is_said(server: Server) -> None:
    first, second = region_json("Orhei"), region_json("Orhei", "Bălți")
    server.offers(first)
    before = frontcalc.fetch_regions("MDA", "adm1", api=server.api)
    assert frontcalc.fetch_regions("MDA", "adm1", api=server.api) == before
    assert server.asked.count("/raw/8bedfa/MDA.geojson") == 1
    server.offers(second, build="Jan 01, 2027")
    again = frontcalc.fetch_regions("MDA", "adm1", api=server.api)
    assert again.rows == before.rows
    assert [notice.code for notice in again.meta.notices] == ["UPSTREAM-CHANGED"]
    assert "there is MDA-ADM1-1, built Jan 01, 2027: --update fetches it" in again.meta.notices[0].message
    updated = frontcalc.fetch_regions("MDA", "adm1", update=True, api=server.api)
    assert len(updated.rows) == 2
    assert f"its SHA-256 was {hashlib.sha256(first).hexdigest()[:16]}" in updated.meta.notices[0].message
    assert len(list(region_store.store_folder().glob("*.geojson"))) == 1


def test_a_file_that_is_not_what_was_fetched_is_refused(server: Server) -> None:
    server.offers(region_json("Orhei"))
    frontcalc.fetch_regions("MDA", "adm1", api=server.api)
    kept = region_store.find_named(MOLDOVA, "adm1")
    kept.path.write_bytes(region_json("Changed"))
    with pytest.raises(frontcalc.DataError) as error:
        region_store.find_named(MOLDOVA, "adm1")
    assert "is not what was fetched: its SHA-256 is" in str(error.value)
    assert str(error.value).endswith("fetch it again: frontcalc regions fetch MDA adm1 --update")
    kept.path.unlink()
    with pytest.raises(frontcalc.DataError, match="fetched regions are gone"):
        region_store.find_named(MOLDOVA, "adm1")
    kept.path.with_name("MDA-adm1.json").write_text("[]")
    with pytest.raises(frontcalc.DataError, match="is a broken record of fetched regions"):
        region_store.find_fetched("MDA", "adm1")
    frontcalc.fetch_regions("MDA", "adm1", update=True, api=server.api)
    assert region_store.find_named(MOLDOVA, "adm1")


def test_without_a_network_the_kept_set_serves_and_a_new_one_is_an_error(server: Server) -> None:
    server.offers(region_json("Orhei"))
    rows = frontcalc.fetch_regions("MDA", "adm1", api=server.api).rows
    offline = "http://127.0.0.1:9/"
    table = frontcalc.fetch_regions("MDA", "adm1", api=offline)
    assert table.rows == rows
    assert [notice.code for notice in table.meta.notices] == ["UPSTREAM-UNKNOWN"]
    with pytest.raises(frontcalc.DataError, match=r"^127.0.0.1: cannot be reached .*; is there a network\?$"):
        frontcalc.fetch_regions("MDA", "adm2", api=offline)


def pointer(data: bytes, size: int | None = None) -> bytes:
    oid = hashlib.sha256(data).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size or len(data)}\n".encode()


def test_a_git_lfs_pointer_leads_to_the_file_that_it_names(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    data = region_json("Orhei")
    server.offers(pointer(data))
    with pytest.raises(frontcalc.DataError, match=r"is a Git LFS pointer, not the file itself: http://127"):
        frontcalc.fetch_regions("MDA", "adm1", api=server.api)
    monkeypatch.setattr(region_fetch, "media_url", lambda url: f"{server.url}/media/MDA.geojson")
    server.answers["/media/MDA.geojson"] = (OK, data, {})
    assert frontcalc.fetch_regions("MDA", "adm1", api=server.api).meta.sha256 == hashlib.sha256(data).hexdigest()
    server.answers["/media/MDA.geojson"] = (OK, region_json("Other"), {})
    with pytest.raises(frontcalc.DataError, match="is not the file that its Git LFS pointer names"):
        frontcalc.fetch_regions("MDA", "adm1", update=True, api=server.api)
    assert region_store.find_named(MOLDOVA, "adm1").path.read_bytes() == data, "what was fetched before stays"


@pytest.mark.parametrize(
    ("url", "media"),
    [
        (
            "https://github.com/o/r/raw/8bed/a/b.geojson",
            "https://media.githubusercontent.com/media/o/r/8bed/a/b.geojson",
        ),
        (
            "https://raw.githubusercontent.com/o/r/8bed/b.geojson",
            "https://media.githubusercontent.com/media/o/r/8bed/b.geojson",
        ),
        ("https://github.com/o/r/blob/8bed/b.geojson", None),
        ("https://example.org/o/r/raw/8bed/b.geojson", None),
    ],
)
def test_where_github_serves_what_a_pointer_stands_for(url: str, media: str | None) -> None:
    assert media_url(url) == media


@pytest.mark.parametrize(
    ("api", "message"),
    [
        ((OK, b"<html>busy</html>", {}), "geoBoundaries' answer on MDA ADM1: is not JSON"),
        ((OK, b'{"boundaryISO": "UKR", "boundaryType": "ADM1"}', {}), "is of something else"),
        ((OK, b"[]", {}), "is of something else"),
        ((OK, b'{"boundaryISO": "MDA", "boundaryType": "ADM1"}', {}), "names no file (gjDownloadURL)"),
        ((OK, b" " * (1 << 20) + b"{}", {}), "127.0.0.1: sends more than 1,048,576 bytes"),
        ((503, b"", {}), "127.0.0.1: answers with status 503"),
        ((302, b"", {"Location": "http://example.org/"}), "http://example.org/: is no https address"),
        ((302, b"", {"Location": "file:///etc/passwd"}), "file:///etc/passwd: is no https address"),
    ],
)
def test_bad_answers_of_the_api(api: Response, message: str, server: Server) -> None:
    server.answers["/api/MDA/ADM1/"] = api
    with pytest.raises(frontcalc.FrontcalcError) as error:
        frontcalc.fetch_regions("MDA", "adm1", api=server.api)
    assert message in str(error.value)
    assert error.value.exit_code in (2, 3)
    assert not list(region_store.store_folder().glob("*"))


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (b"<!doctype html><html>sign in</html>", {}, "MDA ADM1 of geoBoundaries: is a web page, not a map"),
        (region_json("Orhei")[:-40], {}, "is not valid JSON"),
        (region_json("Orhei")[:-40], {"Content-Length": "9999"}, "127.0.0.1: breaks off"),
        (b'{"type": "FeatureCollection", "features": []}', {}, "holds no polygons"),
        (region_json("Orhei", " "), {}, "has no shapeName in feature 1"),
        (b"", {}, "is empty"),
    ],
)
def test_bad_files_are_not_kept(body: bytes, headers: dict[str, str], message: str, server: Server) -> None:
    server.offers(b"")
    server.answers["/raw/8bedfa/MDA.geojson"] = (OK, body, headers)
    with pytest.raises(frontcalc.DataError) as error:
        frontcalc.fetch_regions("MDA", "adm1", api=server.api)
    assert message in str(error.value)
    assert not list(region_store.store_folder().glob("*"))


def test_a_file_that_is_gone_or_too_large(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.offers(region_json("Orhei"))
    del server.answers["/raw/8bedfa/MDA.geojson"]
    with pytest.raises(frontcalc.DataError, match="names a file that is not there"):
        frontcalc.fetch_regions("MDA", "adm1", api=server.api)
    monkeypatch.setattr(region_fetch, "MAX_FILE_BYTES", 99)
    server.offers(region_json("Orhei"))
    with pytest.raises(frontcalc.DataError, match=r"sends more than 99 bytes"):
        frontcalc.fetch_regions("MDA", "adm1", api=server.api)


def test_a_server_that_drips_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_fetch, "ONCE", Patience(attempts=1, request_s=-1))
    server.offers(region_json("Orhei"))
    with pytest.raises(frontcalc.DataError, match="takes more than"):
        frontcalc.fetch_regions("MDA", "adm1", api=server.api)


def test_what_there_is_none_of_is_exit_4(server: Server) -> None:
    with pytest.raises(frontcalc.NoDataError) as error:
        frontcalc.fetch_regions("MDA", "adm2", api=server.api)
    assert str(error.value) == "geoBoundaries: has no adm2 of Moldova, Republic of (MDA); try another level"


def test_redirects_on_this_machine_are_followed(server: Server) -> None:
    server.offers(region_json("Orhei"))
    server.answers["/old/MDA/ADM1/"] = (302, b"", {"Location": "/api/MDA/ADM1/"})
    assert frontcalc.fetch_regions("MDA", "adm1", api=f"{server.url}/old").rows


@pytest.mark.parametrize("url", ["http://example.org/", "ftp://example.org/", "file:///etc/passwd", "nothing"])
def test_only_https_is_asked(url: str) -> None:
    with Client(Patience()) as client, pytest.raises(frontcalc.UsageError, match="is no https address; give one"):
        client.get(url, lambda data, _: data)


@pytest.mark.parametrize(
    ("text", "iso3"), [("UA", "UKR"), ("ukr", "UKR"), (" Ukraine ", "UKR"), ("Syria", "SYR"), ("kosovo", "XKX")]
)
def test_countries_by_code_and_name(text: str, iso3: str) -> None:
    assert find_country(text).alpha3 == iso3


def test_countries_and_levels_that_are_not_known() -> None:
    with pytest.raises(frontcalc.UsageError, match=r"no country is named 'Ukrane'; did you mean Ukraine"):
        find_country("Ukrane")
    for name in ("", "ALL", "../x", "United"):
        with pytest.raises(frontcalc.UsageError, match="no country is named"):
            find_country(name)
    assert LEVEL_NAMES["adm0"] == "country"
    assert LEVEL_NAMES["raion"] == "adm2"
    with pytest.raises(frontcalc.UsageError, match="no level is named 'adm5'; choose country, adm1, adm2"):
        frontcalc.fetch_regions("UA", "adm5")


def test_names_from_outside_become_no_paths() -> None:
    for iso3, level in (("../", "adm1"), ("MDA", "../x"), ("", "adm1")):
        with pytest.raises(ValueError, match="no set is kept as"):
            region_store.find_fetched(iso3, level)


def test_use_writes_the_set_with_its_hash_into_the_toml_here_and_leaves_the_rest(
    server: Server, monkeypatch: pytest.MonkeyPatch, run_here: Run, tmp_path: Path
) -> None:
    data = region_json("Orhei")
    server.offers(data)
    monkeypatch.setenv(region_fetch.VARIABLE, server.api)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "frontcalc.toml"
    line = f'regions = "MD-adm1@sha256:{hashlib.sha256(data).hexdigest()}"\n'
    for before, after in (
        (None, line),
        ("# mine\nregions = 'old.geojson' # old\nby = \"adm1\"\n", f'{line}# mine\nby = "adm1"\n'),
        ('[archives.isw]\npath = "maps"\n', f'{line}[archives.isw]\npath = "maps"\n'),
    ):
        file.unlink(missing_ok=True)
        if before:
            file.write_text(before)
        done = run_here("regions", "fetch", "MD", "adm1", "--use")
        assert (done.returncode, file.read_text()) == (0, after)
        assert done.stderr == f"frontcalc: frontcalc.toml: regions = {line[10:].strip()}\n".replace('"', "'")
    # What cannot be changed by a line is left as it is, and said.
    strange = 'regions = """\nold.geojson"""\n'
    file.write_text(strange)
    done = run_here("regions", "fetch", "MD", "adm1", "--use")
    assert (done.returncode, file.read_text()) == (2, strange)
    assert "write into it by hand: regions = " in done.stderr
    # The set named there is used, or nothing is.
    file.write_text(line.replace("MD", "UA"))
    done = run_here("diff", "2024")
    assert done.returncode == 2
    assert "--regions UA-adm1: was not fetched; fetch it: frontcalc regions fetch UA adm1" in done.stderr
    assert run_here("diff", "2024", "--regions", "embedded").returncode == 0


def test_the_command_lists_the_set_and_its_licence(
    server: Server, monkeypatch: pytest.MonkeyPatch, run_here: Run
) -> None:
    server.offers(region_json("Orhei"))
    monkeypatch.setenv(region_fetch.VARIABLE, server.api)
    done = run_here("regions", "fetch", "MD", "adm1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "MD-0  MD       Orhei               100.0" in done.stdout
    assert "licence: Open Data Commons Open Database License 1.0\n" in done.stdout


@pytest.mark.parametrize("package", ["iso3166", "httpx", "tenacity"])
def test_without_a_package_a_line_says_what_to_install(
    server: Server, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    server.offers(region_json("Orhei"))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(frontcalc.UsageError) as error:
        frontcalc.fetch_regions("MD", "adm1", api=server.api)
    cure = f"""pip install {package}, or in frontcalc's folder pip install ".[all]\""""
    assert str(error.value) == f"fetching: needs the package {package}; {cure}"
