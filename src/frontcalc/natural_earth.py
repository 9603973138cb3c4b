"""Region sets that come with frontcalc, already cut into small pieces.

A set is built by ``scripts/build_regions.py``. Its pieces fit exactly: two neighbours have the same vertices along
their common border, so a change that is split by them is neither lost between them nor counted twice.
"""

import functools
import hashlib
import json
import struct
import zlib
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt
import shapely

from frontcalc.errors import DataError

_NAME = "ukraine-adm1"
_MAGIC = b"FCREG\x00\x01\n"
BANDS = f"{_NAME}.bands"  # ground within 2 km of its inner borders
_DIGEST = hashlib.sha256().digest_size
_ACCURACY = {"Natural Earth 1:10m admin-1 states and provinces": "1:10m, borders err by kilometres"}

# Of which countries a set draws some regions only, so that no share of their land can be told.
PARTIAL_COUNTRIES: dict[str, tuple[str, ...]] = {_NAME: ("RU",)}


@dataclass(frozen=True)
class RegionInfo:
    """Code and names of a region or country; no two of a set share a spelling."""

    code: str  # of ISO 3166-2, a country's own of ISO 3166-1
    country: str  # to which it belongs by international law (ISO 3166-1 alpha-2)
    name: str
    name_uk: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class EmbeddedRegions:
    """A region set as it is stored: where its shapes are from, on what terms, and what was done to them."""

    name: str
    source: str
    licence: str
    method: str
    sha256: str  # of the stored file, in hexadecimal
    accuracy: str  # how far its borders can be trusted, in a few words; empty where the file does not say
    regions: tuple[RegionInfo, ...]  # in the order in which they keep land that several of them claim
    countries: tuple[RegionInfo, ...]
    pieces: npt.NDArray[np.object_]  # valid polygons without holes in degrees (OGC:CRS84), sorted by region
    owner: npt.NDArray[np.intp]  # the index of the region of each
    home: shapely.STRtree  # of the pieces: what the layers of this war's publishers lie on


@functools.cache
def load_embedded() -> EmbeddedRegions:
    """Load the region set: a magic number, then deflated a JSON header and int32 arrays; DataError if it is damaged."""
    try:
        content = (resources.files("frontcalc") / "data" / f"{_NAME}.regions").read_bytes()
        if not content.startswith(_MAGIC):
            raise ValueError("not a region set of this version")
        body = zlib.decompress(content[len(_MAGIC) :])
        (length,) = struct.unpack_from("<i", body)
        header = json.loads(body[4 : 4 + length])
        count = header["pieces"]
        owner, sizes, deltas = np.split(np.frombuffer(body, "<i4", offset=4 + length), (count, 2 * count))
        # One division of a whole number gives the double nearest to its decimal, the same for every piece.
        vertices = np.cumsum(deltas.reshape(2, -1), axis=1, dtype=np.int64).T / header["units_per_degree"]
        rings = shapely.linearrings(vertices, indices=np.repeat(np.arange(count), sizes))
        infos = {
            kind: tuple(RegionInfo(**{"country": one["code"], **one, "aliases": tuple(one["aliases"])}) for one in rows)
            for kind, rows in header.items()
            if kind in ("regions", "countries")
        }
        return EmbeddedRegions(
            **{key: header[key] for key in ("name", "source", "licence", "method")},
            sha256=hashlib.sha256(content).hexdigest(),
            accuracy=_ACCURACY.get(header["source"], ""),
            regions=infos["regions"],
            countries=infos["countries"],
            pieces=(pieces := shapely.polygons(rings)),
            home=shapely.STRtree(pieces),
            owner=owner.astype(np.intp),
        )
    except (OSError, ValueError, KeyError, TypeError, struct.error, zlib.error) as error:
        raise DataError(f"is damaged: {error}", where=f"region set {_NAME!r}", cure="reinstall frontcalc") from error


@functools.cache
def load_surroundings() -> dict[str, shapely.Geometry]:
    """Load the countries around the embedded regions, by name, in degrees; a narrow strip of each overlaps those."""
    packed = (resources.files("frontcalc") / "data" / "surroundings.geojson.gz").read_bytes()
    features = json.loads(zlib.decompress(packed, wbits=31))["features"]
    return {one["properties"]["name"]: shapely.from_geojson(json.dumps(one["geometry"])) for one in features}


def load_beside(regions_sha256: str, file: str) -> bytes | None:
    """Return what is stored beside an embedded set, as the zones for one actor's country; None where nothing is.

    It is of the default projection, and made by ``scripts/build_beside.py`` from the set with that SHA-256.
    """
    folder = resources.files("frontcalc") / "data"
    # Countries are named by users: a name is looked for, never a path put together.
    stored = next((entry for entry in folder.iterdir() if entry.name == file), None)
    content = stored.read_bytes() if stored else b""
    made_from, body = content[:_DIGEST].hex(), content[_DIGEST:]
    # What was made of another version of the set would leave gaps along it: it is made anew.
    return zlib.decompress(body) if body and made_from == regions_sha256 else None
