"""Archives converted to tidy files read back to the same figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import square

import frontcalc
from frontcalc.errors import UsageError

Write = Callable[..., Path]
TARGETS = ["maps.parquet", "maps.geojson", "folder"]


@pytest.fixture
def maps(archive: Write) -> Path:
    """Known layers, one without geometry, and one that only the archive explains."""
    folder = archive(
        {
            "2024-01-01": {"control_map": [(300, 40)], "russian_advances": [None], "Zone A": [(310, 40)]},
            "2024-01-08": {
                "control_map": [(300, 40), (301, 40)],
                "russian_advances": [(301, 40)],
                "Zone A": [(310, 40)],
            },
        },
        name="source",
    )
    (folder / "frontcalc.toml").write_text('[layers]\n"Zone A" = { actor = "Atlantis", role = "control" }\n')
    return folder


def figures(archive: Path, **options: object) -> list[tuple[str, float | None, float | None]]:
    table = frontcalc.diff(["2024-01-01..2024-01-08"], archive=archive, by="none", **options)  # type: ignore[arg-type]
    return [(row.actor, row.opening_km2, row.gained_km2) for row in table.rows]


@pytest.mark.parametrize("target", TARGETS)
def test_figures_survive(target: str, maps: Path, tmp_path: Path) -> None:
    files = frontcalc.convert(tmp_path / target, archive=maps)
    assert len(files) == (2 if target == "folder" else 1)
    for options in ({}, {"view": "control"}, {"view": "control", "actor": "Atlantis"}):
        before, after = figures(maps, **options), figures(tmp_path / target, **options)
        assert [row[0] for row in after] == [row[0] for row in before]
        for there, back in zip(before, after, strict=True):
            assert back[1:] == pytest.approx(there[1:], abs=1e-3)


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_archive_gives_the_same_bytes(target: str, maps: Path, tmp_path: Path) -> None:
    there = frontcalc.convert(tmp_path / "a" / target if target == "folder" else tmp_path / f"a-{target}", archive=maps)
    back = frontcalc.convert(tmp_path / "b" / target if target == "folder" else tmp_path / f"b-{target}", archive=maps)
    assert [file.read_bytes() for file in there] == [file.read_bytes() for file in back]


def test_what_is_written_is_valid(tmp_path: Path, archive: Write) -> None:
    bow_tie = square(300, 40)
    west, south, east, north = bow_tie.bounds
    crossed = type(bow_tie)([(west, south), (east, north), (east, south), (west, north)])
    folder = archive({"2024-01-01": {"control_map": [crossed]}}, name="source")
    (file,) = frontcalc.convert(tmp_path / "maps.geojson", archive=folder)
    (feature,) = json.loads(file.read_text())["features"]
    assert feature["properties"] == {"date": "2024-01-01", "layer": "control_map", "actor": "Russia", "role": "control"}
    assert len(feature["geometry"]["coordinates"]) == 2
    row = frontcalc.held(["2024-01-01"], archive=file, view="control").rows[-1]
    assert row.held_km2 == pytest.approx(50.0, abs=1e-3)


def test_a_folder_that_is_not_empty_is_left_alone(maps: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="full: is no empty folder; name a new folder"):
        frontcalc.convert(tmp_path / "full", archive=maps)


@pytest.mark.shared
@pytest.mark.parametrize("target", ["maps.parquet", "maps.geojson"])
@pytest.mark.parametrize("name", ["isw-weekly", "isw-raw-daily", "isw-shapefile-zips", "isw-weekly-topojson"])
def test_real_archives_read_back_to_the_same_figures(name: str, target: str, shared: Path, tmp_path: Path) -> None:
    source = shared / "archives" / name
    frontcalc.convert(tmp_path / target, archive=source)
    days = frontcalc.open_archive(source).days
    chosen = [str(day) for day in (days[0], days[len(days) // 2], days[-1])]
    there, back = (frontcalc.held(chosen, archive=where, by="none").rows for where in (source, tmp_path / target))
    assert [row.held_km2 for row in back] == pytest.approx([row.held_km2 for row in there], abs=1e-3)
