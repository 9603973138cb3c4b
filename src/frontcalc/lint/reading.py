"""Reading one day for the lint: as far as it goes, each fault on the way noted and nothing raised."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.archives import Part, SnapshotRef
from frontcalc.errors import DataError, UsageError
from frontcalc.layers import Layer, spelling
from frontcalc.lint.findings import Fault, Place, fault_of
from frontcalc.snapshots import (
    FileLayer,
    Tell,
    drawn_km2,
    layers_of,
    read_part,
    refuse_exchanged,
    repeated,
    to_equal_area,
)
from frontcalc.sources import SourceFile, fingerprint
from frontcalc.sources.features import Features


@dataclass(frozen=True, slots=True, eq=False)
class FileRead:
    """A file of one day: its name, SHA-256, and those of its features that are of the day."""

    part: Part
    sha256: str
    features: Features

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self.part.entry.label


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A known layer of one day.

    Parameters
    ----------
    name, layer
        The publisher's name and what it means.
    file : str
        What it was read from.
    crs : str
        Of `polygons`.
    polygons : (n,) array of shapely Polygon
        As drawn.
    digest : str
        The same for the same polygons, in whatever order.
    ground : MultiPolygon or None
        Repaired and united, in metres; None where that fails.
    part : Part
        The file, and the time that it is of.
    """

    name: str
    layer: Layer
    file: str
    crs: str
    polygons: NDArray[np.object_]
    digest: str
    ground: shapely.MultiPolygon | None
    part: Part


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One day as far as it could be read, the faults met on the way, and what tells polygons apart without a name."""

    ref: SnapshotRef
    files: tuple[FileRead, ...]
    layers: tuple[Drawn, ...]
    faults: tuple[Fault, ...]
    tells: tuple[Tell, ...] = ()


def read_day(ref: SnapshotRef, before: Day | None, target_crs: str) -> Day:
    """Return one day; what is byte for byte the same as on the day before is not read again.

    Parameters
    ----------
    ref : SnapshotRef
        Which day.
    before : Day or None
        The map before it, whose files and grounds serve again where they are the same.
    target_crs : str
        The equal-area CRS of the grounds.
    """
    known = {file.sha256: file.features for file in before.files if not file.part.selection} if before else {}
    grounds = {(one.digest, one.crs): one.ground for one in before.layers} if before else {}
    files: list[FileRead] = []
    layers: dict[str, Drawn] = {}
    faults: list[Fault] = []
    for part in ref.parts:
        try:
            files.append(_read_file(part, known))
        except DataError as error:
            faults.append(fault_of(error, ref.day))
    sources = [SourceFile(file.name, file.sha256) for file in files]
    found, tells = layers_of(
        [(source, file.part.entry, file.features) for source, file in zip(sources, files, strict=True)], ref.legend
    )
    again = {} if any(file.part.selection for file in files) else repeated(sources, found)
    for place, first in again.items():
        what = f"{files[place].name} and {files[first].name} of the same day are byte for byte the same"
        faults.append(Fault("REPEATED", what, ref.day, file=files[place].name, cure="remove one of the two"))
    for place, file in enumerate(files):
        if place in again:
            continue
        others = (notice for notice in file.features.notices if notice.code == "OTHER-FILES")
        faults += (Fault("OTHER-FILES", notice.message, ref.day, file=file.name) for notice in others)
        mine = [one for one in found if one.file == place]
        try:
            refuse_exchanged(file.features, mine, where=file.name)
        except DataError as error:
            faults.append(fault_of(error, ref.day))
            continue
        faults += _sort_layers(ref, file, mine, layers, grounds, target_crs)
    return Day(ref, tuple(files), tuple(layers.values()), tuple(faults), tells)


def _read_file(part: Part, known: dict[str, Features]) -> FileRead:
    """Return a file, from what is known by its content where that can be."""
    if part.selection is None:
        digest = fingerprint(part.entry)
        if digest in known:
            return FileRead(part, digest, known[digest])
    source, features = read_part(part)
    return FileRead(part, source.sha256, features)


def _sort_layers(
    ref: SnapshotRef,
    file: FileRead,
    found: Sequence[FileLayer],
    layers: dict[str, Drawn],
    grounds: dict[tuple[str, str], shapely.MultiPolygon | None],
    target_crs: str,
) -> list[Fault]:
    """Put a file's known layers among those of the day, and return the faults met."""
    faults: list[Fault] = []
    features = file.features
    for _, title, layer, polygons in found:
        if layer is None:
            km2 = float(drawn_km2(polygons, features.crs).sum())
            what = f"layer {title!r} is unknown and not counted ({km2:,.1f} km²)"
            faults.append(Fault("UNKNOWN-LAYER", what, ref.day, layer=title, file=file.name, km2=km2))
            continue
        if other := layers.get(spelling(title)):
            faults.append(_twice(ref, title, file.part, other.part))
            continue
        digest = _digest(polygons)
        if (digest, features.crs) not in grounds:
            try:
                grounds[digest, features.crs] = geometry.union(to_equal_area(polygons, features.crs, target_crs))
            except (shapely.GEOSException, UsageError, DataError) as error:
                what = f"cannot be measured: {error.problem if isinstance(error, DataError) else error}"
                faults.append(Fault("UNMEASURABLE", what, ref.day, layer=title, file=file.name))
                grounds[digest, features.crs] = None
        ground = grounds[digest, features.crs]
        layers[spelling(title)] = Drawn(title, layer, file.name, features.crs, polygons, digest, ground, file.part)
    return faults


def _twice(ref: SnapshotRef, title: str, part: Part, standing: Part) -> Fault:
    """Return the fault of a layer that two maps of one day show."""
    name = part.entry.label
    if standing.follows(part):
        what = f"{title or 'the map'} of {ref.day} is that of {standing.label}, which is later than {part.label}"
        return Fault("LATER-MAP", what, ref.day, layer=title, file=name)
    what = f"shows layer {title!r} of {ref.day} differently from {standing.label}"
    return Fault("LAYER-TWICE", what, ref.day, layer=title, file=name)


def _digest(polygons: NDArray[np.object_]) -> str:
    """Return a hash of polygons as drawn, whatever their order."""
    return hashlib.sha256(b"".join(sorted(shapely.to_wkb(polygons)))).hexdigest()


def place_of(geometry_in_metres: shapely.Geometry, target_crs: str) -> Place:
    """Return a place inside a geometry of the equal-area CRS (degrees)."""
    inside = shapely.point_on_surface(geometry_in_metres)
    lon, lat = crs.transformer(target_crs, crs.LONLAT).transform(shapely.get_x(inside), shapely.get_y(inside))
    return float(lon), float(lat)
