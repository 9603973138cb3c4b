"""What the figures of a run rest on: maps, layers, regions, rules, and on whose terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from frontcalc import __version__
from frontcalc.levels import NONE
from frontcalc.notices import Notice
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.region_shapes import terms_of
from frontcalc.regions import BORDER_KM, WATER_KM
from frontcalc.tables import LayerShare, Meta, PeriodUsed, PlaceRow, Snapping


def meta_of(
    run: Measuring,
    actors: Sequence[str],
    *,
    periods: Iterable[PeriodUsed] = (),
    layer_shares: Iterable[LayerShare] = (),
    notices: Iterable[Notice] = (),
    places: Iterable[PlaceRow] | None = None,
    slivers: bool = False,
) -> Meta:
    """Return what the figures rest on."""
    counted = {name for actor in actors for name in run.counted.get(actor, ())}
    others = sorted(set(run.counted) - set(actors))
    region_source, region_licence = terms_of(run.regions.source)
    return Meta(
        version=__version__,
        archive=run.archive.name,
        actors=tuple(actors),
        other_actors=tuple(others),
        view=run.view.name,
        counted=tuple(sorted(name or "all polygons" for name in counted)),
        not_counted=tuple(sorted(run.drawn - counted)),
        crs=run.crs,
        level=",".join(run.lines.levels) or NONE,
        regions=run.regions.source,
        files=tuple(run.files[name] for name in sorted(run.files)),
        periods=tuple(periods),
        layer_shares=tuple(layer_shares),
        notices=tuple(dict.fromkeys([*run.notices, *_differences(run), *_unnamed(run), *run.repairs(), *notices])),
        snapping=_snapping(run),
        regions_accuracy=run.regions.accuracy,
        places=None if places is None else tuple(places),
        region_source=region_source,
        region_licence=region_licence,
        attribution=_attribution(run, region_source, region_licence),
        publisher=run.archive.publisher,
        sliver_width_m=run.slivers.width_m if slivers else None,
        drops_slivers=run.drop_slivers,
        advances=not counted or any(actor in run.divided for actor in actors),
    )


def _unnamed(run: Measuring) -> list[Notice]:
    """Return a notice where nothing on the maps says whose ground it is."""
    return [Notice("UNNAMED", run.tells.remark)] if run.unnamed else []


def _attribution(run: Measuring, *terms: str) -> tuple[str, ...]:
    """Return whose maps and regions the figures rest on, and on what terms."""
    source = run.regions.source
    regions = ", ".join(filter(None, terms)) or (f"{source.name}, whose source is not stated" if source else "")
    return (run.archive.credit, *([f"regions: {regions}"] if regions else []))


def _snapping(run: Measuring) -> Snapping | None:
    """Return how ground beside regions was given to them, None without regions."""
    if not run.regions.names:
        return None
    return Snapping(run.snap) if run.snap == "none" else Snapping(run.snap, BORDER_KM, WATER_KM)


def _differences(run: Measuring) -> list[Notice]:
    """Return a notice of the files whose date property says another day than their name, if any."""
    if not run.differing:
        return []
    name, day = min(run.differing.items())
    count = f"{len(run.differing)} of {len(run.files)} files read"
    return [Notice("DATE-DIFFERS", f"{count}; in {name} the property says {day}; the name counts")]
