"""How figures are written: the only place where they are rounded."""

from __future__ import annotations

from datetime import date

MINUS = "\N{MINUS SIGN}"
BLANK = "\N{EN DASH}"


def decimals(value: float, places: int) -> float:
    """Return a figure rounded, with no negative zero."""
    return round(value, places) + 0.0


def km2(value: float | None, *, signed: bool = False, places: int = 1) -> str:
    """Return an area or change for people: thousands separated, a true minus sign, a dash for none."""
    if value is None:
        return BLANK
    rounded = decimals(value, places)
    text = f"{abs(rounded):,.{places}f}"
    if rounded < 0:
        return MINUS + text
    return f"+{text}" if signed and rounded > 0 else text


def times(value: float | None) -> str:
    """Return a ratio as in «5.0×», a dash for none."""
    return BLANK if value is None else f"{value:,.1f}×"


_DEGREES = ("lon", "lat", "west", "south", "east", "north")


def places_of(column: str) -> int:
    """Return to how many decimals a column is written: degrees to six (0.1 m), areas to three."""
    return 6 if column in _DEGREES else 3


def plain(value: object, places: int = 3) -> object:
    """Return a cell for machines: figures to three decimals or so many, dates as ISO 8601, None kept."""
    if isinstance(value, float):
        return decimals(value, places)
    if isinstance(value, date):
        return value.isoformat()
    return value
