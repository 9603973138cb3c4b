"""docs/method.md: its formulas give the figures that it works out by hand, and its tables are those of the commands."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely
from conftest import Run

import frontcalc
from frontcalc import crs, geometry
from frontcalc.crs import exact_area_km2, geodesic_area_km2
from frontcalc.outputs.sentences import about
from frontcalc.slivers import mean_widths_m

Write = Callable[..., Path]

PAGE = (Path(__file__).parents[1] / "docs" / "method.md").read_text(encoding="utf-8")
BOX = shapely.box(37, 48, 37.1, 48.1)
TRIANGLE = shapely.Polygon([(37, 48), (38, 48), (37, 49)])


def q(latitude: float) -> float:
    """Return the formula of the page, in its own terms."""
    e2 = 0.00669437999014
    e, s = math.sqrt(e2), math.sin(math.radians(latitude))
    return (1 - e2) * (s / (1 - e2 * s**2) + math.log((1 + e * s) / (1 - e * s)) / (2 * e))


def projected(shape: shapely.Polygon, edge_error: float = math.inf) -> shapely.Polygon:
    project = crs.projector(crs.LONLAT, "EPSG:6933")
    return geometry.project_polygons(np.array([shape]), project, edge_error=edge_error)[0]


def test_a_tenth_of_a_degree() -> None:
    for latitude in (48, 48.1):
        assert f"{math.sin(math.radians(latitude)):.10f}" in PAGE
        assert f"{q(latitude):.10f}" in PAGE
    area = 6378.137**2 / 2 * math.radians(0.1) * (q(48.1) - q(48))
    assert f"{area:.4f} km²" in PAGE
    assert exact_area_km2(BOX) == pytest.approx(area, abs=1e-8)
    west, south, east, north = projected(BOX).bounds
    assert f"{east - west:,.2f} m by {north - south:,.2f} m" in PAGE
    assert (east - west) * (north - south) / 1e6 == pytest.approx(area, abs=1e-8)


def test_the_projection_is_the_page_s() -> None:
    k0 = math.cos(math.radians(30)) / math.sqrt(1 - 0.00669437999014 * 0.25)
    assert f"= {k0:.6f}" in PAGE
    x, y = crs.projector(crs.LONLAT, "EPSG:6933")(np.array([[37.1, 48.1]]))[0]
    assert (x, y) == pytest.approx((6378137 * k0 * math.radians(37.1), 6378137 * q(48.1) / (2 * k0)), abs=1e-3)


def test_a_slanting_edge() -> None:
    exact, flat = exact_area_km2(TRIANGLE), projected(TRIANGLE).area / 1e6
    for figure in (exact, flat):
        assert f"{figure:,.4f} km²" in PAGE
    assert f"{exact - flat:.4f} km² are missing" in PAGE
    start, end, middle = crs.projector(crs.LONLAT, "EPSG:6933")(np.array([[38, 48], [37, 49], [37.5, 48.5]]))
    error = 2 / 3 * abs(np.linalg.det(np.array([end - start, middle - start])))
    assert f"{error:,.0f} m²" in PAGE
    pieces = math.ceil(math.sqrt(error / 10))
    assert f"= {pieces:,} pieces, and {error / pieces**2:.2f} m² remain" in PAGE
    assert shapely.get_num_coordinates(projected(TRIANGLE, geometry.EDGE_ERROR_M2)) == 4 + pieces - 1
    assert f"would be {geodesic_area_km2(TRIANGLE) - exact:.2f} km² larger" in PAGE


def test_gained_lost_and_gross(archive: Write) -> None:
    a, b, c, d = (300, 40), (302, 40), (304, 40), (306, 40)
    maps = archive({"2023-01-01": {None: [a, b]}, "2023-01-15": {None: [a, c]}, "2023-02-01": {None: [b, c, d]}})
    rows = frontcalc.sensitivity("2023-01-01..2023-02-01", archive=maps).rows
    by_choice = {row.choice: row for row in rows if row.region == "total"}
    ends, steps = by_choice["as asked"], by_choice["gross, each snapshot"]
    assert (ends.gained_km2, ends.lost_km2, ends.net_km2) == pytest.approx((200, 100, 100))
    assert (steps.gained_km2, steps.lost_km2, steps.net_km2) == pytest.approx((300, 200, 100))
    assert "gained C and D = 200, lost A = 100, net +100" in PAGE
    assert "gained C, then B and D = 300; lost B, then A = 200; net +100; turnover 500" in PAGE


def test_a_sliver() -> None:
    """On the parallel where the projection draws both ways true, 30°, a strip is as long and wide as drawn."""
    y = 6378137 * q(30) / (2 * 0.8667510025721986)
    widths = mean_widths_m(np.array([shapely.box(0, y, 1e4, y + 50), shapely.box(0, y, 1e4, y + 1e4)]), "EPSG:6933")
    assert widths == pytest.approx([49.75, 5000], rel=1e-3)
    assert "49.75 m. Below 100 m" in PAGE


def test_what_matters() -> None:
    assert about(1424.5) == about(1415.6) == "about 1,420 km²"
    assert (about(548.9), about(537.0)) == ("about 549 km²", "about 537 km²")


@pytest.mark.thorough
@pytest.mark.shared
def test_the_table_is_that_of_the_command(shared: Path, run_here: Run) -> None:
    match = re.search(r"```console\n\$ frontcalc (sensitivity 2023 --archive )isw-weekly\n(.*?)\n```", PAGE, re.DOTALL)
    assert match is not None
    done = run_here(*match[1].split(), shared / "archives" / "isw-weekly")
    assert done.stdout.startswith(match[2] + "\n\n")


@pytest.mark.shared
def test_edges_on_the_first_and_the_last_map(shared: Path) -> None:
    from frontcalc.archives import open_archive
    from frontcalc.measure.sensitivity import drawn
    from frontcalc.snapshots import read_snapshot
    from frontcalc.views import VIEWS

    archive = open_archive(shared / "archives" / "isw-weekly")
    shown = {}
    for ref in (archive.refs[0], archive.refs[-1]):
        map_ = read_snapshot(ref)
        exact = exact_area_km2(drawn(map_, "Russia", VIEWS["assessed"], crs.LONLAT, edge_error=1e-11))
        for limit in (math.inf, 10, 0.1):
            flat = drawn(map_, "Russia", VIEWS["assessed"], crs.DEFAULT_CRS, edge_error=limit)
            shown[ref.day, limit] = (f"{flat.area / 1e6 - exact:+.4f} km²", shapely.get_num_coordinates(flat))
    for (_, limit), (difference, vertices) in shown.items():
        figure = difference.replace("-", "−")
        assert figure in PAGE or figure.lstrip("+") in PAGE, figure
        assert f"{vertices:,} vertices" in PAGE, limit
