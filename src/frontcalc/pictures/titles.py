"""The texts around pictures: the finding as a title, the maps used, and notices to bear in mind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from frontcalc.archives import NOT_STATED
from frontcalc.layers import UNNAMED
from frontcalc.names import printable
from frontcalc.outputs import numbers, sentences
from frontcalc.outputs.caveats import caveats
from frontcalc.outputs.numbers import Unit
from frontcalc.outputs.receipts import receipt
from frontcalc.outputs.sentences import short_day, written
from frontcalc.periods import is_period
from frontcalc.tables import TOTAL, HeldRow, Meta, PeriodRow, SeriesRow, Table
from frontcalc.views import VIEWS

_SEVERAL = 3
_A_DAY = " a day"
ISOLATE, END = "\u2068", "\u2069"  # around a text whose direction is its own


@dataclass(frozen=True, slots=True)
class Words:
    """The texts around a picture, which may hold names that others chose, whether its maps are made up, its receipt."""

    title: str
    subtitle: str
    source: tuple[str, ...]
    synthetic: bool
    receipt: Mapping[str, Any]


def words(table: Table[Any, Any], title: str, subtitle: str, notes: Sequence[str], last: Sequence[str] = ()) -> Words:
    """Return the texts around a picture: below it its source and view, `notes`, lines to bear in mind, and `last`."""
    meta = table.meta
    view = meta.view_words if meta.view in VIEWS else f"layers {meta.view}"
    source = (
        f"Source: {'; '.join(meta.credits).replace(NOT_STATED, 'source not given') or meta.archive}. View: {view}. "
        f"Areas calculated with frontcalc {meta.version}."
    )
    synthetic = any(notice.code == "SYNTHETIC" for notice in meta.notices)
    # That maps are made up stands across the picture. The head of the lines names an option, which no picture has, as
    # none has a lag.
    _, *lines = caveats(table.rows, [one for one in meta.notices if one.code not in ("SYNTHETIC", "LAG")]) or [""]
    names = {getattr(row, field, "") for row in table.rows for field in ("actor", "region", "place")} - {""}
    names |= {meta.archive, meta.view, *meta.attribution}
    # A picture has no letters that mark cells.
    plain = (re.sub(r"( [a-z])?  ", ": ", line.strip(), count=1).replace(" (--actor)", "") for line in lines)
    unmarked = (line.replace("also b: ", "also a break in the maps: ") for line in plain)
    texts = (title, subtitle, source, *notes, *unmarked, *last)
    title, subtitle, *below = (isolated(text, names) for text in texts)
    return Words(title, subtitle, tuple(below), synthetic, receipt(table))


def is_from_the_right(text: str) -> bool:
    """Say whether a text has letters of a script that is written from right to left."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


def isolated(text: str, names: Iterable[str]) -> str:
    """Return text on one line, names that are written from the right set apart, so that they turn nothing around them.

    Without the isolates of Unicode, figures behind a name in Arabic would stand before it, and its sentence be turned.
    """
    turning = [name for name in map(printable, names) if is_from_the_right(name)]
    text = printable(text)
    if not turning:
        return text
    pattern = "|".join(map(re.escape, sorted(turning, key=len, reverse=True)))
    return re.sub(pattern, lambda match: f"{ISOLATE}{match[0]}{END}", text)


def unit_of(row: PeriodRow, unit: Unit, *, per_day: bool) -> Unit:
    """Return the unit of a row's figures: that of areas, or of areas a day between the maps of the row."""
    return Unit(unit.label + _A_DAY, unit.per_km2 / row.days) if per_day and row.days else unit


def headline(total: PeriodRow, unit: Unit, meta: Meta) -> str:
    """Return a total's net change, and what that is without breaks in the maps, as in «…, +90 km² without …»."""
    net = total.net_km2
    return finding(total, unit) + sentences.without_breaks(net, total.notes, meta, {total.period}, unit, as_text=change)


def change(km2: float | None, unit: Unit) -> str:
    """Return a net change as a table rounds it, with its unit."""
    if km2 is None or not sentences.measurable(km2, unit):
        # By the day a change may be small that is none in all.
        small = km2 and unit.label.endswith(_A_DAY) and sentences.measurable(km2)
        return f"less than 0.1 {unit.label}" if small else sentences.change(km2, unit)
    return f"{numbers.km2(km2 * unit.per_km2, signed=True)} {unit.label}"


def finding(row: PeriodRow, unit: Unit) -> str:
    """Return a row's net change, as in «+2,750 km² in 2024, to 17 Nov», with days of maps that are not its ends."""
    net, (late, early) = change(row.net_km2, unit), sentences.ends_short(row)
    if not is_period(row.period):
        return f"{net} between two maps"
    if ".." in row.period or sentences.is_stretched(row):
        if not row.opening:
            return f"{net} in {row.period}"
        return f"{net} from {day_of_year(row.opening)} to {day_of_year(row.closing)}"
    start, end = f", from {short_day(late)}" if late else "", f", to {short_day(early)}" if early else ""
    return f"{net} {sentences.in_period(row.period)}{start}{end}"


def day_of_year(day: date | None) -> str:
    """Return a day in few letters, with its year."""
    return f"{short_day(day)} {day.year}" if day else "an undated map"


def map_title(rows: Sequence[PeriodRow], where: str, unit: Unit, meta: Meta, *, per_day: bool = False) -> str:
    """Return of each actor what it gained or lost in each period, in all or a day, or the extremes of many periods."""
    own, findings = partial(unit_of, unit=unit, per_day=per_day), {}
    for actor in dict.fromkeys(row.actor for row in rows):
        mine = [row for row in rows if row.actor == actor]
        measured = [row for row in mine if row.net_km2 is not None]
        if len(mine) <= _SEVERAL or len(measured) < 2:
            findings[actor] = sentences.listed([headline(row, own(row), meta) for row in mine])
            continue
        ends = (pick(measured, key=lambda row: (row.net_km2 or 0.0) * own(row).per_km2) for pick in (min, max))
        # Of many periods the lines below say which have breaks.
        findings[actor] = f"between {' and '.join(finding(row, own(row)) for row in ends)}"
    return "; ".join(f"{subject(actor, where)}{text}" for actor, text in findings.items())


def subject(actor: str, where: str) -> str:
    """Return the actor and the regions, with a colon, to begin a title with; empty where neither is known."""
    named = "" if actor == UNNAMED else actor
    text = f"{named} in {where}" if named and where else named or where
    return f"{text}: " if text else ""


def place_of(rows: Sequence[PeriodRow | HeldRow | SeriesRow], meta: Meta) -> str:
    """Return the names of the regions that a total sums; empty where it is of everything."""
    if not any(notice.code == "ONLY" for notice in meta.notices):
        return ""
    regions = list(dict.fromkeys(row.region for row in rows if row.level != TOTAL))
    return sentences.listed(regions) if len(regions) <= _SEVERAL else f"{len(regions)} regions"


def gross_of(row: PeriodRow, unit: Unit, meta: Meta) -> str:
    """Return what was gained and lost, between which maps where they have dates, and around which towns most was."""
    if row.gained_km2 is None or row.lost_km2 is None:
        return "No two maps stand for this period."
    gained, lost = (f"{numbers.km2(area * unit.per_km2)} {unit.label}" for area in (row.gained_km2, row.lost_km2))
    maps = f"; maps of {written(row.opening)} and {written(row.closing)}" if row.opening and row.closing else ""
    towns = sentences.listed([one.town for one in meta.towns_of(row)])
    most = f"{'Gained' if (row.net_km2 or 0.0) > 0 else 'Lost'} most around {towns}." if towns else ""
    return f"Gained {gained}, lost {lost}{maps}. {most}".rstrip()
