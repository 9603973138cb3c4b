"""The order of the checks: one pass over the maps, two of them in memory at most, then what spans them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import geometry
from frontcalc.archives import Archive, SnapshotRef
from frontcalc.errors import DataError
from frontcalc.lint import across, single
from frontcalc.lint.across import LayerTrace, Trace
from frontcalc.lint.codes import CODES, Severity
from frontcalc.lint.findings import Fault, Finding, fault_of, finding, gather, ordered
from frontcalc.lint.jumps import jumps
from frontcalc.lint.reading import Day, Drawn, read_day
from frontcalc.notices import Notice
from frontcalc.progress import track
from frontcalc.regions import RegionSet
from frontcalc.snapshots import SYNTHETIC, Tells, box_around
from frontcalc.sources import SourceFile
from frontcalc.standstills import FROZEN_MAPS
from frontcalc.views import VIEWS

_VIEW = VIEWS["assessed"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and in how much.

    Parameters
    ----------
    findings : tuple of Finding
        By severity, code, date and file.
    maps : int
        The days that have a map.
    files : tuple of SourceFile
        The files that could be read.
    notices : tuple of Notice
        What is to be said of the archive beside its findings.
    """

    findings: tuple[Finding, ...]
    maps: int
    files: tuple[SourceFile, ...]
    notices: tuple[Notice, ...]


@dataclass
class _Pass:
    """One pass over an archive, and what it gathers."""

    archive: Archive
    regions: RegionSet
    target_crs: str
    traces: list[Trace] = field(default_factory=list)
    files: dict[str, SourceFile] = field(default_factory=dict)
    overlaps: dict[tuple[str, str], Fault | None] = field(default_factory=dict)
    held: dict[tuple[str, ...], float] = field(default_factory=dict)
    synthetic: bool = False
    tells: Tells = field(default_factory=Tells)

    def days(self) -> Iterator[list[Fault]]:
        """Yield the faults of each map by itself, and remember what the checks across maps need."""
        before: Day | None = None
        for ref in track(self.archive.refs, "checking map"):
            day = read_day(ref, before, self.target_crs)
            stated = [found for file in day.files if (found := single.stated_day(file)) is not None]
            self.files.update((file.name, SourceFile(file.name, file.sha256)) for file in day.files)
            self.tells.add(day.tells, ref)
            self.synthetic |= any(file.features.synthetic for file in day.files)
            self.traces.append(self._trace(day, tuple(found for found in stated if isinstance(found, date))))
            yield [
                *day.faults,
                *(replace(found, day=ref.day) for found in stated if isinstance(found, Fault)),
                *single.check_files(day),
                *single.check_rings(day, self.target_crs),
                *single.check_overlaps(day, self.target_crs, self.overlaps),
                *single.check_outside(day, self.regions, self.target_crs),
            ]
            before = day

    def _trace(self, day: Day, stated: tuple[date, ...]) -> Trace:
        """Return what is remembered of a map."""
        selected = any(file.part.selection for file in day.files)
        held = {key: figure for actor in _actors(day) for key, figure in [self._held_km2(day, actor)]}
        self.held = held
        return Trace(
            ref=day.ref,
            sha256=() if selected or not day.files else tuple(sorted(file.sha256 for file in day.files)),
            layers=tuple(LayerTrace(one.name, one.layer, one.digest) for one in day.layers),
            held_km2=tuple((key[0], figure) for key, figure in held.items()),
            whole=all(CODES[fault.code].severity is not Severity.ERROR for fault in day.faults),
            stated=stated,
            box=box_around((one.crs, one.polygons) for one in day.layers),
        )

    def _held_km2(self, day: Day, actor: str) -> tuple[tuple[str, ...], float]:
        """Return the actor with the digests of its layers, and what it holds; no map is united twice."""
        mine = _held_layers(day, actor)
        key = (actor, *(one.digest for one in mine))
        return key, self.held[key] if key in self.held else float(geometry.area_km2(_ground(mine)))

    def ground(self, ref: SnapshotRef, actor: str) -> shapely.MultiPolygon:
        """Return what an actor holds on a map, read again."""
        return _ground(_held_layers(read_day(ref, None, self.target_crs), actor))


def check(
    archive: Archive,
    *,
    regions: RegionSet,
    target_crs: str,
    home: NDArray[np.object_] | None = None,
    frozen_maps: int = FROZEN_MAPS,
    today: date | None = None,
) -> Report:
    """Check an archive: each map by itself, then the maps one after the other.

    Parameters
    ----------
    archive : Archive
        The maps, opened so that files without a date were skipped.
    regions : RegionSet
        What every part should touch; the empty set for no such check.
    target_crs : str
        The equal-area CRS that areas are measured in, and that `regions` is in.
    home : (n,) array of shapely Polygon, optional
        Where the maps must lie (degrees); without it the maps' own median place.
    frozen_maps : int
        For how many maps a layer may stand still while others move.
    today : date, optional
        Maps after it are findings; default the real today.
    """
    run = _Pass(archive, regions, target_crs)
    by_map = list(run.days())
    traces = run.traces
    swapped = across.swapped(traces, home)
    # A map with x and y exchanged is everywhere in the wrong place: that is one fault, not four.
    by_map = [
        [fault for fault in faults if fault.code != "OUTSIDE-REGIONS" or fault.day not in swapped] for faults in by_map
    ]
    implausible = list(across.implausible_days(traces, today or date.today()))
    unnamed = across.unnamed_maps(traces)
    no_map = {*swapped, *(fault.day for fault in unnamed)}
    believed = [trace for trace in traces if trace.day not in {fault.day for fault in implausible}]
    in_place = [trace for trace in traces if trace.day not in no_map]
    spanning: Iterable[Fault] = (
        *(fault_of(error, None) for error in archive.refused),
        *swapped.values(),
        *implausible,
        *across.missing_days(believed),
        *across.differing_days(traces),
        *across.repeats(traces),
        *across.unchanged(traces),
        *across.missing_layers([trace for trace in traces if trace.day not in {fault.day for fault in unnamed}]),
        *across.frozen_layers(traces, frozen_maps),
        *jumps(in_place, run.ground, target_crs),
        *_other_files(archive),
        *(unnamed or _unexplained(archive, run.tells)),
    )
    findings = ordered([*gather(by_map), *(finding([fault]) for fault in spanning)])
    notices = (SYNTHETIC,) if run.synthetic else ()
    return Report(findings, len(archive.refs), tuple(run.files[name] for name in sorted(run.files)), notices)


def _actors(day: Day) -> list[str]:
    """Return the actors that hold ground on a map."""
    return sorted({one.layer.actor for one in day.layers if _VIEW.counts(one.name, one.layer)})


def _held_layers(day: Day, actor: str) -> list[Drawn]:
    """Return the layers that show what an actor holds."""
    return [one for one in day.layers if one.layer.actor == actor and _VIEW.counts(one.name, one.layer)]


def _ground(layers: list[Drawn]) -> shapely.MultiPolygon:
    """Return the union of some layers' grounds."""
    grounds = [one.ground for one in layers if one.ground is not None]
    if len(grounds) == 1:
        return grounds[0]
    return geometry.union(geometry.polygonal(grounds))


def _other_files(archive: Archive) -> Iterator[Fault]:
    """Yield the files that are no maps, and why all days may be off, as the index of the archive says."""
    for notice in archive.notices:
        if notice.code in ("OTHER-FILES", "AS-OF"):
            what, _, cure = notice.message.partition(": ") if notice.code == "AS-OF" else (notice.message, "", "")
            yield Fault(notice.code, what, maps=None, cure=cure)


def _unexplained(archive: Archive, tells: Tells) -> Iterator[Fault]:
    """Yield a fault where a property tells the polygons of the maps apart and nothing explains it."""
    try:
        tells.refuse(archive)
    except DataError as error:
        yield Fault("NO-LAYER", error.problem, cure=error.cure or "", maps=None)
