"""What is to be said of ground that no region takes, or takes by snapping only."""

from __future__ import annotations

import math

import numpy as np
import shapely

from frontcalc import crs, geometry
from frontcalc.change import Change
from frontcalc.notices import Notice
from frontcalc.pipeline.measuring import Figures
from frontcalc.regions import UNASSIGNED
from frontcalc.states import Span
from frontcalc.tables import TOTAL

NOTABLE = 0.02
"""The share of gained and lost above which a remainder is named."""

_SHOWN_KM2 = 0.05  # less rounds to nothing in a table


def remainder_notices(measured: Change | None, span: Span, plane: str) -> list[Notice]:
    """Return notices of what no region took and of what was snapped, where it is much of the change.

    Parameters
    ----------
    measured : Change or None
        Split by regions; None where nothing was measured.
    span : Span
        Its two maps and the period.
    plane : str
        The CRS of the measured ground.
    """
    if measured is None or len(measured.opening_km2) <= 2:
        return []
    moved_km2 = float(measured.gained_km2[-1] + measured.lost_km2[-1])
    unassigned_km2 = float(measured.gained_km2[-2] + measured.lost_km2[-2])
    snapped_km2 = float(measured.snapped_km2[-1])
    kinds = (
        ("UNASSIGNED", unassigned_km2, "lie in no region", False),
        ("SNAPPED", snapped_km2, "lie beside the regions and went to the nearest", True),
    )
    maps = " and ".join(str(state.day) for state in (span.opening, span.closing) if state and state.day)
    between = f" between the maps of {maps}" if " and " in maps else ""
    return [
        Notice(
            code,
            f"{km2:,.1f} of {moved_km2:,.1f} km² gained and lost {where}; the largest part: "
            + _largest(measured, between, plane, snapped=snapped),
            span.period.label,
        )
        for code, km2, where, snapped in kinds
        if km2 >= _SHOWN_KM2 and km2 > NOTABLE * moved_km2
    ]


def concerns(notice: Notice, region: str, figures: Figures) -> bool:
    """Say whether a notice of a remainder concerns a row: the total, and the rows in which there is much of it."""
    if region == TOTAL or notice.code == "UNASSIGNED":
        return region in (TOTAL, UNASSIGNED)
    moved_km2 = (figures.gained_km2 or 0.0) + (figures.lost_km2 or 0.0)
    return (figures.snapped_km2 or 0.0) > NOTABLE * moved_km2


def _largest(measured: Change, between: str, plane: str, *, snapped: bool) -> str:
    """Return the size of the largest connected part of what is beside, what became of it and its box in degrees."""
    moved = (("gained", measured.gained), ("lost", measured.lost))
    parts = [(what, areas.split.largest_beside(snapped=snapped)) for what, areas in moved]
    what, part = max(parts, key=lambda item: item[1].area)
    degrees = crs.projector(plane, crs.LONLAT)(shapely.get_coordinates(part))
    west, south = (math.floor(value * 100) / 100 for value in np.min(degrees, axis=0))
    east, north = (math.ceil(value * 100) / 100 for value in np.max(degrees, axis=0))
    km2 = float(geometry.area_km2(part))
    return f"{km2:,.1f} km² {what}{between}, in longitude {west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f}"
