"""Layers that stand still while others of the same maps move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

FROZEN_MAPS = 5
"""For how many maps a layer may stand still while others move."""


def standstills(drawn: Sequence[Mapping[str, object]], frozen_maps: int) -> Iterator[tuple[str, int, int]]:
    """Yield each layer that stands still for `frozen_maps` maps or more while others move, with the first and last.

    Parameters
    ----------
    drawn : sequence of mapping
        What each map shows, by layer: the same value for the same polygons.
    frozen_maps : int
        The least number of maps.
    """
    running: dict[str, tuple[int, int]] = {}

    def ended(key: str) -> Iterator[tuple[str, int, int]]:
        first, last = running.pop(key)
        if last - first + 1 >= frozen_maps:
            yield key, first, last

    for place, (before, after) in enumerate(pairwise(drawn)):
        shared = before.keys() & after.keys()
        still = {key for key in shared if before[key] == after[key]}
        for key in sorted(running.keys() - still):
            yield from ended(key)
        # Where nothing moves no layer is behind the others.
        for key in sorted(still) if still != shared else ():
            running[key] = running.get(key, (place, place))[0], place + 1
    for key in sorted(running):
        yield from ended(key)
