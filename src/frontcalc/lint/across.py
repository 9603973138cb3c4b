"""What can only be seen from map to map: days, repeats, layers that stand still or are missing, jumps of the area."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.archives import SnapshotRef
from frontcalc.layers import Layer, Role, spelling
from frontcalc.lint.single import CheckedMap, ground_of, held_layers, place_of, read_map
from frontcalc.notices import FINDINGS, Fault, Severity, fault_of
from frontcalc.outliers import MOVING_KM2, NEIGHBOURS, highest_usual, scale_of, standstills
from frontcalc.snapshots.drawn import Box, box_around, is_exchanged, latitude_first
from frontcalc.views import VIEWS

SHARE_OF_HELD = 0.001  # steps below a thousandth of what is held are no jumps, whatever is usual
FEWEST_STEPS = 26  # fewer steps, half a year of weeks, do not say what is usual: a beginning is all jumps
# A rhythm is one that three of five gaps keep; with fewer gaps than this none can be told.
_RHYTHM, _FEWEST_GAPS = 0.6, 4
_FAR = timedelta(days=365)
_FEWEST_BOXES = 3  # fewer maps do not say where an archive lies


@dataclass(frozen=True, slots=True)
class Trace:
    """What is remembered of a map when its geometry no longer is."""

    ref: SnapshotRef
    day: date
    file: str  # what messages call its first file
    sha256: tuple[str, ...]  # of its files; empty where they hold other days too
    layers: tuple[tuple[str, Layer, str], ...]  # name, meaning and digest of the known ones
    held_km2: dict[str, float]  # by actor, in the assessed view
    whole: bool  # whether all of it could be read
    stated: tuple[date, ...]  # the days that its files' properties state
    box: Box | None


Traces = Sequence[Trace]


def trace_of(one: CheckedMap) -> Trace:
    """Return what is remembered of a map."""
    assert one.ref.day is not None  # every map of an archive has one
    alone = one.files and not any(file.part.selection for file in one.files)
    return Trace(
        ref=one.ref,
        day=one.ref.day,
        file=one.ref.names[0],
        sha256=tuple(sorted(file.source.sha256 for file in one.files)) if alone else (),
        layers=tuple((own.name, own.layer, own.digest) for own in one.layers),
        held_km2={actor: km2 for (actor, *_), km2 in one.held_km2.items()},
        whole=all(FINDINGS[fault.code].severity is not Severity.ERROR for fault in one.faults),
        stated=tuple(file.stated for file in one.files if file.stated),
        box=box_around((own.crs, own.polygons) for own in one.layers),
    )


def exchanged_maps(traces: Traces, home: NDArray[np.object_] | None) -> dict[date, Fault]:
    """Return a fault for each map that lies elsewhere than it should, and there with x and y exchanged.

    Maps should lie in `home`, polygons (n,) in degrees, where that is known, and at the median of all maps' boxes.
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


def check_maps(
    traces: Traces, swapped: dict[date, Fault], frozen_maps: int, today: date, plane: str
) -> Iterator[Fault]:
    """Yield the faults that show from map to map; `swapped` are those of `exchanged_maps`."""
    implausible = list(_implausible_days(traces, today))
    blank = [trace for trace in traces if trace.box and all(not layer.legend for _, layer, _ in trace.layers)]
    some = blank if len(blank) < len(traces) else []
    off, nameless = {fault.day for fault in implausible}, {trace.day for trace in some}
    yield from swapped.values()
    yield from implausible
    what = "no layer of this map is known, while other maps of the archive have known ones"
    yield from (Fault("NO-LAYER", what, trace.day, file=trace.file) for trace in some)
    yield from _missing_days([trace for trace in traces if trace.day not in off])
    yield from _differing_days(traces)
    yield from _repeats(traces)
    yield from _missing_layers([trace for trace in traces if trace.day not in nameless])
    drawn = [{spelling(name): digest for name, _, digest in trace.layers} for trace in traces]
    for key, first, last in standstills(drawn, frozen_maps):
        run = traces[first : last + 1]
        name = next(name for name, _, _ in run[0].layers if spelling(name) == key)
        what = f"{name} stands still from {run[0].day} to {run[-1].day}, {len(run)} maps, while other layers move"
        yield _of_run(run, "LAYER-FROZEN", what, name)
    yield from _jumps([trace for trace in traces if trace.day not in nameless | swapped.keys()], plane)


def _missing_days(traces: Traces) -> Iterator[Fault]:
    """Yield a fault for each gap in which the archive's own rhythm would have maps."""
    gaps = [(second.day - first.day).days for first, second in pairwise(traces)]
    if len(gaps) < _FEWEST_GAPS:
        return
    usual, times = Counter(gaps).most_common(1)[0]
    if times < _RHYTHM * len(gaps):
        return
    rhythm = "every day" if usual == 1 else f"every {usual} days"
    for first, gap in zip(traces, gaps, strict=False):
        lacking = round(gap / usual) - 1
        if lacking > 0:
            start, end = (first.day + timedelta(days=usual * count) for count in (1, lacking))
            days = str(start) if lacking == 1 else f"{lacking} maps from {start} to {end}"
            what = f"{days} missing after {first.file}, in an archive with a map {rhythm}"
            yield Fault("DAYS-MISSING", what, start, end, file=first.file, count=lacking, maps=None)


def _implausible_days(traces: Traces, today: date) -> Iterator[Fault]:
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


def _of_run(run: Traces, code: str, what: str, layer: str = "") -> Fault:
    """Return the fault of some maps together."""
    return Fault(code, what, run[0].day, run[-1].day, layer, run[0].file, count=len(run), maps=len(run))


def _differing_days(traces: Traces) -> Iterator[Fault]:
    """Yield one fault for all maps of whose days the files' properties say otherwise."""
    stating = [trace for trace in traces if trace.stated]
    run = [trace for trace in stating if {*trace.stated} != {trace.day}]
    wrong = [(trace, day) for trace in run for day in trace.stated if day != trace.day]
    if wrong:
        usual, times = Counter((day - trace.day).days for trace, day in wrong).most_common(1)[0]
        signed = f"{usual:+d}".replace("-", "\N{MINUS SIGN}")
        what = f"the date properties of {len(run)} of {len(stating)} maps differ from the names, {times} of them by"
        what += f" {signed} {'day' if abs(usual) == 1 else 'days'}; the first says {wrong[0][1]}"
        yield _of_run(run, "DATE-DIFFERS", what)


def _repeats(traces: Traces) -> Iterator[Fault]:
    """Yield a fault for each run of maps whose files repeat an earlier day's, and one for all that show the same."""
    earlier: dict[tuple[str, ...], Trace] = {}
    source = [earlier.setdefault(trace.sha256, trace) if trace.sha256 else trace for trace in traces]
    again = [(first, trace) for first, trace in zip(source, traces, strict=True) if first is not trace]
    for _, pairs in groupby(again, key=lambda pair: pair[0].day):
        (first, *_), run = zip(*pairs, strict=True)
        maps = f"{len(run)} map{'s' if len(run) > 1 else ''}"
        yield _of_run(run, "REPEATED", f"{maps} byte for byte the same as {first.file}")
    alike = ((first, second) for first, second in pairwise(traces) if second.layers and first.layers == second.layers)
    if same := [second for first, second in alike if first.sha256 != second.sha256]:
        what = f"{len(same)} of {len(traces)} maps {'show' if len(same) > 1 else 'shows'} what the one before shows"
        yield _of_run(same, "UNCHANGED", what)


def _missing_layers(traces: Traces) -> Iterator[Fault]:
    """Yield a fault for each run of maps without a role that an earlier map shows."""
    roles = VIEWS["claimed"].roles
    seen: dict[tuple[str, Role], Trace] = {}
    lacking: dict[tuple[str, Role], list[Trace]] = {}
    runs: list[tuple[tuple[str, Role], list[Trace], Trace]] = []
    for trace in [trace for trace in traces if trace.whole]:
        layers = [layer for _, layer, _ in trace.layers if layer.role in roles]
        # A layer that is the whole of what its publisher draws shows all roles.
        mine = {(layer.actor, role) for layer in layers for role in (roles if layer.whole else (layer.role,))}
        for key in seen.keys() - mine:
            lacking.setdefault(key, []).append(trace)
        runs += ((key, lacking.pop(key), seen[key]) for key in sorted(mine & lacking.keys()))
        seen.update(dict.fromkeys(mine, trace))
    runs += ((key, lacking[key], seen[key]) for key in sorted(lacking))
    for (actor, role), run, last_with in runs:
        until = f" to {run[-1].day}, {len(run)} maps," if len(run) > 1 else ""
        what = f"{run[0].day}{until} shows no {role.value} of {actor}, which {last_with.day} shows"
        yield _of_run(run, "LAYER-MISSING", what, role.value)


def _jumps(traces: Traces, plane: str) -> Iterator[Fault]:
    """Yield a fault for each step over which the area held jumps, with the largest part that changed.

    The rule is that of `frontcalc.outliers`, as for suspected redefinitions. The neighbours' scale counts as no less
    than the whole archive's, or quiet weeks would make every step a jump, and as no less than the archive's median
    step, or steps that hardly vary would. The maps around a jump are read again, and measured in the CRS `plane`.
    """
    for actor in sorted({actor for trace in traces for actor in trace.held_km2}):
        # Only maps that show the actor's ground whole: none was refused, and no role is lacking again.
        mine, best = list[Trace](), set[str]()
        for trace in [trace for trace in traces if trace.whole and actor in trace.held_km2]:
            layers = [(name, layer) for name, layer, _ in trace.layers if layer.actor == actor]
            roles = {role.value for role in VIEWS["assessed"].roles} - set(VIEWS["assessed"].missing(layers))
            if roles >= best:
                best = roles
                mine.append(trace)
        held = np.array([trace.held_km2[actor] for trace in mine])
        days = np.array([(second.day - first.day).days for first, second in pairwise(mine)])
        for step in np.flatnonzero(_is_jump(held, days)):
            first, second = mine[step : step + 2]
            before, after = (ground_of(held_layers(read_map(one.ref, None, plane), actor)) for one in (first, second))
            change_km2 = float(geometry.area_km2(after) - geometry.area_km2(before))
            # Lost where the area shrinks, gained where it grows.
            changed = geometry.overlaid(shapely.difference, *((before, after) if change_km2 < 0 else (after, before)))
            part = max(geometry.polygonal(changed), key=lambda one: float(one.area))
            part_km2 = float(geometry.area_km2(part))
            west, south, east, north = crs.bounds_in_degrees(plane, part.bounds)
            signed = f"{change_km2:+,.1f}".replace("-", "\N{MINUS SIGN}")
            what = f"{actor}: {signed} km² from {first.day} to {second.day}, of it {part_km2:,.1f} km² in one part"
            what += f" at {west:.3f}, {south:.3f} to {east:.3f}, {north:.3f}"
            at = place_of(part, plane)
            yield Fault("AREA-JUMP", what, first.day, second.day, "", second.file, at, part_km2, count=1, maps=2)


def _is_jump(held_km2: NDArray[np.float64], days: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each step between maps whether it is a jump, (n - 1,)."""
    if len(days) < FEWEST_STEPS:
        return np.zeros(len(days), dtype=bool)
    change = np.abs(np.diff(held_km2))
    rate = change / days
    moving = rate[change > MOVING_KM2]
    # Of an archive that hardly moves, any step beyond the floor stands out.
    usual = moving if len(moving) >= FEWEST_STEPS else np.zeros(1)
    scale = max(scale_of(usual), float(np.median(usual)))
    near = [rate[max(0, step - NEIGHBOURS) : step + NEIGHBOURS + 1] for step in range(len(rate))]
    usually = np.array([highest_usual(rates, scale) for rates in near])
    return (rate > usually) & (change > SHARE_OF_HELD * np.maximum(held_km2[:-1], held_km2[1:]))
