"""Hold an archive's areas, map by map and change by change, against edges cut into short geodesics.

    python scripts/exact_areas.py ARCHIVE [VIEW]

Prints the largest differences (km²) of the exact integral and of the projected figures; exit code 1 where the integral
is off by more than 1e-5 km². docs/method.md quotes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import shapely

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from oracle import exact_area_km2 as by_short_geodesics

from frontcalc import geometry, snapshots
from frontcalc.archives import Archive, open_archive
from frontcalc.crs import DEFAULT_CRS, LONLAT, exact_area_km2
from frontcalc.geometry import area_km2
from frontcalc.measure.sensitivity import drawn
from frontcalc.run.chain import ground_of
from frontcalc.views import VIEWS, View

PIECE_DEGREES = 0.001
TOLERANCE_KM2 = 1e-5
Figures = tuple[float, float, float]


def measured(degrees: shapely.Geometry, metres: shapely.Geometry) -> Figures:
    """Return the area (km²) by short geodesics, by the integral, and by projection."""
    ground = geometry.as_multipolygon(degrees)
    return by_short_geodesics(ground, every=PIECE_DEGREES), exact_area_km2(ground), float(area_km2(metres))


def areas(archive: Archive, view: View) -> Iterator[tuple[str, date | None, Figures]]:
    """Yield each map's area held, and what was gained and lost since the map before."""
    before = None
    for ref in archive.refs:
        snapshot = snapshots.read_snapshot(ref)
        actor = snapshot.layers[0].layer.actor
        now = (
            drawn(snapshot, actor, view, LONLAT, edge_error=1e-11),
            ground_of(snapshots.holding(snapshot, actor, view, DEFAULT_CRS)),
        )
        yield "held", ref.day, measured(*now)
        if before is not None:
            pairs = {"gained": (now, before), "lost": (before, now)}
            for kind, (mine, other) in pairs.items():
                flat = geometry.as_multipolygon(shapely.difference(mine[1], other[1]))
                yield kind, ref.day, measured(shapely.difference(mine[0], other[0]), flat)
        before = now


def main() -> int:
    """Print the largest differences, and say whether the integral holds."""
    archive = open_archive(sys.argv[1])
    view = VIEWS[sys.argv[2] if len(sys.argv) > 2 else "assessed"]
    worst: dict[str, list[tuple[float, date | None]]] = {}
    count = 0
    for kind, day, (geodesic, exact, projected) in areas(archive, view):
        count += 1
        worst.setdefault(f"{kind}: integral less short geodesics", []).append((abs(exact - geodesic), day))
        worst.setdefault(f"{kind}: EPSG:6933 less integral", []).append((abs(projected - exact), day))
    for name, differences in sorted(worst.items()):
        largest, day = max(differences)
        print(f"{name}: at most {largest:.1e} km² ({day})")
    print(f"{count} areas of {archive.name}, {archive.extent}")
    off = max(largest for name, found in worst.items() for largest, _ in found if "geodesics" in name)
    return int(off > TOLERANCE_KM2)


if __name__ == "__main__":
    sys.exit(main())
