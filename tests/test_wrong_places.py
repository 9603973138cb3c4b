"""Maps that lie where they cannot be: no figure rests on them, and maps of other wars lie where they like."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from conftest import collection

import frontcalc
from frontcalc.cli import run
from frontcalc.crs import LONLAT
from frontcalc.errors import DataError
from frontcalc.regions import embedded_covers
from frontcalc.snapshots.snapshot import boxes_of

Write = Callable[..., Path]
CONTROL = "control_map"
WORDS = (
    "latitude stands before longitude: x 48.00 to 48.50 and y 37.00 to 37.50 are in place only when exchanged"
    "{}; write longitude first, as GeoJSON wants"
)


def at(west: float, south: float) -> list[shapely.Geometry]:
    return [shapely.box(west, south, west + 0.5, south + 0.5)]


DONETSK, EXCHANGED = at(37, 48), at(48, 37)


def maps(layer: str | None, *places: list[shapely.Geometry]) -> dict[str, Any]:
    return {f"2024-01-0{number}": {layer: place} for number, place in enumerate(places, 1)}


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "2024-01-01..2024-01-02"], ["held", "2024-01-02"], ["series"], ["summary"],
        ["flows", "2024-01-01..2024-01-02"], ["sensitivity", "2024-01-01..2024-01-02"],
        ["map", "2024-01-01..2024-01-02", "-o", "map.svg"],
        ["archive", "list"], ["archive", "convert", "-o", "out.geojson"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_that_figures_come_from_stops(
    arguments: list[str],
    archive: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    archive(maps(CONTROL, DONETSK, EXCHANGED))
    monkeypatch.chdir(tmp_path)
    for _ in "cold", "warm":
        assert run([*arguments, "--archive", "maps"]) == 3
        assert WORDS.format("") in capfd.readouterr().err
    found = frontcalc.check_archive(archive=Path("maps")).rows
    assert [row.message for row in found if row.severity == "error"] == [WORDS.format("")]


@pytest.mark.parametrize("place", [[*DONETSK, *EXCHANGED], [shapely.MultiPolygon([*DONETSK, *EXCHANGED])]])
def test_a_map_of_which_a_part_is_exchanged_stops(place: list[shapely.Geometry], archive: Write) -> None:
    with pytest.raises(DataError, match="^2024-01-01.geojson: " + WORDS.format("")[:70]):
        frontcalc.held("2024-01-01", archive=archive(maps(CONTROL, place)), by="none", view="control")
    # What is of this war and not at home with x and y exchanged either may lie anywhere.
    far = archive(maps(CONTROL, [*DONETSK, *at(60, 55)]), name="far")
    assert frontcalc.held("2024-01-01", archive=far, by="none", view="control").rows


def test_two_files_stop_by_the_first_of_them_where_no_name_tells(archive: Write) -> None:
    folder = archive(maps(None, at(-60, 37), at(37, -60), at(-60, 37.25)))
    files = [folder / f"2024-01-0{number}.geojson" for number in (1, 2, 3)]
    with pytest.raises(DataError, match=r"^2024-01-02.geojson: latitude .*, beside 2024-01-01.geojson; write"):
        frontcalc.diff_files(files[0], files[1], by="none")
    assert frontcalc.diff_files(files[0], files[2], by="none").rows


def test_regions_of_the_users_own_tell_too(archive: Write, region_file: Write) -> None:
    folder = archive(maps(None, [shapely.transform(shapely.box(31, -39, 32, -38), lambda xy: xy[:, ::-1])]))
    with pytest.raises(DataError, match="latitude stands before longitude"):
        frontcalc.held("2024-01-01", archive=folder, regions=region_file({"a": [(300, c) for c in range(99)]}))


def test_regions_that_are_exchanged_are_named_and_not_the_map(archive: Write, tmp_path: Path) -> None:
    document = collection({"a": EXCHANGED}, field="name")
    (tmp_path / "r.geojson").write_text(json.dumps(document))
    with pytest.raises(DataError, match=r"^r\.geojson: latitude .* exchanged, beside 2024-01-01\.geojson; write"):
        frontcalc.held("2024-01-01", archive=archive(maps(None, DONETSK)), regions=tmp_path / "r.geojson")


@pytest.mark.thorough(but=["Sudan", "the Gulf of Guinea", "the Arctic"])
@pytest.mark.parametrize(
    "place",
    [at(30, 15), at(-60, -30), at(48, 37), at(44, 40), at(0, 0), at(-150, -85), at(10, 84), at(45, 45)],
    ids=["Sudan", "Argentina", "Iran", "Armenia", "the Gulf of Guinea", "Antarctica", "the Arctic", "the diagonal"],
)
def test_maps_of_other_wars_lie_where_they_like(place: list[shapely.Geometry], archive: Write, tmp_path: Path) -> None:
    assert frontcalc.diff("2024-01-01..2024-01-02", archive=archive(maps(None, place, place))).rows
    own = archive(maps("Zone", place, place), name="own")
    (own / "frontcalc.toml").write_text('[layers]\nZone = { actor = "Russia", role = "control" }\n')
    result = frontcalc.diff("2024-01-01..2024-01-02", archive=own, view="control")
    assert result.rows[-1].net_km2 == 0.0


def declared(crs: str, west: float, south: float, side: float) -> dict[str, Any]:
    document = collection({CONTROL: [shapely.box(west, south, west + side, south + side)]})
    return {**document, "crs": {"type": "name", "properties": {"name": crs}}}


@pytest.mark.parametrize(
    ("crs", "west", "south", "fault"),
    [
        ("EPSG:3857", 37, 48, "declares WGS 84 / Pseudo-Mercator, which is in metres, but its coordinates are degrees"),
        ("EPSG:32637", 4.1e6, 6.1e6, "declares WGS 84 / UTM zone 37N, which has no place for its coordinates"),
        ("OGC:CRS84", 4.1e6, 6.1e6, "its coordinates are no degrees"),
    ],
)
def test_a_crs_that_cannot_be_stops_the_run(crs: str, west: float, south: float, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "2024-01-01.geojson"
    path.write_text(json.dumps(declared(crs, west, south, 1)))
    for _ in "cold", "warm":
        with pytest.raises(DataError, match=f"^2024-01-01.geojson: {fault}"):
            frontcalc.held("2024-01-01", archive=path, cache=tmp_path / "cache")


@pytest.mark.parametrize(
    ("crs", "west", "south"),
    [
        ("EPSG:32636", 7.5e5, 5.3e6),
        ("EPSG:32636", 5e5, -4e5),
        ("+proj=laea +lat_0=48 +lon_0=37 +datum=WGS84 +units=km", 10, 10),
    ],
    ids=["the zone of the country's other half", "south of the equator by the northern zone", "kilometres"],
)
def test_a_crs_that_may_be_is_read(crs: str, west: float, south: float, tmp_path: Path) -> None:
    path = tmp_path / "2024-01-01.geojson"
    side = 10 if "km" in crs else 10_000
    path.write_text(json.dumps(declared(crs, west, south, side)))
    result = frontcalc.held("2024-01-01", archive=path, by="none", view="control")
    assert result.rows[-1].held_km2 == pytest.approx(100, abs=0.5)


def test_a_map_of_two_far_places_is_not_of_what_lies_between_them() -> None:
    """Around Ukraine and not in it: one box around both would hold it."""
    far = np.array([shapely.box(10, 44, 11, 45), shapely.box(60, 52, 61, 53), shapely.box(61, 52, 62, 54)])
    boxes = boxes_of([(LONLAT, far)])
    assert boxes == ((10, 44, 11, 45), (60, 52, 62, 54))
    assert not embedded_covers(np.array([shapely.box(*box) for box in boxes]))
    assert embedded_covers(np.array([shapely.box(10, 44, 62, 54)]))
    assert boxes_of([(LONLAT, far[:0])]) == ()
