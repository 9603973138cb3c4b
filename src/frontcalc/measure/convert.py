"""Any readable archive as tidy files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

from frontcalc import geometry
from frontcalc.archives import Archive, SnapshotRef, refuse_place
from frontcalc.errors import ChangedError, DataError, UsageError, reason_of
from frontcalc.keywords import facade
from frontcalc.outputs import write_file
from frontcalc.outputs.geodata import LayerPolygons, geojson_bytes, geoparquet_bytes
from frontcalc.progress import track
from frontcalc.run.lands import to_degrees
from frontcalc.run.options import Keywords, Options
from frontcalc.run.run import Run
from frontcalc.snapshots import Told, note_tells, read_snapshot, refuse_told


@facade
def convert(
    output: str | Path, *, archive: str | Path | Archive | None = None, **options: Unpack[Keywords]
) -> tuple[Path, ...]:
    """Write an archive's maps as tidy GeoParquet or GeoJSON, which read back to the same figures.

    Parameters
    ----------
    output : path
        `NAME.parquet` or `NAME.geojson` for one file of all maps; else a folder, made if absent, for a
        GeoJSON file a date.
    archive : path or Archive
        The maps; None for the bundled synthetic sample.
    **options
        Of `Options`: `date_from`, `skip_bad`.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    DataError
        A map cannot be read, or a file cannot be written.
    UsageError
        The folder exists and is not empty, or the place lies in the archive; GeoParquet needs a package that
        is not installed.

    Examples
    --------
    >>> import frontcalc
    >>> files = frontcalc.convert("maps")  # without an archive, the bundled sample
    >>> len(files), files[0].name
    (99, '2022-12-31.geojson')
    """
    target = Path(output)
    asked = Options(**options)
    maps = Run.open(archive, asked).archive
    refuse_place(target, archives=maps.roots, fills=True)
    refs: list[SnapshotRef] = []
    told: Told = {}
    for ref in maps.refs:
        try:
            note_tells(told, read_snapshot(ref).tells, ref)
        except DataError as error:
            if not asked.skip_bad or isinstance(error, ChangedError):
                raise
        else:
            refs.append(ref)
    refuse_told(told, maps)
    suffix = target.suffix.lower()
    if suffix in (".parquet", ".geoparquet", ".geojson", ".json"):
        write = geojson_bytes if "json" in suffix else geoparquet_bytes
        write_file(target, write(layer for ref in track(refs, "converting map") for layer in _layers(ref)))
        return (target,)
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        raise UsageError(
            "is no empty folder", where=target.name, cure="name a new folder, or a .parquet or .geojson file"
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be made: {reason_of(error)}"
        raise DataError(problem, where=str(target), cure="give another place with -o") from error
    files = []
    for ref in track(refs, "converting map"):
        files.append(target / f"{ref.day}.geojson")
        write_file(files[-1], geojson_bytes(_layers(ref)))
    return tuple(files)


def _layers(ref: SnapshotRef) -> Iterator[LayerPolygons]:
    """Yield the layers of one map in longitude and latitude, repaired as they are for measuring."""
    for part in read_snapshot(ref).layers:
        polygons = geometry.repair(to_degrees(part.polygons, part.crs))
        yield LayerPolygons(ref.day, part.name, part.layer.actor, part.layer.role.value, polygons)
