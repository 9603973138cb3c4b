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
from frontcalc.dates import stem_without_day, without_day
from frontcalc.errors import DataError
from frontcalc.intervals import day_stated, in_force, intervals
from frontcalc.labels import some_of
from frontcalc.layers import UNDIFFERENTIATED, Layer, find_layer, layer_name, spelling, stated_layer
from frontcalc.notices import Notice
from frontcalc.progress import timed
from frontcalc.sources import SourceFile, read_features
from frontcalc.sources.features import Features
from frontcalc.sources.files import Entry

Geometries = NDArray[np.object_]
_NEIGHBOURS = 0.01

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
    """What a publisher's map shows on one day; `stated_days` are other days that its files say they are of."""

    ref: SnapshotRef
    files: tuple[SourceFile, ...]
    layers: tuple[SnapshotLayer, ...]
    notices: tuple[Notice, ...]
    stated_days: tuple[date, ...] = ()

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
    origin: dict[str, Part] = {}
    earlier: dict[tuple[Part, Part], list[str]] = {}
    unnamed: dict[Part, tuple[str, Geometries]] = {}
    notices: list[Notice] = []
    unknown: list[str] = []
    stated: list[date] = []
    for part in ref.parts:
        name = part.entry.label
        with timed(f"read {name}"):
            file, features = read_part(part)
        same = next((other for other in files if other.sha256 == file.sha256 and other.name != name), None)
        files.append(file)
        # Files that are named by their layers may be alike, as those of layers that are empty are.
        if same and adds_nothing(features, part.entry, dict(ref.layers), layers):
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
            elif standing := origin.get(key):
                if not standing.follows(part):
                    raise _twice(title, ref.day, standing, part)
                earlier.setdefault((standing, part), []).append(title)
            else:
                if layer is UNDIFFERENTIATED:
                    _refuse_same_ground(ref.day, part, (features.crs, polygons), unnamed)
                    unnamed[part] = features.crs, polygons
                origin[key], polygons_of[title] = part, polygons
                layers[key] = SnapshotLayer(title, layer, features.crs, name, _digest(features.crs, polygons), ref)
    if unknown and not layers:
        raise DataError(
            f"has no layer that is known: {some_of(unknown)}",
            where=", ".join(ref.names),
            cure=f"say what one means under [layers] in {CONFIG_NAME}, as actor and role",
        )
    if unknown:
        notices.append(Notice("UNKNOWN-LAYER", f"not counted: {some_of(unknown)}"))
    notices += [_later(titles, ref.day, *pair) for pair, titles in earlier.items()]
    found = Snapshot(ref, tuple(files), tuple(layers.values()), tuple(notices), tuple(stated))
    return Drawn(found, polygons_of)


def _digest(crs_name: str, polygons: Geometries) -> str:
    """Return the SHA-256 of polygons as drawn in a CRS."""
    return key_of((crs_name, *shapely.to_wkb(polygons)))


def _later(titles: list[str], day: date | None, standing: Part, part: Part) -> Notice:
    """Return the notice for layers of which an earlier map of the day counts nowhere."""
    layers = some_of([title or "the map" for title in titles])
    return Notice("LATER-MAP", f"{layers} of {day}: {standing.label} stands, not {part.label}")


def _twice(title: str, day: date | None, standing: Part, part: Part) -> DataError:
    """Return the error for a layer that two files of one day show, neither of which is known to be the later."""
    return DataError(
        f"shows {f'layer {title!r}' if title else 'ground'} of {day} differently from {standing.label}",
        where=part.label,
        cure="keep one of the two files, or put the time of day into both names, as in 20241103_1800",
    )


def _refuse_same_ground(
    day: date | None, part: Part, drawn: tuple[str, Geometries], before: dict[Part, tuple[str, Geometries]]
) -> None:
    """Refuse a file of unnamed ground that another of the day covers too: it is no other part of the map."""
    for standing, (name, polygons) in before.items():
        if name != drawn[0] or drawn_over(polygons, drawn[1]):
            raise _twice("", day, standing, part)


def drawn_over(one: Geometries, other: Geometries) -> bool:
    """Say whether polygons cover more of others than the borders of neighbours do, a hundredth of the smaller."""
    one, other = shapely.make_valid(one), shapely.make_valid(other)
    those, these = shapely.STRtree(one).query(other, predicate="intersects")
    shared = shapely.area(shapely.intersection(one[these], other[those])).sum()
    return bool(shared > _NEIGHBOURS * min(shapely.area(one).sum(), shapely.area(other).sum()))


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
    return file, features.select(in_force(spans, part.selection.day, part.selection.moment))


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
    stated = day_stated(spans)
    return [stated] if stated and stated != ref.day else []


def adds_nothing(features: Features, entry: Entry, own: dict[str, Layer], known: Collection[str]) -> bool:
    """Say whether all that a file shows, unnamed or of a meaning that is known, is shown already by one alike."""
    found = ((title, layer) for title, layer, _ in layers_in(features, entry, own) if layer is not None)
    return all(layer is UNDIFFERENTIATED or spelling(title) in known for title, layer in found)


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
    places = [stem_without_day(entry.path.name), *folders]
    if known := next((place for place in places if meaning(place)), None):
        yield known, meaning(known), features.polygons
    elif any(names):
        yield from ((name, None, features.polygons[:0]) for name in sorted(set(drawn)))
    elif names:
        yield places[0], UNDIFFERENTIATED, features.polygons
