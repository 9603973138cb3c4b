"""Checking a region file before figures are split by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import fsum
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import __version__, crs, geometry
from frontcalc.keywords import facade
from frontcalc.names import printable
from frontcalc.pipeline.region_shapes import shapes_by_row
from frontcalc.region_store import NAME_FIELD
from frontcalc.regions import MAY_SHARE, UNASSIGNED, country_of, told_apart
from frontcalc.snapshots import to_equal_area
from frontcalc.sources import read_features
from frontcalc.sources.features import Features, Properties
from frontcalc.sources.files import single_file
from frontcalc.tables import TOTAL, RegionCheckMeta, RegionCheckRow, RegionOverlap, Table

_TOUCHING_KM2 = 1e-6

Geometries = NDArray[np.object_]


@facade
def check_regions(
    path: str | Path, *, region_name: str | None = None, crs: str = crs.DEFAULT_CRS
) -> Table[RegionCheckRow, RegionCheckMeta]:
    """Check a region file: what it names, how large it is, where regions overlap or leave gaps.

    Parameters
    ----------
    path : str or Path
        A polygon file in any format and CRS.
    region_name : str, optional
        The field that names the regions; default `name`, or geoBoundaries' `shapeName`.
    crs : str
        The equal-area CRS that areas are measured in.

    Returns
    -------
    Table of RegionCheckRow
        A row a region by name, areas in km² as drawn; `meta.refused` lists all that keeps the file from
        being used.

    Raises
    ------
    DataError
        The file cannot be read at all.
    UsageError
        The CRS is not equal-area over the regions.

    Examples
    --------
    >>> import frontcalc
    >>> regions = frontcalc.list_regions().to_geoframe()[["region", "geometry"]]
    >>> regions.to_file("regions.geojson")
    >>> table = frontcalc.check_regions("regions.geojson", region_name="region")
    >>> table.meta.regions, table.meta.gaps, table.meta.refused
    (32, 0, ())
    """
    file = Path(path)
    source, features = read_features(single_file(file))
    fields = sorted({key for own in features.properties for key in own})
    field = region_name or next((name for name in ("name", NAME_FIELD) if name in fields), "name")
    names, refused = _names(features, field, fields)
    names = _labels(told_apart(names, features, field))
    order = sorted(set(names))
    index = np.array([order.index(name) for name in names], dtype=np.intp)[features.owner]
    drawn = [features.polygons[index == number] for number in range(len(order))]
    ground = [geometry.union(to_equal_area(polygons, features.crs, crs, where=source.name)) for polygons in drawn]
    overlaps = _overlaps(order, ground)
    refused += _too_large(overlaps)
    if not len(features.polygons):
        refused.append("it holds no polygons")
    whole = geometry.union(geometry.polygonal(ground))
    gaps = _gaps_km2(whole)
    rows = [
        _row(
            source.name,
            name,
            [own for own, mine in zip(features.properties, names, strict=True) if mine == name],
            drawn[number],
            ground[number],
            [pair for pair in overlaps if name in (pair.first, pair.second)],
        )
        for number, name in enumerate(order)
    ]
    meta = RegionCheckMeta(
        version=__version__,
        file=source,
        crs=features.crs,
        name_field=field,
        fields=tuple(fields),
        regions=len(order),
        area_km2=float(geometry.area_km2(whole)),
        overlaps=tuple(overlaps),
        gaps=len(gaps),
        gaps_km2=float(np.sum(gaps)),
        not_area=len(features.not_area),
        refused=tuple(refused),
    )
    shapes = shapes_by_row(dict(zip(rows, drawn, strict=True)), features.crs)
    return Table(RegionCheckRow, tuple(rows), meta, shapes)


def _too_large(overlaps: Sequence[RegionOverlap]) -> list[str]:
    """Return what is to be said of the pairs of regions that share more than an error of drawing."""
    return [
        f"{pair.first} and {pair.second} overlap by {pair.km2:,.3f} km², {pair.percent_of_smaller:.1f} % of the smaller"
        for pair in overlaps
        if pair.percent_of_smaller > 100 * MAY_SHARE
    ]


def _row(
    file: str,
    name: str,
    properties: Sequence[Properties],
    drawn: Geometries,
    ground: shapely.MultiPolygon,
    overlaps: Sequence[RegionOverlap],
) -> RegionCheckRow:
    """Return one region's row, of its features' properties, its polygons and the overlaps that it has."""
    return RegionCheckRow(
        file=file,
        region=name,
        country=printable(country_of(properties)),
        features=len(properties),
        parts=len(drawn),
        repaired=int(np.sum(~shapely.is_valid(drawn))),
        area_km2=float(geometry.area_km2(ground)),
        overlap_km2=fsum(pair.km2 for pair in overlaps),
        overlaps_with="|".join(sorted({one for pair in overlaps for one in (pair.first, pair.second)} - {name})),
    )


def _names(features: Features, field: str, fields: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return every feature's region name, one made up where it has none, and why the file would be refused."""
    names = [printable(str(own.get(field) or "").strip()) for own in features.properties]
    if field not in fields:
        listed = ", ".join(fields) or "none"
        return [f"(feature {number})" for number in range(len(names))], [
            f"no field {field!r}; its fields are {listed}: choose with --region-name"
        ]
    refused = [f"feature {number} has no {field!r}" for number, name in enumerate(names) if not name]
    reserved = sorted({name for name in names if name.casefold() in (TOTAL, UNASSIGNED)})
    refused += [f"a region is named {name!r}, which is a row of its own" for name in reserved]
    return [name or f"(feature {number})" for number, name in enumerate(names)], refused


def _labels(told: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return the names of features, with code or parent where several regions have one name."""
    times = Counter(name for name, *_ in set(told))
    return [f"{name} ({code or parent})" if times[name] > 1 else name for name, code, parent in told]


def _overlaps(names: Sequence[str], ground: Sequence[shapely.MultiPolygon]) -> list[RegionOverlap]:
    """Return what each pair of regions shares, largest first; a square metre or less is rounding."""
    parts = [geometry.polygonal(one) for one in ground]
    whole = np.concatenate([np.empty(0, dtype=object), *parts])
    pieces, of = geometry.subdivide(whole)
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[of]
    first, second = shapely.STRtree(pieces).query(pieces, predicate="intersects")
    apart = owner[first] < owner[second]
    first, second = first[apart], second[apart]
    shared = np.zeros((len(names), len(names)))
    overlay = shapely.intersection(pieces[first], pieces[second])
    np.add.at(shared, (owner[first], owner[second]), geometry.area_km2(overlay))
    area = geometry.area_km2(np.array(ground, dtype=object))
    found = [
        RegionOverlap(names[a], names[b], float(shared[a, b]), float(100 * shared[a, b] / min(area[a], area[b])))
        for a, b in zip(*np.nonzero(shared > _TOUCHING_KM2), strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.km2, pair.first, pair.second))


def _gaps_km2(whole: shapely.MultiPolygon) -> NDArray[np.float64]:
    """Return the area (km²) of each gap of more than a square metre that the united regions enclose."""
    holes = [shapely.Polygon(ring) for one in whole.geoms for ring in one.interiors]
    # What lies in a hole may be a region of its own, an enclave.
    areas = geometry.area_km2(shapely.difference(np.array(holes, dtype=object), whole))
    return areas[areas > _TOUCHING_KM2]
