"""Zips: shapefiles, KMZ, and any other format packed; read in memory, nothing is ever extracted to disk."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import PurePosixPath

from frontcalc.errors import DataError
from frontcalc.names import printable, some_of
from frontcalc.notices import Notice
from frontcalc.read import read_content
from frontcalc.read.detection import GZIP, is_kml, is_other_json, signature_of
from frontcalc.read.features import Features, concatenate, name_layer, refuse_bare
from frontcalc.read.files import (
    SHAPEFILE_EXTRAS,
    SHAPEFILE_PARTS,
    SUFFIXES,
    geodatabases,
    may_be_other,
    shapefile_stem,
    suffix_of,
)
from frontcalc.read.formats import read_geodatabase, refuse_logs
from frontcalc.read.limits import BROKEN_MEMBER, Budget, checked_members, limits
from frontcalc.read.others import kind_of, refusal, tally
from frontcalc.read.shapefile import read_shapefile_parts

_HEAD = 4096


def read(data: bytes, *, where: str, skip_bad: bool = False, depth: int = 1, left: Budget | None = None) -> Features:
    """Return the features of all geodata in a zip, in the order of the members' names.

    Parameters
    ----------
    data, where
        The file's content and name; messages add the member's.
    skip_bad : bool
        Pass over members that cannot be read, with a notice, as long as one can.
    depth, left
        How deep the zip lies in others, and what these leave for it.

    Raises
    ------
    DataError
        The zip is broken, encrypted, too large, nested too deep, names places outside itself, or holds
        no geodata; its members are in different CRSs; a member is broken, or named as a map and none.
    """
    left = left or Budget(limits()["max_members"], limits()["max_unpacked_bytes"])
    deepest = limits()["max_zip_depth"]
    if depth > deepest:
        raise DataError(f"is a zip more than {deepest} deep", where=where, cure="unpack it")
    parts: list[tuple[str, Features]] = []
    bad: list[DataError] = []
    others: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = checked_members(archive, left, where=where)
            for name, database in _maps_in(members).items():
                try:
                    part = _read_part(archive, members, name, database, where, depth, left, skip_bad=skip_bad)
                    if part:
                        refuse_bare(part, where=f"{where}/{printable(name)}")
                except DataError as error:
                    if not skip_bad:
                        raise
                    bad.append(error)
                else:
                    others += [] if part else [printable(name)]
                    parts += [(name, part)] if part else []
    except BROKEN_MEMBER as error:
        raise DataError(f"is a broken zip: {error}", where=where, cure="is the download complete?") from error
    if bad and not parts:
        raise bad[0]
    if not parts:
        inside, cure = tally(sorted(map(printable, members)))
        problem = f"is a zip without geodata; inside: {inside or 'nothing'}"
        raise refusal(where, data) or DataError(problem, where=where, cure=cure or "give a zip of maps")
    said = [Notice("SKIPPED", str(error)) for error in bad]
    # What lies beside KML alone, pictures mostly, is a part of it.
    if others and any(suffix_of(name) != ".kml" for name, _ in parts):
        said.append(Notice("OTHER-FILES", f"in a zip, {len(others)} not read: {some_of(others)}"))
    if len(parts) > 1:
        # Several files without layers would else be one undifferentiated map.
        parts = [(name, name_layer(part, printable(PurePosixPath(name).stem))) for name, part in parts]
    features = concatenate(parts, where=where)
    return replace(features, notices=(*features.notices, *said))


def _maps_in(members: dict[str, zipfile.ZipInfo]) -> dict[str, list[str]]:
    """Return the names to be read, in order, other parts of shapefiles left out; of a geodatabase with its members."""
    databases = geodatabases(members)
    shapefiles = {shapefile_stem(name) for name in members if suffix_of(name) == ".shp"}
    parts = {name for names in databases.values() for name in names}
    for name in members if shapefiles else ():
        if suffix_of(name) in (*SHAPEFILE_PARTS, *SHAPEFILE_EXTRAS) and shapefile_stem(name) in shapefiles:
            parts.add(name)
    return {name: databases.get(name, []) for name in sorted((members.keys() - parts) | databases.keys())}


def _read_part(
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    name: str,
    database: list[str],
    where: str,
    depth: int,
    left: Budget,
    *,
    skip_bad: bool,
) -> Features | None:
    """Return the features of one member, a shapefile's with those beside it; None where it is something else."""
    suffix, place = suffix_of(name), f"{where}/{printable(name)}".rstrip("/")
    try:
        if database:
            files = {PurePosixPath(one).name: archive.read(members[one]) for one in database}
            return read_geodatabase(files, where=place)
        with archive.open(members[name]) as file:
            head = file.read(_HEAD)
        if not _may_be_map(name, suffix, head):
            return None
        if head.startswith(GZIP):
            # What it unpacks to is in no promise of the zip's, and a map must not be passed over.
            raise DataError(f"has a member in gzip: {name!r}", where=where, cure="unpack it")
        data = archive.read(members[name])
        kind = signature_of(data)
        if kind == "zip":
            return read(data, where=place, skip_bad=skip_bad, depth=depth + 1, left=left)
        if kind == "shapefile":
            stem, parts_of_any = shapefile_stem(name), [one for one in members if suffix_of(one) in SHAPEFILE_PARTS]
            beside = [one for one in parts_of_any if shapefile_stem(one) == stem]
            parts = {suffix_of(one): archive.read(members[one]) for one in beside}
            return read_shapefile_parts({**parts, ".shp": data}, where=place)
        if kind == "geopackage":
            logs = {end: archive.read(members[name + end]) for end in ("-wal", "-journal") if name + end in members}
            refuse_logs(lambda ending: logs.get(ending, b""), where=place)
    except BROKEN_MEMBER as error:
        problem = f"is a broken zip: {name!r} cannot be unpacked: {error}"
        raise DataError(problem, where=where, cure="is the download complete?") from error
    if may_be_other(name) and _is_json(head) and is_other_json(data):
        return None
    try:
        if not _is_json(head) and is_kml(data):
            from frontcalc.read import kml

            # Links between the members lead to what is read anyway.
            return kml.read(data, where=place, beside=members, folder=str(PurePosixPath(name).parent))
        return read_content(data, where=place)
    except DataError:
        if suffix in SUFFIXES or may_be_other(name):
            raise
        return None  # a text that begins like JSON


def _may_be_map(name: str, suffix: str, head: bytes) -> bool:
    """Say whether a member is a map by its name, or by its beginning where its name is none of another thing."""
    if head.startswith(GZIP):
        return PurePosixPath(name.lower().removesuffix(".gz")).suffix in SUFFIXES
    if suffix in SUFFIXES:
        return True
    # An index begins as the shapefile does, and a document as a zip; only their names tell.
    kind = signature_of(head)
    if kind == "shapefile":
        return suffix != ".shx"
    return (bool(kind or is_kml(head)) and not kind_of(name)) or _is_json(head)


def _is_json(head: bytes) -> bool:
    """Say whether text begins as JSON does."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
