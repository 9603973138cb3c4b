"""What the figures of a run rest on, and the table that carries it: maps, layers, regions, rules, and whose terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from frontcalc import __version__, region_store
from frontcalc.archives import NOT_STATED
from frontcalc.errors import NoDataError
from frontcalc.levels import NONE, TownLine
from frontcalc.names import some_of
from frontcalc.natural_earth import load_embedded, world_of
from frontcalc.notices import Notice
from frontcalc.outputs.sentences import MOST_TOWNS, written
from frontcalc.regions import BORDER_KM, WATER_KM
from frontcalc.run.chain import kept_gaps_km2
from frontcalc.run.land import shapes_of
from frontcalc.run.map_faults import SHOWN_KM2
from frontcalc.run.remarks import Measured, measured
from frontcalc.run.run import Run
from frontcalc.snapshots import first_fingerprint, passing_over, remark_on
from frontcalc.states import Span
from frontcalc.tables import LayerShare, MapUsed, Meta, PeriodUsed, RowT, Snapping, Table, TownNet
from frontcalc.towns import LEAST_PEOPLE, load_towns


def table_of(
    run: Run,
    kind: type[RowT],
    rows: Sequence[RowT],
    *,
    shares: Iterable[LayerShare] = (),
    slivers: bool = False,
    blank: bool = False,
) -> Table[RowT, Meta]:
    """Return the table of some rows, with all that the run noted since the last one.

    `shares` is what each role covers on the maps, and `slivers` whether slivers were told apart. NoDataError says why
    none of the periods noted has two maps, unless the table may be `blank`.
    """
    if run.spans and not blank and not any(span.ends for span in run.spans):
        raise nothing_measured(run, run.figure_notices)
    meta = meta_of(run, shares=shares, slivers=slivers)
    run.spans, run.figure_notices = [], []
    return Table(kind, tuple(rows), meta, shapes_of(run))


def naming_towns(run: Run, table: Table[RowT, Meta], spans: Iterable[Span]) -> Table[RowT, Meta]:
    """Return a table with the towns around which each total changed most; from then on the run is split by towns.

    `spans` are its periods once more. Where figures are not split there are no countries, and so no towns.
    """
    run.split_by_towns(load_towns(), LEAST_PEOPLE)
    most = [town for one in measured(run, spans) for town in leading_towns(run, one)]
    return replace(table, meta=replace(table.meta, most_around=tuple(most)))


def leading_towns(run: Run, one: Measured) -> list[TownNet]:
    """Return the towns whose net is the largest in the direction of a period's total, of a run that is split by them.

    Ground with a fault of the map counts for none: no front moved over it.
    """
    if one.change is None:
        return []
    shown, (*lines, total) = run.shown(one.change), run.lines.shown
    net_km2 = (shown.gained_km2 - shown.lost_km2).tolist()
    faults = [km2 for _, km2, notice in one.suspect if notice.code == "REDEFINITION"]
    towns = {
        line.region: line.sum_of(net_km2)
        for line in lines
        if isinstance(line, TownLine) and line.town >= 0 and all(line.sum_of(km2) < SHOWN_KM2 for km2 in faults)
    }
    sign = math.copysign(1.0, total.sum_of(net_km2))
    alike = sorted((-sign * km2, town) for town, km2 in towns.items() if sign * km2 >= SHOWN_KM2)
    return [TownNet(one.span.actor, one.span.period.label, town, towns[town]) for _, town in alike[:MOST_TOWNS]]


def nothing_measured(run: Run, notices: Iterable[Notice]) -> NoDataError:
    """Return the error for periods none of which has two maps: the days that there are, and what else is the reason."""
    notices, days = list(notices), run.archive.days
    beyond = {one.period for one in notices if one.code in ("NO-MAP", "CLOSES-EARLY")}
    # Of a period beyond the maps their days say all.
    inside = [one for one in notices if one.code in ("OLD-MAP", "ENDED") or one.period not in beyond]
    inside = [one for one in inside if one.code in ("NO-NEW-MAP", "OLD-MAP", "ENDED")]
    periods = some_of(list(dict.fromkeys(one.period for one in notices if one.period)))
    why = "; ".join(dict.fromkeys(one.line.removesuffix(": nothing was measured") for one in inside if one.line))
    when = f" in {periods}" if periods else ""
    extent = f"run from {written(days[0])} to {written(days[-1])}" if days else "have no date"
    problem = f"no change can be measured{when}: {f'{why}; ' if why else ''}your maps {extent}"
    return NoDataError(problem, where=run.archive.name, cure="choose a period with two maps in it")


def meta_of(run: Run, *, shares: Iterable[LayerShare] = (), slivers: bool = False) -> Meta:
    """Return what the figures rest on that were noted since the last table."""
    maps = run.used.values()
    layers = [part for snapshot in maps for part in snapshot.layers]
    counting = [part for part in layers if run.view.counts(part.name, part.layer)]
    counted = {part.name for part in counting if part.layer.actor in run.actors}
    files = {file.name: file for snapshot in maps for file in snapshot.files}
    baselines = (state.snapshot for state in run.baselines.values())
    dated = [MapUsed(one.ref.day, file.name, file.sha256) for one in (*baselines, *maps) for file in one.files]
    days, unused = {one.date for one in dated}, list[MapUsed]()
    for ref in run.looked_at:
        for part in ref.parts if ref.day not in days else ():
            # Of one that cannot be read a notice says so.
            with passing_over():
                unused.append(MapUsed(ref.day, part.entry.label, first_fingerprint(part.entry)))
    known, source = None, run.regions.source
    if source:
        # A file is known by its content, so that a fetched one may have any name.
        stored, content = load_embedded(), source.sha256
        known = stored if content == stored.sha256 else world_of(content) or region_store.of_content(content)
    terms = (known.source, known.licence) if known else ("", "")
    of_regions = ", ".join(filter(None, terms)) or (f"{source.name}, {NOT_STATED}" if source else "")
    # Ground beside regions is given to them, but not without regions.
    rule = run.options.snap
    snapping = Snapping(rule) if rule == "none" else Snapping(rule, BORDER_KM, WATER_KM)
    return Meta(
        version=__version__,
        archive=run.archive.name,
        actors=run.actors,
        other_actors=tuple(sorted({part.layer.actor for part in counting} - set(run.actors))),
        view=run.view.name,
        counted=tuple(sorted(name or "all polygons" for name in counted)),
        not_counted=tuple(sorted({part.name for part in layers} - counted)),
        crs=run.options.crs,
        level=",".join(run.lines.levels) or NONE,
        regions=source,
        files=tuple(files[name] for name in sorted(files)),
        periods=tuple(
            PeriodUsed(
                *(span.actor, span.period.label),
                *(span.period.opens_on, span.period.closes_on),
                *(state.day if state else None for state in (span.opening, span.closing)),
            )
            for span in run.spans
        ),
        layer_shares=tuple(shares),
        notices=tuple(dict.fromkeys([*run.notices, *_of_maps(run, len(files)), *run.figure_notices])),
        snapping=snapping if run.regions.names else None,
        regions_accuracy=run.regions.accuracy,
        region_source=terms[0],
        region_licence=terms[1],
        attribution=(run.archive.credit, *([f"regions: {of_regions}"] if of_regions else [])),
        publisher=run.archive.publisher,
        sliver_width_m=run.slivers[0] if slivers else None,
        drops_slivers=run.options.drop_slivers,
        defaults=(("view", "the archive"),) if run.archive.view and not run.options.view else (),
        advances=not counted or any(not part.layer.whole for part in counting if part.layer.actor in run.actors),
        maps=sorted_maps(dated),
        legends=run.archive.legends,
        looked_at=sorted_maps(unused),
    )


def sorted_maps(maps: Iterable[MapUsed]) -> tuple[MapUsed, ...]:
    """Return maps by day and name, each once."""
    return tuple(sorted(dict.fromkeys(maps), key=lambda used: (str(used.date), used.name)))


def _of_maps(run: Run, files: int) -> list[Notice]:
    """Return the notices for all maps together: other days stated in them, no layer named, repairs that differ."""
    notices, maps = [], run.used.values()
    if stated := {file.name: day for one in maps for file in one.files for day in one.stated_days}:
        name, day = min(stated.items())
        what = f"{len(stated)} of {files} files read; in {name} the property says {day}; the name counts"
        notices.append(Notice("DATE-DIFFERS", what))
    counted = (part for one in maps for part in one.layers if run.view.counts(part.name, part.layer))
    if not all(part.layer.legend for part in counted):
        notices.append(Notice("UNNAMED", remark_on(run.tells)))
    run.cache.look_up("repairs", run.held)
    for held in run.held.values():
        gaps = kept_gaps_km2(held, run.cache)
        notices += [
            Notice(
                "REPAIRS-DIFFER",
                f"{part.file}: two ways of repairing {part.name or 'its polygons'} differ by {gap:,.1f} km²; "
                "ground that is drawn twice counts as held",
                km2=gap,
            )
            for part, gap in zip(held.parts, gaps, strict=True)
            if gap
        ]
    return notices
