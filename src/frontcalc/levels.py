"""The rows of a result: regions at several levels, which of them are shown, and what the total leaves out.

The finest level is what is measured. A row of a coarser level is the sum of its regions, so levels add up
by construction.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.errors import DataError, UsageError
from frontcalc.names import NamedRegion, find, fold, suggestions
from frontcalc.regions import TOTAL, UNASSIGNED, RegionSet

COUNTRY, ADM1, ADM2, NONE = "country", "adm1", "adm2", "none"
LEVELS = (COUNTRY, ADM1, ADM2)  # coarse to fine
ALIASES = {"oblast": ADM1, "raion": ADM2}

# Words that people add to a name or leave out.
_KINDS = {
    ADM1: frozenset(map(fold, ("oblast", "region", "province", "область"))),
    ADM2: frozenset(map(fold, ("raion", "rayon", "district", "county", "район"))),
}
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its level and region, as the columns say, and which figures it sums."""

    level: str
    region: str
    members: tuple[int, ...]  # places in an array (n + 2,) of areas: regions in the set's order, unassigned, total

    @property
    def names(self) -> dict[str, str]:
        """What the row is of, by column."""
        return {"region": self.region}

    def sum_of(self, areas: NDArray[np.float64] | Sequence[float]) -> float:
        """Return this row's figure of areas (n + 2,), in their unit; of many rows, a list is faster than an array."""
        if len(self.members) == 1:
            return float(areas[self.members[0]])
        return math.fsum(areas[member] for member in self.members)

    def ground_of(self, grounds: Sequence[shapely.MultiPolygon]) -> shapely.MultiPolygon:
        """Return this row's ground of that of all regions and what is unassigned (n + 1)."""
        whole = len(grounds) in self.members
        mine = grounds if whole else [grounds[member] for member in self.members]
        return geometry.union(geometry.polygonal(mine))


@dataclass(frozen=True, slots=True)
class TownLine(Line):
    """The row of the ground nearest to a town, by its `region` called so: which of the towns, -1 for none, and where.

    Ground without a town is of its region alone.
    """

    town: int
    home: str

    @property
    def names(self) -> dict[str, str]:
        """The town and its region, by column."""
        return {"town": self.region if self.town >= 0 else "", "region": self.home}


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows of a result, each after the coarser one that it is part of, and its levels, coarse to fine."""

    levels: tuple[str, ...]
    shown: tuple[Line, ...]
    left_out: frozenset[int] = frozenset()  # which figures the total leaves out, where only some rows are shown

    def elsewhere(self, areas: NDArray[np.float64]) -> float:
        """Return what the total leaves out of an array of areas (n + 2,), in its unit."""
        return math.fsum(areas[place] for place in np.flatnonzero(areas).tolist() if place in self.left_out)


def parse_levels(by: str | Sequence[str]) -> tuple[str, ...]:
    """Return the levels named, as in «country,oblast», coarse to fine, none for «none»; UsageError for unknown ones."""
    texts = [name.strip() for name in (by.split(",") if isinstance(by, str) else by)]
    named = {ALIASES.get(name.casefold(), name.casefold()): name for name in texts if name}
    unknown = [name for level, name in named.items() if level not in (*LEVELS, NONE)]
    if unknown or not named:
        problem = f"no level is named {' or '.join(map(repr, unknown)) or repr(by)}"
        raise UsageError(problem, where="--by", cure=f"choose {', '.join((*LEVELS, NONE, *ALIASES))}")
    if NONE in named and len(named) > 1:
        raise UsageError("none stands beside other levels", where="--by", cure="leave it out")
    return tuple(level for level in LEVELS if level in named)


def lines(
    regions: RegionSet,
    levels: Sequence[str],
    *,
    coarser: RegionSet | None = None,
    only: Sequence[str] = (),
    listing: str = "",
) -> Lines:
    """Return the rows of a region set that is measured, of some levels, coarse to fine.

    Each region is part of the one of `coarser` that covers most of it. `only` names places at any level, a country
    among them: other rows are left out, and out of the total. `listing` is how a user can see all names. UsageError
    says that a name is unknown, ambiguous or of no row, or that a level needs what the regions do not tell.
    """
    if COUNTRY in levels:
        _check_countries(regions)
    count = len(regions.names)
    everything = frozenset(range(count + 1))
    places = _places(regions, coarser)
    chosen = _chosen(regions, places, only, listing) if only else everything
    of = {level: {member: place for place in places[level] for member in place.members} for level in levels}
    keyed = []
    for depth, level in enumerate(levels):
        for place in places[level]:
            above = [of[upper][place.members[0]] for upper in levels[: depth + 1]]
            whole = [chosen.issuperset(part.members) for part in above]
            if whole[-1]:
                path = tuple(part.label for part in above)
                keyed.append(((-whole.index(True), path), Line(level, place.label, place.members)))
    # Rows without a coarser one that is shown come first, the finest before all, so that each row follows its own.
    rows = [line for _, line in sorted(keyed, key=lambda pair: pair[0])]
    hidden = chosen - {count} - {member for row in rows for member in row.members}
    if hidden:
        name, shown = places[regions.level][min(hidden)].label, " and ".join(levels)
        raise UsageError(f"rows by {shown} do not show {name}", where="--only", cure=f"--by {regions.level} does")
    if count and count in chosen:
        rows.append(Line(levels[-1], UNASSIGNED, (count,)))
    # The whole is measured at once; a part of it is the sum of its rows.
    summed = (count + 1,) if chosen == everything else tuple(sorted(chosen))
    return Lines(tuple(levels), (*rows, Line(TOTAL, TOTAL, summed)), everything - chosen)


def town_lines(base: Lines, parts: RegionSet, pairs: NDArray[np.intp], home: NDArray[np.intp]) -> Lines:
    """Return the rows of regions cut among towns, largest towns of a country first, where the rows `base` are shown.

    `pairs` (n, 2) are the region and the town of each part, and `home` (n,) is the region that each part's town lies
    in. Ground that `base` leaves out is left out.
    """
    count, shown, times = len(parts.names), list[Line](), Counter[tuple[str, str]]()
    chosen = ~np.isin(pairs[:, 0], list(base.left_out))
    # Ground without a town is of its region.
    groups = np.where(pairs[:, 1] >= 0, pairs[:, 1], -1 - pairs[:, 0])
    for group in sorted(set(groups.tolist()), key=lambda number: (number < 0, number)):
        every = np.flatnonzero(groups == group)
        name, place = parts.names[every[0]], parts.parents[np.flatnonzero(pairs[:, 0] == home[every[0]])[0]]
        times[name, place] += 1
        label = name if times[name, place] == 1 else f"{name} ({times[name, place]})"
        if members := tuple(every[chosen[every]].tolist()):
            shown.append(TownLine(parts.level, label, members, max(group, -1), place))
    beside = [count] if any(line.region == UNASSIGNED for line in base.shown) else []
    shown += [Line(parts.level, UNASSIGNED, (count,)) for _ in beside]
    if not base.left_out:
        return Lines((parts.level,), (*shown, Line(TOTAL, TOTAL, (count + 1,))))
    inside = (*np.flatnonzero(chosen).tolist(), *beside)
    left_out = frozenset(range(count + 1)).difference(inside)
    return Lines((parts.level,), (*shown, Line(TOTAL, TOTAL, inside)), left_out)


def _chosen(
    regions: RegionSet, places: Mapping[str, Sequence[NamedRegion]], only: Sequence[str], listing: str
) -> frozenset[int]:
    """Return the regions that `only` names, `unassigned` among them as the one after the last."""
    named = {**places, UNASSIGNED: [NamedRegion(UNASSIGNED, (), (len(regions.names),))]}
    chosen: set[int] = set()
    for name in only:
        # A whole name goes before one without its kind, and a coarse level before a fine one.
        matches = (
            (level, mine)
            for kinds in ({}, _KINDS)
            for level, own in named.items()
            if (mine := find(name, own, kinds.get(level, frozenset())))
        )
        level, mine = next(matches, ("", []))
        if not mine:
            known = [place for own in named.values() for place in own]
            close = suggestions(name, known)
            listed = ", ".join(place.label for place in known[:_LISTED])
            more = f" and {len(known) - _LISTED} more" if known[_LISTED:] else ""
            cure = f"did you mean {' or '.join(close)}?" if close else f"there are {listed}{more}"
            raise UsageError(f"no region is named {name!r}", where="--only", cure=f"{cure} {listing}".rstrip())
        if len(mine) > 1:
            choices = " or ".join(place.label for place in mine)
            raise UsageError(f"{name!r} may be {choices}", where="--only", cure="say which")
        if level == COUNTRY:
            _check_countries(regions)
        chosen |= set(mine[0].members)
    return frozenset(chosen)


def _places(regions: RegionSet, coarser: RegionSet | None) -> dict[str, list[NamedRegion]]:
    """Return the places of every level that is known, coarse to fine; those of the finest in the set's order."""
    out: dict[str, list[NamedRegion]] = {}
    for code in sorted(set(regions.countries) - {""}):
        names = (*regions.country_names.get(code, ()), code)
        members = tuple(index for index, own in enumerate(regions.countries) if own == code)
        out.setdefault(COUNTRY, []).append(NamedRegion(names[0], names, members))
    parents, sets = list[str](), list[tuple[RegionSet, list[str], dict[int, tuple[int, ...]]]]()
    if coarser:
        labels, parent = _labels(coarser, ()), parents_of(regions, coarser)
        parents = [labels[index] for index in parent]
        parts = {index: tuple(np.flatnonzero(parent == index).tolist()) for index in np.unique(parent).tolist()}
        sets.append((coarser, labels, parts))
    alone = len(set(regions.names)) == len(regions.names)
    labels = list(regions.names) if alone else _labels(regions, parents)
    sets.append((regions, labels, {index: (index,) for index in range(len(labels))}))
    for own, labels, parts in sets:
        count = len(own.names)
        names_of = zip(own.names, own.codes or ("",) * count, own.spellings or ((),) * count, strict=True)
        spellings = [(name, *filter(None, [code]), *others) for name, code, others in names_of]
        out[own.level] = [NamedRegion(labels[index], spellings[index], mine) for index, mine in parts.items()]
    return out


def _labels(regions: RegionSet, parents: Sequence[str]) -> list[str]:
    """Return what each region is shown as: where several share a name, with country, parent or code."""
    labels = list(regions.names)
    for name, times in Counter(labels).items():
        if times == 1:
            continue
        mine = [index for index, own in enumerate(regions.names) if own == name]
        numbers = {index: str(number) for number, index in enumerate(mine, start=1)}
        for tags in (regions.countries, regions.parents, parents, regions.codes, numbers):
            suffixes = [tags[index] for index in mine] if tags else []
            if all(suffixes) and len(set(suffixes)) == times:
                break
        for index, suffix in zip(mine, suffixes, strict=True):
            labels[index] = f"{name} ({suffix})"
    label, times = max(Counter(labels).items(), key=lambda pair: pair[1], default=("", 1))
    if times > 1:
        where = regions.source.name if regions.source else "regions"
        raise DataError(f"two regions would be shown as {label!r}", where=where, cure="rename one of them")
    return labels


def parents_of(regions: RegionSet, coarser: RegionSet) -> NDArray[np.intp]:
    """Return which of a coarser set covers most of each region (n,), in its country if known; UsageError if none."""
    mine, theirs = shapely.STRtree(coarser.pieces).query(regions.pieces, predicate="intersects")
    shared_m2 = np.zeros((len(regions.names), len(coarser.names)))
    overlap = shapely.intersection(regions.pieces[mine], coarser.pieces[theirs])
    np.add.at(shared_m2, (regions.owner[mine], coarser.owner[theirs]), shapely.area(overlap))
    if regions.countries and coarser.countries:
        own, other = np.array(regions.countries)[:, None], np.array(coarser.countries)[None, :]
        shared_m2[(own != other) & (own != "") & (other != "")] = 0
    alone = np.flatnonzero(~shared_m2.any(axis=1))
    if len(alone):
        problem = f"{regions.names[alone[0]]} lies in no {coarser.level} region that is known"
        raise UsageError(problem, where="--by", cure=f"leave out {coarser.level}")
    covering: NDArray[np.intp] = shared_m2.argmax(axis=1)
    return covering


def _check_countries(regions: RegionSet) -> None:
    """Refuse rows by country where that of a region is not known, since they would not add up."""
    known = regions.countries or ("",) * len(regions.names)
    lost = [name for name, own in zip(regions.names, known, strict=True) if not own]
    if lost:
        problem = f"the country of {lost[0]}{f' and {len(lost) - 1} more' if lost[1:] else ''} is not known"
        where = regions.source.name if regions.source else "regions"
        raise UsageError(problem, where=where, cure="countries need a field iso_3166_2 of each region")
