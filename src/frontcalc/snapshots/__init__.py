"""The map of one day: what is on it, its polygons, and what an actor holds on it."""

from frontcalc.snapshots.drawn import (
    SYNTHETIC,
    Snapshot,
    SnapshotLayer,
    boxes_in_degrees,
    changed,
    read_part,
    repeated,
)
from frontcalc.snapshots.facts import (
    digests_of,
    forget_read,
    keep_snapshot,
    kept_boxes,
    known_snapshot,
    read_snapshot,
    remember,
)
from frontcalc.snapshots.holdings import Holding, ground_of, held, holding, on_grid, role_geometry, to_equal_area
from frontcalc.snapshots.legend import FileLayer, Tell, Tells, drawn_km2, layers_of

__all__ = [
    "SYNTHETIC",
    "FileLayer",
    "Holding",
    "Snapshot",
    "SnapshotLayer",
    "Tell",
    "Tells",
    "boxes_in_degrees",
    "changed",
    "digests_of",
    "drawn_km2",
    "forget_read",
    "ground_of",
    "held",
    "holding",
    "keep_snapshot",
    "kept_boxes",
    "known_snapshot",
    "layers_of",
    "on_grid",
    "read_part",
    "read_snapshot",
    "remember",
    "repeated",
    "role_geometry",
    "to_equal_area",
]
