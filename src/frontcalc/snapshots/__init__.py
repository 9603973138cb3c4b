"""The map of one day: what is on it, its polygons, and what an actor holds on it."""

from frontcalc.snapshots.drawn import (
    SYNTHETIC,
    Snapshot,
    SnapshotLayer,
    adds_nothing,
    boxes_in_degrees,
    changed,
    drawn_over,
    layers_in,
    read_part,
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

__all__ = [
    "SYNTHETIC",
    "Holding",
    "Snapshot",
    "SnapshotLayer",
    "adds_nothing",
    "boxes_in_degrees",
    "changed",
    "digests_of",
    "drawn_over",
    "forget_read",
    "ground_of",
    "held",
    "holding",
    "keep_snapshot",
    "kept_boxes",
    "known_snapshot",
    "layers_in",
    "on_grid",
    "read_part",
    "read_snapshot",
    "remember",
    "role_geometry",
    "to_equal_area",
]
