"""Reading one day for the lint: as far as it goes, each fault on the way noted and nothing raised."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.archives import Part, SnapshotRef
from frontcalc.errors import DataError, UsageError
from frontcalc.layers import Layer, spelling
from frontcalc.lint.findings import Fault, Place, fault_of
from frontcalc.snapshots import adds_nothing, layers_in, read_part, refuse_exchanged, to_equal_area
from frontcalc.sources import fingerprint
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
    """

    name: str
    layer: Layer
    file: str
    crs: str
    polygons: NDArray[np.object_]
    digest: str
    ground: shapely.MultiPolygon | None


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One day as far as it could be read, and the faults met on the way."""

    ref: SnapshotRef
    files: tuple[FileRead, ...]
    layers: tuple[Drawn, ...]
    faults: tuple[Fault, ...]


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
            file = _read_file(part, known)
            refuse_exchanged(file.features, part.entry, dict(ref.layers))
        except DataError as error:
            faults.append(fault_of(error, ref.day))
            continue
        twin = next((other for other in files if other.sha256 == file.sha256 and not part.selection), None)
        files.append(file)
        if twin and adds_nothing(file.features, part.entry, dict(ref.layers), layers):
            what = f"{file.name} and {twin.name} of the same day are byte for byte the same"
            faults.append(Fault("REPEATED", what, ref.day, file=file.name, cure="remove one of the two"))
            continue
        faults += _sort_layers(ref, file, layers, grounds, target_crs)
    unknown = [fault for fault in faults if fault.code == "UNKNOWN-LAYER"]
    if unknown and not layers:
        names = ", ".join(repr(fault.layer) for fault in unknown[:5])
        faults = [fault for fault in faults if fault.code != "UNKNOWN-LAYER"]
        what = f"no layer of this map is known, only {names}"
        faults.append(Fault("NO-LAYER", what, ref.day, file=unknown[0].file, count=len(unknown)))
    return Day(ref, tuple(files), tuple(layers.values()), tuple(faults))


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
    layers: dict[str, Drawn],
    grounds: dict[tuple[str, str], shapely.MultiPolygon | None],
    target_crs: str,
) -> list[Fault]:
    """Put a file's known layers among those of the day, and return the faults met."""
    faults: list[Fault] = []
    unknown: list[str] = []
    features = file.features
    for title, layer, polygons in layers_in(features, file.part.entry, dict(ref.layers)):
        if layer is None:
            unknown.append(title)
            continue
        if other := layers.get(spelling(title)):
            what = f"shows layer {title!r} of {ref.day} differently from {other.file}"
            faults.append(Fault("LAYER-TWICE", what, ref.day, layer=title, file=file.name))
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
        layers[spelling(title)] = Drawn(title, layer, file.name, features.crs, polygons, digest, ground)
    for title in unknown:
        what = f"layer {title!r} is unknown and not counted"
        faults.append(Fault("UNKNOWN-LAYER", what, ref.day, layer=title, file=file.name))
    return faults


def _digest(polygons: NDArray[np.object_]) -> str:
    """Return a hash of polygons as drawn, whatever their order."""
    return hashlib.sha256(b"".join(sorted(shapely.to_wkb(polygons)))).hexdigest()


def place_of(geometry_in_metres: shapely.Geometry, target_crs: str) -> Place:
    """Return a place inside a geometry of the equal-area CRS (degrees)."""
    inside = shapely.point_on_surface(geometry_in_metres)
    lon, lat = crs.transformer(target_crs, crs.LONLAT).transform(shapely.get_x(inside), shapely.get_y(inside))
    return float(lon), float(lat)
