"""What is to be said of maps that are not new: the same as an earlier one, or in one layer only; and of bookings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

import shapely

from frontcalc import geometry, snapshots
from frontcalc.archives import SnapshotRef
from frontcalc.change import Change
from frontcalc.errors import ChangedError, DataError
from frontcalc.layers import Role, spelling
from frontcalc.notices import Notice
from frontcalc.outliers import FROZEN_MAPS, standstills
from frontcalc.pipeline.measuring import Measuring
from frontcalc.snapshots import Snapshot, SnapshotLayer, digests_of
from frontcalc.states import Span, State
from frontcalc.views import VIEWS

BOOKED = 0.1
"""The share of what control gained above which it is said that it was drawn as an advance before."""


def stale_notices(run: Measuring, actor: str, span: Span, changed: Change | None) -> list[Notice]:
    """Return what is to be said of a period's two maps: whether they repeat others, and what stands still."""
    opening, closing = span.opening, span.closing
    if opening is None or closing is None or changed is None:
        return []
    label = span.period.label
    booked = [_booked_km2(run, actor, opening, closing)]
    return [
        *_repeats(run, opening, closing, changed, label),
        *_frozen_between(run, actor, opening, closing, label),
        *control_only(booked, [float(changed.gained_km2[-1])], label),
    ]


def _repeats(run: Measuring, opening: State, closing: State, changed: Change, label: str) -> list[Notice]:
    """Return a notice where the two maps are the same, or else where either is the same as the one before it."""
    if same_bytes(opening.snapshot, closing.snapshot):
        what = f"the maps of {opening.day} and {closing.day} are byte for byte the same"
        return [Notice("REPEAT", what, label)]
    if changed.gained_km2[-1] == changed.lost_km2[-1] == 0:
        return [Notice("REPEAT", f"the maps of {opening.day} and {closing.day} show the same ground", label)]
    found = []
    for state in (opening, closing):
        place = run.archive.refs.index(state.snapshot.ref)
        before = run.archive.refs[place - 1] if place else None
        if before is not None and _same_files(before, state.snapshot):
            what = f"the map of {state.day} is byte for byte that of {before.day}"
            found.append(Notice("REPEAT", what, label))
    return found


def _same_files(ref: SnapshotRef, snapshot: Snapshot) -> bool:
    """Say whether another map is of the same bytes; one that cannot be read is not."""
    try:
        return digests_of(ref) == tuple(file.sha256 for file in snapshot.files)
    except ChangedError:
        raise
    except DataError:
        return False


def same_bytes(one: Snapshot, other: Snapshot) -> bool:
    """Say whether two maps are of files with the same bytes; days of one file are not."""
    whole = all(part.selection is None for part in (*one.ref.parts, *other.ref.parts))
    return whole and [file.sha256 for file in one.files] == [file.sha256 for file in other.files]


def _frozen_between(run: Measuring, actor: str, opening: State, closing: State, label: str) -> list[Notice]:
    """Return a notice of each counted layer that two maps show alike, while another of the actor's differs."""
    days = [day for day in run.archive.days if opening.day and closing.day and opening.day <= day <= closing.day]
    # Over a few maps, as over a few days, a layer may well stand still.
    if len(days) < FROZEN_MAPS:
        return []
    mine = [layers_of(actor, state.snapshot) for state in (opening, closing)]
    shared = mine[0].keys() & mine[1].keys()
    still = {name for name in shared if mine[0][name].digest == mine[1][name].digest}
    if still == mine[0].keys() | mine[1].keys():
        return []
    return [
        Notice(
            "FROZEN", f"{mine[1][name].name} is the same on {opening.day} and {closing.day}, {len(days)} maps", label
        )
        for name in sorted(still)
        if run.view.counts(mine[1][name].name, mine[1][name].layer)
    ]


def layers_of(actor: str, snapshot: Snapshot) -> dict[str, SnapshotLayer]:
    """Return the layers of an actor that show anything, by name, whether they count or not."""
    mine = (part for part in snapshot.layers if part.layer.actor == actor)
    return {spelling(part.name): part for part in mine if not part.empty}


def _booked_km2(run: Measuring, actor: str, opening: State, closing: State) -> float:
    """Return how much of what control gained was drawn as an advance before; 0 in views that count advances (km²)."""
    mine = layers_of(actor, opening.snapshot).values()
    roles = {part.layer.role for part in mine if run.view.counts(part.name, part.layer)}
    if roles != {Role.CONTROL} or not any(part.layer.role is Role.ADVANCE for part in mine):
        return 0.0
    by_role = snapshots.role_geometry(opening.snapshot, actor, VIEWS["assessed"], run.crs, run.cache)
    before, after = (run.look(state.snapshot, actor) for state in (opening, closing))
    booked = shapely.difference(shapely.intersection(after, by_role[Role.ADVANCE]), before)
    return float(geometry.area_km2(booked))


def control_only(booked_km2: Sequence[float], gained_km2: Sequence[float], period: str = "") -> list[Notice]:
    """Return a notice where much of what control gained over some steps was drawn as an advance before."""
    booked, gained = math.fsum(booked_km2), math.fsum(gained_km2)
    if not booked or booked < BOOKED * gained:
        return []
    what = (
        f"{booked:,.1f} of {gained:,.1f} km² gained were already drawn as advances: control is booked in batches,"
        " and its figures show when that was done"
    )
    return [Notice("CONTROL-ONLY", what, period)]


@dataclass(slots=True)
class Watch:
    """What a series of maps has shown so far of one actor."""

    run: Measuring
    actor: str
    days: list[date | None] = field(default_factory=list)
    counted: dict[str, str] = field(default_factory=dict)
    drawn: list[dict[str, str]] = field(default_factory=list)
    booked_km2: list[float] = field(default_factory=list)
    gained_km2: list[float] = field(default_factory=list)

    def step(self, before: State, state: State, gained_km2: float, period: str) -> list[Notice]:
        """Take note of a map that follows another, and return what is to be said of it alone."""
        old, new = (layers_of(self.actor, one.snapshot) for one in (before, state))
        if not self.days:
            self.days.append(before.day)
            self.drawn.append({key: part.digest for key, part in old.items()})
        self.days.append(state.day)
        self.drawn.append({key: part.digest for key, part in new.items()})
        self.counted |= {key: part.name for key, part in new.items() if self.run.view.counts(part.name, part.layer)}
        self.booked_km2.append(_booked_km2(self.run, self.actor, before, state))
        self.gained_km2.append(gained_km2)
        again = same_bytes(before.snapshot, state.snapshot)
        return [Notice("REPEAT", "the map is byte for byte the one before", period)] if again else []

    def end(self) -> Iterable[Notice]:
        """Yield what is to be said of all maps together."""
        for key, first, last in standstills(self.drawn, FROZEN_MAPS):
            if key in self.counted:
                days = f"from {self.days[first]} to {self.days[last]}, {last - first + 1} maps"
                yield Notice("FROZEN", f"{self.counted[key]} stands still {days}, while other layers move")
        yield from control_only(self.booked_km2, self.gained_km2)
