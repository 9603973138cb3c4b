"""The regions of all countries: what is stored, which of them are used, and that rows add up wherever maps lie."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import build_world
import numpy as np
import pytest
import shapely
from conftest import Run

import frontcalc
from frontcalc import crs, geometry, natural_earth
from frontcalc.errors import FrontcalcError
from frontcalc.natural_earth import load_countries, load_embedded, load_redrawn, load_world
from frontcalc.pictures.frame import countries_around
from frontcalc.regions import countries_near, embedded_regions

Write = Callable[..., Path]
ROOT = Path(__file__).parents[1]
STORED = ROOT / "src" / "frontcalc" / "data" / "world.regions"
SUDAN = [(22.6, 10.5, 28.0, 16.0), (22.6, 10.2, 29.5, 16.3)]
# A corner of a square of a degree and a half, on land, in its country or across its border.
CORNERS = {
    "SD": (30, 15), "MM": (96, 20), "SY": (38, 35), "CD": (25, -3), "ML": (-2, 16), "YE": (46, 15), "ET": (39, 9),
    "KE": (37, 0), "NP": (84, 27.8), "LY": (18, 27), "BO": (-64, -17), "PY": (-59, -23), "SO": (45, 3), "IR": (55, 32),
    "NE": (8, 16), "MZ": (38, -13.5), "NG": (12, 11), "CO": (-73, 4), "IQ": (43, 33), "AF": (66, 34),
}  # fmt: skip
ACROSS = {
    "FJ": [shapely.box(178, -18.5, 180, -16), shapely.box(-180, -18.5, -179.5, -16)],
    "RU": [shapely.box(175, 66, 180, 69), shapely.box(-180, 66, -172, 69)],
    "AQ": [shapely.box(20, -88, 40, -86), shapely.box(-180, -90, 180, -89.5)],
}


def two_maps(archive: Write, before: list[shapely.Geometry], after: list[shapely.Geometry], **more: Any) -> Path:
    folder = archive({"2024-01-01": {"Zone": before}, "2024-07-01": {"Zone": after}}, **more)
    (folder / "frontcalc.toml").write_text('[layers]\nZone = { actor = "Militia", role = "control" }\n')
    return folder


def assert_rows_add_up(folder: Path, **options: Any) -> list[Any]:
    table = frontcalc.diff("2024-01-01..2024-07-01", archive=folder, cache="none", **options)
    *rows, total = table.rows
    whole = frontcalc.diff("2024-01-01..2024-07-01", archive=folder, cache="none", by="none").rows[-1]
    for name in ("gained_km2", "lost_km2", "net_km2"):
        assert sum(getattr(row, name) for row in rows) == pytest.approx(getattr(whole, name), abs=1e-6)
        assert getattr(total, name) == pytest.approx(getattr(whole, name), abs=1e-6)
    return [row for row in rows if row.gained_km2]


def test_every_country_is_there_and_its_regions_have_codes_of_their_own() -> None:
    world = load_world()
    codes = [region.code for block in world.countries.values() for region in block.regions]
    assert len(world.countries) == 255
    assert len(codes) == len(set(codes)) == 4598
    assert STORED.stat().st_size < 6_000_000
    assert {"Crimea", "Sevastopol"} <= {own.name for own in world.countries["UA"].regions}
    assert [own.name for own in world.countries["CNM"].regions] == ["Cyprus U.N. Buffer Zone"]
    assert world.countries["CNM"].regions[0].code == "CNM"
    assert load_redrawn().keys() <= world.countries.keys()
    assert all(own["source"] and own["change"] and int(own["since"]) > 2010 for own in load_redrawn().values())


@pytest.mark.parametrize("code", ["SD", "MM", "FJ", "AQ", "CNM", "CY", "LI"])
def test_pieces_of_a_country_and_its_neighbours_fit_exactly(code: str) -> None:
    """Fitting pieces have no ground twice and none lost between them: a country's outline is their union."""
    own = load_countries((code,))
    near = load_countries(countries_near(np.asarray(shapely.box(*shapely.bounds(own.pieces).T))))
    assert shapely.is_valid(near.pieces).all()
    assert shapely.coverage_is_valid(near.pieces)
    whole = shapely.coverage_union_all(own.pieces)
    assert shapely.area(whole) == pytest.approx(shapely.area(own.pieces).sum(), rel=1e-9)


def test_countries_agree_with_the_outlines_of_the_source(wheel: Path) -> None:
    countries, _ = build_world.read_wheel(wheel)
    stored = load_countries(tuple(load_world().countries))
    project = crs.projector(crs.LONLAT, crs.DEFAULT_CRS)
    km2 = geometry.area_km2(geometry.project_polygons(stored.pieces, project, edge_error=stored.edge_error_m2))
    of = np.array([region.country for region in stored.regions])[stored.owner]
    # Those of Crimea are Russia's in the outlines.
    crimea = np.isin(
        stored.owner, [at for at, own in enumerate(stored.regions) if own.name in ("Crimea", "Sevastopol")]
    )
    apart = set()
    for country in countries:
        code = country["iso_a2"] or country["adm0_a3"]
        drawn = geometry.polygonal(shapely.make_valid(country["shape"]))
        outline = geometry.project_polygons(drawn, project, edge_error=stored.edge_error_m2)
        wanted = float(geometry.area_km2(outline).sum())
        if abs(km2[(of == code) & ~((code == "UA") & crimea)].sum() - wanted) > 0.03 * wanted:
            apart.add(code)
            assert wanted < 10_000 or code == "BA"
    page = (ROOT / "docs" / "regions.md").read_text(encoding="utf-8")
    listed = page.partition("<!-- countries that differ -->")[2].partition("\n\n")[0].replace("\n", " ").split()
    assert apart == {word.strip(",.`") for word in listed}


def inflated(content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The index and the blocks of a file without their compression, which may differ between versions of zlib."""
    parts, rest = [], content[len(b"FCWORLD\x00\x01\n") + 4 :]
    while rest:
        stream = zlib.decompressobj()
        parts.append(stream.decompress(rest))
        rest = stream.unused_data
    index = json.loads(parts[0])
    for country in index["countries"]:
        del country["bytes"]
    return index, parts[1:]


@pytest.mark.slow
@pytest.mark.thorough
def test_the_wheel_gives_the_stored_file(wheel: Path) -> None:
    assert inflated(build_world.build(wheel)) == inflated(STORED.read_bytes())


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-9], lambda b: b[:20] + b"\xff" + b[21:]])
def test_a_damaged_file_is_an_error(
    damage: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "world.regions").write_bytes(damage(STORED.read_bytes()))
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    world = load_world.__wrapped__
    monkeypatch.setattr(natural_earth, "load_world", lambda: world())
    with pytest.raises(FrontcalcError, match="reinstall frontcalc"):
        load_countries.__wrapped__(("ZW",))


@pytest.mark.thorough(but=["five"])
@pytest.mark.parametrize("codes", [list(CORNERS)[::4], list(CORNERS)], ids=["five", "twenty"])
def test_squares_in_many_countries_add_up(codes: list[str], archive: Write) -> None:
    corners = [CORNERS[code] for code in codes]
    before = [shapely.box(x, y, x + 1, y + 1) for x, y in corners]
    after = [shapely.box(x, y, x + 1.5, y + 1.5) for x, y in corners]
    rows = assert_rows_add_up(two_maps(archive, before, after), by="country", snap="none")
    names = {load_world().countries[code].info.name for code in codes}
    assert names <= {row.region for row in rows}


@pytest.mark.thorough(but=["FJ", "AQ"])
@pytest.mark.parametrize("code", ACROSS)
def test_squares_across_the_antimeridian_and_at_the_pole_add_up(code: str, archive: Write) -> None:
    near = [shapely.affinity.scale(part, 0.5, 0.5) for part in ACROSS[code]]
    rows = assert_rows_add_up(two_maps(archive, near, ACROSS[code]), by="country", snap="none")
    assert load_world().countries[code].info.name in {row.region for row in rows}


def test_a_war_in_sudan_is_split_by_its_states_and_says_how_old_they_are(archive: Write, run_here: Run) -> None:
    folder = two_maps(archive, *([shapely.box(*box)] for box in SUDAN))
    rows = assert_rows_add_up(folder)
    assert {row.region for row in rows} > {"North Darfur", "Southern Darfur", "Eastern Darfur"}
    table = frontcalc.diff("2024-01-01..2024-07-01", archive=folder, only="SD", by="country,adm1")
    assert table.meta.regions is not None
    assert table.meta.regions.name == "natural-earth-adm1 (CF, SD, SS, TD)"
    assert (table.meta.region_licence, table.meta.regions_accuracy[:6]) == ("public domain", "1:10m,")
    assert [row.level for row in table.rows[:2]] == ["country", "adm1"]
    assert table.rows[0].region == "Sudan"
    assert table.rows[0].net_km2 == pytest.approx(sum(row.net_km2 or 0 for row in table.rows if row.level == "adm1"))
    command = ("diff", "2024-01-01..2024-07-01", "--archive", folder)
    done = run_here(*command)
    assert "regions as of about 2013, redrawn since by CF in 2021, SD in 2013, SS in 2020" in done.stdout
    facts = json.loads(run_here(*command, "--format", "json").stdout)
    assert "OLD-REGIONS" in {one["code"] for one in facts["meta"]["notices"]}
    assert run_here(*command, "--fail-on", "OLD-REGIONS").returncode == 1


def test_a_strip_along_a_border_is_no_ground_of_the_country_beyond(archive: Write) -> None:
    # Egypt begins at 22° north.
    folder = two_maps(archive, [shapely.box(26, 20, 29, 22.01)], [shapely.box(26, 20, 30, 22.01)])
    table = frontcalc.diff("2024-01-01..2024-07-01", archive=folder, cache="none")
    assert table.meta.regions is not None
    assert table.meta.regions.name == "natural-earth-adm1 (SD)"


def test_maps_of_moldova_are_not_split_by_the_regions_of_ukraine(archive: Write) -> None:
    moldova = [
        shapely.box(28.3, 46.8, 28.9, 47.4),
        shapely.box(29.3, 46.8, 29.5, 46.9),
        shapely.box(27.3, 48, 27.5, 48.2),
    ]
    table = frontcalc.diff("2024-01-01..2024-07-01", archive=two_maps(archive, moldova[:2], moldova), cache="none")
    assert table.meta.regions is not None
    assert table.meta.regions.name == "natural-earth-adm1 (MD)"
    ukraine = frontcalc.held("2024-11-17")
    assert ukraine.meta.regions is not None
    assert ukraine.meta.regions.name == load_embedded().name


def test_a_country_without_inner_borders_is_split(archive: Write) -> None:
    buffer = [shapely.box(33.3, 35.0, 33.4, 35.2)]  # between Nicosia's two halves
    rows = assert_rows_add_up(two_maps(archive, [shapely.box(73.2, 4, 73.3, 4.1)], [shapely.box(73, 4, 73.6, 4.5)]))
    assert {row.region for row in rows} - {"unassigned"}
    rows = assert_rows_add_up(two_maps(archive, [shapely.box(33.3, 35, 33.35, 35.2)], buffer, name="cyprus"))
    assert "Cyprus U.N. Buffer Zone" in {row.region for row in rows}


def test_the_open_sea_has_no_regions(archive: Write) -> None:
    folder = two_maps(archive, [shapely.box(-30, 30, -29, 31)], [shapely.box(-30, 30, -29, 32)])
    table = frontcalc.diff("2024-01-01..2024-07-01", archive=folder, cache="none")
    assert [row.region for row in table.rows] == ["total"]
    assert "NO-REGIONS" in {one.code for one in table.meta.notices}


def test_lists_and_single_regions_of_all_countries(run_here: Run) -> None:
    assert frontcalc.list_regions().rows[0].code == "UA-05"
    assert {row.country for row in frontcalc.list_regions("Ukraine").rows} == {"UA"}
    rows = frontcalc.list_regions("world").rows
    assert (len(rows), {row.level for row in rows}) == (255, {"country"})
    sudan = frontcalc.list_regions("sudan")
    assert sudan.meta.set == "natural-earth-adm1 (SD)"
    assert sum(row.area_km2 for row in sudan.rows) == pytest.approx(next(r.area_km2 for r in rows if r.code == "SD"))
    assert frontcalc.show_region("SD.BN").rows[0].neighbours == "Benshangul-Gumaz|Sennar|Upper Nile|White Nile"
    fiji = frontcalc.show_region("Northern (FJ)").rows[0]
    assert fiji.west > 0 > fiji.east
    done = run_here("regions", "show", "Central")
    assert done.returncode == 2
    assert "did you mean Central (BW) or Central (FJ) or " in done.stderr
    assert "did you mean Sudan or S. Sudan?" in run_here("regions", "list", "Sudn").stderr


def test_a_set_of_two_countries_is_a_partition() -> None:
    regions = embedded_regions(target_crs=crs.DEFAULT_CRS, countries=("SD", "SS"))
    assert shapely.coverage_is_valid(regions.pieces)
    assert set(regions.countries) == {"SD", "SS"}
    assert regions.accuracy.startswith("1:10m")


@pytest.mark.parametrize(("held", "bay", "water"), [
    # A lagoon's mouth off Alexandria, the same square inland; in metres of the plane some 1,000 km² each.
    ((29.0, 30.0, 31.0, 31.8), (29.6, 31.5, 29.9, 31.8), True),
    ((29.0, 28.0, 31.0, 29.8), (29.6, 28.8, 29.9, 29.1), False),
])  # fmt: skip
def test_water_that_a_map_drops_is_told_from_land_in_any_country(
    held: tuple[float, ...], bay: tuple[float, ...], water: bool, archive: Write
) -> None:
    whole, part = shapely.box(*held), shapely.box(*bay)
    table = frontcalc.diff("2024-01-01..2024-07-01", archive=two_maps(archive, [whole], [whole - part]), by="none")
    (fault,) = (one for one in table.meta.notices if one.code == "REDEFINITION")
    assert ("are water" in fault.message, "far behind the front" in fault.message) == (water, not water)
    assert re.search(r"(are water|behind the front), \d+ km [NESW]+ of \w+", fault.message)


def test_coasts_neighbours_and_frontiers_are_drawn_around_any_place() -> None:
    sudan, borders, known = countries_around((22.0, 8.0, 30.0, 16.0), crs.LONLAT, margin=0.0)
    assert {"Sudan", "S. Sudan", "Chad", "Central African Rep."} <= sudan.keys()
    # Land without a coast fills its box, and borders between two of the countries lie in it.
    assert sum(shapely.area(own).sum() for own in sudan.values()) == pytest.approx(64.0, rel=1e-4)
    assert shapely.area(known).sum() == pytest.approx(64.0, rel=1e-9)
    assert len(borders)
    assert shapely.length(shapely.intersection(shapely.union_all(borders), shapely.union_all(sudan["Chad"]))) > 5
    fiji, _, boxes = countries_around((177.0, -19.0, -179.0, -15.0), crs.LONLAT, margin=0.0)
    assert (len(boxes), {"Fiji"} <= fiji.keys()) == (2, True)
    assert shapely.bounds(np.concatenate(list(fiji.values())))[:, 0].min() < -179
    nothing, none, sea = countries_around((-30.0, -40.0, -28.0, -38.0), crs.LONLAT)
    assert (nothing, len(none), len(sea)) == ({}, 0, 0)


def test_a_part_at_sea_is_in_no_region_of_any_country(archive: Write) -> None:
    inland, island = shapely.box(30.0, 29.0, 31.0, 30.0), shapely.box(29.0, 32.5, 29.2, 32.7)
    found = frontcalc.check_archive(archive=two_maps(archive, [inland], [inland, island]))
    (outside,) = (row for row in found.rows if row.code == "OUTSIDE-REGIONS")
    assert outside.maps == 1
