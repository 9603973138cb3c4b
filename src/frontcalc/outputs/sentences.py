"""Figures, ratios, dates and periods in plain English, and a result as a paragraph to paste: rounded, hedged, sourced.

docs/sentences.md states the rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from frontcalc import tables
from frontcalc.dates import FULL_MONTHS
from frontcalc.errors import UsageError
from frontcalc.layers import UNNAMED
from frontcalc.names import printable
from frontcalc.outputs.numbers import KM2, MINUS, UNITS, Unit
from frontcalc.periods import is_period, parse_bound, parse_period
from frontcalc.regions import UNASSIGNED
from frontcalc.states import SPAN_TOLERANCE
from frontcalc.tables import TOTAL, Meta, PeriodRow, PeriodUsed, Table
from frontcalc.tables.table import ratio
from frontcalc.towns import ATTRIBUTION

MOST_TOWNS = 3  # or regions, that a sentence names
_MONTHS = tuple(map(str.title, FULL_MONTHS))
_ORDINALS = ("first", "second", "third", "fourth")
_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "10")

# Below this share of the larger, the smaller of gained and lost goes unsaid: the net figure is then both.
SMALL = 0.05

# What stands in the line of a figure that may be no front's, after how much it is, and where that is not known.
_REDRAWN = "what the maps redrew at once"
_BREAKS = {"REDEFINITION": f"without {_REDRAWN}", "AT-ONCE": "of it at once"}
_UNKNOWN = {"REDEFINITION": f"with {_REDRAWN}", "AT-ONCE": "much of it at once"}

_COUNTED = {
    "control": "assessed as controlled",
    "assessed": "assessed as held or advanced into",
    "claimed": "claimed or assessed as held or advanced into",
}


def rounding_step(size: float) -> float:
    """Return what an area is rounded to: a tenth below ten, one to 1,000, ten to 10,000, then a hundred."""
    return next((step for limit, step in ((10, 0.1), (1_000, 1), (10_000, 10)) if abs(size) < limit), 100)


def measurable(km2: float, unit: Unit = KM2) -> bool:
    """Say whether an area is more than nothing once it is rounded."""
    return round(abs(km2) * unit.per_km2, 1) > 0


def about(km2: float, unit: Unit = KM2, *, like_km2: float | None = None) -> str:
    """Return an area as in «about 2,700 km²», without its sign, rounded as a newspaper would, or as `like_km2` is."""
    if not measurable(km2, unit):
        return f"less than 0.1 {unit.label}"
    size = abs(km2) * unit.per_km2
    step = rounding_step(size if like_km2 is None else like_km2 * unit.per_km2)
    return f"about {_figure(round(size / step) * step)} {unit.label}"


def reads_alike(one_km2: float, other_km2: float, unit: Unit = KM2) -> bool:
    """Say whether two changes of area would be printed as the same figure, sign included."""
    signed = measurable(one_km2, unit) or measurable(other_km2, unit)
    return about(one_km2, unit) == about(other_km2, unit) and (not signed or (one_km2 < 0) == (other_km2 < 0))


def at_least(km2: float, unit: Unit = KM2) -> str:
    """Return an area as in «at least 110,600 km²», rounded down."""
    size = km2 * unit.per_km2
    step = rounding_step(size)
    return f"at least {_figure(math.floor(size / step) * step)} {unit.label}"


def change(km2: float | None, unit: Unit = KM2) -> str:
    """Return a net change with its sign, rounded as `about` does, as in «+2,750 km²»."""
    if km2 is None:
        return "not measured"
    if not measurable(km2, unit):
        return "no measurable change"
    return ("+" if km2 > 0 else MINUS) + about(km2, unit).removeprefix("about ")


def without_breaks(
    net_km2: float | None,
    notes: str,
    meta: Meta,
    periods: Collection[str],
    unit: Unit,
    *,
    total: bool = True,
    as_text: Callable[[float, Unit], str] = change,
) -> str:
    """Return a net without faults of the map, and what changed at once, by the codes in `notes`, as text."""
    text, known = "", total and len(meta.actors) == 1
    for code, what in _BREAKS.items() if net_km2 is not None else ():
        named = meta.noted_km2(code, periods)
        if code in notes.split():
            km2 = math.fsum(named) if code == "AT-ONCE" else (net_km2 or 0.0) - math.fsum(named)
            text += f", {as_text(km2, unit)} {what}" if known and named else f", {_UNKNOWN[code]}"
    return text


def _figure(value: float) -> str:
    """Return a rounded figure, thousands separated, tenths where it has any."""
    return f"{value:,.1f}".removesuffix(".0")


def times_as_much(ratio: float) -> str:
    """Return a positive ratio in words, to be followed by «than» after more or less, else by «as»."""
    if ratio < 1.75:
        return _share(ratio)
    if ratio >= 9.95:
        digits = 1 - math.floor(math.log10(ratio))
        return f"about {round(ratio, digits):,.0f} times as much"
    whole, beyond = divmod(ratio, 1)
    how = "about" if beyond < 0.1 or beyond >= 0.9 else "more than" if beyond < 0.7 else "nearly"
    count = int(whole) + (beyond >= 0.7)
    return f"{how} {'twice' if count == 2 else f'{_NUMBERS[count]} times'} as much"


def _share(ratio: float) -> str:
    """Return a ratio below twice as much in per cent, from ten on to the nearest five, or as a half."""
    if abs(ratio - 1) < 0.025:
        return "about as much"
    if 0.45 <= ratio < 0.55:
        return "about half as much"
    share = ratio if ratio < 0.55 else abs(ratio - 1)
    percent = 5 * round(share * 20) if share >= 0.1 else round(share * 100)
    if ratio >= 0.55:
        return f"about {percent}% {'more' if ratio > 1 else 'less'}"
    return f"about {percent}% as much" if ratio >= 0.01 else "less than 1% as much"


def than(comparison: str) -> str:
    """Return a comparison with the word that joins it to what it compares with."""
    return f"{comparison} {'than' if comparison.endswith(('more', 'less')) else 'as'}"


def written(day: date) -> str:
    """Return a day as in «17 November 2024», in any locale."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def short_day(day: date) -> str:
    """Return a day without its year, as in «17 Nov»."""
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def in_period(label: str) -> str:
    """Return a year, half, quarter, month, week or day of the period grammar as in «in the third quarter of 2024»."""
    text = label.strip().upper()
    first = parse_bound(text, last=False)
    if "H" in text:
        return f"in the {_ORDINALS[int(text[-1]) - 1]} half of {first.year}"
    if "Q" in text:
        return f"in the {_ORDINALS[int(text[-1]) - 1]} quarter of {first.year}"
    if "W" in text:
        return f"in the week from {written(first)}"
    if len(text) == len("2024-09"):
        return f"in {_MONTHS[first.month - 1]} {first.year}"
    return f"in {first.year:04}" if len(text) == len("2024") else f"on {written(first)}"


def is_stretched(row: Any) -> bool:
    """Say whether a map at an end of a row's period, where the archive does not end, is older by 5 % of the period."""
    if not row.days or not is_period(row.period):
        return False
    period, (_, early) = parse_period(row.period), ends_short(row)
    first, last = period.opens_on or row.opening, period.closes_on or row.closing
    older: int = max((first - row.opening).days, 0 if early else (last - row.closing).days)
    return older > SPAN_TOLERANCE * (last - first).days


def ends_short(row: Any) -> tuple[date | None, date | None]:
    """Return the days from and to which there are maps of a row's period in which the archive begins or ends."""
    codes = row.notes.split() if row.days else []
    return row.opening if "OPENS-LATE" in codes else None, row.closing if "CLOSES-EARLY" in codes else None


def period_heading(row: Any) -> str:
    """Return a row's period, with the days of its maps where they are not those asked for, as «2022, from 24 Feb»."""
    late, early = (row.opening, row.closing) if is_stretched(row) else ends_short(row)
    if not late and not early:
        return str(row.period)
    period = parse_period(row.period)
    opens_on, closes_on = period.opens_on or row.opening, period.closes_on or row.closing
    # The year of a period goes without saying.
    start = _in_years(late, opens_on.year, (opens_on + timedelta(days=1)).year) if late else ""
    end = _in_years(early, closes_on.year) if early else ""
    return f"{row.period}, {f'{start} to {end}' if start and end else f'from {start}' if start else f'to {end}'}"


def _in_years(day: date, *years: int) -> str:
    """Return a day in few letters, with its year unless that is one of some."""
    return short_day(day) if day.year in years else f"{short_day(day)} {day.year}"


def differ_in_length(totals: Sequence[PeriodRow]) -> bool:
    """Say whether two periods differ by more than 5 % in days, or one is not of the length asked for."""
    days = [row.days or 0 for row in totals]
    return max(days) > 1.05 * min(days) or any("SPAN" in row.notes.split() for row in totals)


def capital(text: str) -> str:
    """Return a text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def listed(items: Sequence[str]) -> str:
    """Return items joined by commas, the last by «and»."""
    return ", ".join(items[:-1]) + f" and {items[-1]}" if len(items) > 1 else "".join(items)


def sentence(result: Table[Any, Any], *, units: str = "km2") -> str:
    """Return a result of diff, summary or held in plain English, a paragraph an actor and region.

    The text is of the totals; where only some regions were asked for, of each of those. Each paragraph about
    made-up maps begins with SYNTHETIC SAMPLE: it could be taken for news. Other results are a UsageError.
    """
    synthetic = any(notice.code == "SYNTHETIC" for notice in result.meta.notices)
    mark = "SYNTHETIC SAMPLE, made-up maps of no real war: "
    texts = map(" ".join, paragraphs(result, units))
    return "\n".join(f"{mark}{text}\n" if synthetic else f"{capital(text)}\n" for text in texts)


def paragraphs(result: Table[Any, Any], units: str = "km2") -> list[list[str]]:
    """Return the paragraphs of `sentence` in pieces, to be joined by spaces and begun with a capital or a mark.

    The first says what happened and ends in a stop, or in a colon where a comparison follows; the last names
    the source. That maps are made up is not said here.
    """
    if hasattr(result.kind, "sentence"):
        return [[row.sentence, basis_of(result.meta)] for row in result.rows]
    if result.kind is tables.ConsensusRow:
        from frontcalc.outputs.agreement import consensus_text

        return consensus_text(result, UNITS[units])
    if result.kind is tables.CompareRow or not issubclass(result.kind, PeriodRow | tables.HeldRow):
        which = "is for diff, where, summary, held and consensus only"
        raise UsageError(which, where="--format sentence", cure="choose another --format")
    written_as: Callable[..., list[str]] = _held_text if result.kind is tables.HeldRow else _diff_text
    meta, unit = result.meta, UNITS[units]
    if issubclass(result.kind, tables.WhereRow):
        within = (listed(meta.within) if len(meta.within) <= MOST_TOWNS else f"{len(meta.within)} regions") or TOTAL
        totals = (replace(row, region=within) for row in result.rows if row.level == TOTAL)
        return [[*_diff_text([row], meta, unit), basis_of(meta)] for row in totals]
    whole = any(row.level == TOTAL for row in result.rows) and all(one.code != "ONLY" for one in meta.notices)
    subjects: dict[Any, list[Any]] = {}
    for row in result.rows:
        if row.level == TOTAL if whole else row.level != TOTAL and row.region != UNASSIGNED:
            subjects.setdefault((row.actor, row.level, row.region), []).append(row)
    if len(subjects) > len(meta.actors):
        meta = replace(meta, most_around=())  # towns are known of a total, and of a region that is all that is shown
    return [[*written_as(rows, meta, unit), basis_of(meta)] for rows in subjects.values()]


def basis_of(meta: Meta) -> str:
    """Return which view counts, whose maps they are, and what measured them."""
    names = ", ".join(dict.fromkeys(filter(None, map(printable, (meta.publisher, meta.archive)))))
    text = f"View: {printable(meta.view_words)}. Source: {names}; areas calculated with frontcalc {meta.version}."
    return f"{text} {ATTRIBUTION}." if meta.most_around else text


def _around(row: PeriodRow, when: str, meta: Meta, unit: Unit) -> str:
    """Return a sentence that names those towns with their nets, empty for none; `when` is empty or a period."""
    towns = [f"{printable(one.town)} ({about(one.net_km2, unit)})" for one in meta.towns_of(row)]
    verb = "grew" if (row.net_km2 or 0.0) > 0 else "lost"
    return capital(f"{when} it {verb} most around {listed(towns)}.".lstrip()) if towns else ""


def _diff_text(rows: Sequence[PeriodRow], meta: Meta, unit: Unit) -> list[str]:
    """Return what changed: two periods of one sign compared, else one after the other."""
    periods = {(used.actor, used.period): used for used in meta.periods}
    used = [periods.get((row.actor, row.period)) for row in rows]
    times = list(map(times_of, rows, used))
    subject, per = _subject(rows[0], meta), _per(meta)
    compared = ratio(*(row.net_km2 for row in rows)) if len(rows) == 2 else None
    if compared is None or not all(measurable(row.net_km2 or 0.0, unit) for row in rows):
        phrases = [_changed(row, f" {time}", unit, meta) for row, time in zip(rows, times, strict=True)]
        text = [f"{subject} {listed(phrases)}, {per}."]
    else:
        text = [
            f"{subject} {_changed(rows[1], f' {times[1]}', unit, meta)}, {per}:",
            f"{than(times_as_much(compared))} {times[0]}{_firm(rows, compared, meta)},"
            f" when it {_changed(rows[0], '', unit, meta)}.",
        ]
        rates = [row.rate_km2_per_day or 0.0 for row in rows]
        faster = ratio(*rates) if differ_in_length(rows) else None
        if faster is not None and all(measurable(rate, unit) for rate in rates):
            before, after = (about(rate, unit) for rate in rates)
            text.append(f"Per day it was {times_as_much(faster)}: {after} a day against {before}.")
    around = (_around(row, time if rows[1:] else "", meta, unit) for row, time in zip(rows, times, strict=True))
    text += filter(None, around)
    maps = [_maps(row, own) for row, own in zip(rows, used, strict=True) if row.net_km2 is not None]
    return text + ([f"Compared: {'; '.join(dict.fromkeys(maps))}."] if any(maps) else [])


def _firm(rows: Sequence[PeriodRow], compared: float, meta: Meta) -> str:
    """Return how a comparison of two totals reads without faults of the maps, empty where it reads the same."""
    if rows[0].level != TOTAL or len(meta.actors) > 1:
        return ""
    nets = [(row.net_km2 or 0.0) - math.fsum(meta.noted_km2("REDEFINITION", {row.period})) for row in rows]
    firm = ratio(*nets)
    if firm is None:
        return f" (without {_REDRAWN} they have no ratio)"
    alike = times_as_much(firm) == times_as_much(compared)
    return "" if alike else f" ({times_as_much(firm)} without {_REDRAWN})"


def _changed(row: PeriodRow, when: str, unit: Unit, meta: Meta) -> str:
    """Return what happened to the area, as a verb and its object; `when` begins with a space or is empty."""
    if row.net_km2 is None or row.gained_km2 is None or row.lost_km2 is None:
        why = "no map that early" if "NO-MAP" in row.notes.split() else "no two maps"
        if row.opening and row.opening == row.closing:
            why = f"no newer map than that of {written(row.opening)}"
        return f"could not be measured{when} ({why})"
    smaller, larger = sorted((row.gained_km2, row.lost_km2))
    gained, lost = (about(size, unit, like_km2=row.net_km2) for size in (row.gained_km2, row.lost_km2))
    gross = f" ({gained} gained, {lost} lost)" if measurable(smaller, unit) and smaller >= SMALL * larger else ""
    gross += without_breaks(row.net_km2, row.notes, meta, {row.period}, unit, total=row.level == TOTAL)
    if not measurable(row.net_km2, unit):
        return f"did not change measurably{when}{gross}"
    if row.net_km2 > 0:
        return f"grew by {about(row.net_km2, unit)}{when}{gross}"
    return f"lost {about(row.net_km2, unit)} more than it gained{when}{gross}"


def times_of(row: PeriodRow, used: PeriodUsed | None) -> str:
    """Return the period in words, with the days of its maps where those are not the ones asked for."""
    if not is_period(row.period):
        return "between the two maps"
    late, early = (row.opening, row.closing) if is_stretched(row) else ends_short(row)
    if ".." in row.period or is_stretched(row):
        start = late or (used and used.opens_on) or row.opening
        end = early or (used and used.closes_on) or row.closing
        return f"between {written(start)} and {written(end)}" if start and end else f"in {row.period}"
    phrase = in_period(row.period)
    return phrase + (f" from {written(late)}" if late else "") + (f" up to {written(early)}" if early else "")


def _maps(row: PeriodRow, used: PeriodUsed | None) -> str:
    """Return which maps a period was measured between, and how far apart they are."""
    if not row.opening or not row.closing:
        return ""
    text = f"maps of {written(row.opening)} and {written(row.closing)}, {row.days} days apart"
    if "SPAN" in row.notes.split() and used and used.opens_on and used.closes_on:
        days = (used.closes_on - used.opens_on).days
        ends = f"{written(used.opens_on)} to {written(used.closes_on)}"
        text += f" where {days} were asked for" if days != row.days else f" where {ends} was asked for"
    return text


def _held_text(rows: Sequence[tables.HeldRow], meta: Meta, unit: Unit) -> list[str]:
    """Return what was held: two dates compared, else one after the other."""
    phrases = [_held_on(row, unit) for row in rows]
    text = f"{_subject(rows[0], meta)} {listed(phrases)}, {_per(meta)}"
    if len(rows) == 2 and rows[0].held_km2 is not None and rows[1].held_km2 is not None:
        grown = rows[1].held_km2 - rows[0].held_km2
        text += f": {about(grown, unit)} {'more' if grown > 0 else 'less'}" if measurable(grown, unit) else ""
    maps = list(dict.fromkeys(written(row.snapshot) for row in rows if row.snapshot))
    return [f"{text}.", f"Map{'s' if len(maps) > 1 else ''} of {listed(maps)}."]


def _held_on(row: tables.HeldRow, unit: Unit) -> str:
    """Return the area on a date; at least so much where a layer of unknown meaning was left out."""
    codes = row.notes.split()
    if row.held_km2 is None:
        return f"could not be measured on {written(row.date)} (no map that early)"
    unknown = "UNKNOWN-LAYER" in codes and measurable(row.held_km2, unit)
    size = at_least(row.held_km2, unit) if unknown else about(row.held_km2, unit)
    if "CLOSES-EARLY" in codes and row.snapshot:
        return f"was {size} on {written(row.snapshot)} (the last map before {written(row.date)})"
    return f"was {size} on {written(row.date)}"


def _subject(row: PeriodRow | tables.HeldRow, meta: Meta) -> str:
    """Return whose area is meant, what counts as held, and where."""
    view = "control" if row.view == "assessed" and not meta.advances else row.view
    counted = _COUNTED.get(view, f"shown by layers {printable(row.view).replace('+', ' and ')}")
    by = "" if row.actor == UNNAMED else f" {'by' if row.view in _COUNTED else 'as of'} {printable(row.actor)}"
    return f"the area {counted}{by}" + ("" if row.region == TOTAL else f" in {printable(row.region)}")


def _per(meta: Meta) -> str:
    """Return by whose map: the publisher's, as the archive names it, else the archive's."""
    name = printable(meta.publisher)
    of = f"{name}'" if name.endswith("s") else f"{name}'s"
    return f"per {of} map" if name else f"per the maps of {printable(meta.archive)}"
