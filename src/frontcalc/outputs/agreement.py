"""What several publishers' maps agree on, to be read: by all and by any, each archive beside, and who drew it first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from frontcalc.layers import UNNAMED
from frontcalc.names import printable
from frontcalc.notices import Notice, explained
from frontcalc.outputs.grid import Columns, Grid, compared, grid_of, tree
from frontcalc.outputs.numbers import Unit, decimals, km2
from frontcalc.outputs.sentences import about, basis_of, listed, measurable, period_heading, times_of, written
from frontcalc.outputs.wide_table import moves
from frontcalc.tables import TOTAL, CompareMeta, ConsensusRow, Table

SIDES = ("gained", "lost")


def by_all(count: int) -> str:
    """Return by how many maps something is shown, where that is all."""
    return f"by {'both' if count == 2 else f'all {count}'} maps"


def consensus_layout(rows: Sequence[ConsensusRow], actor: str, meta: CompareMeta, title: str) -> Iterator[Grid]:
    """Yield a line a region, or town: gained and lost by all, by any, and by each archive beside."""
    places = groupby(rows, key=lambda row: (row.level, f"{row.town}, {row.region}" if row.town else row.region))
    keyed, totals, lines = {key: list(own) for key, own in places}, rows[-len(meta.archives) :], []
    for key, label in tree(keyed, meta.level, lambda key: (-keyed[key][0].gained_by_any_km2,)).items():
        first, *_ = own = keyed[key]
        if first.level == TOTAL or moves(first, *(f"{side}_by_any_km2" for side in SIDES)):
            cells = [label]
            for side in SIDES:
                cells += [km2(getattr(first, f"{side}_by_{which}_km2")) for which in ("all", "any")]
                firm = [(getattr(row, f"{side}_km2") or 0.0) - getattr(row, f"{side}_aside_km2") for row in own]
                cells += [f"{km2(area)} {row.flags}".rstrip() for area, row in zip(firm, own, strict=True)]
            lines.append(tuple(cells))
    over = ("by all", "by any", *(row.archive for row in totals))
    split_by = "nearest town" if meta.towns else "region"
    header: Columns = (split_by, *((name, "", side) for side in SIDES for name in over))
    footer = [*_beside(totals), *compared(meta), explained(rows, meta)]
    yield grid_of(f"Agreed in {period_heading(totals[0])}: {title}", header, lines, meta, footer, ends=False)


def _beside(totals: Sequence[ConsensusRow]) -> Iterator[str]:
    """Yield who drew first what all gained, by how many days others came later, and what is not in the table."""
    if decimals(totals[0].gained_by_all_km2, 1):
        firsts = ", ".join(f"{row.archive} {km2(row.first_km2)}" for row in totals)
        whole = totals[0].gained_by_all_km2
        same_day = km2(whole - sum(row.first_km2 for row in totals))
        yield f"drawn first, of {km2(whole)} gained by all: {firsts}; on the same day {same_day}"
        lags = ((row.lag_days, row.lag_from_days, row.lag_to_days) for row in totals)
        days = ("{} ({} to {})".format(*(km2(one, places=0) for one in own)) for own in lags)
        late = ", ".join(f"{row.archive} {own}" for row, own in zip(totals, days, strict=True))
        yield f"days after the first of the others, median and quartiles by area: {late}"
        apart = ", ".join(f"{row.archive} {km2(row.maps_apart_days, places=0)}" for row in totals)
        yield f"days from a map to the next, median: {apart} (a lag within them proves nothing)"
    yield f"held at the close by one alone: {', '.join(f'{row.archive} {km2(row.closing_only_km2)}' for row in totals)}"
    for row in totals:
        if moves(row, "gained_aside_km2", "lost_aside_km2"):
            yield f"with what is set aside {row.archive} gained {km2(row.gained_km2)} and lost {km2(row.lost_km2)}"


def agreed(row: ConsensusRow, side: str, count: int, unit: Unit) -> str:
    """Return what was gained or lost by all and by any, as in «about 3,900 km² by both maps, 5,400 by at least one»."""
    all_km2, any_km2 = (getattr(row, f"{side}_by_{which}_km2") for which in ("all", "any"))
    return f"{about(all_km2, unit)} {by_all(count)}, {about(any_km2, unit).removeprefix('about ')} by at least one"


def consensus_text(result: Table[Any, Any], unit: Unit) -> list[list[str]]:
    """Return what was gained and lost by all and by any, an actor a paragraph, in pieces as `paragraphs` does."""
    texts, count, only = [], len(result.meta.archives), any(one.code == "ONLY" for one in result.meta.notices)
    for actor, own in groupby(result.rows, key=lambda row: row.actor):
        rows = list(own)
        totals, places = rows[-count:], list(dict.fromkeys(printable(row.region) for row in rows[:-count] if only))
        first, who = totals[0], "The side that the maps show" if actor == UNNAMED else printable(actor)
        within = f" in {listed(places)}" if places else ""
        text = [f"{who} gained {agreed(first, 'gained', count, unit)}{within}, {times_of(first, None)};"]
        text.append(f"it lost {agreed(first, 'lost', count, unit)}.")
        slow = max(totals, key=lambda row: row.lag_days or 0)
        if measurable(first.gained_by_all_km2, unit) and (within := proves_nothing(slow)):
            text.append(f"{printable(slow.archive)}'s {within}.")
        elif slow.lag_days and measurable(first.gained_by_all_km2, unit):
            names = listed([printable(row.archive) for row in totals if row is not slow])
            others = f"the first of {names}" if count > 2 else names
            late = _days(slow.lag_days)
            text.append(f"{printable(slow.archive)} draws a piece a median of {late} after {others}.")
        texts.append([*text, f"Maps: {maps_used(totals)}.", basis_of(result.meta)])
    return texts


def lag_notices(totals: Sequence[ConsensusRow], stamped: Sequence[str]) -> list[Notice]:
    """Return notices of lags that prove nothing, and of the archives that may be `stamped` with other days."""
    known = [row for row in totals if row.lag_days is not None]
    moves_it = "'s maps may show other days than their names, which moves the lag: state as_of_offset_days"
    lines = [f"{name}{moves_it}" for name in stamped if known]
    lines += [f"{row.archive}'s {text}" for row in known if (text := proves_nothing(row))]
    apart = ", ".join(f"{row.archive} {row.maps_apart_days}" for row in known)
    what = f"days from a map to the next, median: {apart}"
    return [Notice("LAG", f"{line}; {what}", totals[0].period, line=line) for line in lines]


def proves_nothing(row: ConsensusRow) -> str:
    """Return that an archive's lag is no more than the days between its maps, in words; empty where it is more."""
    lag, apart = row.lag_days or 0, row.maps_apart_days or 0
    if not 0 < lag <= apart:
        return ""
    return f"median lag, {_days(lag)}, is within the {_days(apart)} between its maps and proves nothing"


def _days(count: int) -> str:
    """Return a number of days in words."""
    return f"{count} day{'s' if count > 1 else ''}"


def maps_used(totals: Sequence[ConsensusRow]) -> str:
    """Return the days of each archive's maps."""
    days = ((row.archive, row.opening, row.closing) for row in totals)
    return "; ".join(f"{printable(name)} of {written(a)} and {written(b)}" for name, a, b in days if a and b)
