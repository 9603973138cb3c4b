"""The generator of large archives and of regions for them: `scripts/make_archive.py`."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import make_archive
import numpy as np
import orjson
import pytest
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

import frontcalc
from frontcalc import edges

SCRIPTS = Path(__file__).parents[1] / "scripts"


def drawn(count: int, vertices: int, *, share: float = 0.01, redrawn: bool = False) -> NDArray[np.object_]:
    """Return maps in degrees."""
    contents = make_archive.maps(7, count, vertices, share=share, redrawn=redrawn)
    return np.array([shape(orjson.loads(content)["features"][0]["geometry"]) for content in contents], dtype=object)


def differing(maps: NDArray[np.object_]) -> list[float]:
    """Return which part of the edges differs between neighbouring maps."""
    lines = [edges.directed_edges(ground) for ground in maps]
    rest = [[len(found) for found in edges.differing(*pair)] for pair in pairwise(lines)]
    return [sum(counts) / (2 * len(lines[0])) for counts in rest]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1])
def test_maps_are_valid_and_differ_by_the_share_asked_for(share: float) -> None:
    maps = drawn(8, 3000, share=share)
    assert shapely.is_valid(maps).all()
    assert np.abs(shapely.get_num_coordinates(maps) - 3000).max() < 20
    assert differing(maps) == pytest.approx([share] * 7, rel=0.3)


def test_redrawn_maps_have_no_edge_in_common_and_hardly_another_area() -> None:
    maps = drawn(4, 3000, redrawn=True)
    assert shapely.is_valid(maps).all()
    assert differing(maps) == [1.0] * 3
    assert shapely.area(maps) == pytest.approx([shapely.area(maps[0])] * 4, rel=1e-3)


def test_the_coast_stays_one_in_a_year() -> None:
    ends = drawn(365, 600)[[0, -1]]
    assert shapely.is_valid(ends).all()
    assert 0.5 < shapely.area(ends[1]) / shapely.area(ends[0]) < 1.5


@pytest.mark.parametrize(("count", "vertices"), [(1, 4), (7, 4), (27, 200), (50, 41)])
def test_regions_are_as_many_as_asked_for_and_share_their_borders(count: int, vertices: int) -> None:
    regions = np.array([shapely.Polygon(ring) for ring in make_archive.cells(7, count, vertices)])
    assert len(regions) == count
    assert shapely.is_valid(regions).all()
    assert shapely.coverage_is_valid(regions)


def test_same_seed_same_bytes_and_frontcalc_reads_both(tmp_path: Path) -> None:
    """In processes of their own, as `make scale` runs them; another seed gives others."""
    for name, seed in (("one", "3"), ("again", "3"), ("other", "4")):
        folder, regions = tmp_path / name, tmp_path / f"{name}.geojson"
        sizes = ["--maps", "3", "--vertices", "600", "--regions", regions, "--count", "9", "--seed", seed]
        subprocess.run([sys.executable, SCRIPTS / "make_archive.py", "-o", folder, *sizes], check=True)
    contents = {
        name: [path.read_bytes() for path in (*sorted((tmp_path / name).iterdir()), tmp_path / f"{name}.geojson")]
        for name in ("one", "again", "other")
    }
    assert contents["one"] == contents["again"]
    assert all(mine != other for mine, other in zip(contents["one"], contents["other"], strict=True))
    table = frontcalc.series(archive=tmp_path / "one", regions=tmp_path / "one.geojson")
    assert len(table.rows) == 3 * (9 + 2)
    turnovers = [row.gained_km2 + row.lost_km2 for row in table.rows[11:] if row.region == "total"]
    assert all(turnover > 0 for turnover in turnovers)
    assert {notice.code for notice in table.meta.notices} >= {"SYNTHETIC"}


def test_maps_are_never_mixed_with_others(tmp_path: Path) -> None:
    (tmp_path / "2024-01-01.geojson").write_text("{}")
    with pytest.raises(SystemExit, match="is not empty"):
        make_archive.write(tmp_path, make_archive.maps(1, 1, 600))
