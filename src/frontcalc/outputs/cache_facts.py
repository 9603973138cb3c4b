"""What the cache holds, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from frontcalc.cache import KINDS, NONE, Cache, Usage


def usage_text(cache: Cache, used: Sequence[Usage]) -> str:
    """Return a line a kind of entries, and below them the sum, the limit and the folder."""
    lines = [("kind", "entries", "size", "what it is")]
    lines += [(own.kind, f"{own.entries:,}", _size(own.bytes), KINDS[own.kind]) for own in used]
    lines.append(("all", f"{_entries(used):,}", _size(_bytes(used)), f"{_size(cache.most_bytes)} at most"))
    wide = [max(len(line[column]) for line in lines) for column in range(3)]
    shown = (f"{kind:{wide[0]}}  {count:>{wide[1]}}  {size:>{wide[2]}}  {what}" for kind, count, size, what in lines)
    return "\n".join((*shown, "", f"folder: {cache.folder or NONE}")) + "\n"


def removed_text(removed: Sequence[Usage]) -> str:
    """Return in one line what was removed."""
    count = _entries(removed)
    return f"removed {count:,} entr{'y' if count == 1 else 'ies'}, {_size(_bytes(removed))}\n"


def usage_json(cache: Cache, used: Sequence[Usage]) -> bytes:
    """Return what a cache holds as JSON."""
    facts = {
        "folder": str(cache.folder or NONE),
        "limit_bytes": cache.most_bytes,
        "entries": _entries(used),
        "bytes": _bytes(used),
        "kinds": [own._asdict() for own in used],
    }
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _entries(used: Sequence[Usage]) -> int:
    """Return how many entries there are."""
    return sum(own.entries for own in used)


def _bytes(used: Sequence[Usage]) -> int:
    """Return how large all entries are."""
    return sum(own.bytes for own in used)


def _size(size: float) -> str:
    """Return a size in the unit that suits it."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"
