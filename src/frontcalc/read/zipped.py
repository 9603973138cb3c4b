"""Zips: shapefiles, KMZ, and any other format packed; read in memory, nothing is ever extracted to disk."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import replace
from pathlib import PurePosixPath

from frontcalc.errors import DataError
from frontcalc.names import printable, some_of
from frontcalc.notices import Notice
from frontcalc.read import content_of, read_content
from frontcalc.read.detection import GZIP, is_kml, is_other_json, kind_of, refusal, signature_of, tally
from frontcalc.read.features import Features, concatenate, name_layer, refuse_bare
from frontcalc.read.files import BROKEN_MEMBER, SUFFIXES, Entry, maps_among, may_be_other, suffix_of, zip_members
from frontcalc.read.limits import limits

_HEAD = 4096


def read(data: bytes, *, where: str, skip_bad: bool = False, left: dict[str, float] | None = None) -> Features:
    """Return the features of all geodata in a zip, in the order of the members' names.

    With `skip_bad` members that cannot be read are passed over, with a notice, as long as one can. `left` is what the
    zips around this one leave of the limits.
    """
    left = left or {**limits()}
    if left["max_zip_depth"] < 1:
        problem = f"is a zip more than {limits()['max_zip_depth']} deep"
        raise DataError(problem, where=where, cure="unpack it")
    left["max_zip_depth"] -= 1
    parts: list[tuple[str, Features]] = []
    bad: list[DataError] = []
    others: list[str] = []
    try:
        with zip_members(io.BytesIO(data), left, where=where) as entries:
            members = {entry.name for entry in entries}
            maps, rest = maps_among(entries)
            for entry in sorted([*maps, *rest]):
                try:
                    if part := _read_part(entry, members, left, skip_bad=skip_bad):
                        refuse_bare(part, where=entry.label)
                        parts.append((entry.name, part))
                    else:
                        others.append(printable(entry.name))
                except DataError as error:
                    if not skip_bad:
                        raise
                    bad.append(error)
    except BROKEN_MEMBER as error:
        raise DataError(f"is a broken zip: {error}", where=where, cure="is the download complete?") from error
    finally:
        left["max_zip_depth"] += 1
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


def _read_part(entry: Entry, members: Collection[str], left: dict[str, float], *, skip_bad: bool) -> Features | None:
    """Return the features of one member, a shapefile's with those beside it; None where it is something else."""
    name, where = entry.name, entry.label
    if entry.is_geodatabase:
        return read_content(b"", where=where, beside=entry.parts())
    head = entry.head(_HEAD)
    is_json = head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))
    if not (_may_be_map(name, head) or is_json):
        return None
    if head.startswith(GZIP):
        # What it unpacks to is in no promise of the zip's, and a map must not be passed over.
        raise DataError(f"has a member in gzip: {name!r}", where=str(entry.root), cure="unpack it")
    data, beside = content_of(entry)
    if signature_of(data) == "zip":
        return read(data, where=where, skip_bad=skip_bad, left=left)
    if is_json and may_be_other(name) and is_other_json(data):
        return None
    try:
        if is_kml(data):
            from frontcalc.read import kml

            # Links between the members lead to what is read anyway.
            return kml.read(data, where=where, beside=members, folder=str(PurePosixPath(name).parent))
        return read_content(data, where=where, beside=beside)
    except DataError:
        if suffix_of(name) in SUFFIXES or may_be_other(name):
            raise
        return None  # a text that begins like JSON


def _may_be_map(name: str, head: bytes) -> bool:
    """Say whether a member is a map by its name, or by its beginning where its name is none of another thing."""
    suffix, kind = suffix_of(name), signature_of(head)
    if head.startswith(GZIP):
        return PurePosixPath(name.lower().removesuffix(".gz")).suffix in SUFFIXES
    # An index begins as the shapefile does, and a document as a zip; only their names tell.
    if suffix in SUFFIXES or kind == "shapefile":
        return suffix != ".shx"
    return bool(kind or is_kml(head)) and not kind_of(name)
