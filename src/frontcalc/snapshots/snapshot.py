"""The map of one day as its files draw it: layers, polygons and where they lie, read alike for figures and for lint."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import shapely

from frontcalc import crs
from frontcalc.archives import Part, SnapshotRef, day_stated, in_force, intervals, refuse_changes, refuse_other_times
from frontcalc.errors import ChangedError, DataError, naming
from frontcalc.geometry import Geometries
from frontcalc.layers import COUNTRIES, OWN, UNDIFFERENTIATED, Layer, spelling
from frontcalc.names import printable, some_of
from frontcalc.natural_earth import load_embedded
from frontcalc.notices import Fault, Notice, fault_of
from frontcalc.progress import timed
from frontcalc.read import LOOKED_UP, SourceFile, fingerprint, read_features
from frontcalc.read.features import Features, refuse_bare
from frontcalc.snapshots.legend import FileLayer, Tell, drawn_km2, layers_of
from frontcalc.snapshots.omissions import notices_of
from frontcalc.versions import key_of

Box = tuple[float, float, float, float]  # west, south, east and north (degrees)
SYNTHETIC = Notice("SYNTHETIC", "the maps are made up; the figures hold by construction")


@dataclass(frozen=True, slots=True)
class SnapshotLayer:
    """One layer of one map by its publisher's name; its polygons are read when they are asked for."""

    name: str
    layer: Layer
    crs: str  # of the polygons
    file: str = field(compare=False)  # what messages call it
    digest: str  # a SHA-256 of CRS and polygons: layers that are drawn alike have the same
    ref: SnapshotRef = field(compare=False, repr=False)

    @property
    def empty(self) -> bool:
        """Whether the layer is there without geometry, which its digest tells."""
        return self.digest == key_of((self.crs,))

    @property
    def polygons(self) -> Geometries:
        """The polygons as drawn, (n,), none without geometry; ChangedError where the file is no longer the same."""
        try:
            _, polygons, _ = parsed(self.ref)
        except DataError as error:
            # It could be read when the layer was found in it.
            raise changed(self.file) from error
        if self not in polygons:
            raise changed(self.file)
        return polygons[self]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a publisher's map shows on one day."""

    ref: SnapshotRef
    files: tuple[SourceFile, ...]
    layers: tuple[SnapshotLayer, ...]
    notices: tuple[Notice, ...]
    stated_days: tuple[date, ...] = ()  # other days that its files say they are of
    tells: tuple[Tell, ...] = ()  # what tells the polygons of a map apart that nothing explains
    box: Box | None = None  # around all that its files draw
    boxes: tuple[Box, ...] = ()  # around what lies together in its layers

    @property
    def place(self) -> Geometries:
        """What part of the world the layers show: their boxes as polygons in degrees, (n,)."""
        return np.array([shapely.box(*box) for box in self.boxes], dtype=object)

    def named_layers(self, actor: str) -> list[tuple[str, Layer]]:
        """Return name and meaning of each of an actor's layers."""
        return [(part.name, part.layer) for part in self.layers if part.layer.actor == actor]


class DayFile(NamedTuple):
    """A file of a map, those of its features that are of the map's day, and the day that its date property states."""

    source: SourceFile
    part: Part
    features: Features
    stated: date | None


Drawn = tuple[Snapshot, dict[SnapshotLayer, Geometries], tuple[DayFile, ...]]
"""A map as read: what is on it, and the polygons of each layer; its files where faults were noted."""


def parse_snapshot(
    ref: SnapshotRef, *, faults: list[Fault] | None = None, known: Mapping[str, Features] | None = None
) -> Drawn:
    """Read one day's files and sort their features into layers, for figures and for the lint alike.

    Faults are noted in `faults`, and reading goes on as far as it can; without it the first is raised as DataError.
    `known` has the features of files that need not be parsed again, by SHA-256.
    """
    files, notices, bad = list[DayFile](), list[Notice](), list[DataError]()
    for part in ref.parts:
        name = part.entry.label
        try:
            with timed(f"read {name}"):
                source, features = read_part(part, ref.day, skip_bad=ref.skip_bad and faults is None, known=known)
        except DataError as error:
            if faults is None and (not ref.skip_bad or isinstance(error, ChangedError)):
                raise
            bad.append(error)
            continue
        stated = None
        try:
            if not part.day and (spans := intervals(features, None, where=name)):
                stated = day_stated(spans)
        except DataError as error:
            if faults is not None:
                faults.append(Fault("DATE-IMPLAUSIBLE", error.problem, ref.day, file=name))
        files.append(DayFile(source, part, features, stated))
        if faults is not None:
            relevant = (one for one in features.notices if one.code in ("OTHER-FILES", "NOT-AREA"))
            faults += (Fault(one.code, one.message.removeprefix(f"{name}: "), ref.day, file=name) for one in relevant)
            continue
        refuse_changes(features, where=name)
        notices += [SYNTHETIC] if features.synthetic else []
        notices += (*notices_of(features, where=name), *features.notices)
    if faults is not None:
        faults += (fault_of(error, ref.day) for error in bad)
    elif bad and not files:
        raise bad[0]
    notices += (Notice("SKIPPED", str(error)) for error in bad)
    layers, tells = layers_of([(one.source, one.part.entry, one.features) for one in files], ref.legend, notices)
    usable, box = _usable(ref, files, layers, notices, faults)
    polygons = _layered(ref, files, usable, notices, faults)
    if polygons and any(one.features.properties for one in files) and not any(map(len, polygons.values())):
        notices.append(Notice("NO-GEOMETRY", f"{', '.join(ref.names)}: no layer has any geometry, so nothing is held"))
    stated_days = tuple(one.stated for one in files if one.stated and ref.day and one.stated != ref.day)
    sources, boxes = tuple(one.source for one in files), boxes_of((own.crs, drawn) for own, drawn in polygons.items())
    snapshot = Snapshot(ref, sources, tuple(polygons), tuple(notices), stated_days, tells, box, boxes)
    return snapshot, polygons, () if faults is None else tuple(files)


# The last few maps stay in memory, since several threads may ask for their polygons.
parsed = lru_cache(maxsize=4)(parse_snapshot)


def _layered(
    ref: SnapshotRef, files: list[DayFile], layers: list[FileLayer], notices: list[Notice], faults: list[Fault] | None
) -> dict[SnapshotLayer, Geometries]:
    """Return the known layers of a map, each of one file, with the polygons of each."""
    polygons_of, origin = dict[SnapshotLayer, Geometries](), dict[str, Part]()
    noted, earlier = list[Fault](), dict[tuple[Part, Part], list[str]]()
    for place, title, layer, polygons in layers:
        source, part, features, _ = files[place]
        standing = origin.get(key := spelling(title))
        if layer is None:
            km2 = float(drawn_km2(polygons, features.crs).sum())
            what = f"layer {title!r} is unknown and not counted ({km2:,.1f} km²)"
            noted.append(Fault("UNKNOWN-LAYER", what, ref.day, layer=title, file=source.name, km2=km2))
        elif standing is None:
            origin[key] = part
            digest = key_of((features.crs, *shapely.to_wkb(polygons)))
            polygons_of[SnapshotLayer(title, layer, features.crs, source.name, digest, ref)] = polygons
        elif standing.follows(part):
            earlier.setdefault((standing, part), []).append(title or "the map")
            what = f"{title or 'the map'} of {ref.day} is that of {standing.label}, which is later than {part.label}"
            noted.append(Fault("LATER-MAP", what, ref.day, layer=title, file=source.name))
        else:
            error = DataError(
                f"shows {f'layer {title!r}' if title else 'ground'} of {ref.day} differently from {standing.label}",
                where=part.label,
                cure="keep one of the two files, or put the time of day into both names, as in 20241103_1800",
                code="LAYER-TWICE",
            )
            if faults is None:
                raise error
            noted.append(replace(fault_of(error, ref.day), layer=title, file=source.name, cure=""))
    unknown = [(one.km2 or 0.0, one.layer, one.file) for one in noted if one.code == "UNKNOWN-LAYER"]
    if unknown:
        unknown.sort(key=lambda one: (-one[0], one[1]))
        shown = ", ".join(f"{name!r} in {file} ({km2:,.1f} km²)" for km2, name, file in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        (km2, name, _), beside = unknown[0], f" and {len(unknown) - 1} more" if unknown[1:] else ""
        line = f"layer {printable(name, 40)!r} ({km2:,.0f} km²){beside} is unknown and not in the figures"
        all_km2 = sum(one[0] for one in unknown)
        notices.append(Notice("UNKNOWN-LAYER", f"not counted: {shown}{more}", km2=all_km2, line=line))
    notices += [
        Notice("LATER-MAP", f"{some_of(titles)} of {ref.day}: {standing.label} stands, not {part.label}")
        for (standing, part), titles in earlier.items()
    ]
    if faults is not None:
        faults += noted
    return polygons_of


def _usable(
    ref: SnapshotRef, files: list[DayFile], layers: list[FileLayer], notices: list[Notice], faults: list[Fault] | None
) -> tuple[list[FileLayer], Box | None]:
    """Return which layers of a map's files are used, and the box around all that those files draw.

    Left out is a file that is byte for byte an earlier one and adds no layer to it: those that are named by their
    layers may be alike, as empty layers are. Refused are polygons of this war's publishers that are at home only with
    longitude and latitude exchanged; names that users explained themselves may be of another war.
    """
    by_file = [[one for one in layers if one[0] == place] for place in range(len(files))]
    names = [
        {spelling(name) for _, name, layer, _ in mine if layer not in (None, UNDIFFERENTIATED)} for mine in by_file
    ]
    # To the lint a copy among files of many days is not one day's: its layers are there twice.
    several = any(one.part.day for one in files)
    usable, drawn = list[FileLayer](), list[tuple[str, Geometries]]()
    for place, (source, _, features, _) in enumerate(files):
        same = next((at for at in range(place) if files[at].source.sha256 == source.sha256), place)
        first = files[same].source.name
        if first != source.name and names[place] <= names[same] and not (several and faults is not None):
            notices.append(Notice("MERGED", f"{first} and {source.name} are the same file"))
            if faults is not None:
                what = f"{source.name} and {first} of the same day are byte for byte the same"
                faults.append(Fault("REPEATED", what, ref.day, file=source.name, cure="remove one of the two"))
            continue
        known = [
            polygons
            for _, _, layer, polygons in by_file[place]
            if layer and layer.legend not in ("", OWN) and layer.actor in COUNTRIES
        ]
        exchanged = (first_exchanged(polygons, features.crs, load_embedded().home) for polygons in known)
        if box := next(filter(None, exchanged), None):
            if faults is None:
                raise latitude_first(box, where=source.name)
            faults.append(fault_of(latitude_first(box, where=source.name), ref.day))
            continue
        usable += by_file[place]
        drawn.append((features.crs, features.polygons))
    return usable, box_around(drawn)


def changed(name: str) -> ChangedError:
    """Return the error for a file that another one has taken the place of while it was being measured."""
    return ChangedError("changed while it was read", where=name, cure="run again when it is complete")


def read_part(
    part: Part, day: date | None = None, *, skip_bad: bool = False, known: Mapping[str, Features] | None = None
) -> tuple[SourceFile, Features]:
    """Return a file and those of its features that are of the part's day; of a zip, also what can be read of it.

    A file that is of one `day` as a whole is refused where a time span in it does not hold that day. `known` has the
    features of files that need not be parsed again, by SHA-256.
    """
    if part.day is None:
        if known and (digest := fingerprint(part.entry)) in known:
            file, features = SourceFile(part.entry.label, digest), known[digest]
        else:
            file, features = read_features(part.entry, skip_bad=skip_bad)
        if day and any("begin" in own for own in features.properties):
            refuse_other_times(features, day, where=file.name)
        return file, features
    file, features = read_whole(part.entry, skip_bad=skip_bad)
    spans = intervals(features, part.field, where=part.entry.label)
    assert spans is not None  # the index has found dates in it
    of_day = features.select(in_force(spans, part.day, part.moment))
    with naming(f"{part.entry.label}, {part.day}"):
        refuse_bare(of_day)
    return file, of_day


# A file of many days is kept while its days are read one after the other.
read_whole = lru_cache(maxsize=1)(read_features)


REMEMBERED: dict[SnapshotRef, Snapshot] = {}  # what is on the maps that this run has looked at
# The SHA-256 of files as they were when this run first read them.
first_fingerprint = lru_cache(maxsize=4096)(fingerprint)


def read_snapshot(ref: SnapshotRef) -> Snapshot:
    """Return what is on a day's map, its polygons to be read when asked for; DataError where it cannot be read."""
    if ref not in REMEMBERED:
        REMEMBERED[ref] = parsed(ref)[0]
    return REMEMBERED[ref]


@contextmanager
def passing_over(bad: list[DataError] | None = None, *, skip_bad: bool = True) -> Iterator[None]:
    """With `skip_bad`, pass over what cannot be read and add the error to `bad`; not where a file changed meanwhile."""
    try:
        yield
    except DataError as error:
        if not skip_bad or isinstance(error, ChangedError):
            raise
        if bad is not None:
            bad.append(error)


def forget_read() -> None:
    """Drop what is remembered of files: a run reads them as they are now, not as an earlier one found them."""
    REMEMBERED.clear()
    LOOKED_UP.clear()
    first_fingerprint.cache_clear()
    parsed.cache_clear()
    read_whole.cache_clear()


def box_around(drawn: Iterable[tuple[str, Geometries]]) -> Box | None:
    """Return a box around polygons (degrees), given with their CRS; None where there are none, or nowhere on Earth."""
    on_earth = list[Box]()
    for own, polygons in drawn:
        if len(polygons):
            # In a fifth of the time of `shapely.total_bounds`.
            sides = shapely.bounds(polygons).T
            ends = (*np.fmin.reduce(sides[:2], axis=1), *np.fmax.reduce(sides[2:], axis=1))
            box = crs.bounds_in_degrees(own, ends)
            on_earth += [box] * all(map(math.isfinite, box))
    if not on_earth:
        return None
    west, south, east, north = zip(*on_earth, strict=True)
    return min(west), min(south), max(east), max(north)


def boxes_of(drawn: Iterable[tuple[str, Geometries]]) -> tuple[Box, ...]:
    """Return boxes (degrees) around polygons given with their CRS, one for those whose middles lie in the same 5°."""
    corners = [np.empty((0, 4))]
    for own, polygons in drawn:
        bounds = shapely.bounds(polygons).reshape(-1, 4)
        if own != crs.LONLAT:
            to_degrees = crs.transformer(own, crs.LONLAT).transform
            bounds = np.column_stack([*to_degrees(*bounds[:, :2].T), *to_degrees(*bounds[:, 2:].T)])
        corners.append(bounds[np.isfinite(bounds).all(axis=1)])
    bounds = np.concatenate(corners)
    together: dict[tuple[float, float], list[list[float]]] = {}
    for x, y, box in zip(*((bounds[:, :2] + bounds[:, 2:]) // 10).T.tolist(), bounds.tolist(), strict=True):
        together.setdefault((x, y), []).append(box)
    sides = (list(zip(*own, strict=True)) for _, own in sorted(together.items()))
    return tuple((min(west), min(south), max(east), max(north)) for west, south, east, north in sides)


def is_exchanged(box: Box, home: shapely.STRtree) -> bool:
    """Say whether what lies in a box is at home only with longitude and latitude exchanged."""
    west, south, east, north = box
    there = home.query(shapely.box(south, west, north, east), predicate="intersects")
    return bool(len(there) and not len(home.query(shapely.box(west, south, east, north), predicate="intersects")))


def first_exchanged(polygons: Geometries, own: str, home: shapely.STRtree) -> Box | None:
    """Return the box of all polygons if they are exchanged, else of the first that is alone in that; None without."""
    box = box_around([(own, polygons)])
    if box is None or is_exchanged(box, home):
        return box
    west, south, east, north = box_around([(crs.LONLAT, home.geometries)]) or box
    turned = shapely.box(south, west, north, east)
    if not shapely.box(*box).intersects(turned):
        return None
    boxes = (box_around([(own, polygons[[at]])]) for at in range(len(polygons)))
    return next((one for one in boxes if one and is_exchanged(one, home)), None)


def latitude_first(box: Box, *, where: str, beside: str = "") -> DataError:
    """Return the error for a map that is exchanged; `beside` names another map that shows it."""
    west, south, east, north = box
    place = f"x {west:.2f} to {east:.2f} and y {south:.2f} to {north:.2f} are in place only when exchanged"
    problem = f"latitude stands before longitude: {place}" + (f", beside {beside}" if beside else "")
    cure = "write longitude first, as GeoJSON wants"
    return DataError(problem, where=where, cure=cure, code="SWAPPED", at=((west + east) / 2, (south + north) / 2))
