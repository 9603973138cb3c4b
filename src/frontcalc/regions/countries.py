"""The countries of regions, by what a region file says of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from frontcalc.layers import ALPHA_3, COUNTRIES

FIELDS = ("iso_3166_2", "iso_a2", "country", "adm0_a3", "iso_a3", "shapegroup", "gid_0", "admin")
"""Fields that tell the country, in any case; the first that says something wins."""

_NOTHING = re.compile(r"-?\d*|none|null|n/?a", re.IGNORECASE)  # as Natural Earth's «-99»


def country_of(properties: Iterable[Mapping[str, object]]) -> str:
    """Return the country that the features of one region name, empty where they name none or several.

    Two-letter codes (ISO 3166-1) come back as such, and so do the codes and names of the countries in
    `frontcalc.layers`; other countries as the file spells them.
    """
    found = {_stated(fields) for fields in properties}
    return found.pop() if len(found) == 1 else ""


def _stated(properties: Mapping[str, object]) -> str:
    """Return the country that one feature names, empty where it names none."""
    fields = {key.casefold(): value for key, value in properties.items()}
    for field in FIELDS:
        text = str(fields.get(field) or "").strip()
        if field == "iso_3166_2":
            text = text.partition("-")[0]
        if not _NOTHING.fullmatch(text):
            return _code(text)
    return ""


def _code(text: str) -> str:
    """Return a country's two-letter code where it is known, else the text."""
    names = {name.casefold(): code for name, code in COUNTRIES.items()}
    if re.fullmatch("[A-Za-z]{2,3}", text):
        return ALPHA_3.get(text.upper(), text.upper())
    return names.get(text.casefold(), text)
