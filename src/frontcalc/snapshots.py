"""Reading the map of one day into layers, and what is held on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.archives import Part, SnapshotRef
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.dates import without_day
from frontcalc.errors import DataError
from frontcalc.intervals import in_force, intervals
from frontcalc.layers import UNDIFFERENTIATED, Layer, Role, find_layer, layer_name, spelling, stated_layer
from frontcalc.notices import Notice
from frontcalc.progress import timed
from frontcalc.sources import SourceFile, read_features
from frontcalc.sources.features import Features
from frontcalc.sources.files import Entry
from frontcalc.views import View

SYNTHETIC = Notice("SYNTHETIC", "the maps are made up; the figures hold by construction")


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
    file : str
        What messages call the file it was read from.
    """

    name: str
    layer: Layer
    crs: str
    polygons: NDArray[np.object_]
    file: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a publisher's map shows on one day; `stated_days` are other days that its files say they are of."""

    ref: SnapshotRef
    files: tuple[SourceFile, ...]
    layers: tuple[SnapshotLayer, ...]
    notices: tuple[Notice, ...]
    stated_days: tuple[date, ...] = ()

    def named_layers(self, actor: str) -> list[tuple[str, Layer]]:
        """Return name and meaning of each of an actor's layers."""
        return [(part.name, part.layer) for part in self.layers if part.layer.actor == actor]


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


@lru_cache(maxsize=8)
def read_snapshot(ref: SnapshotRef) -> Snapshot:
    """Read one day's files and sort their features into layers.

    The last few maps stay in memory, since neighbouring periods share them.

    Raises
    ------
    DataError
        A file is broken; two files of the day show one layer differently; no layer is known.
    """
    files: list[SourceFile] = []
    layers: dict[str, SnapshotLayer] = {}
    origin: dict[str, str] = {}
    notices: list[Notice] = []
    unknown: list[str] = []
    stated: list[date] = []
    for part in ref.parts:
        name = part.entry.label
        with timed(f"read {name}"):
            file, features = read_part(part)
        same = next((other for other in files if other.sha256 == file.sha256 and other.name != name), None)
        files.append(file)
        if same:
            notices.append(Notice("MERGED", f"{same.name} and {name} are the same file"))
            continue
        if features.synthetic:
            notices.append(SYNTHETIC)
        if len(features.not_area):
            notices.append(Notice("NOT-AREA", f"{name}: {len(features.not_area)} points or lines were not counted"))
        stated += _other_days(features, ref, part)
        for title, layer, polygons in layers_in(features, part.entry, dict(ref.layers)):
            key = spelling(title)
            if layer is None:
                unknown.append(f"{title!r} in {name}")
            elif key in layers:
                raise DataError(
                    f"shows layer {title!r} of {ref.day} differently from {origin[key]}",
                    where=name,
                    cure="keep one of the two files",
                )
            else:
                origin[key], layers[key] = name, SnapshotLayer(title, layer, features.crs, polygons, name)
    if unknown and not layers:
        raise DataError(
            f"has no layer that is known: {_some(unknown)}",
            where=", ".join(ref.names),
            cure=f"say what one means under [layers] in {CONFIG_NAME}, as actor and role",
        )
    if unknown:
        notices.append(Notice("UNKNOWN-LAYER", f"not counted: {_some(unknown)}"))
    return Snapshot(ref, tuple(files), tuple(layers.values()), tuple(notices), tuple(stated))


def read_part(part: Part) -> tuple[SourceFile, Features]:
    """Return a file and those of its features that are of the part's day."""
    if part.selection is None:
        return read_features(part.entry)
    file, features = _read_whole(part.entry)
    spans = intervals(features, part.selection.field, where=part.entry.label)
    assert spans is not None  # the index has found dates in it
    return file, features.select(in_force(spans, part.selection.day))


@lru_cache(maxsize=1)
def _read_whole(entry: Entry) -> tuple[SourceFile, Features]:
    """Return a file of many days, kept while its days are read one after the other."""
    return read_features(entry)


def forget_read() -> None:
    """Drop the maps that are kept in memory."""
    read_snapshot.cache_clear()
    _read_whole.cache_clear()


def _other_days(features: Features, ref: SnapshotRef, part: Part) -> list[date]:
    """Return the day that a file's date property states, if it is one and not the map's."""
    if part.selection is not None or ref.day is None:
        return []
    try:
        spans = intervals(features, None, where=part.entry.label)
    except DataError:
        return []
    days = {span.first for span in spans or ()}
    return sorted(days) if len(days) == 1 and ref.day not in days else []


def layers_in(
    features: Features, entry: Entry, own: dict[str, Layer]
) -> Iterator[tuple[str, Layer | None, NDArray[np.object_]]]:
    """Yield the name, meaning and polygons of each layer in a file, by name; None means unknown.

    The features' own names count. Where none of them is known, the file's name tells, or its folder's.
    """
    own = {spelling(name): layer for name, layer in own.items()}
    stated = {without_day(layer_name(p)): meant for p in features.properties if (meant := stated_layer(p))}

    def meaning(name: str) -> Layer | None:
        return own.get(spelling(name)) or find_layer(name) or stated.get(name)

    without_area = set(features.not_area.tolist()) - set(features.owner.tolist())
    names = ["" if index in without_area else without_day(layer_name(p)) for index, p in enumerate(features.properties)]
    drawn = [name or "(no layer)" for index, name in enumerate(names) if index not in without_area]
    if any(meaning(name) for name in names):
        for name in sorted(set(drawn)):
            mine = np.array([index for index, found in enumerate(names) if (found or "(no layer)") == name])
            yield name, meaning(name), features.polygons[np.isin(features.owner, mine)]
        return
    folders = [without_day(folder) for folder in reversed(entry.path.parts[:-1])]
    places = [without_day(entry.path.name.split(".")[0]), *folders]
    if known := next((place for place in places if meaning(place)), None):
        yield known, meaning(known), features.polygons
    elif any(names):
        yield from ((name, None, features.polygons[:0]) for name in sorted(set(drawn)))
    elif names:
        yield places[0], UNDIFFERENTIATED, features.polygons


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
    by_role = _projected(snapshot, actor, view, target_crs)
    return {role: geometry.union(by_role[role]) for role in Role if role in by_role}


def held(snapshot: Snapshot, actor: str, view: View, target_crs: str) -> shapely.MultiPolygon:
    """Return what an actor holds on one map: the union of the layers that the view counts, in metres."""
    by_role = _projected(snapshot, actor, view, target_crs)
    return geometry.union(np.concatenate([np.empty(0, dtype=object), *by_role.values()]))


def _projected(snapshot: Snapshot, actor: str, view: View, target_crs: str) -> dict[Role, NDArray[np.object_]]:
    """Return the polygons of an actor's layers that a view counts, by role: valid, in metres, not united."""
    by_role: dict[Role, list[NDArray[np.object_]]] = {}
    for part in snapshot.layers:
        if part.layer.actor == actor and view.counts(part.name, part.layer):
            try:
                projected = to_equal_area(part.polygons, part.crs, target_crs, where=snapshot.files[0].name)
            except shapely.GEOSException as error:
                raise DataError(
                    f"layer {part.name!r} cannot be repaired: {error}", where=snapshot.files[0].name
                ) from error
            by_role.setdefault(part.layer.role, []).append(projected)
    return {role: np.concatenate(parts) for role, parts in by_role.items()}


def to_equal_area(
    polygons: NDArray[np.object_], source_crs: str, target_crs: str, *, where: str | None = None
) -> NDArray[np.object_]:
    """Return polygons as drawn in `source_crs`, projected with straight source edges and repaired (metres)."""
    if not len(polygons):
        return polygons
    west, south, east, north = map(float, shapely.total_bounds(polygons))
    if source_crs != crs.LONLAT:
        to_degrees = crs.transformer(source_crs, crs.LONLAT)
        west, south, east, north = to_degrees.transform_bounds(west, south, east, north)
        if not np.isfinite([west, south, east, north]).all():
            raise DataError(f"its coordinates lie outside {source_crs[:40]}", where=where, cure="check its CRS")
    crs.prove_equal_area(target_crs, (west, south, east, north))
    try:
        return geometry.repair(geometry.project_polygons(polygons, crs.projector(source_crs, target_crs)))
    except DataError as error:
        raise DataError(error.problem, where=where, cure=error.cure) from error


def _some(names: list[str], limit: int = 5) -> str:
    """Return the first few of some names, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
