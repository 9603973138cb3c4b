"""The map of one day as its files draw it: layers and their polygons."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs
from frontcalc.archives import Part, SnapshotRef
from frontcalc.cache import key_of
from frontcalc.config import NAME as CONFIG_NAME
from frontcalc.dates import without_day
from frontcalc.errors import DataError
from frontcalc.intervals import in_force, intervals
from frontcalc.labels import some_of
from frontcalc.layers import COUNTRIES, UNDIFFERENTIATED, Layer, find_layer, layer_name, spelling, stated_layer
from frontcalc.notices import Notice
from frontcalc.progress import timed
from frontcalc.snapshots.places import Box, box_around, home_of_this_war, is_exchanged, join_boxes, latitude_first
from frontcalc.sources import SourceFile, read_features
from frontcalc.sources.assemble import refuse_bare
from frontcalc.sources.features import Features
from frontcalc.sources.files import Entry
from frontcalc.sources.nesting import LEAST_NESTED_KM2, nested_km2

Geometries = NDArray[np.object_]

SYNTHETIC = Notice("SYNTHETIC", "the maps are made up; the figures hold by construction")


@dataclass(frozen=True, slots=True)
class SnapshotLayer:
    """One layer of one map; its polygons are read when they are asked for.

    Parameters
    ----------
    name : str
        The publisher's name.
    layer : Layer
        Its actor and role.
    crs : str
        The CRS of the polygons.
    file : str
        What messages call the file it was read from.
    digest : str
        A SHA-256 of CRS and polygons as drawn: layers that are drawn alike have the same.
    ref : SnapshotRef
        The map that it is of.
    """

    name: str
    layer: Layer
    crs: str
    file: str
    digest: str
    ref: SnapshotRef = field(compare=False, repr=False)

    @property
    def empty(self) -> bool:
        """Whether the layer is there without geometry, which its digest tells."""
        return self.digest == _digest(self.crs, np.empty(0, dtype=object))

    @property
    def polygons(self) -> Geometries:
        """The polygons as drawn, (n,): n = 0 where the layer is there without geometry.

        Raises
        ------
        DataError
            The file is no longer the one that the layer was first seen in.
        """
        drawn = parse_snapshot(self.ref)
        if self not in drawn.snapshot.layers:
            raise changed(self.file)
        return drawn.polygons[self.name]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a publisher's map shows on one day.

    `stated_days` are other days that its files say they are of; `box` is around all that they draw.
    """

    ref: SnapshotRef
    files: tuple[SourceFile, ...]
    layers: tuple[SnapshotLayer, ...]
    notices: tuple[Notice, ...]
    stated_days: tuple[date, ...] = ()
    box: Box | None = None

    def named_layers(self, actor: str) -> list[tuple[str, Layer]]:
        """Return name and meaning of each of an actor's layers."""
        return [(part.name, part.layer) for part in self.layers if part.layer.actor == actor]


class Drawn(NamedTuple):
    """A map as parsed: what is on it, and the polygons of each layer by its name."""

    snapshot: Snapshot
    polygons: dict[str, Geometries]


def boxes_in_degrees(snapshot: Snapshot) -> Geometries:
    """Return a box in degrees around each polygon of a map, which tells what part of the world it shows."""
    boxes = [np.empty(0, dtype=object)]
    for part in snapshot.layers:
        west, south, east, north = shapely.bounds(part.polygons).reshape(-1, 4).T
        if part.crs != crs.LONLAT:
            to_degrees = crs.transformer(part.crs, crs.LONLAT).transform
            (west, south), (east, north) = to_degrees(west, south), to_degrees(east, north)
        boxes.append(shapely.box(west, south, east, north))
    return np.concatenate(boxes)


@lru_cache(maxsize=4)
def parse_snapshot(ref: SnapshotRef) -> Drawn:
    """Read one day's files and sort their features into layers.

    The last few maps stay in memory, since several threads may ask for their polygons.

    Raises
    ------
    DataError
        A file is broken; two files of the day show one layer differently; no layer is known.
    """
    files: list[SourceFile] = []
    layers: dict[str, SnapshotLayer] = {}
    polygons_of: dict[str, Geometries] = {}
    origin: dict[str, str] = {}
    notices: list[Notice] = []
    unknown: list[str] = []
    stated: list[date] = []
    boxes: list[Box | None] = []
    rows = False
    for part in ref.parts:
        name = part.entry.label
        with timed(f"read {name}"):
            file, features = read_part(part)
        boxes.append(refuse_exchanged(features, part.entry, dict(ref.layers)))
        same = next((other for other in files if other.sha256 == file.sha256 and other.name != name), None)
        files.append(file)
        # Files that are named by their layers may be alike, as those of layers that are empty are.
        if same and adds_nothing(features, part.entry, dict(ref.layers), layers):
            notices.append(Notice("MERGED", f"{same.name} and {name} are the same file"))
            continue
        notices += _remarks(features, name)
        rows = rows or bool(features.properties)
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
                origin[key], polygons_of[title] = name, polygons
                layers[key] = SnapshotLayer(title, layer, features.crs, name, _digest(features.crs, polygons), ref)
    if unknown and not layers:
        raise DataError(
            f"has no layer that is known: {some_of(unknown)}",
            where=", ".join(ref.names),
            cure=f"say what one means under [layers] in {CONFIG_NAME}, as actor and role",
        )
    if unknown:
        notices.append(Notice("UNKNOWN-LAYER", f"not counted: {some_of(unknown)}"))
    if rows and layers and not any(map(len, polygons_of.values())):
        notices.append(Notice("NO-GEOMETRY", f"{', '.join(ref.names)}: no layer has any geometry, so nothing is held"))
    found = Snapshot(ref, tuple(files), tuple(layers.values()), tuple(notices), tuple(stated), join_boxes(boxes))
    return Drawn(found, polygons_of)


def _remarks(features: Features, name: str) -> Iterator[Notice]:
    """Yield what the features of a file called `name` make doubtful."""
    if features.synthetic:
        yield SYNTHETIC
    if len(features.not_area):
        yield Notice("NOT-AREA", f"{name}: {len(features.not_area)} points or lines were not counted")
    if (inside := nested_km2(features)) >= LEAST_NESTED_KM2:
        what = "lie in polygons inside another of their multipolygon; they count, wrongly so if holes are meant"
        yield Notice("NESTED", f"{name}: {inside:,.2f} km² {what}")


def _digest(crs_name: str, polygons: Geometries) -> str:
    """Return the SHA-256 of polygons as drawn in a CRS."""
    return key_of((crs_name, *shapely.to_wkb(polygons)))


def changed(name: str) -> DataError:
    """Return the error for a file that another one has taken the place of while it was being measured."""
    return DataError("changed while it was read", where=name, cure="run again when it is complete")


def read_part(part: Part) -> tuple[SourceFile, Features]:
    """Return a file and those of its features that are of the part's day."""
    if part.selection is None:
        return read_features(part.entry)
    file, features = _read_whole(part.entry)
    spans = intervals(features, part.selection.field, where=part.entry.label)
    assert spans is not None  # the index has found dates in it
    of_day = features.select(in_force(spans, part.selection.day))
    refuse_bare(of_day, where=f"{part.entry.label}, {part.selection.day}")
    return file, of_day


@lru_cache(maxsize=1)
def _read_whole(entry: Entry) -> tuple[SourceFile, Features]:
    """Return a file of many days, kept while its days are read one after the other."""
    return read_features(entry)


def forget_parsed() -> None:
    """Drop the maps that are kept in memory."""
    parse_snapshot.cache_clear()
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


def refuse_exchanged(features: Features, entry: Entry, own: dict[str, Layer]) -> Box | None:
    """Return the box of what a file draws; refuse layers of this war's publishers that lie there only exchanged.

    Names that users explained themselves may be of another war.

    Raises
    ------
    DataError
        With the code SWAPPED.
    """
    box = box_around([(features.crs, features.polygons)])
    if box is None or not is_exchanged(box, home_of_this_war()):
        return box
    for title, layer, _ in layers_in(features, entry, own):
        if layer is not None and layer.actor in COUNTRIES and layer == find_layer(title):
            raise latitude_first(box, where=entry.label)
    return box


def adds_nothing(features: Features, entry: Entry, own: dict[str, Layer], known: Collection[str]) -> bool:
    """Say whether every layer of a file whose meaning is known is among those known already, by their spelling."""
    return all(spelling(title) in known for title, layer, _ in layers_in(features, entry, own) if layer is not None)


def layers_in(
    features: Features, entry: Entry, own: dict[str, Layer]
) -> Iterator[tuple[str, Layer | None, Geometries]]:
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
