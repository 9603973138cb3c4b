"""Names that others chose, of files, layers and regions: made safe to show on a terminal and in a table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Control characters steer terminals and break lines; directional ones show a name other than it is; lone
# surrogates stand for the bytes of a file name that is no text.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_LINES = re.compile(r"[\t\n\r]+")


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
