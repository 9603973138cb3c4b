"""Where labels go: each beside its point, none on another, all inside the picture.

One label after the other takes the best of its places that is still free, in the order of their rank: Imhof's
positions around a point, which maps have used since long before computers. What finds no place is left out, since
a name that is missing misleads nobody and one on another is read wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from frontcalc.viz.sheet import Box

_PAD = 2.0


@dataclass(frozen=True, slots=True)
class Label:
    """A text to place.

    Parameters
    ----------
    text, kind : str
        What it says, and how it is set: town, region, country or sea.
    width, height : float
        Of the text, pixels.
    anchors : tuple of (float, float)
        Where it may stand, pixels, the best first: the point of a town, or middles of the text.
    mark : float
        Radius of the mark at a town's point, pixels; 0 where the text stands on the anchor itself.
    """

    text: str
    kind: str
    width: float
    height: float
    anchors: tuple[tuple[float, float], ...]
    mark: float = 0.0


@dataclass(frozen=True, slots=True)
class Placed:
    """A label and the box that its text takes."""

    label: Label
    box: Box
    anchor: tuple[float, float]


def place(labels: Sequence[Label], canvas: Box, cost: Callable[[Label, Box], float | None]) -> list[Placed]:
    """Return the labels that find a place, in the order given.

    Parameters
    ----------
    labels : sequence of Label
        The most important first.
    canvas : Box
        What they must stay in.
    cost : callable
        How bad a place is for a label (0 is best), None where it may not stand at all.
    """
    taken: list[Box] = []
    found = []
    for label in labels:
        free = []
        for order, (box, anchor) in enumerate(_places(label)):
            own = [_grown(box), *_mark(label, anchor)]
            if all(_inside(part, canvas) and not any(_overlap(part, other) for other in taken) for part in own):
                price = cost(label, box)
                if price is not None:
                    free.append((price, order, box, anchor, own))
        if free:
            _, _, box, anchor, own = min(free, key=lambda entry: entry[:2])
            taken.extend(own)
            found.append(Placed(label, box, anchor))
    return found


def _places(label: Label) -> Iterator[tuple[Box, tuple[float, float]]]:
    """Yield the boxes that a label could take: around a town's mark, or on the anchors."""
    half_width, half_height = label.width / 2, label.height / 2
    for x, y in label.anchors:
        if not label.mark:
            yield Box(x - half_width, y - half_height, x + half_width, y + half_height), (x, y)
            continue
        beside, above = label.mark * 2.3 + half_width, label.mark * 2.3 + half_height
        aslant = label.mark * 1.4 + half_width, label.mark * 1.4 + half_height
        for dx, dy in (
            (beside, 0.0),
            (aslant[0], aslant[1]),
            (aslant[0], -aslant[1]),
            (-beside, 0.0),
            (-aslant[0], aslant[1]),
            (-aslant[0], -aslant[1]),
            (0.0, above),
            (0.0, -above),
        ):
            yield Box(x + dx - half_width, y + dy - half_height, x + dx + half_width, y + dy + half_height), (x, y)


def _mark(label: Label, anchor: tuple[float, float]) -> list[Box]:
    """Return the box of a town's mark, if it has one."""
    x, y = anchor
    r = label.mark
    return [Box(x - r, y - r, x + r, y + r)] if r else []


def _grown(box: Box) -> Box:
    """Return a box with some air around it."""
    return Box(box.left - _PAD, box.bottom - _PAD, box.right + _PAD, box.top + _PAD)


def _inside(box: Box, canvas: Box) -> bool:
    """Say whether a box lies within the canvas."""
    return (
        box.left >= canvas.left and box.right <= canvas.right and box.bottom >= canvas.bottom and box.top <= canvas.top
    )


def _overlap(first: Box, second: Box) -> bool:
    """Say whether two boxes share ground."""
    return (
        first.left < second.right
        and second.left < first.right
        and first.bottom < second.top
        and second.bottom < first.top
    )
