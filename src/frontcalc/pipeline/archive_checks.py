"""What an archive holds, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Unpack

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import __version__, crs, geometry, snapshots
from frontcalc import regions as region_sets
from frontcalc.archives import Archive
from frontcalc.embedded import load_embedded
from frontcalc.errors import ChangedError, DataError, UsageError
from frontcalc.keywords import facade
from frontcalc.layers import UNNAMED
from frontcalc.lint import CODES, Finding, check
from frontcalc.notices import Notice
from frontcalc.progress import track
from frontcalc.regions import RegionSet
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.snapshots import Snapshot, SnapshotLayer
from frontcalc.sources import SourceFile
from frontcalc.standstills import FROZEN_MAPS
from frontcalc.tables import ArchiveMeta, LayerRow, Table


@facade
def list_archive(
    *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[LayerRow, ArchiveMeta]:
    """List an archive's maps, layer by layer.

    Parameters
    ----------
    archive : path or Archive
        The maps; None for the bundled synthetic sample.
    **options
        Of `Options`: `date_from`, `skip_bad`, `crs`.

    Returns
    -------
    Table of LayerRow
        A row a map and layer, by date: polygons as drawn, their coordinates, and the layer's own area in
        km², 0 where it has no geometry.

    Raises
    ------
    UsageError, DataError, NoDataError
        As `diff`.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.list_archive()
    >>> last = table.rows[-1]
    >>> str(last.date), last.layer, last.role, round(last.km2, 1)
    ('2024-11-17', 'russian_advances', 'advance', 668.8)
    """
    maps = Run.open(archive, Options(**options)).archive
    target = options.get("crs") or crs.DEFAULT_CRS
    rows: list[LayerRow] = []
    files: dict[str, SourceFile] = {}
    notices = list(maps.notices)
    tells = snapshots.Tells()
    for ref in track(maps.refs, "reading map"):
        try:
            snapshot = snapshots.read_snapshot(ref)
        except DataError as error:
            if not options.get("skip_bad") or isinstance(error, ChangedError):
                raise
            notices.append(Notice("SKIPPED", str(error)))
            continue
        files.update((file.name, file) for file in snapshot.files)
        notices += snapshot.notices
        tells.add(snapshot.tells, snapshot.ref)
        rows += (_layer_row(snapshot, part, target) for part in snapshot.layers)
    if any(row.actor == UNNAMED for row in rows):
        notices.append(Notice("UNNAMED", tells.remark))
    sources = tuple(files[name] for name in sorted(files))
    meta = _meta(maps, target, sources, notices=tuple(dict.fromkeys(notices)))
    return Table(LayerRow, tuple(rows), meta)


def _layer_row(snapshot: Snapshot, part: SnapshotLayer, target: str) -> LayerRow:
    """Return the row of one layer of one map."""
    assert snapshot.ref.day is not None
    ground = geometry.union(snapshots.to_equal_area(part.polygons, part.crs, target, where=part.file))
    return LayerRow(
        date=snapshot.ref.day,
        layer=part.name,
        actor=part.layer.actor,
        role=part.layer.role.value,
        parts=len(part.polygons),
        vertices=int(np.sum(shapely.get_num_coordinates(part.polygons))),
        km2=float(geometry.area_km2(ground)),
        file=part.file,
    )


@facade
def check_archive(
    *,
    archive: str | Path | Archive | None = None,
    frozen: int = FROZEN_MAPS,
    today: date | None = None,
    **options: Unpack[Keywords],
) -> Table[Finding, ArchiveMeta]:
    """Check an archive's maps and say what is wrong in which file, when and where.

    Parameters
    ----------
    archive : path or Archive
        The maps; None for the bundled synthetic sample.
    frozen : int
        For how many maps a layer may stand still while others move.
    today : date, optional
        Maps after it are findings; default the real today.
    **options
        Of `Options`: `regions`, `region_name`, `date_from`, `legend`, `crs`.

    Returns
    -------
    Table of Finding
        By severity, code, date and file. Files that cannot be read are findings too. `meta.counts` has the
        number of findings by code.

    Raises
    ------
    UsageError
        There is no such archive, or an option is wrong.
    NoDataError
        There is no map in it.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.check_archive()
    >>> [(row.severity, row.code, row.maps) for row in table.rows]
    [('info', 'OVERLAP', 99)]
    """
    if frozen < 2:
        raise UsageError("is too few maps", where=f"--frozen {frozen}", cure="give a number of maps, 2 or more")
    maps = Run.open(archive, replace(Options(**options), skip_bad=True)).archive
    target = options.get("crs") or crs.DEFAULT_CRS
    regions, home = _regions(maps, options, target)
    report = check(maps, regions=regions, home=home, target_crs=target, frozen_maps=frozen, today=today)
    codes = [found.code for found in report.findings]
    counts = tuple((code, codes.count(code)) for code in CODES if code in codes)
    meta = _meta(maps, target, report.files, regions=regions.source, counts=counts, notices=report.notices)
    return Table(Finding, report.findings, meta)


def _regions(maps: Archive, options: Keywords, target: str) -> tuple[RegionSet, NDArray[np.object_] | None]:
    """Return the regions that parts should touch, and where the maps should lie (degrees) if that is known."""
    path = options.get("regions")
    if path is not None:
        regions = region_sets.read_regions(path, target_crs=target, field=options.get("region_name"))
        return regions, region_sets.boxes_in_degrees(regions, target)
    first = _first_readable(maps)
    if first is None:
        return region_sets.no_regions(), None
    if region_sets.embedded_covers(snapshots.boxes_in_degrees(first)):
        return region_sets.embedded_regions(target_crs=target), load_embedded().pieces
    return region_sets.no_regions(), None


def _first_readable(maps: Archive) -> Snapshot | None:
    """Return the first map that can be read."""
    for ref in maps.refs:
        try:
            return snapshots.read_snapshot(ref)
        except DataError:
            continue
    return None


def _meta(
    maps: Archive,
    target: str,
    files: tuple[SourceFile, ...],
    *,
    regions: SourceFile | None = None,
    counts: tuple[tuple[str, int], ...] = (),
    notices: tuple[Notice, ...] = (),
) -> ArchiveMeta:
    """Return what a result rests on."""
    distinct = len({file.sha256 for file in files})
    return ArchiveMeta(
        version=__version__,
        archive=maps.name,
        crs=target,
        maps=len(maps.refs),
        files=files,
        distinct_files=distinct,
        regions=regions,
        counts=counts,
        notices=notices,
        attribution=(maps.credit,),
    )
