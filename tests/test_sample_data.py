"""The bundled sample archive holds the figures that it was made for.

All but the last tests measure by a plain calculation of their own, an integral along each edge on the
ellipsoid, so that a fault in the package cannot hide one in the sample.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import make_sample
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

import frontcalc
from frontcalc.natural_earth import load_embedded

WGS84 = Geod(ellps="WGS84")
SAMPLE = Path(__file__).parents[1] / "data" / "sample_polygons"
DAYS = sorted(date.fromisoformat(path.stem) for path in SAMPLE.glob("*.geojson"))
CONTROL, ADVANCES, KURSK = "control_map", "russian_advances", "kursk_ukrainian_advance"
YEARS = {2023: (date(2022, 12, 31), date(2023, 12, 31)), 2024: (date(2023, 12, 31), date(2024, 11, 17))}
MONTHS = [f"2023-{month:02d}" for month in range(1, 13)] + [f"2024-{month:02d}" for month in range(1, 12)]


@cache
def layers(day: date) -> Mapping[str, BaseGeometry]:
    """Return the layers of one map, each as one geometry in lon/lat."""
    features = json.loads((SAMPLE / f"{day}.geojson").read_text(encoding="utf-8"))["features"]
    names = {feature["properties"]["layer"] for feature in features}
    return {
        name: shapely.union_all([shape(f["geometry"]) for f in features if f["properties"]["layer"] == name])
        for name in names
    }


@cache
def held(day: date) -> BaseGeometry:
    """Return what Russia holds on one map: both of its layers, overlap counted once."""
    return shapely.union(layers(day)[CONTROL], layers(day)[ADVANCES])


def in_force(day: date) -> date:
    """Return the day of the last map on or before a day."""
    return max(map_day for map_day in DAYS if map_day <= day)


def rings_km2(rings: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the areas (km²) of rings on WGS 84 with edges straight in lon/lat."""
    e = math.sqrt(WGS84.es)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    lam, phi = np.radians(points).T
    nodes, weights = np.polynomial.legendre.leggauss(4)
    sines = np.sin(phi[:-1, None] + (nodes + 1) / 2 * np.diff(phi)[:, None])
    q = (1 - e**2) * (sines / (1 - (e * sines) ** 2) + np.arctanh(e * sines) / e)
    # What leads from one ring to the next is no edge.
    edges = (q @ weights) / 2 * np.diff(lam) * (ring[1:] == ring[:-1])
    return np.abs(np.bincount(ring[1:], edges, len(rings))) * WGS84.a**2 / 2 / 1e6


def area_km2(geometry: BaseGeometry) -> float:
    """Return the ellipsoidal area (km²) of polygons in lon/lat."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    rings, part = shapely.get_rings(parts[shapely.get_dimensions(parts) == 2], return_index=True)
    # A polygon's first ring is its outer one, the others are holes.
    return math.fsum(rings_km2(rings) * np.where(np.diff(part, prepend=-1), 1, -1)) if len(rings) else 0.0


@cache
def held_km2(day: date) -> float:
    """Return what Russia holds on one map (km²)."""
    return area_km2(held(day))


@cache
def layer_km2(day: date, name: str) -> float:
    """Return the area of one layer of one map (km²)."""
    return area_km2(layers(day)[name])


def ends_of_month(month: str) -> tuple[date, date]:
    """Return the maps in force on the day before a month and on its last day."""
    first = date.fromisoformat(f"{month}-01")
    after = (first + timedelta(days=31)).replace(day=1)
    return in_force(first - timedelta(days=1)), in_force(after - timedelta(days=1))


def changed(before: date, after: date) -> BaseGeometry:
    """Return the land gained or lost between two maps."""
    return shapely.symmetric_difference(held(before), held(after))


def regions_touched(change: BaseGeometry, regions: Mapping[str, BaseGeometry], least_km2: float = 0.5) -> set[str]:
    """Return the names of the regions in which at least so much land changed hands."""
    areas = {name: area_km2(shapely.intersection(change, region)) for name, region in regions.items()}
    return {name for name, area in areas.items() if area >= least_km2}


@cache
def oblasts() -> Mapping[str, BaseGeometry]:
    """Return the embedded regions around the line of contact."""
    stored = load_embedded()
    return {
        region.name: shapely.coverage_union_all(stored.pieces[stored.owner == index])
        for index, region in enumerate(stored.regions)
        if region.name in ("Kharkiv", "Luhansk", "Donetsk", "Zaporizhzhia", "Kherson")
    }


def test_maps_are_weekly_from_end_of_2022() -> None:
    assert (DAYS[0], DAYS[1], DAYS[-1]) == (date(2022, 12, 31), date(2023, 1, 8), date(2024, 11, 17))
    assert {(after - before).days for before, after in pairwise(DAYS[1:])} == {7}


@pytest.mark.parametrize(
    ("opening", "closing", "net_km2"),
    [
        (*YEARS[2023], 465.0),
        (*YEARS[2024], 2_700.0),
        (date(2024, 9, 1), date(2024, 11, 3), 1_020.0),
    ],
)
def test_net_change(opening: date, closing: date, net_km2: float) -> None:
    assert held_km2(closing) - held_km2(opening) == pytest.approx(net_km2, abs=1.0)


def test_held_on_3_november_2024() -> None:
    assert held_km2(date(2024, 11, 3)) == pytest.approx(110_649.0, abs=1.0)


def kursk_km2(day: date) -> float:
    """Return what Ukraine holds in Kursk oblast (km²) by the map in force on a day."""
    return layer_km2(in_force(day), KURSK)


def test_kursk() -> None:
    assert kursk_km2(date(2024, 9, 6)) == pytest.approx(1_171.0, abs=1.0)
    assert kursk_km2(date(2024, 11, 17)) - kursk_km2(date(2024, 10, 1)) == pytest.approx(-593.0, abs=1.0)


def test_kursk_layer_starts_with_the_incursion_and_stays() -> None:
    assert [day for day in DAYS if KURSK in layers(day)] == [day for day in DAYS if day > date(2024, 8, 6)]


@pytest.mark.parametrize("month", MONTHS)
def test_change_of_a_month_is_spread(month: str) -> None:
    change = changed(*ends_of_month(month))
    # a twentieth of a km² is a place on the ground: slivers of redrawing do not count
    parts = [part for part in shapely.get_parts(change) if area_km2(part) > 0.05]
    assert len(parts) >= 20
    assert len(regions_touched(change, oblasts())) >= 3


@pytest.mark.thorough(but=["2024"])
@pytest.mark.parametrize("year", YEARS)
def test_gross_differs_from_net(year: int) -> None:
    opening, closing = YEARS[year]
    days = [day for day in DAYS if opening <= day <= closing]
    steps = [(held(before), held(after)) for before, after in pairwise(days)]
    lost = math.fsum(area_km2(shapely.difference(before, after)) for before, after in steps)
    gained = math.fsum(area_km2(shapely.difference(after, before)) for before, after in steps)
    net = held_km2(closing) - held_km2(opening)
    assert gained - lost == pytest.approx(net, abs=0.01)
    assert lost > 200.0


def test_redrawing_leaves_slivers() -> None:
    for before, after in list(pairwise(DAYS))[::4]:
        slivers = [part for part in shapely.get_parts(changed(before, after)) if area_km2(part) < 0.05]
        assert len(slivers) > 15, after


def test_layers_overlap_slightly() -> None:
    for day in DAYS:
        both = layer_km2(day, CONTROL) + layer_km2(day, ADVANCES)
        assert 0.5 < both - held_km2(day) < 40.0, day


def test_advances_move_into_control_in_batches() -> None:
    batches = [
        after
        for before, after in pairwise(DAYS)
        if layer_km2(after, ADVANCES) < layer_km2(before, ADVANCES) / 2
        and layer_km2(after, CONTROL) > layer_km2(before, CONTROL)
        and held_km2(after) <= held_km2(before)
    ]
    assert len(batches) >= 5


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_file_is_a_plausible_map(day: date) -> None:
    text = (SAMPLE / f"{day}.geojson").read_text(encoding="utf-8")
    features = json.loads(text)["features"]
    shapes = [shape(feature["geometry"]) for feature in features]
    assert text.endswith("}\n")
    assert len(text) < 100_000
    assert all(geometry.is_valid and geometry.geom_type in {"Polygon", "MultiPolygon"} for geometry in shapes)
    points = np.concatenate([shapely.get_coordinates(geometry) for geometry in shapes])
    assert len(points) >= 300
    assert np.array_equal(points, np.round(points, 5))
    parts = shapely.get_parts(held(day))
    assert len(parts) >= 3
    assert sum(len(part.interiors) for part in parts) >= 3


def test_frontcalc_measures_the_six_figures() -> None:
    """The same six figures, as the package gives them to a user without an archive."""
    periods = ["2023", "2024", "2024-09-01..2024-11-03"]
    table = frontcalc.diff(periods)
    assert table.meta.archive == "SYNTHETIC SAMPLE"
    totals = [row for row in table.rows if row.region == "total"]
    assert [row.net_km2 for row in totals] == pytest.approx([465.0, 2_700.0, 1_020.0], abs=1.0)
    assert frontcalc.held(["2024-11-03"]).rows[-1].held_km2 == pytest.approx(110_649.0, abs=1.0)
    assert frontcalc.held(["2024-09-06"], actor="Ukraine").rows[-1].held_km2 == pytest.approx(1_171.0, abs=1.0)
    kursk = frontcalc.diff(["2024-10-01..2024-11-17"], actor="Ukraine").rows[-1]
    assert kursk.net_km2 == pytest.approx(-593.0, abs=1.0)


def test_an_actors_own_country_takes_nothing() -> None:
    """As drawn, what Russia's layers show in Russia is unassigned, and what Ukraine's show in Ukraine."""
    stored = load_embedded()
    own = {code: {region.name for region in stored.regions if region.country == code} for code in ("RU", "UA")}
    for actor, country in (("Russia", "RU"), ("Ukraine", "UA")):
        held_in = {row.region: row.held_km2 for row in frontcalc.held(["2024-11-03"], actor=actor, snap="none").rows}
        assert {held_in[name] for name in own[country]} == {0.0}
        assert (held_in["unassigned"] or 0.0) > 1.0


def test_a_copy_of_a_sample_map_is_still_known_for_what_it_is(tmp_path: Path) -> None:
    for day in ("2022-12-31", "2023-12-31"):
        shutil.copy(SAMPLE / f"{day}.geojson", tmp_path)
    rows = frontcalc.diff(["2023"], archive=tmp_path).rows
    assert all("SYNTHETIC" in row.notes.split() for row in rows)


def test_the_script_gives_the_committed_first_map_and_the_same_bytes_again() -> None:
    """Bytes depend on the versions of GEOS and numpy, so the committed file is compared as ground."""
    made = [json.dumps(make_sample.collection(next(make_sample.maps(2022)))) for _ in range(2)]
    assert made[0] == made[1]
    committed = json.loads((SAMPLE / "2022-12-31.geojson").read_text(encoding="utf-8"))
    again = json.loads(made[0])
    for layer in (CONTROL, ADVANCES):
        there, here = (
            shapely.union_all([shape(f["geometry"]) for f in c["features"] if f["properties"]["layer"] == layer])
            for c in (committed, again)
        )
        assert area_km2(shapely.symmetric_difference(there, here)) < 1.0
