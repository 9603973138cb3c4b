"""One block of a result as it is shown: its cells, and what stands above and below every kind of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from frontcalc.columns import unit_of
from frontcalc.layers import ADJECTIVES
from frontcalc.notices import grouped
from frontcalc.outputs.numbers import BLANK
from frontcalc.outputs.wording import is_stretched, short_day
from frontcalc.tables import AnyMeta, Meta, PeriodRow


@dataclass(frozen=True, slots=True)
class Grid:
    """One block to print.

    Parameters
    ----------
    title, aside : str
        What is shown, and by which view.
    groups : tuple of (str, int)
        Headings over several columns, with the number of columns, the first over the columns of text; empty
        for none.
    header : tuple of str
        One a column; the first `labels` columns are text, the rest figures.
    rows : tuple of tuple of str
        Cells as text.
    footer : tuple of str
        Lines below the block.
    labels : int
        How many columns at the left are text.
    spare : tuple of str
        Headings of columns that a narrow terminal may leave out, the first to go first. Where none are
        named, columns are stacked instead.
    """

    title: str
    aside: str
    groups: tuple[tuple[str, int], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footer: tuple[str, ...]
    labels: int = 1
    spare: tuple[str, ...] = ()


def title_of(actor: str, meta: Meta) -> str:
    """Return whose territory is shown, in which unit and from which archive."""
    return f"{ADJECTIVES.get(actor, f'{actor}-held')} territory, {unit_of(meta.units)} · {meta.archive}"


def aside_of(meta: Meta) -> str:
    """Return the view as a title's right end shows it."""
    return f"view: {meta.view_words}"


def basis(meta: Meta) -> Iterable[str]:
    """Yield what was counted, by what projection and regions, and whose maps and regions they are."""
    counted = f"counted, overlaps once: {', '.join(meta.counted) or 'nothing'}"
    yield counted + (f" · not counted: {', '.join(meta.not_counted)}" if meta.not_counted else "")
    if meta.other_actors:
        yield f"also on these maps: {', '.join(meta.other_actors)} (see --actor)"
    yield meta.crs + _regions(meta)
    yield from meta.attribution


def _regions(meta: Meta) -> str:
    """Return which regions were used, how far they can be trusted, and that ground was snapped to them."""
    if not meta.regions:
        return ""
    accuracy = f" ({meta.regions_accuracy})" if meta.regions_accuracy else ""
    how = meta.snapping
    snapped = f" · snap: border {how.border_km:g} km, water {how.water_km:g} km" if how and how.border_km else ""
    return f" · regions: {meta.regions.name}{accuracy}{snapped}"


def remarks(meta: AnyMeta) -> Iterable[str]:
    """Yield the notices, a line each."""
    return (f"note {line}" for line in grouped(meta.notices))


def day_or_dash(day: date | None) -> str:
    """Return a day as text, a dash for none."""
    return day.isoformat() if day else BLANK


def period_heading(row: PeriodRow) -> str:
    """Return the period, with the days of its maps where a day has none of its own, or where the archive ends."""
    if row.opening and row.closing and is_stretched(row):
        return f"{row.period}, {short_day(row.opening)} to {short_day(row.closing)}"
    if row.closing and row.net_km2 is not None and "CLOSES-EARLY" in row.notes.split():
        return f"{row.period}, to {row.closing.day} {row.closing:%b}"
    return row.period
