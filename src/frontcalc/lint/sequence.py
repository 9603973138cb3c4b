"""What can only be seen from map to map: days, repeats, layers that stand still or are missing, jumps of the area."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import crs, geometry
from frontcalc.layers import Role, spelling
from frontcalc.lint.one_map import CheckedMap, ground_of, held_layers, place_of, read_map
from frontcalc.notices import Fault, fault_of
from frontcalc.outliers import MOVING_KM2, NEIGHBOURS, highest_usual, scale_of, standstills
from frontcalc.snapshots.snapshot import is_exchanged, latitude_first
from frontcalc.views import VIEWS

SHARE_OF_HELD = 0.001  # steps below a thousandth of what is held are no jumps, whatever is usual
FEWEST_STEPS = 26  # fewer steps, half a year of weeks, do not say what is usual: a beginning is all jumps
# A rhythm is one that three of five gaps keep; with fewer gaps than this none can be told.
_RHYTHM, _FEWEST_GAPS = 0.6, 4
_FAR = timedelta(days=365)
_FEWEST_BOXES = 3  # fewer maps do not say where an archive lies

Maps = Sequence[CheckedMap]  # by day; their files and layers are no longer needed


def exchanged_maps(maps: Maps, home: NDArray[np.object_] | None) -> dict[date, Fault]:
    """Return a fault for each map that lies elsewhere than it should, and there with x and y exchanged.

    Maps should lie in `home`, polygons (n,) in degrees, where that is known, and at the median of all maps' boxes.
    """
    boxed = [(one, one.box) for one in maps if one.box]
    trees = [shapely.STRtree(home)] if home is not None else []
    if len(boxed) >= _FEWEST_BOXES:
        trees.append(shapely.STRtree([shapely.box(*np.median([box for _, box in boxed], axis=0))]))
    return {
        one.day: fault_of(latitude_first(box, where=one.file), one.day)
        for one, box in boxed
        if any(is_exchanged(box, tree) for tree in trees)
    }


def check_maps(maps: Maps, swapped: dict[date, Fault], frozen_maps: int, today: date, plane: str) -> Iterator[Fault]:
    """Yield the faults that show from map to map; `swapped` are those of `exchanged_maps`."""
    implausible = list(_implausible_days(maps, today))
    blank = [one for one in maps if one.box and all(not layer.legend for _, layer, _ in one.known)]
    some = blank if len(blank) < len(maps) else []
    off, nameless = {fault.day for fault in implausible}, {one.day for one in some}
    yield from swapped.values()
    yield from implausible
    what = "no layer of this map is known, while other maps of the archive have known ones"
    yield from (Fault("NO-LAYER", what, one.day, file=one.file) for one in some)
    yield from _missing_days([one for one in maps if one.day not in off])
    yield from _differing_days(maps)
    yield from _repeats(maps)
    yield from _missing_layers([one for one in maps if one.day not in nameless])
    drawn = [{spelling(name): digest for name, _, digest in one.known} for one in maps]
    for key, first, last in standstills(drawn, frozen_maps):
        run = maps[first : last + 1]
        name = next(name for name, _, _ in run[0].known if spelling(name) == key)
        what = f"{name} stands still from {run[0].day} to {run[-1].day}, {len(run)} maps, while other layers move"
        yield _of_run(run, "LAYER-FROZEN", what, name)
    yield from _jumps([one for one in maps if one.day not in nameless | swapped.keys()], plane)


def _missing_days(maps: Maps) -> Iterator[Fault]:
    """Yield a fault for each gap in which the archive's own rhythm would have maps."""
    gaps = [(second.day - first.day).days for first, second in pairwise(maps)]
    if len(gaps) < _FEWEST_GAPS:
        return
    usual, times = Counter(gaps).most_common(1)[0]
    if times < _RHYTHM * len(gaps):
        return
    rhythm = "every day" if usual == 1 else f"every {usual} days"
    for first, gap in zip(maps, gaps, strict=False):
        lacking = round(gap / usual) - 1
        if lacking > 0:
            start, end = (first.day + timedelta(days=usual * count) for count in (1, lacking))
            days = str(start) if lacking == 1 else f"{lacking} maps from {start} to {end}"
            what = f"{days} missing after {first.file}, in an archive with a map {rhythm}"
            yield Fault("DAYS-MISSING", what, start, end, file=first.file, count=lacking, maps=None)


def _implausible_days(maps: Maps, today: date) -> Iterator[Fault]:
    """Yield a fault for each map of a day that cannot be right: after today, or far from all others."""
    for one in maps:
        if one.day > today:
            yield Fault("DATE-IMPLAUSIBLE", f"its day, {one.day}, is after today", one.day, file=one.file)
    if len(maps) < _FEWEST_GAPS:
        return
    for alone, others in ((maps[0], maps[1:]), (maps[-1], maps[:-1])):
        span = others[-1].day - others[0].day
        away = min(abs(alone.day - other.day) for other in (others[0], others[-1]))
        if alone.day <= today and away > max(span, _FAR):
            what = f"its day, {alone.day}, is {away.days:,} days from all others"
            yield Fault("DATE-IMPLAUSIBLE", what, alone.day, file=alone.file)


def _of_run(run: Maps, code: str, what: str, layer: str = "") -> Fault:
    """Return the fault of some maps together."""
    return Fault(code, what, run[0].day, run[-1].day, layer, run[0].file, count=len(run), maps=len(run))


def _differing_days(maps: Maps) -> Iterator[Fault]:
    """Yield one fault for all maps of whose days the files' properties say otherwise."""
    stating = [one for one in maps if one.stated]
    run = [one for one in stating if {*one.stated} != {one.day}]
    wrong = [(one, day) for one in run for day in one.stated if day != one.day]
    if wrong:
        usual, times = Counter((day - one.day).days for one, day in wrong).most_common(1)[0]
        signed = f"{usual:+d}".replace("-", "\N{MINUS SIGN}")
        what = f"the date properties of {len(run)} of {len(stating)} maps differ from the names, {times} of them by"
        what += f" {signed} {'day' if abs(usual) == 1 else 'days'}; the first says {wrong[0][1]}"
        yield _of_run(run, "DATE-DIFFERS", what)


def _repeats(maps: Maps) -> Iterator[Fault]:
    """Yield a fault for each run of maps whose files repeat an earlier day's, and one for all that show the same."""
    earlier: dict[tuple[str, ...], CheckedMap] = {}
    source = [earlier.setdefault(one.sha256, one) if one.sha256 else one for one in maps]
    again = [(first, one) for first, one in zip(source, maps, strict=True) if first is not one]
    for _, pairs in groupby(again, key=lambda pair: pair[0].day):
        (first, *_), run = zip(*pairs, strict=True)
        what = f"{len(run)} map{'s' if len(run) > 1 else ''} byte for byte the same as {first.file}"
        yield _of_run(run, "REPEATED", what)
    alike = ((first, second) for first, second in pairwise(maps) if second.known and first.known == second.known)
    if same := [second for first, second in alike if first.sha256 != second.sha256]:
        what = f"{len(same)} of {len(maps)} maps {'show' if len(same) > 1 else 'shows'} what the one before shows"
        yield _of_run(same, "UNCHANGED", what)


def _missing_layers(maps: Maps) -> Iterator[Fault]:
    """Yield a fault for each run of maps without a role that an earlier map shows."""
    roles = VIEWS["claimed"].roles
    seen, lacking = dict[tuple[str, Role], CheckedMap](), dict[tuple[str, Role], list[CheckedMap]]()
    runs: list[tuple[tuple[str, Role], list[CheckedMap], CheckedMap]] = []
    for one in [one for one in maps if one.whole]:
        layers = [layer for _, layer, _ in one.known if layer.role in roles]
        # A layer that is the whole of what its publisher draws shows all roles.
        mine = {(layer.actor, role) for layer in layers for role in (roles if layer.whole else (layer.role,))}
        for key in seen.keys() - mine:
            lacking.setdefault(key, []).append(one)
        runs += ((key, lacking.pop(key), seen[key]) for key in sorted(mine & lacking.keys()))
        seen.update(dict.fromkeys(mine, one))
    runs += ((key, lacking[key], seen[key]) for key in sorted(lacking))
    for (actor, role), run, last_with in runs:
        until = f" to {run[-1].day}, {len(run)} maps," if len(run) > 1 else ""
        what = f"{run[0].day}{until} shows no {role.value} of {actor}, which {last_with.day} shows"
        yield _of_run(run, "LAYER-MISSING", what, role.value)


def _jumps(maps: Maps, plane: str) -> Iterator[Fault]:
    """Yield a fault for each step over which the area held jumps, with the largest part that changed.

    The rule is that of `frontcalc.outliers`, as for suspected redefinitions. The neighbours' scale counts as no less
    than the whole archive's, or quiet weeks would make every step a jump, and as no less than the archive's median
    step, or steps that hardly vary would. The maps around a jump are read again, and measured in the CRS `plane`.
    """
    for actor in sorted({actor for one in maps for actor in one.held_km2}):
        # Only maps that show the actor's ground whole: none was refused, and no role is lacking again.
        mine, best = list[CheckedMap](), set[str]()
        for one in [one for one in maps if one.whole and actor in one.held_km2]:
            layers = [(name, layer) for name, layer, _ in one.known if layer.actor == actor]
            roles = {role.value for role in VIEWS["assessed"].roles} - set(VIEWS["assessed"].missing(layers))
            if roles >= best:
                best = roles
                mine.append(one)
        held = np.array([one.held_km2[actor] for one in mine])
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
