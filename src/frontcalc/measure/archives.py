"""What an archive holds, what is wrong with it, and its maps as tidy files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import shapely
from numpy.typing import NDArray

from frontcalc import __version__, geometry, snapshots
from frontcalc import regions as region_sets
from frontcalc.archives import Archive, SnapshotRef, refuse_place
from frontcalc.errors import DataError, UsageError
from frontcalc.keywords import facade
from frontcalc.layers import UNNAMED
from frontcalc.levels import ADM1
from frontcalc.lint import Finding, finding, gather
from frontcalc.lint.one_map import CheckedMap, check_map, read_map
from frontcalc.lint.sequence import check_maps, exchanged_maps
from frontcalc.natural_earth import load_embedded
from frontcalc.notices import FINDINGS, Fault, Notice, fault_of
from frontcalc.outliers import FROZEN_MAPS
from frontcalc.outputs import write_file, write_folder
from frontcalc.outputs.geodata import DatedLayer, geojson_bytes, geoparquet_bytes
from frontcalc.progress import track
from frontcalc.read import SourceFile
from frontcalc.region_store import EMBEDDED, set_named
from frontcalc.regions import RegionSet
from frontcalc.run.land import to_degrees
from frontcalc.run.options import Keywords, Options
from frontcalc.run.region_choice import fetched_set
from frontcalc.run.run import Run
from frontcalc.snapshots import Snapshot, Tells
from frontcalc.snapshots.snapshot import SYNTHETIC
from frontcalc.tables import ArchiveMeta, LayerRow, Table


@facade
def list_archive(
    *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> Table[LayerRow, ArchiveMeta]:
    """List an archive's maps, layer by layer.

    Otherwise as `diff`.

    Parameters
    ----------
    archive, **options
        As for `diff`; of `Options`: `date_from`, `skip_bad`, `crs`.

    Returns
    -------
    Table of LayerRow
        A row a map and layer, by date: polygons as drawn, their coordinates, its own area (km²), 0 without geometry.

    Examples
    --------
    >>> import frontcalc
    >>> table = frontcalc.list_archive()
    >>> last = table.rows[-1]
    >>> str(last.date), last.layer, last.role, round(last.km2, 1)
    ('2024-11-17', 'russian_advances', 'advance', 668.8)
    """
    run_options = Options(**options)
    maps, target = Run.open(archive, run_options).archive, run_options.crs
    rows, files = list[LayerRow](), dict[str, SourceFile]()
    notices = list(maps.notices)
    by_field: Tells = {}
    for snapshot in _readable(track(maps.refs, "reading map"), run_options.skip_bad, by_field, notices):
        files.update((file.name, file) for file in snapshot.files)
        notices += snapshot.notices
        for part in snapshot.layers:
            ground = geometry.union(snapshots.to_equal_area(part.polygons, part.crs, target, where=part.file))
            vertices, km2 = int(np.sum(shapely.get_num_coordinates(part.polygons))), float(geometry.area_km2(ground))
            named = (part.name, part.layer.actor, part.layer.role.value)
            assert part.ref.day is not None
            rows.append(LayerRow(part.ref.day, *named, len(part.polygons), vertices, km2, part.file))
    if any(row.actor == UNNAMED for row in rows):
        notices.append(Notice("UNNAMED", snapshots.remark_on(by_field)))
    return Table(LayerRow, tuple(rows), archive_meta(maps, target, files, dict.fromkeys(notices)))


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
    frozen : int
        For how many maps a layer may stand still while others move.
    today : date, optional
        Maps after it are findings; default the real today.
    archive, **options
        As for `diff`; of `Options`: `regions`, `region_name`, `date_from`, `legend`, `crs`.

    Returns
    -------
    Table of Finding
        By severity, code, date and file, also of files that cannot be read; `meta.counts` has their number by code.

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
    run_options = replace(Options(**options), skip_bad=True)
    maps, target = Run.open(archive, run_options).archive, run_options.crs
    regions, home = _regions(maps, run_options)
    by_map, checked = list[list[Fault]](), list[CheckedMap]()
    files: dict[str, SourceFile] = {}
    synthetic = False
    by_field: Tells = {}
    before: CheckedMap | None = None
    # Two maps are in memory at most.
    for ref in track(maps.refs, "checking map"):
        one = read_map(ref, before, target)
        by_map.append(check_map(one, before, regions if regions.names else _countries(one)))
        checked.append(replace(one, files=(), layers=(), tells=()))
        files |= {file.source.name: file.source for file in one.files}
        synthetic |= any(file.features.synthetic for file in one.files)
        snapshots.note_tells(by_field, one.tells, ref)
        before = one
    swapped = exchanged_maps(checked, home)
    # A map with x and y exchanged is everywhere in the wrong place: that is one fault, not four.
    by_map = [[one for one in faults if one.code != "OUTSIDE-REGIONS" or one.day not in swapped] for faults in by_map]
    spanning = list(check_maps(checked, swapped, frozen, today or date.today(), target))
    if not any(fault.code == "NO-LAYER" for fault in spanning):
        try:
            snapshots.refuse_firm(by_field, maps)
        except DataError as error:
            spanning.append(Fault("NO-LAYER", error.problem, cure=error.cure or "", maps=None))
    # Files that are no maps, and why all days may be off.
    for notice in maps.notices:
        if notice.code in ("OTHER-FILES", "AS-OF"):
            what, _, cure = notice.message.partition(": ") if notice.code == "AS-OF" else (notice.message, "", "")
            spanning.append(Fault(notice.code, what, maps=None, cure=cure))
    spanning += (fault_of(error, None) for error in maps.refused)
    codes = list(FINDINGS)
    findings = sorted(
        [*gather(by_map), *(finding([fault]) for fault in spanning)],
        key=lambda row: (codes.index(row.code), row.date or date.min, row.file, row.layer, row.message),
    )
    counts = Counter(row.code for row in findings)
    by_code = tuple((code, counts[code]) for code in codes if code in counts)
    notices = [SYNTHETIC] if synthetic else []
    meta = archive_meta(maps, target, files, notices, regions=regions.source, counts=by_code)
    return Table(Finding, tuple(findings), meta)


@facade
def convert(
    output: str | Path, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> tuple[Path, ...]:
    """Write an archive's maps as tidy GeoParquet or GeoJSON, which read back to the same figures.

    Parameters
    ----------
    output : path
        `NAME.parquet` or `NAME.geojson` for one file of all; else a new or empty folder, for a GeoJSON
        file a date; it is there once all of them are.
    archive, **options
        As for `diff`; of `Options`: `date_from`, `skip_bad`.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    DataError
        A map cannot be read, or a file cannot be written.
    UsageError
        The folder is not empty, or the place lies in the archive; GeoParquet is asked for without pyarrow.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # without an archive, the bundled sample
    >>> len(files), files[0].name
    (99, '2022-12-31.geojson')
    """
    target, run_options = Path(output), Options(**options)
    maps = Run.open(archive, run_options).archive
    refuse_place(target, archives=maps.roots, fills=True)
    by_field: Tells = {}
    refs = [snapshot.ref for snapshot in _readable(maps.refs, run_options.skip_bad, by_field, [])]
    snapshots.refuse_firm(by_field, maps)
    suffix = target.suffix.lower()
    if suffix in (".parquet", ".geoparquet", ".geojson", ".json"):
        write = geojson_bytes if "json" in suffix else geoparquet_bytes
        write_file(target, write(layer for ref in track(refs, "converting map") for layer in _layers(ref)))
        return (target,)
    here = target.is_dir() and target.samefile(Path())  # a folder cannot be replaced while a shell works in it
    if here or (target.exists() and any(target.iterdir() if target.is_dir() else [target])):
        cure = "name a new folder, or a .parquet or .geojson file"
        raise UsageError("is the working folder" if here else "is no empty folder", where=str(target), cure=cure)
    maps_of = ((f"{ref.day}.geojson", geojson_bytes(_layers(ref))) for ref in track(refs, "converting map"))
    return write_folder(target, maps_of)


def _readable(refs: Iterable[SnapshotRef], skip_bad: bool, tells: Tells, notices: list[Notice]) -> Iterator[Snapshot]:
    """Yield maps, and note what tells their polygons apart; with `skip_bad`, pass over those that cannot be read."""
    for ref in refs:
        bad: list[DataError] = []
        with snapshots.passing_over(bad, skip_bad=skip_bad):
            snapshot = snapshots.read_snapshot(ref)
            snapshots.note_tells(tells, snapshot.tells, ref)
        notices += [Notice("SKIPPED", str(error)) for error in bad]
        if not bad:
            yield snapshot


def _regions(maps: Archive, options: Options) -> tuple[RegionSet, NDArray[np.object_] | None]:
    """Return the regions that parts should touch, and where the maps should lie (degrees) if that is known."""
    target = options.crs
    named = set_named(options.regions)
    if options.regions is not None and not (isinstance(options.regions, str) and options.regions == EMBEDDED):
        read: Callable[..., RegionSet] = partial(region_sets.read_regions, target_crs=target)
        level = named.level if named and named.level else ADM1
        regions = fetched_set(named, level, read) if named else read(options.regions, field=options.region_name)
        return regions, region_sets.boxes_in_degrees(regions, target)
    for ref in maps.refs:
        with suppress(DataError):
            if region_sets.embedded_covers(snapshots.read_snapshot(ref).place):
                return region_sets.embedded_regions(target_crs=target), load_embedded().pieces
            break
    return region_sets.no_regions(), None


def _countries(one: CheckedMap) -> RegionSet:
    """Return the regions of the countries whose land a map may show; none where it shows none."""
    if one.box is None:
        return region_sets.no_regions()
    stored, near = region_sets.pieces_near(region_sets.boxes_on_globe(one.box))
    codes = tuple(sorted({stored.regions[owner].country for owner in stored.owner[near]}))
    if not codes:
        return region_sets.no_regions()
    land = region_sets.embedded_regions(target_crs=one.plane, countries=codes)
    # The box of a map at sea may reach over land.
    grounds = [layer.ground for layer in one.layers if layer.ground is not None]
    met = shapely.STRtree(land.pieces).query(grounds, predicate="intersects")
    return land if met.size else region_sets.no_regions()


def archive_meta(
    maps: Archive, target: str, files: Mapping[str, SourceFile], notices: Iterable[Notice], **more: Any
) -> ArchiveMeta:
    """Return what a list or a check of an archive rests on; `files` are those read, by name."""
    return ArchiveMeta(
        version=__version__,
        archive=maps.name,
        crs=target,
        maps=len(maps.refs),
        files=tuple(files[name] for name in sorted(files)),
        distinct_files=len({file.sha256 for file in files.values()}),
        notices=tuple(notices),
        attribution=(maps.credit,),
        **more,
    )


def _layers(ref: SnapshotRef) -> Iterator[DatedLayer]:
    """Yield the layers of one map in longitude and latitude, repaired as they are for measuring."""
    for part in snapshots.read_snapshot(ref).layers:
        polygons = geometry.repair(to_degrees(part.polygons, part.crs))
        yield (ref.day, part.name, part.layer.actor, part.layer.role.value), polygons
