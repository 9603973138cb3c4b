"""Region files read as partitions: the ground of each region, its names and codes, and notices on the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely

from frontcalc import geometry
from frontcalc.cache import NOTHING_KEPT, Cache
from frontcalc.errors import DataError, naming
from frontcalc.geometry import Geometries
from frontcalc.limits import limits
from frontcalc.names import printable, some_of
from frontcalc.notices import Notice
from frontcalc.overlaps import edges_of, shared_area_m2
from frontcalc.read import SourceFile, fingerprint
from frontcalc.read.features import Features
from frontcalc.read.files import Entry, GeoFrame
from frontcalc.regions.fields import country_of, file_and_layer, parent_of, read_region_file
from frontcalc.regions.sets import RegionSet
from frontcalc.regions.snap import Owners
from frontcalc.snapshots import changed, to_equal_area
from frontcalc.versions import key_of

MAY_SHARE = 0.01  # what two regions may share, of the smaller one's area: more is no error of drawing
_TOUCHING_M2 = 1.0  # shared borders overlap by rounding alone; it is far below every figure printed


def read_regions(
    path: str | Path | Entry | GeoFrame,
    *,
    target_crs: str,
    field: str | None = None,
    level: str = "adm1",
    cache: Cache = NOTHING_KEPT,
) -> RegionSet:
    """Read a polygon file of regions, in any CRS it declares, and make it a partition in metres of `target_crs`.

    Of a file with several layers, `path` may name one, as in «gadm41_UKR.gpkg:ADM_ADM_1». `field` is the property that
    names the regions, else it is found; `level` what the `level` column is to say. What is made of the polygons is kept
    in `cache`. DataError says that the file cannot be split by, UsageError that it is not plain which layer or field is
    meant.
    """
    entry, layer = file_and_layer(path)
    sha256 = fingerprint(entry)
    # Names are in the key since a notice has them; all else follows from the file's bytes and the arguments.
    key = key_of((sha256, target_crs, layer, field or "", level, entry.label, repr(limits())))
    with naming(entry.label):
        content = cache.kept("regions", key, lambda: _made(entry, layer, sha256, target_crs, field, level))
    land, land_owner, pieces, owners, stored_facts = geometry.from_bytes(content)
    facts = orjson.loads(str(stored_facts))
    notices, source = tuple(Notice(*one) for one in facts.pop("notices")), SourceFile(facts.pop("source"), sha256)
    spellings, names = tuple(map(tuple, facts.pop("spellings"))), tuple(facts.pop("names"))
    own: dict[str, Any] = {name: tuple(texts) for name, texts in facts.items() if any(texts)}
    return RegionSet(level, names, pieces, owners, land, land_owner, source, notices, spellings=spellings, **own)


def _made(entry: Entry, layer: str, sha256: str, target_crs: str, field: str | None, level: str) -> bytes:
    """Return as bytes: the regions whole, the region of each; cut small, the region of each; and their facts."""
    file = read_region_file(entry, layer=layer, field=field, level=level)
    if file.source.sha256 != sha256:
        raise changed(entry.label)
    if file.faults:
        raise file.faults[0]
    features, order = file.features, sorted(set(file.identities))
    place = {own: number for number, own in enumerate(order)}
    index = np.array([place[own] for own in file.identities], dtype=np.intp)
    if not len(features.polygons):
        raise DataError("holds no polygons", cure="give a file of region areas")
    names = [name for name, *_ in order]
    land, land_owner, apart = _land(features, index, target_crs)
    geometry.refuse_crossings(geometry.directed_edges(land))
    if bare := sorted(set(range(len(order))).difference(land_owner.tolist())):
        problem = f"has no polygon for {some_of([names[own] for own in bare])}"
        raise DataError(problem, cure="give every region its area, or leave it out")
    pieces, of = geometry.subdivide(land)
    pieces, owners, shared = _partition(pieces, land_owner[of], names)
    notices = [(notice.code, notice.message) for notice in file.notices]
    if shared:
        notices.append(("REGIONS-OVERLAP", f"{entry.label}: {shared}"))
    if apart:
        listed = some_of([names[own] for own in sorted(apart)])
        message = f"{entry.label}: of one name, and one region though they do not touch: {listed}"
        notices.append(("REGIONS-JOINED", message))
    mine = [[features.properties[number] for number in np.flatnonzero(index == own)] for own in range(len(order))]
    # Also called by the texts of fields such as «name_uk» and «NAME_1».
    called = [[text for key, text in own[0].items() if key.casefold().startswith("name")] for own in mine]
    texts = [[text.strip() for text in own if isinstance(text, str)] for own in called]
    facts = {
        "source": file.source.name,
        "names": names,
        "countries": [printable(country_of(properties)) for properties in mine],
        "codes": [code for _, code, _ in order],
        "spellings": [list(map(printable, filter(None, own))) for own in texts],
        "parents": [parent_of(own[0], file.field) for own in mine],
        "notices": notices,
    }
    return geometry.to_bytes(land, land_owner, pieces, owners, np.array(orjson.dumps(facts).decode()))


def _land(features: Features, index: Owners, target_crs: str) -> tuple[Geometries, Owners, set[int]]:
    """Return the regions as drawn, projected, in few polygons; the region of each; those with features far apart."""
    whole, owner, apart = list[Geometries](), list[Owners](), set[int]()
    for region in dict.fromkeys(index):
        drawn = [features.polygons[features.owner == number] for number in np.flatnonzero(index == region)]
        # What collapses to a line is no part.
        parts = list(filter(len, (to_equal_area(polygons, features.crs, target_crs) for polygons in drawn)))
        projected = np.concatenate([np.empty(0, dtype=object), *parts])
        feature = np.repeat(np.arange(len(parts)), np.array(list(map(len, parts)), dtype=np.intp))
        first, second = shapely.STRtree(projected).query(projected, predicate="intersects")
        if len(parts) > 1 and not _connected(feature[first], feature[second]):
            apart.add(int(region))
        # United where two polygons touch, so that no ground counts twice.
        touching = bool((first < second).any())
        whole.append(geometry.polygonal(geometry.union(projected)) if touching else projected)
        owner.append(np.full(len(whole[-1]), region))
    return np.concatenate(whole), np.concatenate(owner), apart


def _connected(one: Owners, other: Owners) -> bool:
    """Say whether features hang together by pairs (k,) that touch, each feature paired with itself too."""
    group = np.arange(one.max() + 1)
    while True:
        joined = group.copy()
        np.minimum.at(joined, one, group[other])
        if (joined == group).all():
            return not group.any()
        group = joined


def overlaps(pieces: Geometries, owner: Owners) -> tuple[Owners, Owners, dict[tuple[int, int], float]]:
    """Return the pairs (k,) of pieces of two regions that share ground, and what each pair of regions shares (m²).

    Pieces (m,) are in metres, those of a region together; a pair has the region first whose pieces come first.
    """
    first, second = geometry.meeting_boxes(pieces, most=1_000_000)  # neighbours have some ten a piece
    apart = (first < second) & (owner[first] != owner[second])
    first, second = first[apart], second[apart]
    edges = edges_of(pieces)
    shared_m2 = shared_area_m2(edges, edges, first, second) if len(first) else np.zeros(0)
    real = shared_m2 > 0
    first, second = first[real], second[real]
    by_pair: dict[tuple[int, int], float] = {}
    for one, other, m2 in zip(owner[first].tolist(), owner[second].tolist(), shared_m2[real].tolist(), strict=True):
        by_pair[one, other] = by_pair.get((one, other), 0.0) + m2
    return first, second, by_pair


def _partition(pieces: Geometries, owner: Owners, names: list[str]) -> tuple[Geometries, Owners, str]:
    """Give what two regions share to the one whose pieces come first, and say how much; refuse beyond `MAY_SHARE`."""
    first, second, by_pair = overlaps(pieces, owner)
    shared = ""
    if (total_m2 := sum(by_pair.values())) > _TOUCHING_M2:
        area_m2 = np.bincount(owner, shapely.area(pieces))
        share = {pair: m2 / float(min(area_m2[list(pair)])) for pair, m2 in by_pair.items()}
        worst, largest = max(share, key=share.__getitem__), max(by_pair, key=by_pair.__getitem__)
        if share[worst] > MAY_SHARE:
            one, other = (names[own] for own in worst)
            problem = f"{one} and {other} overlap by {by_pair[worst] / 1e6:.3f} km², {share[worst]:.1%} of the smaller"
            raise DataError(problem, cure=f"give a file whose regions share no more than {MAY_SHARE:.0%}")
        most = f"{names[largest[0]]} and {names[largest[1]]} ({by_pair[largest] / 1e6:.3f} km²)"
        shared = f"{total_m2 / 1e6:.3f} km², most between {most}"
    pieces = pieces.copy()
    for early, late in zip(first, second, strict=True):
        pieces[late] = shapely.difference(pieces[late], pieces[early])
    polygons, index = geometry.polygons_of(pieces)
    return polygons, owner[index], shared
