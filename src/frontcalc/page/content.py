"""What a page shows: results of the facades, ground to draw, and the texts and data that fill its template.

Ground is drawn on a plane around the war, simplified, in whole hundreds of metres; no figure is taken from it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import chain, groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely

from frontcalc import crs, geometry
from frontcalc.archives import Archive
from frontcalc.errors import NoDataError
from frontcalc.geometry import Geometries
from frontcalc.measure.diff import changes, diff, diff_rows
from frontcalc.measure.held import drawings, holdings
from frontcalc.names import printable
from frontcalc.notices import CODES, Notice, explained, with_lines
from frontcalc.outputs import render
from frontcalc.outputs.caveats import caveats
from frontcalc.outputs.grid import basis, projection, title_of
from frontcalc.outputs.layout import ratio_text
from frontcalc.outputs.numbers import BLANK, decimals, km2, scaled, unit_of
from frontcalc.outputs.receipts import receipt
from frontcalc.outputs.sentences import capital, differ_in_length, paragraphs, period_heading
from frontcalc.periods import PeriodsLike, calendar_periods, parse_periods
from frontcalc.pictures.frame import countries_around, projected
from frontcalc.pictures.labels import METRES_PER_POINT
from frontcalc.run.meta import table_of
from frontcalc.run.options import Keywords, Options
from frontcalc.run.remarks import measured
from frontcalc.run.run import Run
from frontcalc.snapshots import Holding
from frontcalc.tables import TOTAL, ChangeRow, DiffRow, HeldRow, Meta, RangeRow, Table
from frontcalc.towns import ATTRIBUTION, load_towns

GRID_M = 100  # what a drawn position is rounded to
TOLERANCES_M = (200, 400, 800, 1600, 3200)  # how far lines may be simplified: the first that makes a page small enough
MAPS_BYTES = 2_400_000  # what the maps of a page may take; beyond it they are simplified more

Shape = list[list[list[int]]]
"""Polygons, each an outline and its holes, each the steps east and north from point to point, from (0, 0) on."""

COARSE_M = 500  # how far coasts and frontiers around the regions are simplified
_LISTED = 6
_LEAST_PEOPLE, _MOST_TOWNS = 4_000, 200  # of towns on a map
_BESIDE, _BESIDE_M = 20, 15_000  # a town so near to the change counts as if it had so many times its people
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class PageContent:
    """What a page shows: the results of `diff` (of RangeRow with ranges) and of `changes`, and ground to draw.

    `months` are those of longer periods. On the `plane`, simplified, are what is held on each map (`maps`, the JSON of
    a `Shape`, by `tolerance_m`, with `boxes` around it), `change`, of each row of `polygons`, and `land`, the regions.
    """

    figures: Table[DiffRow, Meta]
    months: Table[DiffRow, Meta]
    polygons: Table[ChangeRow, Meta]
    held: Table[HeldRow, Meta]
    plane: str
    tolerance_m: int
    boxes: tuple[shapely.Geometry, ...]
    maps: tuple[bytes, ...]
    change: tuple[shapely.Geometry, ...]
    land: dict[str, shapely.Geometry]


def measure(
    periods: PeriodsLike, archive: str | Path | Archive | None, options: Keywords, *, with_range: bool = False
) -> PageContent:
    """Measure periods of one actor, and draw the maps between the earliest opening and the latest close."""
    held, run, shown, regions = holdings(periods, archive=archive, **options)
    plane = plane_around(run.ground(shown[0]), run.options.crs)  # what the first map shows is in its middle
    draw = partial(_drawn, source_crs=run.options.crs, plane=plane)
    tries = ((one, drawings(run, shown, partial(draw, tolerances_m=[one]))) for one in _likely(run, shown, draw))
    begun = next(tries)  # by workers, while the rest is measured
    figures = diff(periods, archive=archive, with_range=with_range, with_towns=True, **options)
    polygons = changes(periods, archive=archive, **options)
    # Polygons of one period are neighbours and simplified together.
    by_period = ([row.geometry for row in own] for _, own in groupby(polygons.rows, key=attrgetter("period")))
    change = tuple(one for own in by_period for one in on_plane(own, crs.LONLAT, plane))
    land = dict(zip(regions, on_plane(list(regions.values()), held.meta.crs, plane), strict=True))
    # What the maps need is in the cache by now.
    months = _months(figures, archive, options)
    for tolerance_m, drawing in chain([begun], tries):
        boxes, drawn = zip(*drawing, strict=True)
        drawn_so = plane, tolerance_m, boxes, drawn
        if sum(map(len, drawn)) + len(drawn) < MAPS_BYTES:
            break
    return PageContent(figures, months, polygons, held, *drawn_so, change, land)


def _months(
    figures: Table[DiffRow, Meta], archive: str | Path | Archive | None, options: Keywords
) -> Table[DiffRow, Meta]:
    """Measure the months of the periods that are longer than one, as far as there are maps; there may be none.

    Their net for the days asked for, which the page does not show, is left out: it would take two more steps a month.
    """
    months: set[str] = set()
    for used in figures.meta.periods:
        if (first := used.opening) and (last := used.closing):
            begin = max(used.opens_on or first, first.replace(day=1) - _ONE_DAY) + _ONE_DAY
            end = max(begin, min(used.closes_on or last, last + 31 * _ONE_DAY))
            own = [one for one in calendar_periods("month", begin, end) if not one.opens_on or one.opens_on < last]
            months |= {month.label for month in own if len(own) > 1}
    # Maps that are too far apart for months may be near enough for years.
    with suppress(NoDataError):
        if months:
            run = Run.open(archive, Options(**options))
            spans = run.resolved(parse_periods(sorted(months)))
            rows = [row for one in measured(run, spans, to_the_day=False) for row in diff_rows(run, one)]
            return table_of(run, DiffRow, rows, slivers=True)
    return replace(figures, kind=DiffRow, rows=())


def plane_around(ground: shapely.MultiPolygon, source_crs: str) -> str:
    """Return a projection around the middle of some ground, to a whole degree, in which it looks as on a globe."""
    middle = np.zeros(2) if ground.is_empty else np.reshape(ground.bounds, (2, 2)).mean(axis=0)
    (lon, lat), *_ = crs.projector(source_crs, crs.LONLAT)(middle[None])
    return crs.equal_area_around(round(lon), round(lat))


def on_plane(ground: Sequence[shapely.Geometry], source_crs: str, plane: str) -> Geometries:
    """Return geometries (n,) of a CRS on a plane, simplified as little as any page is."""
    return simplified(projected(np.array([*ground, None], dtype=object)[:-1], source_crs, plane), TOLERANCES_M[0])


def simplified(ground: Geometries, tolerance_m: float) -> Geometries:
    """Return geometries (n,) with fewer vertices; what neighbours share stays shared."""
    return np.asarray(shapely.coverage_simplify(ground, tolerance_m)) if len(ground) else ground


def encoded(ground: shapely.Geometry) -> Shape:
    """Return a geometry's polygons in steps of `GRID_M`; parts that shrink to less than a triangle are left out."""
    rings, polygon = shapely.get_rings(geometry.polygonal(ground), return_index=True)
    vertices, ring = shapely.get_coordinates(rings, return_index=True)
    points = np.rint(vertices / GRID_M).astype(np.int64)
    first, last = np.flatnonzero(np.diff(ring, prepend=-1)), np.flatnonzero(np.diff(ring, append=-1))
    moved = np.asarray(np.diff(points, axis=0, prepend=0).any(axis=1))
    moved[first], moved[last] = moved[last], False  # a ring ends where it begins
    points, counts = points[moved], np.bincount(ring[moved], minlength=len(rings))
    begins, steps = np.cumsum(counts) - counts, np.diff(points, axis=0, prepend=0)
    steps[begins[counts > 0]] = points[begins[counts > 0]]
    drawn = (own.ravel().tolist() if len(own) > 2 else [] for own in np.split(steps, begins)[1:])
    by_polygon = ([one for _, one in own] for _, own in groupby(zip(polygon, drawn, strict=True), itemgetter(0)))
    return [[outline, *filter(None, holes)] for outline, *holes in by_polygon if outline]


def label_point(ground: shapely.Geometry) -> list[int]:
    """Return the position furthest from the edge of the largest part of a geometry, in steps of `GRID_M`."""
    parts = geometry.polygonal(ground)
    if not len(parts):
        return [0, 0]
    circle = shapely.maximum_inscribed_circle(max(parts, key=shapely.area), tolerance=10 * GRID_M)
    return list[int](np.rint(shapely.get_coordinates(circle)[0] / GRID_M).astype(int).tolist())


def data(page: PageContent) -> dict[str, Any]:
    """Return what the scripts show: figures rounded as tables show them, and shapes; what has areas is in its unit."""
    moved = _moved(page)
    held: dict[str, list[float | None]] = {key: [] for key in moved}
    for row in page.held.rows:
        if (key := _key(page, row)) in held:
            held[key].append(_tenths(row.held_km2))
    tables = (page.figures.rows, page.months.rows)
    rows, months = ([list(own) for _, own in groupby(table, key=attrgetter("period"))] for table in tables)
    return {
        "tolerance": page.tolerance_m,
        "grid": GRID_M,
        "periods": [_period(page, mine, before, moved) for before, mine in zip([[], *rows], rows, strict=False)],
        "days": [day.isoformat() for day in dict.fromkeys(row.date for row in page.held.rows)],
        "held": held,
        "months": [_period(page, mine, [], moved) for mine in months],
        "maps": [*map(orjson.loads, page.maps)],
        **_surroundings(page, moved),
        "land": [{"region": name, "shape": encoded(ground)} for name, ground in page.land.items()],
    }


def context(page: PageContent, units: str) -> dict[str, Any]:
    """Return the texts of a page, as they are: the template escapes them."""
    figures, meta, shown, unit = page.figures, page.figures.meta, scaled(page, units), unit_of(units)
    notices = tuple(dict.fromkeys([*meta.notices, *page.held.meta.notices]))
    totals, months = ([row for row in own.rows if row.level == TOTAL] for own in (shown.figures, shown.months))
    labels, heads = [row.period for row in totals], map(period_heading, totals)
    moved = _moved(shown)
    title = title_of(meta.actors[0], meta, unit)
    return {
        "title": printable(f"{title}: {'; '.join(heads)}"),
        "kicker": printable(title),
        "aside": f"view: {meta.view_words}",
        "unit": unit,
        "units": units,
        "paragraphs": [
            (capital(one.rstrip(":")), capital(" ".join(rest))) for one, *rest in paragraphs(figures, units)
        ],
        "synthetic": any(notice.code == "SYNTHETIC" for notice in notices),
        "cards": [
            {
                "heading": period_heading(row),
                "figures": _texts(row, before),
                "before": period_heading(before) if before else "",
                "days": row.days,
                "notes": _lines(figures.rows, notices, row.period),
            }
            for before, row in zip([None, *totals], totals, strict=False)
        ],
        "months": [(row.period, _texts(row, None)) for row in months],
        "month_notes": _lines(page.months.rows, page.months.meta.notices),
        "regions": sorted(moved, key=lambda key: key != TOTAL),
        "marks": explained([*figures.rows, *page.months.rows], meta),
        "table": [
            (row, printable(row.region), _texts(row, None)) for row in shown.figures.rows if _key(page, row) in moved
        ],
        # The columns of `diff` alone, which its readers know.
        "csv": base64.b64encode(render(replace(figures, kind=DiffRow), "csv", units=units)).decode(),
        "receipt": receipt(figures, units, page.months, page.held),
        "csv_name": f"frontcalc-{re.sub('[^0-9A-Za-z.-]+', '-', '-'.join(labels))[:80]}.csv",
        "basis": [printable(line) for line in (*basis(meta), projection(meta)) if line not in meta.attribution],
        "attribution": [*map(printable, meta.attribution), ATTRIBUTION],
        "notices": list(_in_plain_words(with_lines(notices))),
        "files": [(printable(file.name), file.sha256) for file in page.held.meta.files],
        "days": len(page.maps),
        "grid": GRID_M,
        "coarse": COARSE_M,
        "version": meta.version,
    }


def _lines(rows: Sequence[DiffRow], notices: Sequence[Notice], period: str = "") -> list[str]:
    """Return the lines beside figures, or a period's, which need not name it; above all stands SYNTHETIC."""
    notices = [one for one in notices if period in ("", one.period) and one.code != "SYNTHETIC"]
    lines = caveats([row for row in rows if period in ("", row.period)], notices)[1:]
    # In HTML two spaces would be one.
    lines = [line.strip().removeprefix(period).strip().replace("  ", f" {BLANK} ", 1) for line in lines]
    return [line.replace(" (--actor)", "") for line in lines]


def _key(page: PageContent, row: DiffRow | HeldRow) -> str:
    """Return a row's name on the page: its region, with its level in brackets where finer regions are shown too."""
    coarser = page.figures.meta.level.split(",")[:-1]
    return printable(f"{row.region} ({row.level})" if row.level in coarser else row.region)


def _moved(page: PageContent) -> dict[str, None]:
    """Return the names of the total and of regions that were held or changed hands; others would be rows of zeros."""
    return dict.fromkeys(
        _key(page, row)
        for row in page.figures.rows
        if row.level == TOTAL
        or any(decimals(area or 0.0, 1) for area in (row.gained_km2, row.lost_km2, row.opening_km2, row.closing_km2))
    )


def _period(
    page: PageContent, rows: Sequence[DiffRow], earlier: Sequence[DiffRow], moved: dict[str, None]
) -> dict[str, Any]:
    """Return a period's figures by region, beside those of the period asked for before, and its change as shapes."""
    (total,) = (row for row in rows if row.level == TOTAL)
    before = {(row.level, row.region): row for row in earlier}
    return {
        "label": total.period,
        "heading": period_heading(total),
        "opening": total.opening.isoformat() if total.opening else None,
        "closing": total.closing.isoformat() if total.closing else None,
        "figures": {
            _key(page, row): {
                **{name: _tenths(getattr(row, f"{name}_km2")) for name in ("gained", "lost", "net")},
                "texts": _texts(row, before.get((row.level, row.region))),
            }
            for row in rows
            if _key(page, row) in moved
        },
        "shapes": [
            {"region": printable(row.region), "kind": row.kind, "shape": encoded(ground)}
            for row, ground in zip(page.polygons.rows, page.change, strict=True)
            if row.period == total.period
        ],
    }


def _texts(row: DiffRow, before: DiffRow | None) -> dict[str, str]:
    """Return a row's figures as they are read; a range or ratio that was not asked for or cannot be had is empty."""
    least_and_most = ratio = ""
    if isinstance(row, RangeRow) and km2(row.net_min_km2) != km2(row.net_max_km2):
        least_and_most = f"{km2(row.net_min_km2, signed=True)} to {km2(row.net_max_km2, signed=True)}"
    if before is not None and before.net_km2 is not None and row.net_km2 is not None:
        text = ratio_text([before, row], per_day=differ_in_length([before, row]))
        ratio = "" if text == BLANK else text.replace(")", " per day)")
    return {
        "net": km2(row.net_km2, signed=True),
        "gained": km2(row.gained_km2),
        "lost": km2(row.lost_km2),
        "rate": km2(row.rate_km2_per_day, signed=True, places=2),
        "opening": km2(row.opening_km2),
        "closing": km2(row.closing_km2),
        "range": least_and_most,
        "ratio": ratio,
        "marks": row.flags,
        "maps": f"{row.opening or BLANK} → {row.closing or BLANK}",
    }


def _tenths(value: float | None) -> float | None:
    """Return a figure rounded as it is shown."""
    return None if value is None else decimals(value, 1)


def _surroundings(page: PageContent, moved: dict[str, None]) -> dict[str, Any]:
    """Return where sea and land are known around the middle of the plane, countries there, and names on the map.

    Each name has its position, the coarsest scale (metres a point) at which it is shown, and its style.
    """
    around = crs.bounds_in_degrees(page.plane, shapely.total_bounds([*page.boxes, *page.land.values()]))
    countries, _, covered = countries_around(around, page.plane, margin=1.0)
    shown = load_towns().within(around, least_people=_LEAST_PEOPLE)
    places = crs.projector(crs.LONLAT, page.plane)(shown.points)
    near = shapely.STRtree(page.change).query(shapely.points(places), predicate="dwithin", distance=_BESIDE_M)[0]
    # Cities all over the map, and the smaller towns beside the change.
    weight = shown.people.copy()
    weight[np.unique(near)] *= _BESIDE
    chosen = np.argsort(-weight, kind="stable")[:_MOST_TOWNS]
    shown, points = shown.pick(chosen), np.rint(places[chosen] / GRID_M).astype(int).tolist()
    always = max(METRES_PER_POINT.values())
    scales = [next(most for least, most in METRES_PER_POINT.items() if people >= least) for people in shown.people]
    towns = zip(shown.names, points, scales, strict=True)
    regions = [(name, *label_point(own), always, "italic") for name, own in page.land.items() if name in moved]
    return {
        "sea": encoded(shapely.union_all(covered)),
        "countries": [encoded(shapely.simplify(shapely.union_all(one), COARSE_M)) for one in countries.values()],
        "names": [*regions, *((name, *at, scale, "normal") for name, at, scale in towns)],
    }


def _likely(run: Run, shown: Sequence[Holding], draw: Callable[..., Any]) -> Sequence[int]:
    """Return by how much (metres) maps are to be simplified, and by how much if they are still too large then."""
    # A dozen maps, spread over the time, tell to a fiftieth what all of them take.
    some = drawings(run, shown[:: max(1, len(shown) // 12)], partial(draw, tolerances_m=TOLERANCES_M))
    means = np.mean([[*map(len, shapes)] for _, *shapes in some], axis=0)
    return TOLERANCES_M[min(np.sum(means * len(shown) > 1.05 * MAPS_BYTES), len(means) - 1) :]


def _drawn(ground: shapely.MultiPolygon, source_crs: str, plane: str, tolerances_m: Sequence[int]) -> tuple[Any, ...]:
    """Return the box of ground on a plane, and its `Shape` as JSON for each of some tolerances."""
    fine = on_plane([ground], source_crs, plane)
    drawn = (fine if tolerance_m == TOLERANCES_M[0] else simplified(fine, tolerance_m) for tolerance_m in tolerances_m)
    return shapely.envelope(fine[0]), *(orjson.dumps(encoded(one)) for (one,) in drawn)


def _in_plain_words(notices: Sequence[Notice]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each code, what it means, and its messages, each after its periods, or if many the first and the last."""
    periods: dict[str, dict[str, dict[str, None]]] = {}  # by code and message
    for notice in notices:
        of_message = periods.setdefault(notice.code, {}).setdefault(printable(notice.message), {})
        of_message |= dict.fromkeys(filter(None, [notice.period]))
    for code, messages in periods.items():
        particulars = []
        for message, when in messages.items():
            days = f"{len(when)} times, {min(when)} to {max(when)}" if len(when) > _LISTED else ", ".join(when)
            particulars.append(f"{days}: {message}" if days else message)
        yield code, capital(CODES[code]), particulars
