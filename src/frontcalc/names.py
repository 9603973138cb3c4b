"""Names that others chose or type: made safe to show, found without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Control characters steer terminals and break lines; directional ones show a name other than it is; lone
# surrogates stand for the bytes of a file name that is no text.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LINES = re.compile(r"[\t\n\r]+")
_APOSTROPHES = re.compile("['`\u2019\u02bc\u02b9]")
_NOT_WORDS = re.compile(r"[\W_]+")


def printable(name: str) -> str:
    """Return a name on one line, every character that does more than show itself written as its escape.

    Accents stand with their letters (form C), where file names of macOS have them apart.
    """
    name = _LINES.sub(" ", unicodedata.normalize("NFC", name))
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], name)


def some_of(names: Sequence[str], limit: int = 5) -> str:
    """Return the first few of some names on one line, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


@dataclass(frozen=True, slots=True)
class NamedRegion:
    """A row that can be asked for by name."""

    label: str  # the name that results show
    spellings: tuple[str, ...]  # what else it is called: codes, local names, older transliterations
    members: tuple[int, ...]  # the regions that it consists of

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is called."""
        return (self.label, *self.spellings)


def fold(name: str, without: frozenset[str] = frozenset()) -> str:
    """Return the one form in which the spellings of a name, in any script, are compared.

    Words in `without`, folded, are left out unless the name has no other: «Donets'k» is «DONETSK OBLAST» without one.
    """
    # Accents are apart from their letters in form D; compatible forms (wide letters, ligatures) become plain.
    marked = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in marked if not unicodedata.combining(letter))
    # An apostrophe is inside a word, and not between two.
    words = _NOT_WORDS.sub(" ", _APOSTROPHES.sub("", plain)).split()
    return "".join(word for word in words if word not in without) or "".join(words)


def find(name: str, regions: Sequence[NamedRegion], kinds: frozenset[str] = frozenset()) -> list[NamedRegion]:
    """Return the regions that a name means: none, one, or several that share it.

    A whole name goes before one that differs in words for kinds of regions (folded), as «Donetsk oblast»
    does from «Donetsk».
    """
    for without in (frozenset[str](), kinds):
        wanted = fold(name, without)
        if found := [region for region in regions if any(fold(own, without) == wanted for own in region.names)]:
            return found
    return []


def suggestions(name: str, regions: Iterable[NamedRegion]) -> list[str]:
    """Return the labels of up to three regions whose names are most like one that was not found."""
    import difflib

    known = {fold(own): region.label for region in regions for own in region.names}
    close = difflib.get_close_matches(fold(name), known, n=9, cutoff=0.7)
    return list(dict.fromkeys(known[own] for own in close))[:3]
