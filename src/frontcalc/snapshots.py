"""An archive of dated maps: its index, the reading of one day, and what is held on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.dates import day_from_name, without_day
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.layers import UNDIFFERENTIATED, Layer, Role, find_layer, known_names, layer_name
from frontcalc.notices import Notice
from frontcalc.sources import SUFFIXES, SourceFile, read_features
from frontcalc.sources.features import Features
from frontcalc.views import View

SYNTHETIC = Notice("SYNTHETIC", "the maps are made up; the figures hold by construction")

SAMPLE_NAME = "SYNTHETIC SAMPLE"


@dataclass(frozen=True, slots=True)
class SnapshotRef:
    """Where one day's map is: the day and its files. Nothing of them has been read."""

    day: date | None
    parts: tuple[Path, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotLayer:
    """One layer of one map.

    Parameters
    ----------
    name : str
        The publisher's name.
    layer : Layer
        Its actor and role.
    crs : str
        The CRS of the polygons.
    polygons : (n,) array of shapely Polygon
        As drawn, n = 0 where the layer is there without geometry.
    """

    name: str
    layer: Layer
    crs: str
    polygons: NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a publisher's map shows on one day."""

    ref: SnapshotRef
    files: tuple[SourceFile, ...]
    layers: tuple[SnapshotLayer, ...]
    notices: tuple[Notice, ...]

    def named_layers(self, actor: str) -> list[tuple[str, Layer]]:
        """Return name and meaning of each of an actor's layers."""
        return [(part.name, part.layer) for part in self.layers if part.layer.actor == actor]

    def actors(self) -> tuple[str, ...]:
        """Return whose layers the map has, in the order of its layers."""
        return tuple(dict.fromkeys(part.layer.actor for part in self.layers))


@dataclass(frozen=True, slots=True)
class Archive:
    """An index of dated maps, in date order; it holds no geometry."""

    name: str
    refs: tuple[SnapshotRef, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def days(self) -> tuple[date, ...]:
        """The days that have a map."""
        return tuple(ref.day for ref in self.refs if ref.day is not None)

    @property
    def extent(self) -> str:
        """From when to when there are maps."""
        return f"{self.days[0]} to {self.days[-1]}" if self.days else "no date"

    def upto(self, day: date) -> Iterator[SnapshotRef]:
        """Yield the maps dated on or before a day, latest first."""
        return (ref for ref in reversed(self.refs) if ref.day is not None and ref.day <= day)


def open_archive(path: str | Path, *, skip_bad: bool = False) -> Archive:
    """Index a folder of maps, a file a date; only names are looked at.

    Parameters
    ----------
    path : str or Path
        The folder. Its name becomes the archive's.
    skip_bad : bool
        Leave out files whose name has no single date, with a notice, instead of stopping.

    Raises
    ------
    NoDataError
        There is no map in the folder.
    UsageError
        There is no such folder.
    DataError
        A map's name has no date, or more than one.
    """
    folder = Path(path)
    name = folder.resolve().name
    if not folder.is_dir():
        cure = "compare two files with frontcalc diff BEFORE AFTER" if folder.is_file() else "check the path"
        raise UsageError("is no folder of maps", where=str(path), cure=cure)
    try:
        files = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"cannot be read: {(error.strerror or '').lower()}", where=name) from error
    maps = [file for file in files if file.suffix.lower() in SUFFIXES]
    if not maps:
        raise NoDataError(
            f"holds no maps ({', '.join(SUFFIXES)})",
            where=name,
            cure="name files by date: 2024-11-03.geojson",
        )
    dated, notices = _dated(maps, skip_bad=skip_bad)
    if others := [file.name for file in files if file not in maps]:
        notices.append(Notice("OTHER-FILES", f"{len(others)} not read: {_some(others)}"))
    refs = tuple(
        SnapshotRef(day, tuple(path for _, path in group), tuple(path.name for _, path in group))
        for day, group in ((day, list(pairs)) for day, pairs in groupby(dated, key=lambda pair: pair[0]))
    )
    return Archive(name, refs, tuple(notices))


def open_sample() -> Archive:
    """Index the bundled sample: synthetic weekly maps from 2022-12-31 to 2024-11-17."""
    return replace(open_archive(_sample_folder()), name=SAMPLE_NAME, notices=())


def _sample_folder() -> Path:
    """Return where the sample is: inside an installed package, or beside the sources of a checkout."""
    package = Path(__file__).parent
    places = (package / "data" / "sample_polygons", package.parents[1] / "data" / "sample_polygons")
    return next((place for place in places if place.is_dir()), places[0])


def pair_archive(before: str | Path, after: str | Path) -> Archive:
    """Return two single files as an archive of two maps; their days are those in their names, if any.

    Raises
    ------
    UsageError
        The names give dates and the first is the later.
    """
    refs = []
    for path in (Path(before), Path(after)):
        try:
            day = day_from_name(path.name)
        except DataError:
            day = None
        refs.append(SnapshotRef(day, (path,), (path.name,)))
    first, second = refs[0].day, refs[1].day
    if first and second and first > second:
        raise UsageError(f"is of {first}, after {second}", where=refs[0].names[0], cure="give the earlier file first")
    return Archive(f"{refs[0].names[0]}..{refs[1].names[0]}", tuple(refs))


def boxes_in_degrees(snapshot: Snapshot) -> NDArray[np.object_]:
    """Return a box in degrees around each polygon of a map, which tells what part of the world it shows."""
    boxes = [np.empty(0, dtype=object)]
    for part in snapshot.layers:
        west, south, east, north = shapely.bounds(part.polygons).reshape(-1, 4).T
        if part.crs != crs.LONLAT:
            to_degrees = crs.transformer(part.crs, crs.LONLAT).transform
            (west, south), (east, north) = to_degrees(west, south), to_degrees(east, north)
        boxes.append(shapely.box(west, south, east, north))
    return np.concatenate(boxes)


def _dated(maps: list[Path], *, skip_bad: bool) -> tuple[list[tuple[date, Path]], list[Notice]]:
    """Return the maps with their days, in date order, and a notice for each that was skipped."""
    dated, notices = [], []
    for file in maps:
        try:
            dated.append((day_from_name(file.name), file))
        except DataError as error:
            if not skip_bad:
                raise
            notices.append(Notice("SKIPPED", str(error)))
    return sorted(dated), notices


@lru_cache(maxsize=4)
def read_snapshot(ref: SnapshotRef) -> Snapshot:
    """Read one day's files and sort their features into layers.

    The last few maps stay in memory, since neighbouring periods share them.

    Raises
    ------
    DataError
        A file is broken; two files of the day show one layer differently; no layer is known.
    """
    files: list[SourceFile] = []
    layers: dict[str, tuple[SourceFile, SnapshotLayer]] = {}
    notices: list[Notice] = []
    unknown: list[str] = []
    for path, name in zip(ref.parts, ref.names, strict=True):
        file, features = read_features(path, name=name)
        same = next((other for other in files if other.sha256 == file.sha256), None)
        files.append(file)
        if same:
            notices.append(Notice("MERGED", f"{same.name} and {file.name} are the same file"))
            continue
        if features.synthetic:
            notices.append(SYNTHETIC)
        if features.not_area:
            notices.append(Notice("NOT-AREA", f"{name}: {features.not_area} points or lines were not counted"))
        for title, layer, polygons in _by_layer(features, path.stem):
            if layer is None:
                unknown.append(f"{title!r} in {name}")
            elif title in layers:
                raise DataError(
                    f"shows layer {title!r} of {ref.day} differently from {layers[title][0].name}",
                    where=name,
                    cure="keep one of the two files",
                )
            else:
                layers[title] = (file, SnapshotLayer(title, layer, features.crs, polygons))
    if unknown and not layers:
        raise DataError(
            f"has no layer that is known: {_some(unknown)}",
            where=", ".join(ref.names),
            cure=f"known layers are {', '.join(known_names())}",
        )
    if unknown:
        notices.append(Notice("UNKNOWN-LAYER", f"not counted: {_some(unknown)}"))
    return Snapshot(ref, tuple(files), tuple(part for _, part in layers.values()), tuple(notices))


def _by_layer(features: Features, stem: str) -> Iterator[tuple[str, Layer | None, NDArray[np.object_]]]:
    """Yield the name, meaning and polygons of each layer in a file, by name; None means unknown."""
    names = [layer_name(properties) for properties in features.properties]
    if any(names):
        for name in sorted({name or "(no layer)" for name in names}):
            mine = np.array([index for index, own in enumerate(names) if (own or "(no layer)") == name])
            yield name, find_layer(name), features.polygons[np.isin(features.owner, mine)]
    elif names:
        own_name = without_day(stem)
        yield own_name, find_layer(own_name) or UNDIFFERENTIATED, features.polygons


def role_geometry(snapshot: Snapshot, actor: str, view: View, target_crs: str) -> dict[Role, shapely.MultiPolygon]:
    """Return an actor's ground by role, for the roles that a view counts.

    Parameters
    ----------
    snapshot : Snapshot
        One map.
    actor : str
        Whose layers count.
    view : View
        Which of them.
    target_crs : str
        The equal-area CRS of the result; it is proved over the data.

    Returns
    -------
    dict of Role to MultiPolygon
        Valid, in metres.

    Raises
    ------
    UsageError
        The CRS is not equal-area over the data.
    """
    by_role: dict[Role, list[NDArray[np.object_]]] = {}
    for part in snapshot.layers:
        if part.layer.actor == actor and view.counts(part.name, part.layer):
            try:
                projected = to_equal_area(part.polygons, part.crs, target_crs)
            except shapely.GEOSException as error:
                raise DataError(
                    f"layer {part.name!r} cannot be repaired: {error}", where=snapshot.files[0].name
                ) from error
            by_role.setdefault(part.layer.role, []).append(projected)
    return {role: geometry.union(np.concatenate(by_role[role])) for role in Role if role in by_role}


def held(snapshot: Snapshot, actor: str, view: View, target_crs: str) -> shapely.MultiPolygon:
    """Return what an actor holds on one map: the union of the layers that the view counts, in metres."""
    roles = role_geometry(snapshot, actor, view, target_crs)
    if len(roles) == 1:
        return next(iter(roles.values()))
    return geometry.union(geometry.polygonal(np.array(list(roles.values()), dtype=object)))


def to_equal_area(polygons: NDArray[np.object_], source_crs: str, target_crs: str) -> NDArray[np.object_]:
    """Return polygons as drawn in `source_crs`, projected with straight source edges and repaired (metres)."""
    if not len(polygons):
        return polygons
    west, south, east, north = map(float, shapely.total_bounds(polygons))
    if source_crs != crs.LONLAT:
        to_degrees = crs.transformer(source_crs, crs.LONLAT)
        west, south, east, north = to_degrees.transform_bounds(west, south, east, north)
    crs.prove_equal_area(target_crs, (west, south, east, north))
    return geometry.repair(geometry.project_polygons(polygons, crs.projector(source_crs, target_crs)))


def _some(names: list[str], limit: int = 5) -> str:
    """Return the first few of some names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
