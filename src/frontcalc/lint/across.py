"""What can only be seen from map to map: days, repeats, layers that stand still or are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc.archives import SnapshotRef
from frontcalc.layers import Layer, Role, spelling
from frontcalc.lint.findings import Fault, fault_of
from frontcalc.snapshots import Box, is_exchanged, latitude_first
from frontcalc.standstills import standstills
from frontcalc.views import VIEWS

# A rhythm is one that three of five gaps keep; with fewer gaps than this none can be told.
_RHYTHM, _FEWEST_GAPS = 0.6, 4
_FAR = timedelta(days=365)
# Fewer maps do not say where an archive lies.
_FEWEST_BOXES = 3


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """What is remembered of a layer when its geometry no longer is."""

    name: str
    layer: Layer
    digest: str


@dataclass(frozen=True, slots=True)
class Trace:
    """What is remembered of a map.

    Parameters
    ----------
    ref : SnapshotRef
        Where it is.
    sha256 : tuple of str
        Of its files; empty where it is one of many days in a file.
    layers : tuple of LayerTrace
        Its known layers.
    held_km2 : tuple of (actor, km²)
        What each actor holds by the assessed view.
    whole : bool
        Whether every file could be read.
    stated : tuple of date
        The days that its files' properties state.
    box : Box or None
        Around all that it shows.
    """

    ref: SnapshotRef
    sha256: tuple[str, ...]
    layers: tuple[LayerTrace, ...]
    held_km2: tuple[tuple[str, float], ...]
    whole: bool
    stated: tuple[date, ...]
    box: Box | None

    @property
    def day(self) -> date:
        """The map's day; every map of an archive has one."""
        assert self.ref.day is not None
        return self.ref.day

    @property
    def file(self) -> str:
        """What messages call its first file."""
        return self.ref.names[0]


Traces = Sequence[Trace]


def unnamed_maps(traces: Traces) -> list[Fault]:
    """Return a fault for each map on which no layer is known, in an archive of which others have known ones."""
    unnamed = [trace for trace in traces if trace.box and all(not one.layer.legend for one in trace.layers)]
    if len(unnamed) == len(traces):
        return []
    what = "no layer of this map is known, while other maps of the archive have known ones"
    return [Fault("NO-LAYER", what, trace.day, file=trace.file) for trace in unnamed]


def missing_days(traces: Traces) -> Iterator[Fault]:
    """Yield a fault for each gap in which the archive's own rhythm would have maps."""
    gaps = [(second.day - first.day).days for first, second in pairwise(traces)]
    if len(gaps) < _FEWEST_GAPS:
        return
    usual, times = Counter(gaps).most_common(1)[0]
    if times < _RHYTHM * len(gaps):
        return
    for first, gap in zip(traces, gaps, strict=False):
        lacking = round(gap / usual) - 1
        if lacking > 0:
            start = first.day + timedelta(days=usual)
            end = first.day + timedelta(days=usual * lacking)
            rhythm = "every day" if usual == 1 else f"every {usual} days"
            days = str(start) if lacking == 1 else f"{lacking} maps from {start} to {end}"
            what = f"{days} missing after {first.file}, in an archive with a map {rhythm}"
            yield Fault("DAYS-MISSING", what, start, end, file=first.file, count=lacking, maps=None)


def implausible_days(traces: Traces, today: date) -> Iterator[Fault]:
    """Yield a fault for each map of a day that cannot be right: after today, or far from all others."""
    for trace in traces:
        if trace.day > today:
            yield Fault("DATE-IMPLAUSIBLE", f"its day, {trace.day}, is after today", trace.day, file=trace.file)
    if len(traces) < _FEWEST_GAPS:
        return
    for alone, others in ((traces[0], traces[1:]), (traces[-1], traces[:-1])):
        span = others[-1].day - others[0].day
        away = min(abs(alone.day - other.day) for other in (others[0], others[-1]))
        if alone.day <= today and away > max(span, _FAR):
            what = f"its day, {alone.day}, is {away.days:,} days from all others"
            yield Fault("DATE-IMPLAUSIBLE", what, alone.day, file=alone.file)


def differing_days(traces: Traces) -> Iterator[Fault]:
    """Yield one fault for all maps of whose days the files' properties say otherwise."""
    stating = [trace for trace in traces if trace.stated]
    wrong = [(trace, day) for trace in stating for day in trace.stated if day != trace.day]
    maps = {trace.day for trace, _ in wrong}
    if wrong:
        shifts = Counter((day - trace.day).days for trace, day in wrong)
        usual, times = shifts.most_common(1)[0]
        first, stated = wrong[0]
        what = (
            f"the date properties of {len(maps)} of {len(stating)} maps differ from the names, "
            f"{times} of them by {_signed(usual)} {'day' if abs(usual) == 1 else 'days'}; the first says {stated}"
        )
        last = wrong[-1][0].day
        yield Fault("DATE-DIFFERS", what, first.day, last, file=first.file, count=len(maps), maps=len(maps))


def repeats(traces: Traces) -> Iterator[Fault]:
    """Yield a fault for each run of maps whose files repeat those of an earlier day."""
    earlier: dict[tuple[str, ...], Trace] = {}
    source = [earlier.setdefault(trace.sha256, trace) if trace.sha256 else trace for trace in traces]
    again = ((first, trace) for first, trace in zip(source, traces, strict=True) if first is not trace)
    for _, run in groupby(again, key=lambda pair: pair[0].day):
        pairs = list(run)
        (first, start), (_, last) = pairs[0], pairs[-1]
        what = f"{_maps(len(pairs))} byte for byte the same as {first.file}"
        yield Fault("REPEATED", what, start.day, last.day, file=start.file, count=len(pairs), maps=len(pairs))


def unchanged(traces: Traces) -> Iterator[Fault]:
    """Yield one fault for all maps that show what the one before shows, though their bytes differ."""
    same = [
        second
        for first, second in pairwise(traces)
        if second.layers and first.layers == second.layers and first.sha256 != second.sha256
    ]
    if same:
        what = f"{len(same)} of {_maps(len(traces))} {'show' if len(same) > 1 else 'shows'} what the one before shows"
        yield Fault("UNCHANGED", what, same[0].day, same[-1].day, file=same[0].file, count=len(same), maps=len(same))


def _maps(count: int) -> str:
    """Return how many maps, as in «2 maps»."""
    return f"{count} {'map' if count == 1 else 'maps'}"


def _signed(days: int) -> str:
    """Return a number of days with its sign, a true minus."""
    return f"{days:+d}".replace("-", "\N{MINUS SIGN}")


def missing_layers(traces: Traces) -> Iterator[Fault]:
    """Yield a fault for each run of maps without a role that an earlier map shows."""
    roles = VIEWS["claimed"].roles
    seen: dict[tuple[str, Role], Trace] = {}
    lacking: dict[tuple[str, Role], list[Trace]] = {}
    for trace in [trace for trace in traces if trace.whole]:
        mine = {(one.layer.actor, role) for one in trace.layers for role in _stands_for(one.layer, roles)}
        for key in seen.keys() - mine:
            lacking.setdefault(key, []).append(trace)
        for key in sorted(mine & lacking.keys()):
            yield _missing(key, lacking.pop(key), seen[key])
        seen.update(dict.fromkeys(mine, trace))
    for key in sorted(lacking):
        yield _missing(key, lacking[key], seen[key])


def _stands_for(layer: Layer, roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """Return the roles that a layer shows: all of them where it is the whole of what its publisher draws."""
    if layer.role not in roles:
        return ()
    return roles if layer.whole else (layer.role,)


def _missing(key: tuple[str, Role], run: list[Trace], last_with: Trace) -> Fault:
    """Return the fault of a role that some maps lack."""
    actor, role = key
    until = f" to {run[-1].day}, {len(run)} maps," if len(run) > 1 else ""
    what = f"{run[0].day}{until} shows no {role.value} of {actor}, which {last_with.day} shows"
    return Fault(
        "LAYER-MISSING", what, run[0].day, run[-1].day,
        layer=role.value, file=run[0].file, count=len(run), maps=len(run),
    )  # fmt: skip


def frozen_layers(traces: Traces, frozen_maps: int) -> Iterator[Fault]:
    """Yield a fault for each run of `frozen_maps` or more maps on which a layer stands still while others move."""
    drawn = [{spelling(one.name): one.digest for one in trace.layers} for trace in traces]
    for key, first, last in standstills(drawn, frozen_maps):
        run = traces[first : last + 1]
        name = next(one.name for one in run[0].layers if spelling(one.name) == key)
        what = f"{name} stands still from {run[0].day} to {run[-1].day}, {len(run)} maps, while other layers move"
        yield Fault(
            "LAYER-FROZEN", what, run[0].day, run[-1].day,
            layer=name, file=run[0].file, count=len(run), maps=len(run),
        )  # fmt: skip


def swapped(traces: Traces, home: NDArray[np.object_] | None) -> dict[date, Fault]:
    """Return a fault for each map that lies elsewhere than it should, and there with x and y exchanged.

    Parameters
    ----------
    traces : sequence of Trace
        The maps.
    home : (n,) array of shapely Polygon or None
        Where they should lie (degrees), where that is known; the median of all maps' boxes serves beside it.
    """
    boxed = [(trace, trace.box) for trace in traces if trace.box]
    trees = [shapely.STRtree(home)] if home is not None else []
    if len(boxed) >= _FEWEST_BOXES:
        trees.append(shapely.STRtree([shapely.box(*np.median([box for _, box in boxed], axis=0))]))

    return {
        trace.day: fault_of(latitude_first(box, where=trace.file), trace.day)
        for trace, box in boxed
        if any(is_exchanged(box, tree) for tree in trees)
    }
