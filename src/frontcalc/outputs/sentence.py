"""A result as a paragraph to paste: rounded, hedged, and saying by whose map; docs/sentences.md states the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from frontcalc.errors import UsageError
from frontcalc.layers import UNNAMED
from frontcalc.names import printable
from frontcalc.outputs import wording
from frontcalc.outputs.pivots import differ_in_length
from frontcalc.outputs.wording import UNITS, Unit, about, listed, measurable, written
from frontcalc.periods import is_period
from frontcalc.regions import UNASSIGNED
from frontcalc.tables import TOTAL, CompareRow, HeldRow, Meta, PeriodRow, PeriodUsed, Table, ratio

_SMALL = 0.05
"""Below this share of the larger, the smaller of gained and lost goes unsaid: the net figure is then both."""

_COUNTED = {
    "control": "assessed as controlled",
    "assessed": "assessed as held or advanced into",
    "claimed": "claimed or assessed as held or advanced into",
}


def sentence(result: Table[Any, Any], *, units: str = "km2") -> str:
    """Return a result of diff, summary or held in plain English, a paragraph an actor and region.

    The text is of the totals; where only some regions were asked for, of each of those. Each paragraph about
    made-up maps begins with SYNTHETIC SAMPLE: it could be taken for news. Other results are a UsageError.
    """
    synthetic = any(notice.code == "SYNTHETIC" for notice in result.meta.notices)
    mark = "SYNTHETIC SAMPLE, made-up maps of no real war: "
    texts = (" ".join(pieces) for pieces in paragraphs(result, units))
    return "\n".join(f"{mark}{text}\n" if synthetic else f"{wording.capital(text)}\n" for text in texts)


def paragraphs(result: Table[Any, Any], units: str = "km2") -> list[list[str]]:
    """Return the paragraphs of `sentence` in pieces, to be joined by spaces and begun with a capital or a mark.

    The first says what happened and ends in a stop, or in a colon where a comparison follows; the last names
    the source. That maps are made up is not said here.
    """
    if issubclass(result.kind, PeriodRow) and result.kind is not CompareRow:
        written_as: Callable[..., list[str]] = _diff_text
    elif result.kind is HeldRow:
        written_as = _held_text
    else:
        cure = "choose another --format"
        raise UsageError("is for diff, summary and held only", where="--format sentence", cure=cure)
    meta, unit = result.meta, UNITS[units]
    only = any(notice.code == "ONLY" for notice in meta.notices)
    whole = not only and any(row.level == TOTAL for row in result.rows)
    subjects: dict[tuple[str, str, str], list[Any]] = {}
    for row in result.rows:
        if row.level == TOTAL if whole else row.level != TOTAL and row.region != UNASSIGNED:
            subjects.setdefault((row.actor, row.level, row.region), []).append(row)
    names = ", ".join(dict.fromkeys(filter(None, (printable(meta.publisher), printable(meta.archive)))))
    basis = f"View: {printable(meta.view_words)}. Source: {names}; areas calculated with frontcalc {meta.version}."
    return [[*written_as(rows, meta, unit), basis] for rows in subjects.values()]


def _diff_text(rows: Sequence[PeriodRow], meta: Meta, unit: Unit) -> list[str]:
    """Return what changed: two periods of one sign compared, else one after the other."""
    asked = {(used.actor, used.period): used for used in meta.periods}
    times = [_when(row, asked.get((row.actor, row.period))) for row in rows]
    subject, per = _subject(rows[0]), _per(meta)
    measured = [row for row in rows if row.net_km2 is not None]
    compared = ratio(*(row.net_km2 for row in rows)) if len(rows) == 2 else None
    if compared is None or not all(measurable(row.net_km2 or 0.0, unit) for row in rows):
        phrases = [_changed(row, f" {time}", unit) for row, time in zip(rows, times, strict=True)]
        text = [f"{subject} {listed(phrases)}, {per}."]
    else:
        text = [
            f"{subject} {_changed(rows[1], f' {times[1]}', unit)}, {per}:",
            f"{wording.than(wording.times_as_much(compared))} {times[0]}, when it {_changed(rows[0], '', unit)}.",
        ]
        rates = [row.rate_km2_per_day or 0.0 for row in rows]
        faster = ratio(*rates) if differ_in_length(rows) else None
        if faster is not None and all(measurable(rate, unit) for rate in rates):
            before, after = (about(rate, unit) for rate in rates)
            text.append(f"Per day it was {wording.times_as_much(faster)}: {after} a day against {before}.")
    maps = [_maps(row, asked.get((row.actor, row.period))) for row in measured]
    return text + ([f"Compared: {'; '.join(dict.fromkeys(maps))}."] if any(maps) else [])


def _changed(row: PeriodRow, when: str, unit: Unit) -> str:
    """Return what happened to the area, as a verb and its object; `when` begins with a space or is empty."""
    if row.net_km2 is None or row.gained_km2 is None or row.lost_km2 is None:
        why = "no map that early" if "NO-MAP" in row.notes.split() else "no two maps"
        if row.opening and row.opening == row.closing:
            why = f"no newer map than that of {written(row.opening)}"
        return f"could not be measured{when} ({why})"
    smaller, larger = sorted((row.gained_km2, row.lost_km2))
    gained, lost = (about(size, unit, like_km2=row.net_km2) for size in (row.gained_km2, row.lost_km2))
    gross = f" ({gained} gained, {lost} lost)" if measurable(smaller, unit) and smaller >= _SMALL * larger else ""
    if not measurable(row.net_km2, unit):
        return f"did not change measurably{when}{gross}"
    if row.net_km2 > 0:
        return f"grew by {about(row.net_km2, unit)}{when}{gross}"
    return f"lost {about(row.net_km2, unit)} more than it gained{when}{gross}"


def _when(row: PeriodRow, asked: PeriodUsed | None) -> str:
    """Return the period in words, with the days where the archive's first or last map cuts it short."""
    if not is_period(row.period):
        return "between the two maps"
    codes = row.notes.split() if row.net_km2 is not None else []
    late = row.opening if "OPENS-LATE" in codes else None
    early = row.closing if "CLOSES-EARLY" in codes else None
    if ".." in row.period:
        start = late or (asked and asked.opens_on) or row.opening
        end = early or (asked and asked.closes_on) or row.closing
        return f"between {written(start)} and {written(end)}" if start and end else f"in {row.period}"
    if row.opening and row.closing and wording.is_stretched(row):
        return f"between {written(row.opening)} and {written(row.closing)}"
    said = wording.in_period(row.period)
    return said + (f" from {written(late)}" if late else "") + (f" up to {written(early)}" if early else "")


def _maps(row: PeriodRow, asked: PeriodUsed | None) -> str:
    """Return which maps a period was measured between, and how far apart they are."""
    if not row.opening or not row.closing:
        return ""
    text = f"maps of {written(row.opening)} and {written(row.closing)}, {row.days} days apart"
    if "SPAN" in row.notes.split() and asked and asked.opens_on and asked.closes_on:
        text += f" where {(asked.closes_on - asked.opens_on).days} were asked for"
    return text


def _held_text(rows: Sequence[HeldRow], meta: Meta, unit: Unit) -> list[str]:
    """Return what was held: two dates compared, else one after the other."""
    phrases = [_held_on(row, unit) for row in rows]
    text = f"{_subject(rows[0])} {listed(phrases)}, {_per(meta)}"
    if len(rows) == 2 and rows[0].held_km2 is not None and rows[1].held_km2 is not None:
        grown = rows[1].held_km2 - rows[0].held_km2
        text += f": {about(grown, unit)} {'more' if grown > 0 else 'less'}" if measurable(grown, unit) else ""
    maps = list(dict.fromkeys(written(row.snapshot) for row in rows if row.snapshot))
    return [f"{text}.", f"Map{'s' if len(maps) > 1 else ''} of {listed(maps)}."]


def _held_on(row: HeldRow, unit: Unit) -> str:
    """Return the area on a date; at least so much where a layer of unknown meaning was left out."""
    codes = row.notes.split()
    if row.held_km2 is None:
        return f"could not be measured on {written(row.date)} (no map that early)"
    if "UNKNOWN-LAYER" in codes and measurable(row.held_km2, unit):
        size = wording.at_least(row.held_km2, unit)
    else:
        size = about(row.held_km2, unit)
    if "CLOSES-EARLY" in codes and row.snapshot:
        return f"was {size} on {written(row.snapshot)} (the last map before {written(row.date)})"
    return f"was {size} on {written(row.date)}"


def _subject(row: PeriodRow | HeldRow) -> str:
    """Return whose area is meant, what counts as held, and where."""
    counted = _COUNTED.get(row.view, f"shown by layers {printable(row.view).replace('+', ' and ')}")
    by = "" if row.actor == UNNAMED else f" {'by' if row.view in _COUNTED else 'as of'} {printable(row.actor)}"
    return f"the area {counted}{by}" + ("" if row.region == TOTAL else f" in {printable(row.region)}")


def _per(meta: Meta) -> str:
    """Return by whose map: the publisher's, as the archive names it, else the archive's."""
    if not meta.publisher:
        return f"per the maps of {printable(meta.archive)}"
    name = printable(meta.publisher)
    ending = "'" if name.endswith("s") else "'s"
    return f"per {name}{ending} map"
