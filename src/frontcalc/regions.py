"""Region sets: reading them, making them a partition, and splitting ground by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.embedded import PARTIAL_COUNTRIES, load_embedded
from frontcalc.errors import DataError, UsageError
from frontcalc.notices import Notice
from frontcalc.snapshots import to_equal_area
from frontcalc.sources import SourceFile, read_features
from frontcalc.sources.features import Features
from frontcalc.sources.files import single_file

UNASSIGNED = "unassigned"
"""The row of what no region takes."""

TOTAL = "total"
"""The name of the row, and of its level, that measures everything at once."""

CODE_FIELDS = ("iso_3166_2", "shapeiso", "shapeid")
"""Feature properties that hold a region's code, whatever their case."""

# Shared borders overlap by rounding alone; a square metre is far below every figure printed.
_TOUCHING_M2 = 1.0

_FEW_PIECES = 4


@dataclass(frozen=True, slots=True, eq=False)
class RegionSet:
    """Regions as a partition: no point is in two of them.

    Parameters
    ----------
    level : str
        What the `level` column says, as in «adm1».
    names : tuple of str
        One a region, sorted; regions that share a name differ in country or code.
    pieces : (m,) array of shapely Polygon
        The regions, cut small, in metres of the equal-area projection.
    owner : (m,) array of int
        The index into `names` of each piece's region.
    land : (k,) array of shapely Polygon
        The same ground in few, large polygons, which may overlap.
    source : SourceFile or None
        The file, None for the empty set.
    notices : tuple of Notice
        What was done to make it a partition.
    countries : tuple of str
        The country of each region (ISO 3166-1), empty where it is not known.
    codes : tuple of str
        The code of each region (ISO 3166-2 or the file's own), empty where it has none.
    spellings : tuple of tuple of str
        What else each region is called.
    country_names : mapping of str to tuple of str
        What countries are called, by code; the first name is the one to show.
    attribution : str
        Whom they are from, and on what terms; empty where it is not known.
    partial_countries : tuple of str
        Those of them of which the set has some regions only.
    """

    level: str
    names: tuple[str, ...]
    pieces: NDArray[np.object_]
    owner: NDArray[np.intp]
    land: NDArray[np.object_]
    source: SourceFile | None = None
    notices: tuple[Notice, ...] = ()
    countries: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    spellings: tuple[tuple[str, ...], ...] = ()
    country_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attribution: str = ""
    partial_countries: tuple[str, ...] = ()

    def land_km2(self) -> NDArray[np.float64]:
        """Return the area of each region's land as the set draws it, (n,) in km²."""
        areas = np.zeros(len(self.names))
        np.add.at(areas, self.owner, geometry.area_km2(self.pieces))
        return areas

    def without_land_of(self, country: str) -> RegionSet:
        """Return the set in which the regions of one country take nothing; they stay as rows."""
        mine = np.array([own == country for own in self.countries], dtype=bool)
        if not country or not mine.any():
            return self
        kept = ~mine[self.owner]
        return replace(self, pieces=self.pieces[kept], owner=self.owner[kept], land=self.pieces[kept])

    def split_km2(self, parts: NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the area of polygons in each region, (n + 1,) in km²; the last is what no region takes.

        Parameters
        ----------
        parts : (k,) array of shapely Polygon
            Valid and without overlap, in metres.
        """
        out = np.zeros(len(self.names) + 1)
        parts, _ = geometry.subdivide(parts)
        shapely.prepare(parts)
        part, piece = shapely.STRtree(self.pieces).query(parts, predicate="intersects")
        shared_m2 = self._shared_m2(parts[part], self.pieces[piece])
        np.add.at(out, self.owner[piece], shared_m2)
        # Small ground meets few pieces, large ground few regions: take away whichever is less work.
        many = np.bincount(part, minlength=len(parts)) > _FEW_PIECES
        out[-1] = _outside_m2(parts[~many], self.pieces) + _outside_m2(parts[many], self.land)
        return out / 1e6

    def _shared_m2(self, parts: NDArray[np.object_], pieces: NDArray[np.object_]) -> NDArray[np.float64]:
        """Return the area (m²) that each part shares with the piece beside it; parts are prepared."""
        shared = shapely.area(pieces)
        # A piece inside a part is shared whole and needs no overlay.
        crossing = ~shapely.contains_properly(parts, pieces)
        shared[crossing] = shapely.area(shapely.intersection(parts[crossing], pieces[crossing]))
        return shared


def _outside_m2(parts: NDArray[np.object_], land: NDArray[np.object_]) -> float:
    """Return the area (m²) of parts that lies on no land, by an overlay of its own; parts are prepared."""
    part, owner = shapely.STRtree(land).query(parts, predicate="intersects")
    rest = parts.copy()
    # One piece of land after another is taken from each part, all parts at once: no union is needed.
    rank = np.arange(len(part)) - np.searchsorted(part, part)
    for nth in range(rank.max(initial=-1) + 1):
        now = rank == nth
        rest[part[now]] = shapely.difference(rest[part[now]], land[owner[now]])
    return float(np.sum(shapely.area(rest)))


def no_regions() -> RegionSet:
    """Return the empty set: everything is total."""
    nothing = np.empty(0, dtype=object)
    return RegionSet("none", (), nothing, np.empty(0, dtype=np.intp), nothing)


def embedded_regions(*, target_crs: str) -> RegionSet:
    """Return the embedded regions of Ukraine and of Russia beside it, which need no cutting.

    Parameters
    ----------
    target_crs : str
        The equal-area CRS of the result.
    """
    stored = load_embedded()
    infos = sorted(stored.regions, key=lambda info: info.name)
    place = np.array([infos.index(info) for info in stored.regions], dtype=np.intp)
    # Neighbours have the same vertices, and projecting keeps that: no partition has to be made.
    pieces = geometry.project_polygons(stored.pieces, crs.projector(crs.LONLAT, target_crs))
    return RegionSet(
        "adm1",
        tuple(info.name for info in infos),
        pieces,
        place[stored.owner],
        pieces,
        SourceFile(stored.name, stored.sha256),
        countries=tuple(info.country for info in infos),
        codes=tuple(info.code for info in infos),
        spellings=tuple((info.name_uk, *info.aliases) for info in infos),
        country_names={own.code: (own.name, own.name_uk, *own.aliases) for own in stored.countries},
        attribution=f"{stored.source}, {stored.licence}",
        partial_countries=PARTIAL_COUNTRIES.get(stored.name, ()),
    )


def embedded_covers(boxes: NDArray[np.object_]) -> bool:
    """Say whether the embedded regions are those of a place, given as boxes (n,) in degrees."""
    return bool(len(shapely.STRtree(load_embedded().pieces).query(boxes, predicate="intersects")[0]))


def read_regions(path: str | Path, *, target_crs: str, field: str | None = None, level: str = "adm1") -> RegionSet:
    """Read a region file and make it a partition.

    Parameters
    ----------
    path : str or Path
        A polygon file in any CRS it declares.
    target_crs : str
        The equal-area CRS of the result.
    field : str, optional
        The property that names the regions; default «name».
    level : str
        What the `level` column is to say.

    Raises
    ------
    DataError
        The file cannot be read, has no polygons, or a region has no name or one named as a row of its own.
    UsageError
        The file has no such field; the message lists those it has.
    """
    file = Path(path)
    source, features = read_features(single_file(file))
    told = _told_apart(_names(features, field, file.name), features)
    order = sorted(set(told))
    place = {own: number for number, own in enumerate(order)}
    index = np.array([place[own] for own in told], dtype=np.intp)
    if not len(features.polygons):
        raise DataError("holds no polygons", where=file.name, cure="give a file of region areas")
    whole: list[NDArray[np.object_]] = []
    owner: list[NDArray[np.intp]] = []
    for region in dict.fromkeys(index):
        mine = features.polygons[np.isin(features.owner, np.flatnonzero(index == region))]
        whole.append(to_equal_area(mine, features.crs, target_crs))
        owner.append(np.full(len(whole[-1]), region))
    land = np.concatenate(whole)
    pieces, of = geometry.subdivide(land)
    pieces, owners, notices = _partition(pieces, np.concatenate(owner)[of], tuple(name for name, _ in order), file.name)
    first = [features.properties[place_of] for place_of in np.unique(index, return_index=True)[1]]
    return RegionSet(
        level,
        tuple(name for name, _ in order),
        pieces,
        owners,
        land,
        source,
        notices,
        codes=tuple(next(filter(None, own), "") for _, own in order),
        spellings=tuple(_other_names(properties) for properties in first),
    )


def _names(features: Features, field: str | None, where: str) -> list[str]:
    """Return every feature's region name."""
    wanted = field or "name"
    fields = sorted({key for properties in features.properties for key in properties})
    if wanted not in fields:
        listed = ", ".join(fields) or "none"
        raise UsageError(f"no field {wanted!r}; its fields are {listed}", where=where, cure="choose with --region-name")
    names = [str(properties.get(wanted) or "").strip() for properties in features.properties]
    for number, name in enumerate(names):
        if not name:
            raise DataError(f"feature {number} has no {wanted!r}", where=where, cure="name every region")
        if name.casefold() in (TOTAL, UNASSIGNED):
            raise DataError(f"a region is named {name!r}, which is a row of its own", where=where, cure="rename it")
    return names


def _told_apart(names: Sequence[str], features: Features) -> list[tuple[str, tuple[str, ...]]]:
    """Return every feature's name and codes: those of one region are alike.

    Features of one name are parts of one region, unless each of them has a code that says otherwise.
    """
    lower = [{key.casefold(): value for key, value in own.items()} for own in features.properties]
    codes = [tuple(str(own.get(key) or "").strip() for key in CODE_FIELDS) for own in lower]
    uncoded = {name for name, own in zip(names, codes, strict=True) if not any(own)}
    return [(name, () if name in uncoded else own) for name, own in zip(names, codes, strict=True)]


def _other_names(properties: Mapping[str, object]) -> tuple[str, ...]:
    """Return what a feature is also called: the texts of fields such as «name_uk» and «NAME_1»."""
    named = (value for key, value in properties.items() if key.casefold().startswith("name"))
    return tuple(value.strip() for value in named if isinstance(value, str) and value.strip())


def _partition(
    pieces: NDArray[np.object_], owner: NDArray[np.intp], names: tuple[str, ...], where: str
) -> tuple[NDArray[np.object_], NDArray[np.intp], tuple[Notice, ...]]:
    """Give what two regions share to the one whose pieces come first, and say how much that was."""
    first, second = shapely.STRtree(pieces).query(pieces)
    apart = (first < second) & (owner[first] != owner[second])
    first, second = first[apart], second[apart]
    shared_m2 = shapely.area(shapely.intersection(pieces[first], pieces[second]))
    real = np.flatnonzero(shared_m2 > 0)
    pieces = pieces.copy()
    for pair in real:
        pieces[second[pair]] = shapely.difference(pieces[second[pair]], pieces[first[pair]])
    flat, owners = shapely.get_parts(pieces, return_index=True)
    polygons = (shapely.get_type_id(flat) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(flat)
    notices: tuple[Notice, ...] = ()
    if len(real) and shared_m2[real].sum() > _TOUCHING_M2:
        total_km2 = shared_m2[real].sum() / 1e6
        by_pair: dict[str, float] = {}
        for pair in real:
            key = f"{names[owner[first[pair]]]} and {names[owner[second[pair]]]}"
            by_pair[key] = by_pair.get(key, 0.0) + shared_m2[pair] / 1e6
        most = max(by_pair, key=lambda key: by_pair[key])
        notices = (
            Notice(
                "REGIONS-OVERLAP",
                f"{where}: {total_km2:.3f} km², most between {most} ({by_pair[most]:.3f} km²)",
            ),
        )
    return flat[polygons], owner[owners[polygons]], notices
