"""The lines beside a figure: what a reader must know before printing it, and which marked cells no line explains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from frontcalc.names import printable
from frontcalc.notices import CODES, MARKS, Notice, grouped, with_lines
from frontcalc.outputs.numbers import km2
from frontcalc.tables import TOTAL, Meta, Table

NOTES = ("few", "all", "none")
"""How much stands beside a figure: the lines that matter most, every notice, or only that maps are made up."""

MOST, WIDEST = 3, 108
"""Lines beside a figure, and characters of one; two more are its indent."""

# What a code says where its notice has no line of its own, or many have one. Codes that are not here are of files and
# sources. Of the first ones the figure is not what was asked for, or not whole: they come before all others, in order.
_FIRST = {
    "SYNTHETIC": "the maps are made up: the figures say nothing about any war",
    "LAG": "a lag no longer than the days between an archive's maps proves nothing",
    "SKIPPED": "a file that could not be read is not in the figures",
    "UNKNOWN-LAYER": "layers with an unknown name are not in the figures",
    "LAYER-MISSING": "maps lack a layer, so earlier maps stand in",
    "NO-NEW-MAP": "no newer map, so nothing was measured",
    "ENDED": "a layer is no longer drawn: nothing is known from then on",
    "OLD-MAP": "the maps are too old for the period, so nothing was measured",
    "OPENS-LATE": "begins with the first map: what changed before it is not in it",
    "CLOSES-EARLY": "ends with the last map: what changed after it is not in it",
}
_LINES = {
    **_FIRST,
    "NO-MAP": "no map that early, so nothing was measured",
    "REDEFINITION": "ground changed that no front moved over",
    "AT-ONCE": "much ground changed hands on one map alone",
    "SPAN": "maps are some days off those asked for, and so are the figures",
    "OTHER-ACTOR": "ground of another actor is not in these figures (--actor)",
    "BORDER": "much of it lies near another region and may be the neighbour's",
    "LEAVES-OUT": "an archive leaves out ground of others: shares are not compared",
    "DAYS-DIFFER": "the archives' maps are of different days, which moves their nets",
    "OPENING": "another map stands for the days before the first",
    "CARRIED": "a layer is missing; that of an earlier map is counted",
    "CONTROL-ONLY": "much of what control gained was drawn as advances before",
    "SLIVERS-DROPPED": "thin strips are left out, as asked",
    "ONLY": "the total is of the rows shown",
    "BASELINE": "ground held on the earlier day is not counted, as asked",
    "FROZEN": "the layers that count stand still while others move",
    "REPAIRS-DIFFER": "a map crosses itself, and could be read as less ground",
    "NESTED": "ground that may be meant as a hole counts as held",
    "NO-GEOMETRY": "a map, or part of it, is drawn without ground",
    "NOT-AREA": "points and lines have no area and are not in the figures",
    "REGIONS-OVERLAP": "regions overlap: what they share goes to the first",
    "OTHER-MEANING": "a layer counts as something else than its publisher means",
    "UNNAMED": "no layer has a name: all polygons count as one actor's",
    "NO-REGIONS": "no regions were given, so only totals are shown",
}
_SEVERAL = 3  # periods, or texts, of one code above which one line says how many there are
_SHOWN = 2  # of so many periods, the first ones are named

_MARK_OF = {code: mark for mark, (_, setters) in MARKS.items() for code in setters} | {"SPAN": "e"}
# The marks that say by themselves what they mean; of a break in the maps a line says which it is.
_IN_NEED = "b"


class _Line(NamedTuple):
    """One line, and the notices that it is of."""

    code: str
    text: str
    notices: Sequence[Notice]


def beside(result: Table[Any, Any], notes: str = "few") -> list[str]:
    """Return the lines that stand beside a result; lists are of files, so that all their notices do."""
    if notes == "few" and not isinstance(result.meta, Meta):
        notes = "all"
    return caveats(result.rows, result.meta.notices, notes)


def caveats(rows: Sequence[Any], notices: Iterable[Notice], notes: str = "few") -> list[str]:
    """Return the lines that stand beside figures, below a head that counts them; nothing where there are none.

    At most three, none over 110 characters: first those by which the figure is not what was asked or not whole, then by
    km²; and one for cells marked `b` that have none. With `notes` «all» every notice has one, with its code and place.
    """
    if notes == "all":
        return [f"note {line}" for line in _every(notices)]
    wanted = [one for one in notices if one.code in _LINES and (notes != "none" or one.code == "SYNTHETIC")]
    # First what is not what was asked for, then by how much ground it is.
    first = {code: rank for rank, code in enumerate(_FIRST)}
    lines = sorted(_merged(wanted), key=lambda line: -max(abs(one.km2 or 0.0) for one in line.notices))
    lines.sort(key=lambda line: first.get(line.code, len(first)))
    shown = lines[:MOST]
    counted = f"{len(shown)} of {len(lines)}; all: --notes all" if len(lines) > MOST else "all: --notes all"
    texts = []
    for line in shown:
        beginning = _beginning(line, rows)
        # Without its last clause where it would be too long.
        fits = len(beginning + line.text) <= WIDEST
        text = line.text if fits else line.text.rpartition("; ")[0] or line.text
        texts.append(f"  {printable(beginning + text, WIDEST)}")
    if notes != "none" and (rest := _unexplained(rows, shown)):
        texts.append(f"  {printable(f'also {_IN_NEED}: {rest}', WIDEST)}")
    return [f"Before you publish ({counted})", *texts] if texts else []


def _every(notices: Iterable[Notice]) -> Iterator[str]:
    """Yield all notices; those of one code over many periods as one line that says what it means."""
    by_code: dict[str, list[Notice]] = {}
    for notice in with_lines(notices):
        by_code.setdefault(notice.code, []).append(notice)
    for code, same in by_code.items():
        periods = list(dict.fromkeys(one.period for one in same))
        if len(periods) <= _SEVERAL:
            yield from grouped(same)
        else:
            yield f"{code}: {len(periods)} periods, {periods[0]} to {periods[-1]}: {CODES[code]}"


def _merged(notices: Iterable[Notice]) -> Iterator[_Line]:
    """Yield a line for notices of one code and text, and for all of a code that are of many periods."""
    by_code: dict[str, dict[str, list[Notice]]] = {}
    for notice in notices:
        by_code.setdefault(notice.code, {}).setdefault(notice.line or _LINES[notice.code], []).append(notice)
    for code, texts in by_code.items():
        every = [notice for same in texts.values() for notice in same]
        if len(texts) == 1 or max(len(texts), len({one.period for one in every})) <= _SEVERAL:
            yield from (_Line(code, text, same) for text, same in texts.items())
            continue
        most = max(every, key=lambda one: abs(one.km2 or 0.0))
        where = f" ({most.period})" if most.period else ""
        how = f"; most {km2(abs(most.km2), places=0)} km²{where}" if most.km2 else f" ({len(every)} times)"
        yield _Line(code, _LINES[code] + how, every)


def _beginning(line: _Line, rows: Sequence[Any]) -> str:
    """Return the periods of a line, those of one year or month shortened, and the mark that it explains."""
    labels = dict.fromkeys(one.period for one in line.notices if one.period)
    if not labels:
        return ""
    mark = _MARK_OF.get(line.code, "")
    stands = any(mark in getattr(row, "flags", "") for row in rows if _period(row) in labels) if mark else False
    end = f" {mark}  " if stands else "  "
    named = list(labels)[: _SHOWN if len(labels) > _SEVERAL else None]
    short = [named[0]]
    for before, label in pairwise(named):
        stem = before.split("-")
        while stem and not label.startswith("-".join([*stem, ""])):
            stem.pop()
        short.append(label if ".." in label else label.removeprefix("-".join(stem)))
    more = f" and {len(labels) - len(named)} more" if len(labels) > len(named) else ""
    beginning = ", ".join(short) + more + end
    if len(beginning + line.text) <= WIDEST:
        return beginning
    # Of the one period that is shown its name says nothing.
    alone = len({_period(row) for row in rows}) == 1
    return end.lstrip() if alone else f"{len(labels)} periods{end}" if len(labels) > 1 else beginning


def _period(row: Any) -> str:
    """Return the period or day that a row is of."""
    return str(getattr(row, "period", "") or getattr(row, "date", ""))


def _place(row: Any) -> str:
    """Return the town or region that a row is of."""
    return str(getattr(row, "town", "") or row.region)


def _unexplained(rows: Sequence[Any], shown: Sequence[_Line]) -> str:
    """Return the largest cell marked as a break that no line shown explains, and how many more there are."""
    explained: dict[str, list[Notice]] = {}  # by period
    for notice in (one for line in shown if _MARK_OF.get(line.code) == _IN_NEED for one in line.notices):
        explained.setdefault(notice.period, []).append(notice)
    # Of several archives each says its own name first.
    several = len({getattr(row, "archive", "") for row in rows}) > 1

    def has_line(row: Any) -> bool:
        same = explained.get(_period(row), ())
        mine = (one for one in same if not several or one.message.startswith(f"{row.archive}: "))
        return any(not one.regions or _place(row) in one.regions for one in mine)

    cells = [row for row in rows if _IN_NEED in getattr(row, "flags", "") and not has_line(row)]
    # A total is marked with its regions.
    regions = [row for row in cells if row.region != TOTAL] or cells
    if not regions:
        return ""
    largest = max(regions, key=lambda row: abs(row.net_km2 or 0.0))
    more = f" and {len(regions) - 1} more" if len(regions) > 1 else ""
    return f"{_period(largest)} {_place(largest)}{more}"
