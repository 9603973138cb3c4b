"""What is said of places below a table, and beside formats that have no room for it."""

from __future__ import annotations

from collections.abc import Iterator

from frontcalc.tables import Meta, RegionMeta

_WORDS = {"gained": "came under", "lost": "came out of"}


def place_lines(meta: Meta | RegionMeta, actor: str | None = None) -> Iterator[str]:
    """Yield which places an actor holds at one end of each period and not at the other, a line each way.

    Parameters
    ----------
    meta : Meta
        Of a result; without places there are no lines.
    actor : str, optional
        Whose lines; default every actor's.
    """
    if not isinstance(meta, Meta) or meta.places is None:
        return
    for used in meta.periods:
        if actor not in (None, used.actor):
            continue
        mine = [place for place in meta.places if (place.actor, place.period) == (used.actor, used.period)]
        for change, words in _WORDS.items():
            names = ", ".join(f"{place.place} ({place.date or 'no date'})" for place in mine if place.change == change)
            if names:
                yield f"{used.period}: {words} {used.actor}'s hold: {names}"
        if not mine:
            yield f"{used.period}: no place came under or out of {used.actor}'s hold"
