"""Figures as a caller gets them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from frontcalc.viz.sheet import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_of(picture: Picture) -> Figure:
    """Return a picture's figure, which a notebook shows as it stands then."""
    figure = picture.figure
    # Notebooks show figures of pyplot by themselves, and only once pyplot is loaded.
    figure._repr_png_ = partial(picture.image, "png")  # type: ignore[attr-defined]
    return figure
