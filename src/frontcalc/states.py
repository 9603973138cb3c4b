"""States: which maps stand for days and periods, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from frontcalc.archives import Archive, SnapshotRef, explain_command
from frontcalc.cache import NOTHING_KEPT, Cache
from frontcalc.dates import in_words
from frontcalc.errors import ChangedError, DataError, NoDataError, UsageError
from frontcalc.layers import ADJECTIVES, OWN, UNNAMED, Layer, LayerEnd, Role, spelling
from frontcalc.notices import Notice
from frontcalc.periods import Period
from frontcalc.snapshots import Snapshot, SnapshotLayer, read_snapshot
from frontcalc.views import View

SPAN_TOLERANCE = 0.05
"""Share of the days asked for by which the days between two maps may differ without notice."""

ENDED_MAPS = 5
"""A layer that so many maps in a row lack is no longer drawn."""

OLDEST_DAYS = 60
"""A map stands for no end of a period if it is older by more than the period's own length and so many days."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose territory is measured, and by what rules a map counts as complete.

    Parameters
    ----------
    actor : str
        Whose layers count.
    view : View
        Which of them.
    carry_days : int
        For how many days a missing layer is carried over from an earlier map; 0 for not at all.
    skip_bad : bool
        Pass over files that cannot be read.
    cache : Cache
        Where what earlier runs found on maps is kept.
    """

    actor: str
    view: View
    carry_days: int = 0
    skip_bad: bool = False
    cache: Cache = NOTHING_KEPT


@dataclass(frozen=True, slots=True)
class State:
    """The map that stands for a day, and what is to be said of that."""

    snapshot: Snapshot
    notices: tuple[Notice, ...] = ()

    @property
    def day(self) -> date | None:
        """The day of the map itself."""
        return self.snapshot.ref.day


@dataclass(frozen=True, slots=True)
class Span:
    """A period with the maps that open and close it; None where the archive has none."""

    period: Period
    opening: State | None
    closing: State | None
    notices: tuple[Notice, ...] = field(default=())

    @property
    def days(self) -> int | None:
        """Days between the two maps used, None where they are unknown."""
        if self.opening is None or self.closing is None or self.opening.day is None or self.closing.day is None:
            return None
        return (self.closing.day - self.opening.day).days

    @property
    def measurable(self) -> bool:
        """Whether two different maps stand for the ends."""
        return (
            self.opening is not None
            and self.closing is not None
            and self.opening.snapshot.ref != self.closing.snapshot.ref
        )


def _layers_of(ref: SnapshotRef, cache: Cache) -> tuple[tuple[str, str, Layer], ...]:
    """Return actor, name and meaning of a map's layers."""
    return tuple((part.layer.actor, part.name, part.layer) for part in read_snapshot(ref, cache).layers)


def _layers_or_none(ref: SnapshotRef, wanted: Wanted) -> tuple[tuple[str, str, Layer], ...]:
    """Return a map's layers; none for a bad file where bad ones are skipped."""
    try:
        return _layers_of(ref, wanted.cache)
    except DataError as error:
        if not wanted.skip_bad or isinstance(error, ChangedError):
            raise
        return ()


def _lacking(ref: SnapshotRef, wanted: Wanted) -> tuple[str, ...]:
    """Return which roles or layers of the view a map lacks; a bad file lacks all where bad ones are skipped."""
    mine = [(name, layer) for actor, name, layer in _layers_or_none(ref, wanted) if actor == wanted.actor]
    # A layer that is empty since it ended is there, with nothing in it.
    over = {(end.actor, end.role) for end in _ends(ref, wanted) if end.empty}
    mine += [(name, layer) for name, layer in ref.legend.layers if (layer.actor, layer.role) in over]
    return wanted.view.missing(mine)


def _ends(ref: SnapshotRef, wanted: Wanted) -> list[LayerEnd]:
    """Return what the archive itself says of layers that are no longer drawn on a map's day."""
    return [end for end in ref.legend.ends if end.actor == wanted.actor and ref.day is not None and end.until < ref.day]


def _is_over(archive: Archive, ref: SnapshotRef, name: str, source: SnapshotRef, wanted: Wanted) -> bool:
    """Say whether what a map lacks, and an earlier one has, is no longer drawn: five maps in a row lack it."""
    if any(end.role == name for end in _ends(ref, wanted)):
        return True
    place = archive.refs.index(source) + 1
    after = archive.refs[place : place + ENDED_MAPS]
    return len(after) == ENDED_MAPS and all(name in _lacking(later, wanted) for later in after)


def check_known(archive: Archive, ref: SnapshotRef, wanted: Wanted) -> None:
    """Refuse a map without a layer of the actor on which nothing is known by the legend that names the actor's.

    Where another layer of the same publisher is on it, the actor holds nothing on it; else nobody can tell.

    Raises
    ------
    DataError
        Nothing is known on the map, or only by another publisher's legend than that of the nearest map with the actor.
    """
    layers = _layers_or_none(ref, wanted)
    if any(actor == wanted.actor for actor, _, _ in layers):
        return
    place = archive.refs.index(ref)
    for other in (*archive.refs[place + 1 :], *reversed(archive.refs[:place])):
        legends = {layer.legend for actor, _, layer in _layers_or_none(other, wanted) if actor == wanted.actor}
        if not legends:
            continue
        # A legend of the archive's own can be compared with any, and polygons without a name with none.
        mine, known = {layer.legend for _, _, layer in layers} - {""}, legends - {""}
        if not mine & known and not (mine and known and OWN in mine | known):
            named, unnamed = (other, ref) if wanted.actor != UNNAMED else (ref, other)
            whose = "its layers" if wanted.actor == UNNAMED else f"the layers of {wanted.actor}"
            raise DataError(
                f"has no layer that the legend of {', '.join(named.names)} knows, where {whose} are named: "
                "the two cannot be compared",
                where=", ".join(unnamed.names),
                cure=f"leave the map out, or say what its layers mean: {explain_command([unnamed])}",
                code="NO-LAYER",
            )
        return


def _last_with(archive: Archive, before: SnapshotRef, lacking: str, wanted: Wanted) -> SnapshotRef | None:
    """Return the latest map before another that has what that one lacks."""
    older = archive.refs[: archive.refs.index(before)]
    return next((ref for ref in reversed(older) if lacking not in _lacking(ref, wanted)), None)


def check_view(archive: Archive, wanted: Wanted, near: SnapshotRef) -> None:
    """Refuse a view that names a role or layer which no map of the archive has for the actor.

    Raises
    ------
    UsageError
        With the actors and roles that the archive has.
    """
    absent = set(_lacking(near, wanted))
    # The maps after this one first: a layer that is not there yet mostly comes soon.
    split = archive.refs.index(near)
    for ref in (*archive.refs[split:], *reversed(archive.refs[:split])):
        if not absent:
            return
        absent &= set(_lacking(ref, wanted))
    if absent:
        shown = (found for ref in archive.refs for found in _layers_or_none(ref, wanted))
        has = sorted({f"{layer.role} ({actor})" for actor, _, layer in shown})
        control = ""
        if f"{Role.CONTROL} ({wanted.actor})" in has and wanted.view.name != "control":
            control = "; --view control measures what they have, which misses what is booked as an advance first"
        raise UsageError(
            f"no map shows {' or '.join(sorted(absent))} of {wanted.actor}, which view {wanted.view.name} counts",
            where=archive.name,
            cure=f"it has {', '.join(has)}: choose another --view or --actor{control}",
        )


def state_on(archive: Archive, day: date, wanted: Wanted) -> State | None:
    """Return the state on a day: the latest complete map dated on or before it.

    A layer that no earlier map has is empty. A layer that an earlier map has and this one lacks makes
    this one incomplete: the state steps back with notice LAYER-MISSING, or the layer is carried over
    for up to `wanted.carry_days` days. A layer that five maps in a row lack has ended: there is no state, and
    `absence` says why.
    """
    notices: list[Notice] = []
    for ref in archive.upto(day):
        try:
            snapshot = read_snapshot(ref, wanted.cache)
            if snapshot.tells or not _is_empty(snapshot):
                check_known(archive, ref, wanted)
        except DataError as error:
            if not wanted.skip_bad or isinstance(error, ChangedError):
                raise
            notices.append(Notice("SKIPPED", str(error)))
            continue
        lacking = _lacking(ref, wanted)
        if lacking:
            check_view(archive, wanted, ref)
        earlier = {name: source for name in lacking if (source := _last_with(archive, ref, name, wanted))}
        notices.extend(snapshot.notices)
        if not earlier:
            return State(snapshot, tuple(notices))
        carried = _carry(snapshot, earlier, wanted)
        if carried is not None:
            notices.extend(
                Notice("CARRIED", f"{ref.day}: {name} is that of {source.day}") for name, source in earlier.items()
            )
            return State(carried, tuple(notices))
        if any(_is_over(archive, ref, name, source, wanted) for name, source in earlier.items()):
            return None
        notices.append(Notice("LAYER-MISSING", f"{ref.day} lacks {' and '.join(earlier)}, so an earlier map is used"))
    return None


def _is_empty(snapshot: Snapshot) -> bool:
    """Say whether a map draws nothing at all."""
    return all(part.empty for part in snapshot.layers)


def absence(archive: Archive, day: date, wanted: Wanted) -> list[Notice]:
    """Return why no map stands for a day: maps that cannot be read, where bad files are skipped; an ended layer."""
    notices = []
    for ref in archive.upto(day):
        try:
            read_snapshot(ref, wanted.cache)
        except ChangedError:
            raise
        except DataError as error:
            notices.append(Notice("SKIPPED", str(error)))
            continue
        for name in _lacking(ref, wanted):
            source = _last_with(archive, ref, name, wanted)
            if source and source.day and _is_over(archive, ref, name, source, wanted):
                drawn = [
                    layer_name
                    for actor, layer_name, layer in _layers_of(source, wanted.cache)
                    if actor == wanted.actor and name in (layer.role, spelling(layer_name))
                ]
                what = f"{' and '.join(drawn) or name} of {wanted.actor}: not drawn since {in_words(source.day)}"
                return [*notices, Notice("ENDED", what)]
    return notices


def _carry(snapshot: Snapshot, earlier: dict[str, SnapshotRef], wanted: Wanted) -> Snapshot | None:
    """Return the map with missing layers put in from earlier ones, None where those are too old."""
    day = snapshot.ref.day
    layers: list[SnapshotLayer] = list(snapshot.layers)
    for name, ref in earlier.items():
        if day is None or ref.day is None or (day - ref.day).days > wanted.carry_days:
            return None
        layers += [
            part
            for part in read_snapshot(ref, wanted.cache).layers
            if part.layer.actor == wanted.actor and (name == part.layer.role or spelling(name) == spelling(part.name))
        ]
    return replace(snapshot, layers=tuple(layers))


def resolve(period: Period, archive: Archive, wanted: Wanted) -> Span:
    """Return the maps that open and close a period, with a notice wherever they are not those asked for."""
    first, last = archive.days[0], archive.days[-1]
    opens_on, closes_on = period.opens_on or first, period.closes_on or last
    notices: list[Notice] = []

    def say(code: str, message: str) -> None:
        notices.append(Notice(code, message, period.label))

    closing = state_on(archive, closes_on, wanted)
    opening = state_on(archive, opens_on, wanted)
    for state, day in ((closing, closes_on), (opening, opens_on)):
        why = absence(archive, day, wanted) if state is None else []
        notices.extend(notice if notice.code == "ENDED" else replace(notice, period=period.label) for notice in why)
        if any(notice.code == "ENDED" for notice in why):
            return Span(period, None, None, tuple(notices))
        if state is None and day == closes_on:
            say("NO-MAP", f"the first complete map is after {closes_on}")
            return Span(period, None, None, tuple(notices))
    assert closing is not None
    if opening is None:
        opening = _first_state(archive, closes_on, wanted) or closing
        say("OPENS-LATE", f"the archive's first map, {opening.day}, stands for {opens_on}")
    if last < closes_on:
        say("CLOSES-EARLY", f"the archive's last map, {last}, is before {closes_on}")
    span = Span(period, opening, closing)
    if not span.measurable:
        say("NO-NEW-MAP", f"both ends are the map of {closing.day}")
    elif span.days is not None:
        asked = (closes_on - opens_on).days
        for state, day in ((closing, closes_on), (opening, opens_on)):
            age = (day - state.day).days if state.day else 0
            if age > asked + OLDEST_DAYS:
                say("OLD-MAP", f"the last map by {day} is of {state.day}, {age} days earlier; {_days_shown(archive)}")
                return Span(period, None, None, tuple(notices))
        if abs(span.days - asked) > SPAN_TOLERANCE * asked:
            say("SPAN", f"{span.days} days lie between the maps used, {asked} were asked for")
    for state in (opening, closing):
        notices.extend(replace(notice, period=period.label) for notice in state.notices)
    return replace(span, notices=tuple(dict.fromkeys(notices)))


def _days_shown(archive: Archive) -> str:
    """Return the days that have a map, in words."""
    days = archive.days
    return f"maps are of {' and '.join(map(str, days)) if len(days) < 3 else f'{len(days)} days, {archive.extent}'}"


def _first_state(archive: Archive, until: date, wanted: Wanted) -> State | None:
    """Return the archive's first complete map."""
    states = (state_on(archive, day, wanted) for day in archive.days if day <= until)
    return next((state for state in states if state is not None), None)


def actors_on(
    archive: Archive, days: list[date], view: View, *, skip_bad: bool = False, cache: Cache = NOTHING_KEPT
) -> tuple[str, ...]:
    """Return the actors that a view has layers of in the maps of some days, the archive's main one first.

    The main actor is the first of `frontcalc.layers.ADJECTIVES` that the maps show; actors that the
    table does not name follow by name.

    Raises
    ------
    NoDataError
        None of the maps can be read.
    """
    bad: list[DataError] = []
    layers = [one for day in days for one in _readable(archive, day, skip_bad, cache, bad)]
    if bad and not layers:
        problem = f"no map that could answer can be read: {bad[0]}"
        raise NoDataError(problem, where=archive.name, cure="mend the maps, or ask for other days")
    found = {actor for actor, name, layer in layers if view.counts(name, layer)}
    order = list(ADJECTIVES)
    return tuple(sorted(found, key=lambda actor: (order.index(actor) if actor in order else len(order), actor)))


def _readable(
    archive: Archive, day: date, skip_bad: bool, cache: Cache, bad: list[DataError]
) -> Iterator[tuple[str, str, Layer]]:
    """Yield the layers of the latest readable map on or before a day, else of the first; `bad` takes why not."""
    for ref in (*archive.upto(day), archive.refs[0]):
        try:
            yield from _layers_of(ref, cache)
            return
        except DataError as error:
            if not skip_bad or isinstance(error, ChangedError):
                raise
            bad.append(error)
