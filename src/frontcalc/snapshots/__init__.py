"""The map of one day: what is on it, its polygons, and what an actor holds on it."""

from frontcalc.snapshots.boxes import Box, box_around, home_of_this_war, is_exchanged, latitude_first
from frontcalc.snapshots.drawn import (
    SYNTHETIC,
    DayFile,
    Fault,
    Snapshot,
    SnapshotLayer,
    changed,
    fault_of,
    read_day,
    read_part,
)
from frontcalc.snapshots.facts import (
    digests_of,
    forget_read,
    read_snapshot,
)
from frontcalc.snapshots.holdings import (
    Holding,
    ground_of,
    held,
    holding,
    on_grid,
    to_equal_area,
)
from frontcalc.snapshots.legend import (
    Tell,
    Told,
    drawn_km2,
    layers_of,
    note_tells,
    refuse_told,
    remark_on,
    told_apart,
)

__all__ = [
    "SYNTHETIC",
    "Box",
    "DayFile",
    "Fault",
    "Holding",
    "Snapshot",
    "SnapshotLayer",
    "Tell",
    "Told",
    "box_around",
    "changed",
    "digests_of",
    "drawn_km2",
    "fault_of",
    "forget_read",
    "ground_of",
    "held",
    "holding",
    "home_of_this_war",
    "is_exchanged",
    "latitude_first",
    "layers_of",
    "note_tells",
    "on_grid",
    "read_day",
    "read_part",
    "read_snapshot",
    "refuse_told",
    "remark_on",
    "to_equal_area",
    "told_apart",
]
