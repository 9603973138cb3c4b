"""What the cache holds, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from frontcalc.cache import NONE, Cache

Used = Mapping[str, tuple[int, int]]
"""How many entries of each kind there are, and their bytes."""

_KINDS: dict[str, str] = {
    "maps": "what is on each map: files, layers, notices",
    "boxes": "what part of the world a map shows",
    "grounds": "what is held on each map, projected, repaired and united",
    "repairs": "by how much two ways of repairing what is held differ",
    "steps": "gained, lost and slivers by region from map to map, and the largest parts",
    "areas": "areas held by region on a map",
    "regions": "the regions of a file, projected, cut and made a partition",
    "zones": "ground beside the regions of a file, and the regions that take it",
    "rests": "the rest of the plane around the regions of a file",
}


def usage_text(cache: Cache, used: Used) -> str:
    """Return a line a kind of entries, and below them the sum, the limit and the folder."""
    entries, size = _sums(used)
    lines = [("kind", "entries", "size", "what it is")]
    lines += [(kind, f"{count:,}", _size(own), _KINDS[kind]) for kind, (count, own) in used.items()]
    lines.append(("all", f"{entries:,}", _size(size), f"{_size(cache.most_bytes)} at most"))
    wide = [max(len(line[column]) for line in lines) for column in range(3)]
    shown = (f"{kind:{wide[0]}}  {count:>{wide[1]}}  {own:>{wide[2]}}  {what}" for kind, count, own, what in lines)
    return "\n".join((*shown, "", f"folder: {cache.folder or NONE}")) + "\n"


def removed_text(removed: Used) -> str:
    """Return in one line what was removed."""
    entries, size = _sums(removed)
    return f"removed {entries:,} entr{'y' if entries == 1 else 'ies'}, {_size(size)}\n"


def usage_json(cache: Cache, used: Used) -> bytes:
    """Return what a cache holds as JSON."""
    entries, size = _sums(used)
    facts = {
        "folder": str(cache.folder or NONE),
        "limit_bytes": cache.most_bytes,
        "entries": entries,
        "bytes": size,
        "kinds": [{"kind": kind, "entries": count, "bytes": own} for kind, (count, own) in used.items()],
    }
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _sums(used: Used) -> tuple[int, int]:
    """Return how many entries there are, and how large all are (bytes)."""
    return sum(count for count, _ in used.values()), sum(size for _, size in used.values())


def _size(size: float) -> str:
    """Return a size in the unit that suits it."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"
