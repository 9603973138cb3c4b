"""Names of places as people type them: found without case, accents and punctuation, suggested on a miss."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_APOSTROPHES = re.compile("['`\u2019\u02bc\u02b9]")
_NOT_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Something that can be named.

    Parameters
    ----------
    label : str
        The name that results show.
    spellings : tuple of str
        What else it is called: codes, local names, older transliterations.
    members : tuple of int
        The regions that it consists of.
    """

    label: str
    spellings: tuple[str, ...]
    members: tuple[int, ...]

    def is_called(self, wanted: str, kinds: frozenset[str] = frozenset()) -> bool:
        """Say whether a folded name is one of this place's, words of `kinds` left out of these."""
        return any(fold(name, kinds) == wanted for name in (self.label, *self.spellings))


def fold(name: str, without: frozenset[str] = frozenset()) -> str:
    """Return the one form in which the spellings of a name are compared.

    Parameters
    ----------
    name : str
        As typed, in any script: «Donets'k», «DONETSK OBLAST», «Донецьк».
    without : frozenset of str
        Words, folded, to leave out unless the name has no other.
    """
    # Accents are apart from their letters in form D; compatible forms (wide letters, ligatures) become plain.
    marked = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in marked if not unicodedata.combining(letter))
    # An apostrophe is inside a word, and not between two.
    words = _NOT_WORDS.sub(" ", _APOSTROPHES.sub("", plain)).split()
    return "".join(word for word in words if word not in without) or "".join(words)


def find(name: str, places: Sequence[Place], kinds: frozenset[str] = frozenset()) -> list[Place]:
    """Return the places that a name means: none, one, or several that share it.

    A whole name goes before one that differs in words for kinds of places (folded), as «Donetsk oblast»
    does from «Donetsk».
    """
    exact = [place for place in places if place.is_called(fold(name))]
    return exact or [place for place in places if place.is_called(fold(name, kinds), kinds)]


def suggestions(name: str, places: Iterable[Place]) -> list[str]:
    """Return the labels of up to three places whose names are most like one that was not found."""
    known = {fold(spelling): place.label for place in places for spelling in (place.label, *place.spellings)}
    close = difflib.get_close_matches(fold(name), known, n=9, cutoff=0.7)
    return list(dict.fromkeys(known[spelling] for spelling in close))[:3]
