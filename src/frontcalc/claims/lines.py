"""Where in a file the tables and keys of a TOML document stand, which its parser does not tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

Lines = dict[str, int]
"""Lines by key; that of the table itself by the empty key."""

_HEADER = re.compile(r"""\s*\[\[\s*(?:claim|"claim"|'claim')\s*\]\]""")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")
# Texts of several lines, which may look like anything; comments and other texts may hold their quotes.
_TOKENS = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|#[^\n]*|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the keys at the top and those of each claim stand; nothing where that cannot be told."""

    top: Lines
    claims: tuple[Lines, ...]

    def claim(self, number: int) -> Lines:
        """Return the lines of a claim, counted from 1."""
        return self.claims[number - 1] if self.claims else {}


def find_lines(text: str, count: int) -> Places:
    """Return where the keys of a document stand that has so many claims.

    Claims that are written as one array, `claim = [{…}]`, have no headers, and no lines are told.
    """
    blank = _TOKENS.sub(lambda token: '""' + "\n" * token[0].count("\n") if "\n" in token[0] else token[0], text)
    tables: list[Lines] = [{}]
    for number, line in enumerate(blank.split("\n"), start=1):
        if _HEADER.match(line):
            tables.append({"": number})
        elif found := _KEY.match(line):
            tables[-1].setdefault(found[1], number)
    top, *claims = tables
    return Places(top, tuple(claims)) if len(claims) == count else Places({}, ())
