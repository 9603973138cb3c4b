"""The page before a browser sees it: its figures, its shapes, its bytes and its policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import Run, square
from hypothesis import given
from hypothesis import strategies as st

import frontcalc
from frontcalc.crs import DEFAULT_CRS, LONLAT
from frontcalc.errors import UsageError
from frontcalc.measure.held import drawings, holdings
from frontcalc.outputs import render
from frontcalc.outputs.sentences import capital
from frontcalc.page import content, html_page
from frontcalc.page.content import (
    GRID_M,
    TOLERANCES_M,
    PageContent,
    Shape,
    encoded,
    label_point,
    measure,
    on_plane,
    plane_around,
    simplified,
)
from frontcalc.tables import RangeRow

Write = Callable[..., Path]


@pytest.fixture
def maps(archive: Write) -> Path:
    days = {
        "2022-12-31": [(0, 0)],
        "2023-06-30": [(0, 0), (1, 0)],
        "2023-12-31": [(0, 0), (1, 0), (2, 0)],
        "2024-12-31": [(1, 0), (2, 0), (3, 0), (4, 0)],
    }
    return archive({day: {"control_map": held, "russian_advances": [None]} for day, held in days.items()})


@pytest.fixture
def named(region_file: Write) -> str:
    return str(region_file({"West": [(0, 0), (1, 0)], "East": [(2, 0), (3, 0)], "Far": [(50, 0)]}))


def measured(maps: Path, regions: str, *periods: str) -> PageContent:
    return measure(periods or ("2023", "2024"), maps, {"regions": regions, "snap": "none"})


class Scripts(HTMLParser):
    """Collects the script elements of a page: their attributes, and what is in them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[dict[str, str | None], str]] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self._inside = True
            self.found.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            attributes, text = self.found[-1]
            self.found[-1] = (attributes, text + data)


def data_of(page: str) -> dict[str, Any]:
    """Return the data that a page's scripts show."""
    (text,) = (text for attributes, text in Scripts(page).found if attributes.get("id") == "data")
    return dict(json.loads(text))


def test_figures_are_those_of_diff_and_held(maps: Path, named: str) -> None:
    data = content.data(measured(maps, named))
    assert [one["label"] for one in data["periods"]] == ["2023", "2024"]
    assert {key: one["net"] for key, one in data["periods"][1]["figures"].items()} == {
        "East": 100.0,
        "West": -100.0,
        "unassigned": 100.0,
        "total": 100.0,
    }
    assert data["periods"][1]["figures"]["total"]["texts"] == {
        "net": "+100.0",
        "gained": "200.0",
        "lost": "100.0",
        "rate": "+0.27",
        "opening": "300.0",
        "closing": "400.0",
        "range": "",
        "ratio": "0.5×",
        "marks": "",
        "maps": "2023-12-31 → 2024-12-31",
    }
    assert data["days"] == ["2022-12-31", "2023-06-30", "2023-12-31", "2024-12-31"]
    assert data["held"]["total"] == [100.0, 200.0, 300.0, 400.0]
    assert data["held"]["East"] == [0.0, 0.0, 100.0, 200.0]


def test_maps_are_those_between_the_earliest_opening_and_the_latest_close(maps: Path, named: str) -> None:
    assert content.data(measured(maps, named, "2024"))["days"] == ["2023-12-31", "2024-12-31"]


def area_km2(shape: Shape) -> float:
    """Return the area of a shape as a page's scripts draw it."""
    rings = [[np.cumsum(np.reshape(steps, (-1, 2)), axis=0) * GRID_M for steps in part] for part in shape]
    polygons = [shapely.Polygon(outline, holes) for outline, *holes in rings]
    return float(sum(polygon.area for polygon in polygons)) / 1e6


def test_shapes_are_the_ground_of_the_figures(maps: Path, named: str) -> None:
    data = content.data(measured(maps, named))
    assert [area_km2(shape) for shape in data["maps"]] == pytest.approx([100, 200, 300, 400], abs=3)
    drawn = {(one["region"], one["kind"]): area_km2(one["shape"]) for one in data["periods"][1]["shapes"]}
    assert drawn == {
        ("East", "gained"): pytest.approx(100, abs=2),
        ("unassigned", "gained"): pytest.approx(100, abs=2),
        ("West", "lost"): pytest.approx(100, abs=2),
    }
    assert {one["region"]: area_km2(one["shape"]) for one in data["land"]} == {
        "East": pytest.approx(200, abs=3),
        "West": pytest.approx(200, abs=3),
        "Far": pytest.approx(100, abs=2),
    }


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=12, unique=True))
def test_what_is_encoded_is_drawn_on_the_grid(cells: list[tuple[int, int]]) -> None:
    ground = shapely.union_all([shapely.box(1000 * x, 1000 * y, 1000 * x + 1000, 1000 * y + 1000) for x, y in cells])
    assert area_km2(encoded(ground)) == pytest.approx(len(cells))


def test_what_is_smaller_than_the_grid_is_not_drawn() -> None:
    speck = shapely.box(10, 10, 30, 30)
    assert encoded(speck) == []
    assert len(encoded(shapely.union_all([speck, shapely.box(1000, 1000, 2000, 2000)]))) == 1


def test_neighbours_stay_neighbours() -> None:
    wavy = [(x * 100.0, 50.0 * (x % 2)) for x in range(101)]
    north = shapely.Polygon([*wavy, (10_000, 5_000), (0, 5_000)])
    south = shapely.Polygon([*wavy, (10_000, -5_000), (0, -5_000)])
    above, below = simplified(np.array([north, south]), 400)
    assert shapely.get_num_coordinates(above) < 20
    assert shapely.area(shapely.intersection(above, below)) == 0
    assert shapely.area(shapely.union(above, below)) == pytest.approx(shapely.area(above) + shapely.area(below))


def test_the_plane_shows_a_square_as_one() -> None:
    (west,) = shapely.get_parts(shapely.union_all([square(300, 0)]))
    plane = plane_around(shapely.MultiPolygon([west]), LONLAT)
    x, y = np.ptp(shapely.get_coordinates(on_plane([west], LONLAT, plane)[0]), axis=0)
    # At 43° south 10 km of the equal-area projection are cos 43° ÷ cos 30° of that eastward, and more northward.
    assert x * y == pytest.approx(1e8, rel=0.01)
    assert x / 1000 == pytest.approx(8.46, abs=0.05)


def test_edges_that_cross_on_the_plane_are_mended() -> None:
    crossed = shapely.Polygon([(0, 0), (10_000, 10_000), (10_000, 0), (0, 10_000)])
    (drawn,) = on_plane([crossed], DEFAULT_CRS, plane_around(crossed, DEFAULT_CRS))
    assert shapely.is_valid(drawn)
    assert shapely.area(drawn) == pytest.approx(5e7, rel=0.01)


def test_nothing_held_is_drawn_as_nothing() -> None:
    nothing = shapely.MultiPolygon()
    plane = plane_around(nothing, DEFAULT_CRS)
    (drawn,) = on_plane([nothing], DEFAULT_CRS, plane)
    assert (encoded(drawn), label_point(drawn)) == ([], [0, 0])


def test_large_maps_are_simplified_until_they_fit(maps: Path, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report = measured(maps, named)
    assert content.data(report)["tolerance"] == TOLERANCES_M[0]
    monkeypatch.setattr(content, "MAPS_BYTES", 10)
    report = measured(maps, named)
    assert content.data(report)["tolerance"] == TOLERANCES_M[-1]
    # Also where the maps that were looked at first told less than all of them take.
    monkeypatch.setattr(content, "_likely", lambda *_: TOLERANCES_M)
    assert content.data(measured(maps, named)) == content.data(report)
    assert 'id="tolerance"' in html_page(report)


def test_same_input_same_bytes_whatever_was_drawn_before(maps: Path, named: str) -> None:
    first = frontcalc.report(["2023", "2024"], archive=maps, regions=named, with_range=False)
    frontcalc.report(["2024"], archive=maps)
    assert frontcalc.report(["2023", "2024"], archive=maps, regions=named, with_range=False) == first
    assert not re.search(r"\bp10\d\d\b", first.partition('id="figures"')[2].partition("</script>")[0])


def test_only_the_two_scripts_of_the_page_may_run(maps: Path, named: str) -> None:
    page = frontcalc.report(["2024"], archive=maps, regions=named)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert policy
    rules = dict(part.strip().split(" ", 1) for part in policy[1].replace("&#39;", "'").split(";"))
    assert (rules["default-src"], rules["base-uri"], rules["form-action"]) == ("'none'", "'none'", "'none'")
    assert "unsafe" not in rules["script-src"]
    run = [text for attributes, text in Scripts(page).found if "type" not in attributes]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert len(digests) == 2
    assert "\r" not in page
    assert not re.search(r'(src|href)="(?!data:|#)', page.partition("<script")[0])


def test_names_cannot_leave_their_place(archive: Write, region_file: Write) -> None:
    name = "</script><script>1</script><img src=x onerror=1>\u2028\x1b"
    held = {day: {"control_map": [(0, 0)], "russian_advances": [None]} for day in ("2023-12-31", "2024-12-31")}
    held["2024-12-31"]["control_map"].append((1, 0))
    maps = archive(held, name="<b>maps")
    page = frontcalc.report(["2024"], archive=maps, regions=str(region_file({name: [(0, 0), (1, 0)]})))
    assert len(Scripts(page).found) == 5  # data, figures, the two that run, and the receipt
    assert "<img" not in page.partition("<script>")[0]
    assert "<b>maps" not in page
    assert "&lt;b&gt;maps" in page
    assert "\x1b" not in page
    assert any("</script><script>1" in region for region in data_of(page)["periods"][0]["figures"])


def test_the_headline_is_the_sentence_and_made_up_maps_are_marked() -> None:
    page = frontcalc.report(["2024-09"], with_range=False)
    sentence = render(frontcalc.diff(["2024-09"]), "sentence").decode()
    claim = re.search(r"</span> (.+?)</h1>", page)
    assert claim
    assert capital(sentence.partition(": ")[2]).startswith(claim[1])
    assert "<title>SYNTHETIC SAMPLE: " in page
    assert page.count("SYNTHETIC SAMPLE") > 5


def test_periods_that_cannot_be_measured_have_blanks(maps: Path, named: str) -> None:
    data = content.data(measured(maps, named, "2024", "2030"))
    assert data["periods"][1]["figures"]["total"]["net"] is None
    assert data["periods"][1]["figures"]["total"]["texts"]["net"] == "–"
    assert data["periods"][1]["shapes"] == []


def test_the_range_is_that_of_diff_and_the_csv_has_none(maps: Path, named: str) -> None:
    report = measure(["2023"], maps, {"regions": named}, with_range=True)
    (total,) = (row for row in report.figures.rows if row.level == "total")
    assert isinstance(total, RangeRow)
    # Closing a map earlier comes to 100 km² less, closing a map later to 100 km² more.
    assert (total.net_min_km2, total.net_max_km2) == (pytest.approx(100, abs=0.1), pytest.approx(300, abs=0.1))
    assert content.data(report)["periods"][0]["figures"]["total"]["texts"]["range"] == "+100.0 to +300.0"
    csv = base64.b64decode(content.context(report, "km2")["csv"])
    assert csv == render(frontcalc.diff(["2023"], archive=maps, regions=named), "csv")
    assert ">range of net<" in html_page(report)
    assert ">range of net<" not in html_page(measured(maps, named))


def test_months_are_those_of_diff_and_of_longer_periods_alone(archive: Write) -> None:
    days = ("2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31")
    squares = ([(0, 0)], [(0, 0), (1, 0)], [(1, 0)], [(1, 0), (2, 0), (3, 0)])
    maps = archive(
        {day: {"control_map": own, "russian_advances": [None]} for day, own in zip(days, squares, strict=True)}
    )
    options: Any = {"by": "none"}
    shown = content.context(measure(["2024-Q1", "2024-03"], maps, options), "km2")["months"]
    figures = [(month, one["net"], one["gained"], one["lost"], one["maps"]) for month, one in shown]
    assert figures == [
        ("2024-01", "+100.0", "100.0", "0.0", "2023-12-31 → 2024-01-31"),
        ("2024-02", "−100.0", "0.0", "100.0", "2024-01-31 → 2024-02-29"),
        ("2024-03", "+200.0", "200.0", "0.0", "2024-02-29 → 2024-03-31"),
    ]
    assert 'id="months"' in frontcalc.report(["2024-Q1"], archive=maps, by="none", with_range=False)
    assert 'id="months"' not in frontcalc.report(["2024-03"], archive=maps, by="none", with_range=False)
    # A period that the maps end in has the months that they reach, one that is cut the parts.
    assert [month for month, _ in content.context(measure(["2024"], maps, options), "km2")["months"]] == [
        "2024-01",
        "2024-02",
        "2024-03",
    ]
    cut = content.context(measure(["2024-01-31..2024-03-31"], maps, options), "km2")["months"]
    assert [month for month, _ in cut] == ["2024-02", "2024-03"]


def test_square_miles_are_the_unit_of_every_figure(maps: Path, named: str, tmp_path: Path, run_here: Run) -> None:
    report = measured(maps, named)
    page = html_page(report, "mi2")
    # 200 km² are 77.2 square miles, 100 are 38.6.
    assert data_of(page)["periods"][1]["figures"]["total"]["gained"] == 77.2
    assert data_of(page)["held"]["total"] == [38.6, 77.2, 115.8, 154.4]
    csv = base64.b64decode(content.context(report, "mi2")["csv"])
    own = frontcalc.diff(["2023", "2024"], archive=maps, regions=named, snap="none")
    assert csv == render(own, "csv", units="mi2")
    body = page.partition("</head>")[2].partition("<script")[0]
    assert "+38.6</span> <small>mi² net" in body
    assert "grew by about 39 sq mi in 2024" in body
    assert "km²" not in body
    target = tmp_path / "report.html"
    assert run_here("report", "2024", "--archive", maps, "--units", "mi2", "-o", target).returncode == 0
    assert "mi² net" in target.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="no unit is named 'acres'"):
        frontcalc.report(["2024"], archive=maps, units="acres")


def test_coasts_and_towns_are_drawn_where_they_are_known(maps: Path, archive: Write) -> None:
    here = content.data(measure(["2024-09"], None, {}))
    names = {name: (coarsest, style) for name, _, _, coarsest, style in here["names"]}
    assert area_km2(here["sea"]) > 1e6
    assert len(here["countries"]) > 10
    assert names["Bakhmut"] < names["Kherson"]
    assert {"Zaporizhzhia", "Crimea"} <= {name for name, _, _, _, style in here["names"] if style == "italic"}
    far = {day: {"control_map": [(300, 0)], "russian_advances": [None]} for day in ("2023-12-31", "2024-12-31")}
    there = content.data(measure(["2024"], archive(far), {}))
    assert (there["sea"], there["countries"], there["names"]) == ([], [], [])


def test_each_card_has_the_lines_of_its_period_and_the_table_its_marks(archive: Write) -> None:
    held = {"2024-02-24": [(0, 0)], "2024-12-31": [(0, 0), (1, 0)], "2025-10-26": [(1, 0)]}
    maps = archive({day: {"control_map": own, "russian_advances": [None]} for day, own in held.items()})
    shown = content.context(measure(["2024", "2025"], maps, {"by": "none"}), "km2")
    first, second = (card["notes"] for card in shown["cards"])
    assert first[0] == "b – begins with the map of 24 Feb: what changed before it is not in it"
    assert second[0].startswith("p – ends with the map of 26 Oct")
    assert all(len(card["notes"]) <= 4 for card in shown["cards"])
    assert [texts["marks"] for _, _, texts in shown["table"]] == ["b", "p"]


def test_levels_do_not_mix_names(archive: Write) -> None:
    data = content.data(measure(["2024-09"], None, {"by": "country,adm1"}))
    figures = data["periods"][0]["figures"]
    assert "Ukraine (country)" in figures
    assert figures["Ukraine (country)"]["gained"] > figures["Donetsk"]["gained"] > 0
    assert "Ukraine" not in {one["region"] for one in data["land"]}


def test_holdings_draws_each_map(maps: Path, named: str) -> None:
    drawn: list[shapely.MultiPolygon] = []
    table, run, shown, regions = holdings(["2023"], archive=maps, regions=named)
    # Of the same ground one drawing.
    drawing = drawings(run, [*shown, shown[0]], lambda ground: drawn.append(ground) or round(ground.area / 1e6))
    assert drawn, "it begins at once"
    assert list(drawing) == [100, 200, 300, 100]
    assert len(drawn) == 3
    totals = [row for row in table.rows if row.region == "total"]
    assert [row.date.isoformat() for row in totals] == ["2022-12-31", "2023-06-30", "2023-12-31"]
    assert list(regions) == ["East", "Far", "West"]
    assert [row.held_km2 for row in totals] == pytest.approx([100, 200, 300])


def test_one_actor_a_page(archive: Write) -> None:
    held = {day: {"control_map": [(0, 0)], "kursk_ukrainian_advance": [(5, 5)]} for day in ("2023-12-31", "2024-12-31")}
    with pytest.raises(UsageError, match="a page is of one actor"):
        frontcalc.report(["2024"], archive=archive(held), actor="all", view="control")


def test_the_command_writes_the_page(maps: Path, tmp_path: Path, run_here: Run) -> None:
    target = tmp_path / "report.html"
    done = run_here("report", "2023", "2024", "--archive", maps, "-o", target)
    assert (done.returncode, done.stdout) == (0, "")
    assert target.read_text(encoding="utf-8") == frontcalc.report(["2023", "2024"], archive=maps)
    assert run_here("report", "2024", "--archive", maps, "-o", "-").stdout.startswith("<!doctype html>")


def test_a_page_needs_a_place(run_here: Run) -> None:
    done = run_here("report", "2024")
    assert (done.returncode, "Missing option '-o'" in done.stderr) == (2, True)


def test_a_page_is_html_and_says_so_before_anything_is_measured(maps: Path, tmp_path: Path, run_here: Run) -> None:
    done = run_here("report", "2024", "--archive", maps, "-o", tmp_path / "report.pdf")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the page is HTML; name it as in report.html" in done.stderr
    assert not (tmp_path / "report.pdf").exists()


def test_without_bokeh_a_line_says_so_before_anything_is_read(
    maps: Path, tmp_path: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bokeh", "bokeh.plotting", "bokeh.resources"):
        monkeypatch.setitem(sys.modules, name, None)
    done = run_here("report", "2024", "--archive", tmp_path / "nowhere", "-o", tmp_path / "report.html")
    assert done.returncode == 2
    assert done.stderr.startswith("frontcalc: a page: needs the package bokeh; pip install bokeh, or ")
    assert not (tmp_path / "report.html").exists()


def test_bokeh_is_loaded_for_a_page_alone(maps: Path) -> None:
    code = f"import sys; from frontcalc.cli import run; run(['diff', '2024', '--archive', {str(maps)!r}]); "
    code += "sys.exit('bokeh' in sys.modules or 'jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.thorough
@pytest.mark.shared
def test_two_years_of_weekly_maps_are_under_five_megabytes(shared: Path) -> None:
    page = frontcalc.report(["2023", "2024"], archive=shared / "archives" / "isw-weekly", with_range=False)
    assert len(page.encode()) < 5_000_000
    data = data_of(page)
    assert len(data["days"]) == len(data["maps"]) == 106
    table = frontcalc.diff(["2023", "2024"], archive=shared / "archives" / "isw-weekly")
    (total,) = (row for row in table.rows if (row.period, row.level) == ("2024", "total"))
    drawn = [one for one in data["periods"][1]["shapes"] if one["kind"] == "gained"]
    assert sum(area_km2(one["shape"]) for one in drawn) == pytest.approx(total.gained_km2, rel=0.02)
