"""The texts around pictures: the finding as a title, the maps used, and notices to bear in mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from frontcalc.layers import UNNAMED
from frontcalc.notices import grouped
from frontcalc.outputs import numbers, sentences
from frontcalc.outputs.numbers import Unit
from frontcalc.outputs.sentences import short_day, written
from frontcalc.periods import is_period
from frontcalc.tables import TOTAL, HeldRow, Meta, PeriodRow, SeriesRow
from frontcalc.views import VIEWS

# Notices that a picture repeats; the others are of rows that it does not show, or in its title.
_REPEATED = "SPAN NO-NEW-MAP NO-MAP LAYER-MISSING CARRIED SKIPPED UNKNOWN-LAYER ONLY BASELINE REDEFINITION AT-ONCE"
_SEVERAL = 3
_LONGEST_NOTE = 400


@dataclass(frozen=True, slots=True)
class Words:
    """The texts around a picture, which may hold names that others chose, and whether its maps are made up."""

    title: str
    subtitle: str
    source: tuple[str, ...]
    synthetic: bool


def words(meta: Meta, title: str, subtitle: str, notes: Sequence[str], last: Sequence[str] = ()) -> Words:
    """Return the texts around a picture: below it its source and view, `notes`, notices to bear in mind, and `last`."""
    view = meta.view_words if meta.view in VIEWS else f"layers {meta.view}"
    source = (
        f"Source: {'; '.join(meta.attribution) or meta.archive}. View: {view}. "
        f"Areas calculated with frontcalc {meta.version}."
    )
    kinds: dict[str, list[str]] = {}
    for line in grouped(notice for notice in meta.notices if notice.code in _REPEATED.split()):
        kinds.setdefault(line.partition(":")[0], []).append(line)
    text = "; ".join(f"{own[0]}{f' (and {len(own) - 1} more)' if own[1:] else ''}" for own in kinds.values())
    remark = [f"Note: {text[:_LONGEST_NOTE]}{'…' if len(text) > _LONGEST_NOTE else ''}."] if text else []
    synthetic = any(notice.code == "SYNTHETIC" for notice in meta.notices)
    return Words(title, subtitle, (source, *notes, *remark, *last), synthetic)


def headline(total: PeriodRow, unit: Unit, meta: Meta) -> str:
    """Return a total's net change, and what that is without breaks in the maps, as in «…, +90 km² without …»."""
    return finding(total, unit) + sentences.without_breaks(total.net_km2, total.notes, meta, {total.period}, unit)


def finding(row: PeriodRow, unit: Unit) -> str:
    """Return a row's net change, as in «+2,750 km² in 2024, to 17 Nov», with days of maps that are not its ends."""
    net, (late, early) = sentences.change(row.net_km2, unit), sentences.ends_short(row)
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


def map_title(rows: Sequence[PeriodRow], where: str, unit: Unit, meta: Meta) -> str:
    """Return the title of a map: of each actor what it gained or lost in each period, or the extremes of many."""
    findings = {}
    for actor in dict.fromkeys(row.actor for row in rows):
        mine = [row for row in rows if row.actor == actor]
        measured = [row for row in mine if row.net_km2 is not None]
        if len(mine) <= _SEVERAL or len(measured) < 2:
            findings[actor] = sentences.listed([headline(row, unit, meta) for row in mine])
            continue
        low, high = (pick(measured, key=lambda row: row.net_km2 or 0.0) for pick in (min, max))
        findings[actor] = f"between {headline(low, unit, meta)} and {headline(high, unit, meta)}"
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


def gross_of(row: PeriodRow, unit: Unit) -> str:
    """Return what was gained and lost, and between which maps where they have dates."""
    if row.gained_km2 is None or row.lost_km2 is None:
        return "No two maps stand for this period"
    gained, lost = (f"{numbers.km2(area * unit.per_km2)} {unit.label}" for area in (row.gained_km2, row.lost_km2))
    maps = f"; maps of {written(row.opening)} and {written(row.closing)}" if row.opening and row.closing else ""
    return f"Gained {gained}, lost {lost}{maps}"
