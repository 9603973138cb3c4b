"""What several publishers' maps agree on: ground gained and lost by all of them and by any, and who drew it first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np
import shapely

from frontcalc import change, geometry
from frontcalc.change import Floats, Geometries
from frontcalc.change.pieces import Places, by_place
from frontcalc.dates import in_words
from frontcalc.errors import NoDataError, UsageError
from frontcalc.geometry import Ints
from frontcalc.keywords import facade
from frontcalc.levels import TownLine
from frontcalc.measure import compare
from frontcalc.measure.diff import columns_of, diff_rows, drawn_figure, finest_lines
from frontcalc.notices import Notice
from frontcalc.outputs.agreement import SIDES, lag_notices
from frontcalc.outputs.sentences import SMALL
from frontcalc.periods import Period, PeriodLike, parse_period
from frontcalc.progress import track
from frontcalc.run.land import shapes_of
from frontcalc.run.meta import meta_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.tables import CompareMeta, ConsensusRow, SharedGroundRow, Table, extended
from frontcalc.towns import ATTRIBUTION

if TYPE_CHECKING:
    from frontcalc.pictures.change_map import ConsensusMap

Shown = tuple[str, ...]
"""The names of the archives that show some ground, in their order."""

ByShown = dict[Shown, Geometries]
"""Ground without overlap, polygons (n,), by who shows it."""

KINDS = (*SIDES, "held")  # held at the close, by some and not by all
_CRUMB_M2 = 1.0  # what overlays leave along the lines that they cut


class _Agreed(NamedTuple):
    """What the archives, by name, agree on of one actor: ground of each kind by who shows it, less what is aside."""

    names: Shown
    sides: list[compare.Side]
    ground: dict[str, ByShown]
    left: frozenset[str]  # the archives that leave out some ground by definition
    codes: set[str]  # of notices on all rows


@facade
def consensus(
    period: PeriodLike, *, archives: compare.Archives, towns: int | None = None, **options: Unpack[Keywords]
) -> Table[ConsensusRow, CompareMeta]:
    """Measure what was gained and lost in a period by all of several publishers' maps, and by any of them.

    Otherwise as `compare`; NoDataError also where one of the archives has not two maps.

    Parameters
    ----------
    period : str, int, date or pandas.Period
        As for `diff`, one. It begins and ends where all archives have maps, and each archive's map is the one of the
        nearest day to either end.
    archives : sequence of path or Archive
        Two or more; «ISW=maps/isw» gives one a name. Their order changes nothing.
    towns : int, optional
        Split by the nearest town of at least so many people, as `where` does, in place of regions.
    **options
        As for `diff`, for each.

    Returns
    -------
    Table of ConsensusRow
        By actor and region (or town), a row an archive, by name (km²). The lag of a piece of ground that all gained is
        the days from the first map of any other archive to the first of this one since which the piece is held to the
        close; its median and quartiles weigh pieces by their area.

    Examples
    --------
    >>> import frontcalc
    >>> import shutil
    >>> files = frontcalc.convert("one")  # the bundled sample; another publisher's maps lack a day
    >>> other = shutil.copytree("one", "other", ignore=shutil.ignore_patterns("2024-11-03.geojson"))
    >>> table = frontcalc.consensus("2024-10", archives=["other", "one"], by="none")
    >>> for row in table.rows:
    ...     print(f"{row.archive}: {row.gained_km2:.1f} km² to {row.closing}, {row.gained_by_all_km2:.1f} by all")
    one: 665.8 km² to 2024-11-03, 539.7 by all
    other: 543.4 km² to 2024-10-27, 539.7 by all
    """
    return _table(*_agreed(period, archives, towns, Options(**options)), towns)


@facade
def shared_ground(
    period: PeriodLike, *, archives: compare.Archives, towns: int | None = None, **options: Unpack[Keywords]
) -> Table[SharedGroundRow, CompareMeta]:
    """Return the ground gained, lost, or held at the close by some archives alone, as polygons by who shows it.

    Otherwise as `consensus`.

    Returns
    -------
    Table of SharedGroundRow
        By actor, kind and the archives that show it, a row a region of the finest level, or a town, with any such
        ground: its area (km²), and its polygons in longitude and latitude. What is set aside is in none.

    Examples
    --------
    >>> import frontcalc
    >>> import shutil
    >>> files = frontcalc.convert("one")  # the bundled sample; another publisher's maps lack a day
    >>> other = shutil.copytree("one", "other", ignore=shutil.ignore_patterns("2024-11-03.geojson"))
    >>> table = frontcalc.shared_ground("2024-10", archives=["one", "other"], by="none")
    >>> [(row.kind, row.shown_by, round(row.km2, 1)) for row in table.rows][:3]
    [('gained', 'one|other', 539.7), ('gained', 'one', 126.0), ('gained', 'other', 3.6)]
    """
    runs, agreed, notices = _agreed(period, archives, towns, Options(**options))
    rows: list[SharedGroundRow] = []
    for one in agreed:
        (first, (span, *_)), *_ = one.sides
        own, partition = columns_of(first, span), first.partition_for(span.actor)
        for kind, by_shown in one.ground.items():
            for shown, parts in by_shown.items():
                figures, grounds = change.areas(parts, partition)[0], change.by_region(parts, partition)
                for line in finest_lines(first):
                    if (ground := line.ground_of(grounds)).is_empty:
                        continue
                    km2, names = line.sum_of(figures), line.names
                    shape = drawn_figure(first, f"{kind} in {line.region}", km2, ground)
                    keys = own["period"], own["actor"], names["region"], kind, "|".join(shown)
                    rows.append(SharedGroundRow(*keys, km2, names.get("town", ""), shape))
    return Table(SharedGroundRow, tuple(rows), _meta(runs, notices, towns))


@facade
def consensus_map(
    period: PeriodLike, *, archives: compare.Archives, towns: int | None = None, **options: Unpack[Keywords]
) -> ConsensusMap:
    """Return the ground gained and lost by all and by some, ready to be drawn in three colours.

    Otherwise as `consensus`; UsageError also for several actors, which would be drawn on each other.

    Returns
    -------
    ConsensusMap
        With `plot`, `image` and `save`; its `table` is what `consensus` returns. One actor's.

    Examples
    --------
    >>> import frontcalc
    >>> import shutil
    >>> files = frontcalc.convert("one")  # the bundled sample; another publisher's maps lack a day
    >>> other = shutil.copytree("one", "other", ignore=shutil.ignore_patterns("2024-11-03.geojson"))
    >>> scene = frontcalc.consensus_map("2024-10", archives=["one", "other"])
    >>> scene.save("both.png", size="800x600")
    """
    from frontcalc.pictures.change_map import ConsensusMap, Panel  # loaded where something is drawn

    runs, agreed, notices = _agreed(period, archives, towns, Options(**options))
    if len(agreed) > 1:
        actors = " or ".join(one.sides[0][1].span.actor for one in agreed)
        raise UsageError("a map is of one actor", where="--actor", cure=f"choose {actors}")
    (one,) = agreed
    table = _table(runs, agreed, notices, towns)
    # Drawn over one another they are their union.
    held = geometry.polygonal([own for side in one.sides if (own := compare.ground_at(side, opening=True)) is not None])
    panels, by_any = list[Panel](), {kind: getattr(table.rows[-1], f"{kind}_by_any_km2") for kind in SIDES}
    for kind, km2 in by_any.items():
        if km2 < SMALL * max(by_any.values()):
            continue  # it is in the key alone
        layers: list[list[shapely.Polygon]] = [[], [], []]
        for shown, parts in one.ground[kind].items():
            # By all; of two archives by the first alone, of three and more by several; by one alone.
            some = 1 + one.names.index(shown[0]) if len(one.names) == 2 else 1 if len(shown) > 1 else 2
            layers[0 if shown == one.names else some] += list(parts)
        panels.append(Panel(table.rows[-1], held, tuple(map(geometry.polygonal, layers))))
    return ConsensusMap(table, tuple(panels), runs[0].options.crs, runs[0].chosen)


def _agreed(
    period: PeriodLike, archives: compare.Archives, towns: int | None, options: Options
) -> tuple[list[Run], list[_Agreed], list[Notice]]:
    """Return the runs, what each actor's maps agree on, and the notices of all together."""
    if towns is not None and towns < 1:
        raise UsageError("must be one at least", where=f"--towns {towns}", cure="give a whole number")
    wanted = parse_period(period)
    named = sorted(compare.named_archives(archives), key=lambda pair: (pair[1].casefold(), pair[1]))
    runs = compare.open_each(named, options)
    names, (periods, ends) = tuple(run.archive.name for run in runs), _common(wanted, runs)
    agreed, notices = list[_Agreed](), list[Notice]()
    for sides in compare.measure_each(runs, [[one] for one in periods], ground=True, people=towns):
        if lacking := set(names) - {run.archive.name for run, one in sides if one.change}:
            problem = f"has no two maps of {sides[0][1].span.actor} in {wanted.label}"
            cure = "leave it out, or choose another --actor"
            raise NoDataError(problem, where=" and ".join(sorted(lacking)), cure=cure)
        aside, left = compare.left_out(sides, "set aside")
        of_all, ground = [*ends, *compare.days_differ(sides)], _cut(names, sides, geometry.union(*aside.values()))
        agreed.append(_Agreed(names, sides, ground, frozenset(left), {notice.code for notice in of_all}))
        notices += [*left.values(), *of_all]
    if towns is not None and not runs[0].regions.names:
        raise UsageError("towns need regions to tell countries", where="--by none", cure="leave it out")
    return runs, agreed, notices


def _meta(runs: Sequence[Run], notices: Sequence[Notice], towns: int | None) -> CompareMeta:
    """Return what the result of some runs rests on."""
    meta = compare.joint_meta(tuple(map(meta_of, runs)), notices)
    credit = (*meta.attribution, *([ATTRIBUTION] if towns else []))
    return replace(meta, attribution=credit, towns=towns or 0)


def _table(
    runs: Sequence[Run], agreed: Sequence[_Agreed], notices: Sequence[Notice], towns: int | None
) -> Table[ConsensusRow, CompareMeta]:
    """Return the rows, and what they rest on with the notices of what may be wrong with their lags."""
    by_actor = [list(_rows(one)) for one in agreed]
    # The lag rests on every map between the ends, which are noted by now.
    meta, rows, of_lags = _meta(runs, notices, towns), list[ConsensusRow](), list[Notice]()
    stamped = [own.archive for own in meta.archives if any(notice.code == "AS-OF" for notice in own.notices)]
    for one, own in zip(agreed, by_actor, strict=True):
        of_lag = lag_notices(own[-len(one.names) :], stamped)
        of_lags += of_lag
        codes = {notice.code for notice in of_lag}
        rows += (replace(row, notes=" ".join(sorted({*row.notes.split(), *codes}))) for row in own)
    meta = replace(meta, notices=(*of_lags, *meta.notices))
    return Table(ConsensusRow, tuple(rows), meta, shapes_of(runs[0]))


def _common(period: Period, runs: Sequence[Run]) -> tuple[list[Period], list[Notice]]:
    """Return each run's period, by its maps nearest to the time that all cover, and notices if that is shorter."""
    known = [run.archive for run in runs if run.archive.days]
    firsts = (date.min if archive.opening else archive.days[0] for archive in known)
    opens = max(filter(None, (period.opens_on, *firsts)), default=date.max)
    closes = min(filter(None, (period.closes_on, *(archive.days[-1] for archive in known))), default=date.min)
    if len(known) < len(runs) or opens >= closes:
        extents = "; ".join(f"{run.archive.name} has maps of {run.archive.extent}" for run in runs)
        raise NoDataError(f"no day of {period.label} lies between maps of all archives", cure=extents)
    periods, notices = list[Period](), list[Notice]()
    for archive in known:
        # An opening map stands for all days before the first of the others.
        first, last = (
            day if day < archive.days[0] else min((abs(own - day), own) for own in archive.days)[1]
            for day in (opens, closes)
        )
        if 2 * max(abs(first - opens), abs(last - closes)) > closes - opens:
            problem = f"has no two maps near the ends of {period.label}, {opens} and {closes}"
            raise NoDataError(problem, where=archive.name, cure="leave it out, or choose a longer period")
        periods.append(replace(period, opens_on=first, closes_on=last))
    for code, wanted, day, verb, side in (
        ("OPENS-LATE", period.opens_on, opens, "begins", "before"),
        ("CLOSES-EARLY", period.closes_on, closes, "ends", "after"),
    ):
        if wanted and wanted != day:
            why = f"not all archives have maps {side}"
            line = f"{verb} on {in_words(day, period.label)}: {why}"
            notices.append(Notice(code, f"{why} {day}", period.label, line=line))
    return periods, notices


def _cut(names: Shown, sides: Sequence[compare.Side], nowhere: shapely.MultiPolygon) -> dict[str, ByShown]:
    """Return the ground of each kind by who shows it, without what is set aside."""
    whole = {"held": [held for side in sides if (held := compare.ground_at(side)) is not None]}
    changed = [run.shown(one.change).ground for run, one in sides if one.change]
    for place, kind in enumerate(SIDES):
        whole[kind] = [geometry.union(parts[place].polygons) for parts in changed if parts]
    cut = dict[str, ByShown]()
    for kind in KINDS:
        own = [geometry.overlaid(shapely.difference, ground, nowhere) for ground in whole[kind]]
        cut[kind] = by_shown(dict(zip(names, own, strict=True)))
    # What all hold is most of the land, and nobody asks for it.
    cut["held"].pop(names, None)
    return cut


def by_shown(grounds: Mapping[str, shapely.Geometry]) -> ByShown:
    """Return ground by which of some archives show it, polygons (n,) without overlap; all that any shows is in it."""
    cut = ByShown()
    for name, ground in grounds.items():
        rest = ground
        for shown, parts in list(cut.items()):
            one = shapely.MultiPolygon(list(parts))
            cut[shown] = geometry.polygonal(geometry.overlaid(shapely.difference, one, ground))
            cut[*shown, name] = geometry.polygonal(geometry.overlaid(shapely.intersection, one, ground))
            rest = geometry.overlaid(shapely.difference, rest, one)
        cut[name,] = geometry.polygonal(rest)
    return {shown: cut[shown] for shown in sorted(cut, key=lambda own: (-len(own), own)) if len(cut[shown])}


def _rows(one: _Agreed) -> Iterator[ConsensusRow]:
    """Yield the rows of a period and actor: by region, or by town with any such ground, a row an archive."""
    (first, (span, *_)), *_ = one.sides
    partition = first.partition_for(span.actor)
    km2 = {
        kind: {shown: change.areas(parts, partition)[0] for shown, parts in own.items()}
        for kind, own in one.ground.items()
    }
    by_all = one.ground["gained"].get(one.names, np.empty(0, dtype=object))
    region, weights, days = _dated(one.sides, *by_place(by_all, partition))
    of_maps = (
        [state.day for state in run.states(span.actor).within(span) if state.day] for run, (span, *_) in one.sides
    )
    apart = [[(late - early).days for early, late in pairwise(own)] for own in of_maps]
    for line, *beside in zip(first.lines.shown, *(diff_rows(run, own) for run, own in one.sides), strict=True):
        mine = np.isin(region, line.members) | (len(partition.names) + 1 in line.members)
        sums = {kind: {shown: line.sum_of(areas) for shown, areas in own.items()} for kind, own in km2.items()}
        if isinstance(line, TownLine) and not any(area for own in sums.values() for area in own.values()):
            continue
        for place, (name, row) in enumerate(zip(one.names, beside, strict=True)):
            codes = {*row.notes.split(), *one.codes, *(["LEAVES-OUT"] if name in one.left else [])}
            more: dict[str, Any] = {"notes": " ".join(sorted(codes))}
            for kind, whole in (("gained", row.gained_km2), ("lost", row.lost_km2)):
                aside = (whole or 0.0) - math.fsum(area for shown, area in sums[kind].items() if name in shown)
                if name not in one.left and abs(aside) > change.CONTRADICTION_KM2:
                    raise change.contradiction(f"{whole:.6f} km² {kind}, {aside:.6f} shown by no archives", "maps")
                more[f"{kind}_by_all_km2"] = sums[kind].get(one.names, 0.0)
                more[f"{kind}_by_any_km2"] = math.fsum(sums[kind].values())
                more[f"{kind}_only_km2"] = sums[kind].get((name,), 0.0)
                more[f"{kind}_aside_km2"] = max(0.0, aside) if name in one.left else 0.0
            more["maps_apart_days"] = median_low(apart[place]) if apart[place] else None
            more["closing_only_km2"] = sums["held"].get((name,), 0.0)
            yield extended(ConsensusRow, row, **line.names, **more, **_lag(weights[mine], days[mine], place))


def _dated(sides: Sequence[compare.Side], pieces: Geometries, region: Places) -> tuple[Places, Floats, Ints]:
    """Return pieces of ground gained (n,) cut by the days since which each side holds them: region, km², days (m, k).

    A day, as an ordinal, is that of the first map from which on the piece is held on every map to the close.
    """
    days = np.empty((len(pieces), 0), dtype=np.int64)
    for run, (span, *_) in sides:
        states, of = list(run.states(span.actor).within(span)), np.arange(len(pieces))
        dated = [(pieces[:0], of[:0], of[:0])]
        for state, later in track(list(pairwise(states))[::-1], f"dating map of {run.archive.name}"):
            if not len(pieces) or later.day is None:
                break
            before, after = (run.ground(run.holding(one.snapshot, span.actor)) for one in (state, later))
            came = geometry.polygonal(change.differences(before, after)[0])
            piece, new = shapely.STRtree(came).query(pieces, predicate="intersects")
            if not len(piece):
                continue
            touched, start = np.unique(piece, return_index=True)
            covers = np.array([shapely.union_all(own) for own in np.split(came[new], start[1:])], dtype=object)
            cut, mine = geometry.polygons_of(shapely.intersection(pieces[touched], covers))
            dated.append((cut, of[touched[mine]], np.full(len(cut), later.day.toordinal())))
            rest, mine = geometry.polygons_of(shapely.difference(pieces[touched], covers))
            # Cuts leave crumbs along their lines.
            solid, others = shapely.area(rest) > _CRUMB_M2, np.delete(np.arange(len(pieces)), touched)
            pieces, of = np.append(pieces[others], rest[solid]), np.append(of[others], of[touched[mine[solid]]])
        pieces, of, own = map(np.concatenate, zip(*dated, strict=True))
        region, days = region[of], np.column_stack([days[of], own])
    return region, geometry.area_km2(pieces), days


def _lag(km2: Floats, days: Ints, place: int) -> dict[str, Any]:
    """Return what an archive drew before all others (km²), and the quartiles of its lag, of pieces as `_dated` has."""
    lag = days[:, place] - np.delete(days, place, axis=1).min(axis=1)
    first_km2 = {"first_km2": math.fsum(km2[lag < 0])}
    if not len(lag):
        return first_km2
    order = np.argsort(lag, kind="stable")
    passed = np.cumsum(km2[order])
    at = order[np.searchsorted(passed, np.array([0.25, 0.5, 0.75]) * passed[-1])]
    return first_km2 | dict(zip(("lag_from_days", "lag_days", "lag_to_days"), lag[at].tolist(), strict=True))
