"""States: which maps stand for days and periods, and what is missing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from frontcalc.archives import Archive, SnapshotRef, explain_command
from frontcalc.dates import in_words
from frontcalc.errors import DataError, UsageError
from frontcalc.layers import OWN, UNNAMED, Layer, Role, spelling
from frontcalc.notices import Notice
from frontcalc.periods import Period
from frontcalc.snapshots import Snapshot, SnapshotLayer, passing_over, read_snapshot
from frontcalc.views import View

SPAN_TOLERANCE = 0.05  # share of the days asked for by which the days between two maps may differ without notice
ENDED_MAPS = 5  # a layer that so many maps in a row lack is no longer drawn
INVASION = date(2022, 2, 24)  # layers of what was held before 2022 show the eve of this day
OLDEST_DAYS = 60  # a map older by more than the period's own length and so many days stands for no end of it
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class State:
    """The map that stands for a day, and the notices that come with it."""

    snapshot: Snapshot
    notices: tuple[Notice, ...] = ()
    stands_for: date | None = None  # the day asked for, of a map given for any day before the archive's first

    @property
    def day(self) -> date | None:
        """The day of the map itself, or the one that it was made to stand for."""
        return self.stands_for or self.snapshot.ref.day


@dataclass(frozen=True, slots=True)
class Span:
    """A period with the maps that open and close it for an actor; None where the archive has none."""

    period: Period
    opening: State | None
    closing: State | None
    notices: tuple[Notice, ...] = ()
    actor: str = ""

    @property
    def days(self) -> int | None:
        """Days between the two maps used, None where they are unknown."""
        if self.opening is None or self.closing is None or self.opening.day is None or self.closing.day is None:
            return None
        return (self.closing.day - self.opening.day).days

    @property
    def ends(self) -> tuple[State, State] | None:
        """The two states, None where not two different maps stand for the ends."""
        if self.opening is None or self.closing is None or self.opening.snapshot.ref == self.closing.snapshot.ref:
            return None
        return self.opening, self.closing


@dataclass(frozen=True, slots=True)
class States:
    """Which maps of an archive stand for days and periods, for one actor and view."""

    archive: Archive
    actor: str  # whose layers count
    view: View  # which of them
    carry_days: int = 0  # for how many days a missing layer is carried over from an earlier map; 0 for not at all
    skip_bad: bool = False  # pass over files that cannot be read
    read: Callable[[SnapshotRef], Snapshot] = read_snapshot  # returns what is on a map

    def on(self, day: date, why: list[Notice] | None = None) -> State | None:
        """Return the state on a day: the latest complete map dated on or before it.

        A layer that no earlier map has is empty. One that an earlier map has and this one lacks makes this one
        incomplete: the state steps back with notice LAYER-MISSING, or the layer is carried over for up to `carry_days`
        days. A layer that five maps in a row lack has ended: there is no state. Before the archive's first map it is
        the opening map, if one was given. `why` gets what says why there is no state: files that cannot be read, where
        bad ones are skipped; an ended layer.
        """
        given = self.archive.opening
        if given and given.day and day <= given.day:
            return self.opened_by(given, day)
        notices, why = list[Notice](), [] if why is None else why
        for ref in self.archive.upto(day):
            bad: list[DataError] = []
            with passing_over(bad, skip_bad=self.skip_bad):
                snapshot = self.read(ref)
                mine = any(part.layer.actor == self.actor for part in snapshot.layers)
                if not mine and (snapshot.tells or not all(part.empty for part in snapshot.layers)):
                    self.check_known(ref)
            if bad:
                notices.append(Notice("SKIPPED", str(bad[0])))
                why.append(notices[-1])
                continue
            lacking = self._lacking(ref)
            if lacking:
                self.check_view(ref)
            older = self.archive.refs[: self.archive.refs.index(ref)] if lacking else ()
            earlier: dict[str, SnapshotRef] = {}
            for name in lacking:
                earlier |= next(({name: one} for one in reversed(older) if name not in self._lacking(one)), {})
            notices.extend(snapshot.notices)
            if not earlier:
                return State(snapshot, tuple(notices))
            carried = self._carry(snapshot, earlier)
            if carried is not None:
                notices.extend(
                    Notice("CARRIED", f"{ref.day}: {name} is that of {source.day}") for name, source in earlier.items()
                )
                return State(carried, tuple(notices))
            for name, source in earlier.items():
                if self._is_over(ref, name, source):
                    why.append(self._end_notice(name, source))
                    return None
            what = f"{ref.day} lacks {' and '.join(earlier)}, so an earlier map is used"
            line = f"the map of {in_words(ref.day)} lacks a layer, so an earlier map stands in" if ref.day else ""
            notices.append(Notice("LAYER-MISSING", what, line=line))
        return None

    def _end_notice(self, name: str, source: SnapshotRef) -> Notice:
        """Return the notice of what is no longer drawn since a map."""
        mine = [part for part in self._layers(source) if part.layer.actor == self.actor]
        drawn = " and ".join(part.name for part in mine if name in (part.layer.role, spelling(part.name)))
        since = f" since {in_words(source.day)}" if source.day else ""
        line = f"{drawn or name} is not drawn{since}: nothing is known from then on"
        return Notice("ENDED", f"{drawn or name} of {self.actor}: not drawn{since}", line=line)

    def opened_by(self, ref: SnapshotRef, day: date) -> State:
        """Return a map that was given for a day as its state; DataError where nothing on it counts as the actor's."""
        snapshot = self.read(ref)
        mine = [part for part in snapshot.layers if part.layer.actor == self.actor]
        if not any(self.view.counts(part.name, part.layer) for part in mine):
            if before := self.before_invasion(snapshot, day):
                return before
            problem = f"has no layer of {self.actor} that view {self.view.name} counts, so it cannot say what was held"
            cure = f"say what its layers mean: {explain_command([ref])}"
            raise DataError(problem, where=", ".join(ref.names), cure=cure, code="NO-LAYER")
        what = f"{', '.join(ref.names)} stands for {day}, as for every day before the archive's first map"
        return State(snapshot, (*snapshot.notices, Notice("OPENING", what)), day)

    def before_invasion(self, snapshot: Snapshot, day: date) -> State | None:
        """Return what a map shows of the ground held before 24 February 2022, for a day before; None without it."""
        drawn = {part.name: part.layer for part in snapshot.layers}
        mine = [name for name, own in drawn.items() if own.actor == self.actor and own.role is Role.PRE2022]
        if not mine or day >= INVASION or Role.CONTROL not in self.view.roles:
            return None
        # The same map, on which that layer is all that is held.
        meant = {name: Layer(own.actor, Role.OTHER, own.whole, OWN) for name, own in drawn.items()}
        meant |= {name: Layer(self.actor, Role.CONTROL, whole=True, legend=OWN) for name in mine}
        legend = replace(snapshot.ref.legend, layers=tuple(sorted(meant.items())))
        of = f"{', '.join(mine)} on the map of {snapshot.ref.day or snapshot.ref.names[0]}"
        notice = Notice("OPENING", f"{of}, what was held before {in_words(INVASION)}, stands for {day}")
        return State(self.read(replace(snapshot.ref, legend=legend)), (*snapshot.notices, notice), day)

    def next_to(self, state: State, *, earlier: bool = False, until: date = date.max) -> State | None:
        """Return the state of the next other map, or of the one before; None where there is none up to a day."""
        assert state.day is not None
        if earlier:
            before = self.on(state.day - _ONE_DAY)
            return before if before and before.snapshot.ref != state.snapshot.ref else None
        days = self.archive.days
        later = (self.on(day) for day in days[bisect_right(days, state.day) :] if day <= until)
        return next((one for one in later if one and one.snapshot.ref != state.snapshot.ref), None)

    def along(self, first: State, days: Iterable[date]) -> Iterator[State]:
        """Yield a state, then that of each of some later days that another map stands for."""
        yield first
        for day in days:
            state = self.on(day)
            if state is not None and state.snapshot.ref != first.snapshot.ref:
                yield state
                first = state

    def within(self, span: Span) -> Iterator[State]:
        """Yield the opening map of a span, each other one in it, and the closing map; nothing without two maps."""
        if span.ends is None:
            return
        first, last = span.ends
        yield from self.along(first, self.between(first, last))
        yield last

    def between(self, first: State, last: State) -> list[date]:
        """Return the days of the archive's maps between two others; none where the day of one is unknown."""
        days = self.archive.days
        return list(days[bisect_right(days, first.day) : bisect_left(days, last.day)]) if first.day and last.day else []

    def resolve(self, period: Period) -> Span:
        """Return the maps that open and close a period, with a notice wherever they are not those asked for."""
        days, label, notices = self.archive.days, period.label, list[Notice]()
        opens_on, closes_on = period.opens_on or self.archive.first, period.closes_on or days[-1]
        none = Span(period, None, None, actor=self.actor)
        unclosed, unopened = list[Notice](), list[Notice]()
        closing, opening = self.on(closes_on, unclosed), self.on(opens_on, unopened)
        for state, day, why in ((closing, closes_on, unclosed), (opening, opens_on, unopened)):
            why = why if state is None else []
            notices.extend(notice if notice.code == "ENDED" else replace(notice, period=label) for notice in why)
            if any(notice.code == "ENDED" for notice in why):
                return replace(none, notices=tuple(notices))
            if state is None and day == closes_on:
                line = f"no map that early: nothing was measured; your maps begin on {in_words(days[0])}"
                notices.append(Notice("NO-MAP", f"the first complete map is after {closes_on}", label, line=line))
                return replace(none, notices=tuple(notices))
        assert closing is not None
        if opening is None:
            opening, late = self._first_known(opens_on, closes_on, closing)
            begins = f"begins with the map of {in_words(opening.day, label)}" if opening.day else "begins late"
            line = f"{begins}: what changed before it is not in it"
            notices += [Notice("OPENS-LATE", late, label, line=line)] if late else []
        if days[-1] < closes_on:
            early, line = f"the archive's last map, {days[-1]}, is before {closes_on}", in_words(days[-1], label)
            line = f"ends with the map of {line}: what changed after it is not in it"
            notices.append(Notice("CLOSES-EARLY", early, label, line=line))
        span = replace(none, opening=opening, closing=closing)
        if span.ends is None:
            line = f"no map newer than that of {in_words(closing.day)}: nothing was measured" if closing.day else ""
            notices.append(Notice("NO-NEW-MAP", f"both ends are the map of {closing.day}", label, line=line))
        elif off := self._distant(span, opens_on, closes_on):
            notices.append(off)
            if off.code == "OLD-MAP":
                return replace(none, notices=tuple(notices))
        notices.extend(replace(notice, period=label) for state in (opening, closing) for notice in state.notices)
        return replace(span, notices=tuple(dict.fromkeys(notices)))

    def _distant(self, span: Span, opens_on: date, closes_on: date) -> Notice | None:
        """Return a notice where maps are far from the days asked for: too old to stand for them, or of another span."""
        assert span.ends
        if span.days is None:
            return None
        opening, closing = span.ends
        days, label, wanted_days = self.archive.days, span.period.label, (closes_on - opens_on).days
        off = [abs(span.days - wanted_days)]
        for state, day in ((closing, closes_on), (opening, opens_on)):
            age = (day - state.day).days if state.day else 0
            off.append(abs(age))
            if age > wanted_days + OLDEST_DAYS:
                shown = f"{len(days)} days, {self.archive.extent}" if len(days) > 2 else " and ".join(map(str, days))
                what = f"the last map by {day} is of {state.day}, {age} days earlier; maps are of {shown}"
                line = f"the last map by {in_words(day)} is {age} days older: nothing was measured"
                return Notice("OLD-MAP", what, label, line=line)
        if max(off) <= SPAN_TOLERANCE * wanted_days:
            return None
        used = f"is {opening.day} to {closing.day} here, {span.days} days; asked for was"
        line = f"{wanted_days} days were asked for, the maps are {span.days} days apart"
        if off[0] <= SPAN_TOLERANCE * wanted_days:  # as many days, but others
            ends = ((opening.day, closing.day), (opens_on, closes_on))
            shown, wanted = (" and ".join(in_words(day, label) for day in pair if day) for pair in ends)
            line = f"the maps of {shown} stand for {wanted}"
        return Notice("SPAN", f"{used} {opens_on} to {closes_on}, {wanted_days} days", label, line=line)

    def _first_known(self, opens_on: date, closes_on: date, closing: State) -> tuple[State, str]:
        """Return the state for a day before the first complete map, and a text for a notice if a later map is used."""
        late = next(filter(None, (self.on(day) for day in self.archive.days if day <= closes_on)), closing)
        drawn = (late.snapshot, closing.snapshot) if closes_on >= INVASION else ()
        before = next(filter(None, (self.before_invasion(one, opens_on) for one in drawn)), None)
        return before or late, "" if before else f"the archive's first map, {late.day}, stands for {opens_on}"

    def notices_on(self, day: date, state: State | None) -> list[Notice]:
        """Return the notices for a day and the map that stands for it: none, an old one, and the map's own."""
        first, last = self.archive.refs[0].day, self.archive.refs[-1].day
        if state is None:
            why: list[Notice] = []
            self.on(day, why)
            ended = [notice for notice in why if notice.code == "ENDED"]
            return ended or [Notice("NO-MAP", f"the archive's first map is of {first}", str(day))]
        line = f"the map of {in_words(last)} stands for it: what changed after it is not in it" if last else ""
        late = [Notice("CLOSES-EARLY", f"the archive's last map is of {last}", str(day), line=line)]
        own = [replace(notice, period=str(day)) for notice in state.notices]
        return own + (late if last is not None and day > last else [])

    def check_known(self, ref: SnapshotRef) -> None:
        """Refuse a map without a layer of the actor on which nothing is known by the legend that names the actor's.

        Where another layer of the same publisher is on it, the actor holds nothing on it. Else nobody can tell, a
        DataError: nothing is known, or only by another legend than that of the nearest map with the actor.
        """
        layers = self._layers(ref)
        if any(part.layer.actor == self.actor for part in layers):
            return
        place = self.archive.refs.index(ref)
        for other in (*self.archive.refs[place + 1 :], *reversed(self.archive.refs[:place])):
            legends = {part.layer.legend for part in self._layers(other) if part.layer.actor == self.actor}
            if not legends:
                continue
            # A legend of the archive's own can be compared with any, and polygons without a name with none.
            mine, known = {part.layer.legend for part in layers} - {""}, legends - {""}
            if not mine & known and not (mine and known and OWN in mine | known):
                named, unnamed = (other, ref) if self.actor != UNNAMED else (ref, other)
                counted = "its layers" if self.actor == UNNAMED else f"the layers of {self.actor}"
                raise DataError(
                    f"has no layer that the legend of {', '.join(named.names)} knows, where {counted} are named: "
                    "the two cannot be compared",
                    where=", ".join(unnamed.names),
                    cure=f"leave the map out, or say what its layers mean: {explain_command([unnamed])}",
                    code="NO-LAYER",
                )
            return

    def check_view(self, near: SnapshotRef) -> None:
        """Refuse a view that names what no map of the archive has for the actor, and say what the archive has."""
        absent = set(self._lacking(near))
        # The maps after this one first: a layer that is not there yet mostly comes soon.
        split = self.archive.refs.index(near)
        for ref in (*self.archive.refs[split:], *reversed(self.archive.refs[:split])):
            if not absent:
                return
            absent &= set(self._lacking(ref))
        if absent:
            has = {f"{part.layer.role} ({part.layer.actor})" for ref in self.archive.refs for part in self._layers(ref)}
            control = ""
            if f"{Role.CONTROL} ({self.actor})" in has and self.view.name != "control":
                control = "; --view control measures what they have, which misses what is booked as an advance first"
            problem = f"no map shows {' or '.join(sorted(absent))} of {self.actor}, which view {self.view.name} counts"
            cure = f"it has {', '.join(sorted(has))}: choose another --view or --actor{control}"
            raise UsageError(problem, where=self.archive.name, cure=cure)

    def _layers(self, ref: SnapshotRef) -> Sequence[SnapshotLayer]:
        """Return a map's layers; none of a bad file where bad ones are skipped."""
        with passing_over(skip_bad=self.skip_bad):
            return self.read(ref).layers
        return ()

    def _lacking(self, ref: SnapshotRef) -> tuple[str, ...]:
        """Return which roles or layers of the view a map lacks; a bad file lacks all where bad ones are skipped."""
        mine = [(part.name, part.layer) for part in self._layers(ref) if part.layer.actor == self.actor]
        # A layer that is empty since it ended is there, with nothing in it.
        may_end = any(layer.empty for _, layer in ref.legend.layers)
        over = {(layer.actor, layer.role) for layer in self._ended(ref) if layer.empty} if may_end else ()
        mine += [(name, layer) for name, layer in ref.legend.layers if (layer.actor, layer.role) in over]
        return self.view.missing(mine)

    def _ended(self, ref: SnapshotRef) -> list[Layer]:
        """Return the actor's layers that are no longer drawn on a map's day, as the archive itself says."""
        mine = [layer for _, layer in ref.legend.layers if layer.actor == self.actor]
        return [layer for layer in mine if layer.until and ref.day and layer.until < ref.day]

    def _is_over(self, ref: SnapshotRef, name: str, source: SnapshotRef) -> bool:
        """Say whether what a map lacks, and an earlier one has, is no longer drawn: five maps in a row lack it."""
        if any(layer.role == name for layer in self._ended(ref)):
            return True
        place = self.archive.refs.index(source) + 1
        after = self.archive.refs[place : place + ENDED_MAPS]
        return len(after) == ENDED_MAPS and all(name in self._lacking(later) for later in after)

    def _carry(self, snapshot: Snapshot, earlier: dict[str, SnapshotRef]) -> Snapshot | None:
        """Return the map with missing layers put in from earlier ones, None where those are too old."""
        day, layers = snapshot.ref.day, list(snapshot.layers)
        for name, ref in earlier.items():
            if day is None or ref.day is None or (day - ref.day).days > self.carry_days:
                return None
            layers += [
                part
                for part in self.read(ref).layers
                if part.layer.actor == self.actor and (name == part.layer.role or spelling(name) == spelling(part.name))
            ]
        return replace(snapshot, layers=tuple(layers))
