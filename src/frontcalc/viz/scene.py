"""What a map of change shows, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from frontcalc.outputs import write_file
from frontcalc.regions import RegionSet
from frontcalc.tables import DiffRow, Meta, Table
from frontcalc.viz.figures import figure_of
from frontcalc.viz.options import Looks, format_of, style_of
from frontcalc.viz.shapes import Geometries

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One period of one actor.

    Parameters
    ----------
    row : DiffRow
        The total: the figures that the map states.
    held, gained, lost : (n,) array of Polygon
        What was held at the opening, and what came and went, in metres of the scene's plane; all empty where
        the period has not two maps.
    """

    row: DiffRow
    held: Geometries
    gained: Geometries
    lost: Geometries


@dataclass(frozen=True, slots=True, eq=False)
class ChangeMap:
    """Where ground changed hands, ready to be drawn; a notebook shows it.

    Parameters
    ----------
    table : Table of DiffRow
        The figures, as `frontcalc.diff` returns them.
    panels : tuple of Panel
        By actor, then period.
    plane : str
        The equal-area CRS of all polygons.
    regions : RegionSet
        The regions, in that CRS.
    """

    table: Table[DiffRow, Meta]
    panels: tuple[Panel, ...]
    plane: str
    regions: RegionSet

    def plot(self, *, zoom: str = "auto", **looks: Unpack[Looks]) -> Figure:
        """Return the map as a figure of matplotlib, to add to; a notebook shows it.

        Parameters
        ----------
        zoom : str
            `auto` frames the change; else a region's name, or W,S,E,N in degrees.
        **looks
            Size, theme and units: see `frontcalc.viz.options.Looks`.

        Raises
        ------
        UsageError
            An option is wrong, or matplotlib is not installed.
        """
        from frontcalc.viz.mapping import draw_map

        return figure_of(draw_map(self, style_of(looks), zoom=zoom, units=looks.get("units") or "km2"))

    def image(self, format_: str = "png", *, zoom: str = "auto", **looks: Unpack[Looks]) -> bytes:
        """Return the map as PNG, SVG or PDF, the same bytes every time; otherwise as `plot`."""
        from frontcalc.viz.mapping import draw_map

        return draw_map(self, style_of(looks), zoom=zoom, units=looks.get("units") or "km2").image(format_)

    def save(self, path: str | Path, *, zoom: str = "auto", **looks: Unpack[Looks]) -> None:
        """Write the map to a file, whose suffix chooses PNG, SVG or PDF; otherwise as `plot`."""
        write_file(Path(path), self.image(format_of(path), zoom=zoom, **looks))

    def _repr_png_(self) -> bytes | None:
        """Return the map for a notebook, nothing without matplotlib."""
        return self.image("png") if installed() else None


def installed() -> bool:
    """Say whether pictures can be drawn."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None
