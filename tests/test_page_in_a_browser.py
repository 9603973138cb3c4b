"""The page as its readers meet it: opened from disk in Chromium, used by mouse, keyboard and address."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import shapely
from conftest import collection, square

import frontcalc
from frontcalc.outputs import render
from frontcalc.outputs.numbers import km2

sync_api = pytest.importorskip("playwright.sync_api", reason="the tests of the page need the development packages")
CHROMIUM = os.environ.get("FRONTCALC_CHROMIUM") or shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed: apt-get install chromium")

ROOT = Path(__file__).parents[1]
HOSTILE = "<img src=x onerror=document.title='run'>"
ENDING = "</script><script>document.title='run'</script>"
FORMULA = "$$\\frac{1}{2}$$ {{ 7 * 7 }} @net"


@dataclass
class Opened:
    """A page in the browser, what it asked for and what it complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def data_of(self, source: str) -> dict[str, Any]:
        """Return what one of Bokeh's sources holds now."""
        script = "(name) => Bokeh.documents.map((one) => one.get_model_by_name(name)).find(Boolean).data"
        return dict(self.page.evaluate(script, source))

    def column(self, number: int) -> list[str]:
        """Return the texts of a column of the table, of the rows that are shown."""
        cells = self.page.locator(f"#table tbody tr:not([hidden]) > :nth-child({number})")
        return [str(text) for text in cells.all_inner_texts()]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return maps of squares: three of 100 km² are gained from 2022 to 2024, one is lost, another one by one."""
    folder = tmp_path_factory.mktemp("maps") / f"maps {HOSTILE.replace('/', '')}"
    folder.mkdir()
    held = {
        "2022-12-31": [(0, 0)],
        "2023-06-30": [(0, 0), (1, 0)],
        "2023-12-31": [(0, 0), (1, 0), (2, 0)],
        "2024-06-30": [(0, 0), (1, 0), (2, 0), (3, 0)],
        "2024-12-31": [(1, 0), (2, 0), (3, 0), (4, 0)],
    }
    for day, squares in held.items():
        ground = shapely.union_all([square(*at) for at in squares])
        (folder / f"{day}.geojson").write_text(
            json.dumps(collection({"control_map": [ground], "russian_advances": [None]}))
        )
    (folder / "frontcalc.toml").write_text(f"publisher = '''{HOSTILE}'''\nattribution = '''by {ENDING}'''\n")
    return folder


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return regions of the names of which each would do harm where it were not shown as text."""
    squares = {HOSTILE: [(0, 0), (1, 0)], ENDING: [(2, 0)], FORMULA: [(3, 0), (4, 0)]}
    shapes = {name: [shapely.union_all([square(*at) for at in own])] for name, own in squares.items()}
    path = tmp_path_factory.mktemp("regions") / "regions.geojson"
    path.write_text(json.dumps(collection(shapes, field="name")))
    return path


@pytest.fixture(scope="module")
def hostile(archive: Path, regions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of two years of the maps of squares."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    page = frontcalc.report(["2023", "2024"], archive=archive, regions=str(regions), with_range=False)
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of two quarters of the bundled sample."""
    path = tmp_path_factory.mktemp("sample") / "report.html"
    path.write_text(frontcalc.report(["2024-Q2", "2024-Q3"]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(chromium: Any, path: Path, address: str = "", *, width: int = 1440, dark: bool = False) -> Opened:
    """Return a page opened from disk, ready."""
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    one = Opened(context.new_page())
    one.page.on("request", lambda request: one.requests.append(request.url))
    one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
    one.page.on("console", lambda said: said.type in ("error", "warning") and one.complaints.append(said.text))
    one.page.goto(f"{path.as_uri()}{address}")
    one.page.wait_for_selector("html[data-ready]", timeout=30_000)
    return one


def hold_still(one: Opened, path: Path) -> None:
    """Assert that a page asked for nothing but itself and complained of nothing."""
    assert {url.partition("#")[0] for url in one.requests} == {path.as_uri()}
    assert one.complaints == []


@pytest.fixture(scope="module")
def kept_open(chromium: Any, hostile: Path) -> Opened:
    return opened(chromium, hostile)


@pytest.fixture
def page(kept_open: Opened, hostile: Path) -> Iterator[Opened]:
    """Return the page of the squares as it opens; loading it anew for each test would take most of their time."""
    kept_open.page.evaluate("location.hash = 'period=2024'")
    kept_open.page.fill("#filter", "")
    sync_api.expect(kept_open.page.locator("#day")).to_have_value("4")
    yield kept_open
    hold_still(kept_open, hostile)


def test_the_page_shows_the_figures_of_diff(page: Opened) -> None:
    assert page.page.locator(".card").all_inner_texts()[0].split("\n")[:3] == ["2023", "", "+200.0 km² net"]
    assert "+100.0 km² net" in page.page.locator(".card").nth(1).inner_text()
    assert page.text("h1").startswith("The area assessed as held or advanced into by Russia grew by about 100 km²")
    assert "Map of 31 December 2024, all regions: 400.0 km² held." in page.text("#map-words")
    assert "gained 200.0 km², lost 100.0 km², net +100.0 km²" in page.text("#map-words")


def test_the_switch_changes_figures_map_and_ranking(page: Opened) -> None:
    assert page.data_of("gained-source")["xs"] != []
    assert sorted(page.data_of("ranking-source")["net"]) == ["+200.0", "−100.0"]
    page.page.click(".choice >> nth=0")
    assert page.page.locator(".choice").nth(0).get_attribute("aria-pressed") == "true"
    assert page.page.locator(".choice").nth(1).get_attribute("aria-pressed") == "false"
    assert "Map of 31 December 2023, all regions: 300.0 km² held. 2023: gained 200.0 km²" in page.text("#map-words")
    assert page.data_of("lost-source")["xs"] == []
    assert sorted(page.data_of("ranking-source")["net"]) == ["+100.0", "+100.0"]


def test_the_slider_shows_each_map_and_the_chart_follows(page: Opened) -> None:
    slider = page.page.locator("#day")
    slider.focus()
    for day, held, step in (("30 June 2024", 400.0, 3), ("31 December 2023", 300.0, 2), ("30 June 2023", 200.0, 1)):
        page.page.keyboard.press("ArrowLeft")
        assert slider.input_value() == str(step)
        assert page.text("output.day-name") == day
        assert f"Map of {day}, all regions: {held:.1f} km² held" in page.text("#map-words")
        assert page.data_of("here-source")["y"] == [held]
    (east_of_held,) = page.data_of("held-source")["xs"]
    page.page.click("[data-step='-1']")
    assert page.text("output.day-name") == "31 December 2022"
    assert page.data_of("held-source")["xs"] != [east_of_held]


def test_months_follow_the_region(chromium: Any, sample: Path) -> None:
    one = opened(chromium, sample)
    months = frontcalc.diff(["2024-06"])
    total, donetsk = (next(row for row in months.rows if row.region == name) for name in ("total", "Donetsk"))
    june = one.page.locator("#months tbody tr", has_text="2024-06").locator("td")
    assert june.all_inner_texts()[0] == km2(total.net_km2, signed=True)
    one.page.select_option("#region", "Donetsk")
    assert one.text("#months-title") == "Month by month, Donetsk"
    assert june.all_inner_texts()[1] == km2(donetsk.gained_km2)
    assert one.page.locator("#months tbody tr").count() == 6
    hold_still(one, sample)
    one.page.context.close()


def test_names_on_the_map_leave_each_other_room(chromium: Any, sample: Path) -> None:
    one = opened(chromium, sample)

    def names() -> list[tuple[str, float, float]]:
        placed = one.data_of("labels-source")
        return list(zip(placed["text"], placed["x"], placed["y"], strict=True))

    map_ = "Bokeh.documents[0].roots()[0]"
    few, scale = names(), one.page.evaluate(f"({map_}.x_range.end - {map_}.x_range.start) / {map_}.inner_width")
    assert {"Donetsk", "Kharkiv", "Mariupol"} <= {name for name, _, _ in few}
    for (name, x, y), (other, right, high) in combinations(few, 2):
        # No letter is narrower than 3 pixels, and none lower than 12.
        apart = abs(x - right) > 1.5 * (len(name) + len(other)) * scale or abs(y - high) > 12 * scale
        assert apart, (name, other)
    for _ in range(5):
        one.page.click("[data-zoom=in]")
    assert {"Robotyne", "Vuhledar"} & {name for name, _, _ in names()}
    hold_still(one, sample)
    one.page.context.close()


def test_play_runs_through_the_maps_and_stops(page: Opened) -> None:
    page.page.evaluate("location.hash = 'period=2024&date=2022-12-31'")
    sync_api.expect(page.page.locator("#day")).to_have_value("0")
    page.page.click("#play")
    assert page.text("#play") == "Pause"
    sync_api.expect(page.page.locator("#play")).to_have_text("Play", timeout=10_000)
    sync_api.expect(page.page.locator("#day")).to_have_value("4")


def test_a_click_on_the_chart_chooses_the_map(page: Opened) -> None:
    page.page.locator("#series").scroll_into_view_if_needed()
    box = page.page.locator("#series").bounding_box()
    page.page.mouse.click(box["x"] + 0.53 * box["width"], box["y"] + 0.5 * box["height"])
    sync_api.expect(page.page.locator("#day")).to_have_value("2")


def test_links_to_a_state_open_it_and_follow_it(chromium: Any, page: Opened, hostile: Path) -> None:
    address = f"#{urlencode({'period': '2023', 'region': HOSTILE})}"
    new = opened(chromium, hostile, address)
    assert (new.text(".region-name"), new.page.locator("#region").input_value()) == (HOSTILE, HOSTILE)
    assert "Map of 31 December 2023" in new.text("#map-words")
    assert "200.0 km² held. 2023: gained 100.0 km², lost 0.0 km²" in new.text("#map-words")
    assert "+100.0 km² net" in new.page.locator(".card").nth(0).inner_text()
    new.page.select_option("#region", "total")
    new.page.click("[data-step='-1']")
    assert new.page.evaluate("location.hash") == "#period=2023&date=2023-06-30"
    hold_still(new, hostile)
    new.page.context.close()
    page.page.evaluate("location.hash = 'period=2023&date=2023-06-30&region=nowhere'")
    sync_api.expect(page.page.locator("#day")).to_have_value("1")
    assert "Map of 30 June 2023, all regions: 200.0 km² held" in page.text("#map-words")


def test_the_table_sorts_and_filters(page: Opened) -> None:
    rows = len(page.column(1))
    page.page.click("thead button:text-is('net')")
    figures = [float(text.replace("−", "-")) for text in page.column(5)]
    assert figures == sorted(figures, reverse=True)
    assert page.page.locator("thead th").nth(4).get_attribute("aria-sort") == "descending"
    page.page.click("thead button:text-is('net')")
    assert [float(text.replace("−", "-")) for text in page.column(5)] == sorted(figures)
    page.page.locator("thead button:text-is('region')").focus()
    page.page.keyboard.press("Enter")
    assert page.page.locator("thead th").nth(1).get_attribute("aria-sort") == "ascending"
    assert page.column(2)[0::2] == page.column(2)[1::2]
    page.page.fill("#filter", "2023 TOTAL")
    assert (page.column(1), page.column(2)) == (["2023"], ["total"])
    assert page.text("#count") == f"1 of {rows} rows"
    page.page.fill("#filter", "")
    assert len(page.column(1)) == rows


def test_the_csv_is_that_of_diff(page: Opened, archive: Path, regions: Path) -> None:
    with page.page.expect_download() as download:
        page.page.click("#csv")
    expected = render(frontcalc.diff(["2023", "2024"], archive=archive, regions=str(regions)), "csv")
    assert Path(download.value.path()).read_bytes() == expected
    assert download.value.suggested_filename == "frontcalc-2023-2024.csv"


def test_hostile_names_are_shown_and_not_run(page: Opened) -> None:
    title = page.page.title()
    assert HOSTILE in page.text("header")
    assert {HOSTILE, ENDING, FORMULA} <= set(page.column(2))
    assert f"maps: by {ENDING}" in page.text("section.text")
    assert page.page.locator("img, main script").count() == 0
    # Bokeh writes names of regions into its tooltips: the map is asked from west to east.
    page.page.locator("#map").scroll_into_view_if_needed()
    box = page.page.locator("#map").bounding_box()
    seen = set()
    for share in (0.36, 0.42, 0.5, 0.58, 0.64):
        page.page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
        page.page.wait_for_timeout(150)
        seen |= set(page.page.locator(".hover b").all_inner_texts())
    assert {HOSTILE, ENDING, FORMULA} == seen
    assert (page.page.title(), page.page.locator("img").count()) == (title, 0)
    assert title != "run"


def test_the_policy_lets_nothing_else_run_or_load(chromium: Any, hostile: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    planted = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script></main>"
    broken.write_text(hostile.read_text(encoding="utf-8").replace("</main>", planted, 1), encoding="utf-8")
    page = chromium.new_page()
    failures: dict[str, str] = {}
    answered: list[str] = []
    page.on("requestfailed", lambda request: failures.update({request.url: request.failure}))
    page.on("response", lambda response: answered.append(response.url))
    page.goto(broken.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=30_000)
    assert page.title() != "run"
    assert page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'refused')") == "refused"
    assert answered == [broken.as_uri()]
    assert {url.rpartition("/")[2] for url in failures} <= {"x", ""}
    assert set(failures.values()) == {"csp"}
    page.close()


def test_zoom_and_keys_move_the_map(page: Opened) -> None:
    script = "(() => { const { start, end } = Bokeh.documents[0].roots()[0].x_range; return [start, end]; })()"
    west, east = page.page.evaluate(script)
    page.page.click("[data-zoom=in]")
    near_west, near_east = page.page.evaluate(script)
    assert near_east - near_west == pytest.approx(0.7 * (east - west))
    page.page.focus("#map")
    page.page.keyboard.press("ArrowRight")
    assert page.page.evaluate(script)[0] == pytest.approx(near_west + 0.2 * (near_east - near_west))
    page.page.keyboard.press("0")
    assert page.page.evaluate(script) == pytest.approx([west, east])
    page.page.click("text=lost 2024")
    layer = "Bokeh.documents[0].get_model_by_name('lost').visible"
    assert page.page.evaluate(layer) is False
    page.page.click("text=lost 2024")
    assert page.page.evaluate(layer) is True


@pytest.mark.parametrize("width", [1440, 390])
def test_the_sample_is_marked_fits_and_is_accessible(width: int, chromium: Any, sample: Path) -> None:
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    one = opened(chromium, sample, width=width)
    page = one.page
    page.screenshot(path=build / f"page-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#map canvas").first.bounding_box()["width"] <= width
    assert "SYNTHETIC SAMPLE" in page.title()
    assert page.is_visible(".synthetic")
    assert serious_violations(page) == []
    if width == 1440:
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=build / "page-dark.png", full_page=True)
        assert serious_violations(page) == []
    canvases = page.locator(".canvas").all()
    assert len(canvases) == 3
    for canvas in canvases:
        described = page.locator(f"#{canvas.get_attribute('aria-describedby')}").inner_text()
        assert re.search(r"\d km²", described)
    hold_still(one, sample)
    page.context.close()


def serious_violations(page: Any) -> list[tuple[str, str]]:
    """Return what axe-core finds of what is serious outside the canvases: its rule, and the first element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page, context={"exclude": [[".canvas"]]}).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


def test_dark_and_printed_it_has_other_styles(page: Opened) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    land = "Bokeh.documents[0].get_model_by_name('land').glyph.fill_color.value"
    assert (page.page.evaluate(background), page.page.evaluate(land)) == ("rgb(255, 255, 255)", "#f7f5f0")
    page.page.emulate_media(color_scheme="dark")
    for _ in range(100):  # the page hears of it in its own time, and its policy lets no script wait here
        if page.page.evaluate(land) == "#2a2e33":
            break
        page.page.wait_for_timeout(50)
    assert (page.page.evaluate(background), page.page.evaluate(land)) == ("rgb(21, 24, 28)", "#2a2e33")
    page.page.emulate_media(color_scheme="light", media="print")
    assert not page.page.is_visible(".player")
    assert page.page.evaluate("getComputedStyle(document.querySelector('.scroll')).maxHeight") == "none"
    page.page.emulate_media(media="screen")


def test_without_scripts_the_figures_are_there(chromium: Any, hostile: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(hostile.as_uri())
    assert "+200.0" in page.inner_text(".card >> nth=0")
    assert page.locator("tbody tr").count() == 8
    assert page.is_visible("noscript")
    context.close()


def test_one_period_and_nothing_gained(chromium: Any, archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    still = {"2024-01-01": archive / "2024-06-30.geojson", "2024-06-30": archive / "2024-06-30.geojson"}
    for day, file in still.items():
        (tmp_path / f"{day}.geojson").write_bytes(file.read_bytes())
    path.write_text(frontcalc.report(["2024-01-01..2024-06-30"], archive=tmp_path, by="none"), encoding="utf-8")
    one = opened(chromium, path)
    assert one.text("#ranking-words") == "No region has a change in this period."
    assert "net 0.0 km²" in one.text("#map-words")
    assert one.page.locator(".card").count() == 1
    hold_still(one, path)
    one.page.context.close()
