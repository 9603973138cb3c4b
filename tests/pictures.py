"""What the tests ask of a drawn figure: its areas, and where its texts are."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def drawn_km2(figure: Figure, *names: str) -> float:
    """Return the area of the polygons of a map's layers (km²), read back from what is drawn."""
    return sum(_path_km2(artist.get_path()) for artist in _layers(figure, *names))


def _layers(figure: Figure, *names: str) -> list[Any]:
    return figure.findobj(lambda artist: artist.get_gid() in names and hasattr(artist, "get_path"))


def _path_km2(path: Path) -> float:
    """Return the area that a path encloses: its holes turn the other way, so that they count below zero."""
    assert path.codes is not None
    rings = np.split(path.vertices, np.flatnonzero(path.codes == Path.MOVETO)[1:])
    twice = [float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) for x, y in (np.asarray(ring).T for ring in rings)]
    return sum(twice) / 2e6


def texts(figure: Figure, *names: str) -> list[str]:
    """Return the texts of some kinds, all without any."""
    found: list[Text] = figure.findobj(Text)
    return [text.get_text() for text in found if text.get_text().strip() and (not names or text.get_gid() in names)]


def assert_legible(figure: Figure) -> None:
    """Assert that every text lies within the canvas and none on another; a watermark lies on all of them."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found: list[Text] = figure.findobj(Text)
    shown = [text for text in found if text.get_text().strip() and text.get_visible() and text.get_gid() != "watermark"]
    boxes = {index: text.get_window_extent(renderer) for index, text in enumerate(shown)}
    width, height = figure.canvas.get_width_height()
    for index, box in boxes.items():
        assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= 0, shown[index].get_text()
    for one, other in combinations(boxes, 2):
        overlap = Bbox.intersection(boxes[one], boxes[other])
        # Lines of one paragraph may share the space between them.
        apart = overlap is None or min(overlap.width, overlap.height) < 1.0
        assert apart, f"{shown[one].get_text()!r} on {shown[other].get_text()!r}"
