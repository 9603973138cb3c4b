"""The map of one day: what is on it, its polygons, and what an actor holds on it."""

from frontcalc.snapshots.holdings import Holding, holding, projected, to_equal_area
from frontcalc.snapshots.legend import Tell, Tells, drawn_km2, layers_of, note_tells, refuse_firm, remark_on, sort_tells
from frontcalc.snapshots.snapshot import (
    Snapshot,
    SnapshotLayer,
    changed,
    first_fingerprint,
    forget_read,
    is_exchanged,
    latitude_first,
    passing_over,
    read_part,
    read_snapshot,
)
