"""Names that others chose or type: made safe to show, found without case, accents and punctuation."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Control characters steer terminals and break lines; directional ones show a name other than it is; those without
# width make two names look like one; lone surrogates stand for the bytes of a file name that is no text. Between
# letters of Arabic and Indic scripts, joiners are spelling.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
    "|(?<![\u0600-\u0fff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u0fff])"
)
# Letters of Cyrillic and Greek, and the Latin ones that nobody can tell them from.
_ALIKE = str.maketrans(
    "аеорсухіјѕԁһӏАВЕКМНОРСТУХІЈЅӀανορΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",  # noqa: RUF001
    "aeopcyxijsdhlABEKMHOPCTYXIJSlavopABEZHIKMNOPTYX",
)
LONGEST_CELL = 120  # characters of a name in a table for people; CSV and JSON have the whole
_LINES = re.compile(r"[\t\n\r]+")
_APOSTROPHES = re.compile("['`\u2019\u02bc\u02b9]")
_NOT_WORDS = re.compile(r"[\W_]+")


def printable(name: str, most: int = sys.maxsize) -> str:
    """Return a name on one line of at most `most` characters, those that do more than show themselves as escapes.

    Accents stand with their letters (form C), where file names of macOS have them apart.
    """
    if not (name.isascii() and name.isprintable()):  # as most are
        name = _LINES.sub(" ", unicodedata.normalize("NFC", name))
        name = _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], name)
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def look(name: str) -> str:
    """Return the form that names share which look alike: «Tоtal» with a Cyrillic о is Total."""  # noqa: RUF002
    return unicodedata.normalize("NFKC", name).translate(_ALIKE)


def some_of(names: Sequence[str], limit: int = 5) -> str:
    """Return the first few of some names on one line, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


@dataclass(frozen=True, slots=True)
class NamedRegion:
    """One or several regions that a row sums, and their names."""

    label: str  # the name that results show
    spellings: tuple[str, ...]  # what else it is called: codes, local names, older transliterations
    members: tuple[int, ...]  # the regions that it consists of

    @property
    def names(self) -> tuple[str, ...]:
        """Its label and all other spellings."""
        return (self.label, *self.spellings)


def fold(name: str, without: frozenset[str] = frozenset()) -> str:
    """Return the one form in which the spellings of a name, in any script, are compared.

    Words in `without`, folded, are left out unless the name has no other: «Donets'k» is «DONETSK OBLAST» without one.
    """
    # Accents are apart from their letters in form D; compatible forms (wide letters, ligatures) become plain.
    marked = unicodedata.normalize("NFKD", name.casefold())
    plain = marked if marked.isascii() else "".join(letter for letter in marked if not unicodedata.combining(letter))
    # An apostrophe is inside a word, and not between two.
    words = _NOT_WORDS.sub(" ", _APOSTROPHES.sub("", plain)).split()
    return "".join(word for word in words if word not in without) or "".join(words)


def find(name: str, regions: Sequence[NamedRegion], kinds: frozenset[str] = frozenset()) -> list[NamedRegion]:
    """Return the regions that a name means, whole or else without words for `kinds` of regions (folded)."""
    for without in (frozenset[str](), kinds):
        wanted = fold(name, without)
        if matches := [region for region in regions if any(fold(own, without) == wanted for own in region.names)]:
            return matches
    return []


def suggestions(name: str, regions: Iterable[NamedRegion]) -> list[str]:
    """Return the labels of up to three regions whose names are most like one that was not found."""
    import difflib

    known = {fold(own): region.label for region in regions for own in region.names}
    close = difflib.get_close_matches(fold(name), known, n=9, cutoff=0.7)
    return list(dict.fromkeys(known[own] for own in close))[:3]
