"""Whatever the bytes, a reader returns finite polygons or raises an error of ours: a little of `make fuzz`.

And what is read has the figure of an independent oracle: a little of `make attack`.
"""

from __future__ import annotations

import json
import os
import signal
from functools import cache
from random import Random
from typing import Any

import pytest
import shapely
import strict_oracle
from attack import attack_input, try_figure
from fuzz import OUTCOMES, exercise, findings, input_of, report, run
from fuzz_mutations import mutate
from fuzz_seeds import Seeds, all_seeds
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle import exact_area_km2
from strict_oracle import turn

from frontcalc.read import READERS

NAMES = (
    *("geojson", "geojson-sequence", "topojson", "esri", "gzip", "kml", "kmz", "zip"),
    *("shapefile", "geopackage", "geodatabase", "flatgeobuf", "geoparquet", "frontcalc.toml"),
)


@cache
def seeds() -> dict[str, Seeds]:
    """Return the files that are broken."""
    return all_seeds()


def test_every_reader_is_fuzzed() -> None:
    assert tuple(seeds()) == NAMES
    of_json = {"json": {"geojson", "topojson", "esri"}}
    assert all(of_json.get(reader, {reader}) <= set(NAMES) for reader in READERS)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_broken_is_read(name: str) -> None:
    for data in seeds()[name].files:
        assert exercise(name, data) == "read"


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(start=st.integers(0, 2**32))
def test_a_broken_file_is_read_or_refused(name: str, start: int) -> None:
    random = Random(start)
    own = seeds()[name]
    assert exercise(name, mutate(random.choice(own.files), own.mutations, random)) in OUTCOMES


# --- documents that are nearly right -----------------------------------------------------------------------------

numbers = st.one_of(st.floats(-200, 200), st.floats(), st.integers(), st.sampled_from([0, 1, -0.0, 1e308, 180, 90]))
odd = st.one_of(st.none(), st.booleans(), st.text(max_size=3), st.just([]), st.just({}), numbers)
position = st.one_of(st.lists(numbers, min_size=2, max_size=3), st.lists(odd, max_size=3), odd)
ring = st.one_of(st.lists(position, max_size=6), odd)
rings = st.one_of(st.lists(ring, max_size=3), odd)
properties = st.one_of(st.dictionaries(st.sampled_from(["layer", "name", "date", "type"]), odd, max_size=3), odd)
geojson_type = st.one_of(
    st.sampled_from(["Polygon", "MultiPolygon", "Point", "LineString", "GeometryCollection", "Feature"]), odd
)
system = st.one_of(st.fixed_dictionaries({"properties": st.fixed_dictionaries({"name": odd})}), odd)


def some(members: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with some of their members."""
    return st.fixed_dictionaries({}, optional=members)


geometry = st.recursive(
    some({"type": geojson_type, "coordinates": st.one_of(rings, st.lists(rings, max_size=2))}),
    lambda inner: some({"type": geojson_type, "geometries": st.lists(inner, max_size=3)}),
    max_leaves=4,
)
feature = some({"type": geojson_type, "properties": properties, "geometry": st.one_of(geometry, odd)})
geojson = some(
    {
        "type": st.one_of(st.just("FeatureCollection"), geojson_type),
        "features": st.one_of(st.lists(st.one_of(feature, odd), max_size=3), odd),
        "crs": system,
        "coordinates": rings,
        "value": st.one_of(feature, odd),
    }
)

indices = st.one_of(st.lists(st.one_of(st.integers(-3, 3), odd), max_size=3), odd)
topology_object = st.one_of(
    some({"type": geojson_type, "arcs": st.one_of(st.lists(indices, max_size=2), odd), "properties": properties}), odd
)
topology = some(
    {
        "arcs": st.one_of(st.lists(ring, max_size=3), odd),
        "objects": st.one_of(st.dictionaries(st.text(max_size=2), topology_object, max_size=2), odd),
        "transform": st.one_of(some({"scale": st.lists(odd, max_size=2), "translate": st.lists(odd, max_size=2)}), odd),
        "crs": system,
    }
).map(lambda document: {"type": "Topology", **document})

reference = st.one_of(
    some({"wkid": st.sampled_from([4326, 102100, 0, -1, 10**12]), "latestWkid": odd, "wkt": odd}), odd
)
esri = some(
    {
        "geometryType": st.one_of(st.just("esriGeometryPolygon"), odd),
        "spatialReference": reference,
        "features": st.one_of(
            st.lists(some({"attributes": properties, "geometry": some({"rings": rings, "x": odd})}), max_size=3), odd
        ),
        "error": odd,
    }
)


@pytest.mark.parametrize("documents", [geojson, topology, esri], ids=["geojson", "topojson", "esri"])
def test_a_document_that_is_nearly_right_is_read_or_refused(documents: st.SearchStrategy[Any]) -> None:
    @settings(max_examples=150)
    @given(document=documents)
    def holds(document: Any) -> None:
        assert exercise("json", json.dumps(document).encode()) in OUTCOMES

    holds()


@settings(max_examples=100)
@given(lines=st.lists(st.one_of(feature, geojson, odd), max_size=4), separator=st.sampled_from(["\n", "\x1e", "\r\n"]))
@example(lines=[{}, {}], separator="\x1e")
def test_a_sequence_that_is_nearly_right_is_read_or_refused(lines: list[Any], separator: str) -> None:
    assert exercise("geojson-sequence", separator.join(["", *map(json.dumps, lines)]).encode()) in OUTCOMES


@settings(max_examples=100)
@given(
    data=st.binary(max_size=200),
    head=st.sampled_from([b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"fgb\x03fgb\x00", b"SQLite format 3\x00", b"<kml>"]),
)
def test_a_beginning_alone_is_refused(data: bytes, head: bytes) -> None:
    assert exercise("any", head + data) == "refused"


# --- the long run itself -----------------------------------------------------------------------------------------


def test_inputs_are_the_same_each_time() -> None:
    assert input_of(seeds()["zip"], "zip", 7, 1) == input_of(seeds()["zip"], "zip", 7, 1)
    assert input_of(seeds()["zip"], "zip", 7, 1) != input_of(seeds()["zip"], "zip", 8, 1)


def test_a_process_that_dies_is_a_finding_and_the_rest_is_still_read() -> None:
    def trial(name: str, number: int) -> str:
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 3:
            raise ValueError("a fault")
        return "read"

    results = run(trial, {"geojson": 5}, processes=1)
    assert findings(results) == [
        "geojson:1 the process died: -9",
        "geojson:3 ValueError: a fault",
    ]
    assert "| all | 5 | 3 | 0 | 0 | 2 |" in report(results)


def test_pieces_of_files_are_small() -> None:
    assert all(len(data) < 300_000 for own in seeds().values() for data in own.files)


# --- the oracle, and what is held to it --------------------------------------------------------------------------

SQUARE = [[36.0, 0.0], [37.0, 0.0], [37.0, 1.0], [36.0, 1.0], [36.0, 0.0]]
HOLE = [[36.25, 0.25], [36.25, 0.75], [36.75, 0.75], [36.75, 0.25], [36.25, 0.25]]
DEGREE_KM2 = exact_area_km2(shapely.Polygon(SQUARE))  # by geodesics


def drawn(*rings: Any, **more: Any) -> bytes:
    geometry_ = {"type": "Polygon", "coordinates": rings}
    return json.dumps({"type": "Feature", "properties": {}, "geometry": geometry_, **more}).encode()


def test_the_oracle_measures_by_itself() -> None:
    assert strict_oracle.figure(drawn(SQUARE)) == (pytest.approx(DEGREE_KM2, abs=0.001), set())
    less, said = strict_oracle.figure(drawn(SQUARE, HOLE))
    assert less / DEGREE_KM2 == pytest.approx(0.75, abs=1e-4)
    assert said == set()
    assert turn(SQUARE) == 1.0
    assert turn(HOLE) == -0.25


@pytest.mark.parametrize(
    ("data", "leniency"),
    [
        (drawn(SQUARE[:-1]), "open ring"),
        (b"\xef\xbb\xbf" + drawn(SQUARE), "byte order mark"),
        (b'{"value": ' + drawn(SQUARE) + b"}", "wrapper"),
        (drawn(SQUARE, properties=False), "no properties"),
        (drawn([[*xy, "high"] for xy in SQUARE]), "third value"),
    ],
)
def test_a_leniency_has_a_name_and_the_figure(data: bytes, leniency: str) -> None:
    assert strict_oracle.figure(data) == (pytest.approx(DEGREE_KM2, abs=0.001), {leniency})
    assert leniency in strict_oracle.LENIENT
    assert exercise("geojson", data) == "read"


@pytest.mark.parametrize(
    "data",
    [
        drawn([*SQUARE[:2], [True, 1.0], *SQUARE[3:]]),
        drawn(SQUARE, [[x + 5, y] for x, y in HOLE]),
        drawn(SQUARE[:2]),
        b'{"type": "FeatureCollection", "features": [], "features": []}',
        b'{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [NaN, 1], [0, 0]]]}',
        b'<kml xmlns="http://www.opengis.net/kml/2.2"><Polygon/></kml>',
    ],
)
def test_the_oracle_is_strict(data: bytes) -> None:
    with pytest.raises(strict_oracle.NoMap):
        strict_oracle.figure(data)


@pytest.mark.parametrize("name", NAMES[:-1])
def test_what_is_read_has_the_figure_of_the_oracle(name: str) -> None:
    outcomes = [try_figure(1, name, number) for number in range(20)]
    assert any(outcome.startswith("same") for outcome in outcomes)


def test_what_is_attacked_is_the_same_each_time() -> None:
    assert attack_input("kml", 7) == attack_input("kml", 7)
    assert attack_input("kml", 7) != attack_input("kml", 8)
