"""The map of one day as its files draw it: layers and their polygons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs
from frontcalc.archives import Part, SnapshotRef, day_stated, in_force, intervals, refuse_changes
from frontcalc.cache import key_of
from frontcalc.errors import ChangedError, DataError
from frontcalc.layers import COUNTRIES, OWN, UNDIFFERENTIATED, Layer, spelling
from frontcalc.names import some_of
from frontcalc.notices import Notice
from frontcalc.progress import timed
from frontcalc.snapshots.legend import FileLayer, Tell, drawn_km2, layers_of, unknown_line
from frontcalc.snapshots.places import Box, box_around, first_exchanged, home_of_this_war, join_boxes, latitude_first
from frontcalc.sources import SourceFile, read_features
from frontcalc.sources.features import LEAST_NESTED_KM2, Features, count_bare, nested_km2, refuse_bare
from frontcalc.sources.files import Entry

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
        try:
            drawn = parse_snapshot(self.ref)
        except DataError as error:
            # It could be read when the layer was found in it.
            raise changed(self.file) from error
        if self not in drawn.snapshot.layers:
            raise changed(self.file)
        return drawn.polygons[self.name]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a publisher's map shows on one day.

    `stated_days` are other days that its files say they are of; `tells` is what tells the polygons of a map apart
    that nothing explains; `box` is around all that its files draw.
    """

    ref: SnapshotRef
    files: tuple[SourceFile, ...]
    layers: tuple[SnapshotLayer, ...]
    notices: tuple[Notice, ...]
    stated_days: tuple[date, ...] = ()
    tells: tuple[Tell, ...] = ()
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
        A file is broken; two files of the day show one layer differently.
    """
    read, notices = _read_files(ref)
    stated = [day for one in read for day in _other_days(one.features, ref, one.part)]
    files = [one.source for one in read]
    found, tells = layers_of([(one.source, one.part.entry, one.features) for one in read], ref.legend)
    again = repeated(files, found)
    for place, first in again.items():
        notices.append(Notice("MERGED", f"{files[first].name} and {files[place].name} are the same file"))
    boxes = [
        refuse_exchanged(one.features, [layer for layer in found if layer.file == place], where=one.source.name)
        for place, one in enumerate(read)
    ]
    layers: dict[str, SnapshotLayer] = {}
    polygons_of: dict[str, Geometries] = {}
    origin: dict[str, Part] = {}
    unknown: list[tuple[str, str, float]] = []
    earlier: dict[tuple[Part, Part], list[str]] = {}
    for place, title, layer, polygons in found:
        file, part, features = read[place]
        key = spelling(title)
        if place in again:
            continue
        if layer is None:
            unknown.append((title, file.name, float(drawn_km2(polygons, features.crs).sum())))
        elif standing := origin.get(key):
            if not standing.follows(part):
                raise _twice(title, ref.day, standing, part)
            earlier.setdefault((standing, part), []).append(title)
        else:
            origin[key], polygons_of[title] = part, polygons
            layers[key] = SnapshotLayer(title, layer, features.crs, file.name, _digest(features.crs, polygons), ref)
    if unknown:
        notices.append(Notice("UNKNOWN-LAYER", f"not counted: {unknown_line(unknown)}"))
    notices += [_later(titles, ref.day, *pair) for pair, titles in earlier.items()]
    if layers and any(one.features.properties for one in read) and not any(map(len, polygons_of.values())):
        notices.append(Notice("NO-GEOMETRY", f"{', '.join(ref.names)}: no layer has any geometry, so nothing is held"))
    shown = tuple(layers.values())
    snapshot = Snapshot(ref, tuple(files), shown, tuple(notices), tuple(stated), tells, join_boxes(boxes))
    return Drawn(snapshot, polygons_of)


class _Read(NamedTuple):
    """A file of a map, and those of its features that are of the map's day."""

    source: SourceFile
    part: Part
    features: Features


def _read_files(ref: SnapshotRef) -> tuple[list[_Read], list[Notice]]:
    """Read the files of a map, and what is to be said of each; bad ones are passed over where that was asked for."""
    read: list[_Read] = []
    notices: list[Notice] = []
    bad: list[DataError] = []
    for part in ref.parts:
        name = part.entry.label
        try:
            with timed(f"read {name}"):
                file, features = read_part(part, skip_bad=ref.skip_bad)
        except DataError as error:
            if not ref.skip_bad or isinstance(error, ChangedError):
                raise
            bad.append(error)
            continue
        refuse_changes(features, where=name)
        read.append(_Read(file, part, features))
        notices += [*_remarks(features, name), *features.notices]
    if bad and not read:
        raise bad[0]
    return read, [*notices, *(Notice("SKIPPED", str(error)) for error in bad)]


def repeated(files: Sequence[SourceFile], found: Sequence[FileLayer]) -> dict[int, int]:
    """Return of each file that is byte for byte an earlier one of the day and adds no layer to it, which one that is.

    Files that are named by their layers may be alike, as those of layers that are empty are.
    """
    again: dict[int, int] = {}
    names = [
        {spelling(one.name) for one in found if one.file == place and one.layer not in (None, UNDIFFERENTIATED)}
        for place in range(len(files))
    ]
    for place, file in enumerate(files):
        same = next((first for first in range(place) if files[first].sha256 == file.sha256), None)
        if same is not None and files[same].name != file.name and names[place] <= names[same]:
            again[place] = same
    return again


def _remarks(features: Features, name: str) -> Iterator[Notice]:
    """Yield what the features of a file called `name` make doubtful."""
    if features.synthetic:
        yield SYNTHETIC
    if len(features.not_area):
        yield Notice("NOT-AREA", f"{name}: {len(features.not_area)} points or lines were not counted")
    if bare := count_bare(features):
        what = f"features without geometry: {bare:,} of {len(features.properties):,}; what they show is missing"
        yield Notice("NO-GEOMETRY", f"{name}: {what}")
    if (inside := nested_km2(features)) >= LEAST_NESTED_KM2:
        what = "lie in polygons inside another of their multipolygon; they count, wrongly so if holes are meant"
        yield Notice("NESTED", f"{name}: {inside:,.2f} km² {what}")


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


def changed(name: str) -> ChangedError:
    """Return the error for a file that another one has taken the place of while it was being measured."""
    return ChangedError("changed while it was read", where=name, cure="run again when it is complete")


def read_part(part: Part, *, skip_bad: bool = False) -> tuple[SourceFile, Features]:
    """Return a file and those of its features that are of the part's day; of a zip, also what can be read of it."""
    if part.selection is None:
        return read_features(part.entry, skip_bad=skip_bad)
    file, features = _read_whole(part.entry, skip_bad=skip_bad)
    spans = intervals(features, part.selection.field, where=part.entry.label)
    assert spans is not None  # the index has found dates in it
    of_day = features.select(in_force(spans, part.selection.day, part.selection.moment))
    refuse_bare(of_day, where=f"{part.entry.label}, {part.selection.day}")
    return file, of_day


@lru_cache(maxsize=1)
def _read_whole(entry: Entry, *, skip_bad: bool) -> tuple[SourceFile, Features]:
    """Return a file of many days, kept while its days are read one after the other."""
    return read_features(entry, skip_bad=skip_bad)


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


def refuse_exchanged(features: Features, layers: Iterable[FileLayer], *, where: str) -> Box | None:
    """Return the box of what a file draws; refuse polygons of this war's publishers that are at home only exchanged.

    Names that users explained themselves may be of another war.

    Raises
    ------
    DataError
        With the code SWAPPED.
    """
    for one in layers:
        if one.layer is None or one.layer.legend in ("", OWN) or one.layer.actor not in COUNTRIES:
            continue
        if box := first_exchanged(one.polygons, features.crs, home_of_this_war()):
            raise latitude_first(box, where=where)
    return box_around([(features.crs, features.polygons)])
