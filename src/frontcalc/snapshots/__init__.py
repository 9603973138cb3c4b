"""The map of one day: what is on it, its polygons, and what an actor holds on it."""

from frontcalc.snapshots.drawn import (
    SYNTHETIC,
    Snapshot,
    SnapshotLayer,
    boxes_in_degrees,
    changed,
    read_part,
    refuse_exchanged,
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
from frontcalc.snapshots.holdings import (
    Holding,
    ground_of,
    held,
    holding,
    on_grid,
    repair_gaps_km2,
    role_geometry,
    to_equal_area,
)
from frontcalc.snapshots.legend import FileLayer, Tell, Tells, drawn_km2, layers_of
from frontcalc.snapshots.places import Box, box_around, home_of_this_war, is_exchanged, latitude_first

__all__ = [
    "SYNTHETIC",
    "Box",
    "FileLayer",
    "Holding",
    "Snapshot",
    "SnapshotLayer",
    "Tell",
    "Tells",
    "box_around",
    "boxes_in_degrees",
    "changed",
    "digests_of",
    "drawn_km2",
    "forget_read",
    "ground_of",
    "held",
    "holding",
    "home_of_this_war",
    "is_exchanged",
    "keep_snapshot",
    "kept_boxes",
    "known_snapshot",
    "latitude_first",
    "layers_of",
    "on_grid",
    "read_part",
    "read_snapshot",
    "refuse_exchanged",
    "remember",
    "repair_gaps_km2",
    "repeated",
    "role_geometry",
    "to_equal_area",
]
