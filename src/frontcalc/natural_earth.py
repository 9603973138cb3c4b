"""Region sets that come with frontcalc, already cut into small pieces: a curated one, and those of all countries.

They are built by ``scripts/build_regions.py`` and ``scripts/build_world.py``. Pieces fit exactly: two neighbours have
the same vertices along their common border, so a change that is split by them is neither lost between them nor counted
twice. The countries are one file, of which only the blocks that are needed are decoded.
"""

import csv
import functools
import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from frontcalc.errors import DataError

_NAME = "ukraine-adm1"
_MAGIC = b"FCREG\x00\x01\n"
BANDS = f"{_NAME}.bands"  # ground within 2 km of its inner borders
_DIGEST = hashlib.sha256().digest_size
_ACCURACY = {"Natural Earth 1:10m admin-1 states and provinces": "1:10m, borders err by kilometres"}
WORLD = "natural-earth-adm1"
_WORLD_MAGIC = b"FCWORLD\x00\x01\n"
_WORLD_FILE = "world.regions", f"region set {WORLD!r}", _WORLD_MAGIC
_WORLD_ACCURACY = "1:10m, as of about 2013, borders err by kilometres"

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
    edge_error_m2: float = 10.0  # of area, above which an edge is split before it is projected


class CountryBlock(NamedTuple):
    """A country of the world file: its names, those of its regions, and where its pieces stand in the file."""

    info: RegionInfo
    regions: tuple[RegionInfo, ...]
    pieces: int
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class World:
    """The regions of all countries as they are stored: where they are from, and the countries by code."""

    source: str
    licence: str
    method: str
    sha256: str  # of the stored file, in hexadecimal
    units_per_degree: int
    countries: Mapping[str, CountryBlock]
    boxes: shapely.STRtree  # around each region, in degrees; two where it lies on either side of the 180th meridian
    of: tuple[str, ...]  # the country of each box


@contextmanager
def packaged(file: str, called: str, magic: bytes) -> Iterator[bytes]:
    """Yield a file of the package, which begins with `magic`; DataError if it, or what is made of it here, is wrong."""
    try:
        content = (resources.files("frontcalc") / "data" / file).read_bytes()
        if not content.startswith(magic):
            raise ValueError("not a file of this version")
        yield content
    except (OSError, ValueError, KeyError, TypeError, struct.error, zlib.error) as error:
        raise DataError(f"is damaged: {error}", where=called, cure="reinstall frontcalc") from error


def _polygons(numbers: npt.NDArray[Any], count: int, units_per_degree: int) -> tuple[Any, npt.NDArray[np.intp]]:
    """Return `count` polygons in degrees and the region of each, of regions, counts of vertices, all x and all y."""
    owner, sizes, deltas = np.split(numbers, (count, 2 * count))
    # One division of a whole number gives the double nearest to its decimal, the same for every piece.
    vertices = np.cumsum(deltas.reshape(2, -1), axis=1, dtype=np.int64).T / units_per_degree
    rings = shapely.linearrings(vertices, indices=np.repeat(np.arange(count), sizes))
    return shapely.polygons(rings), owner.astype(np.intp)


@functools.cache
def load_embedded() -> EmbeddedRegions:
    """Load the region set: a magic number, then deflated a JSON header and int32 arrays; DataError if it is damaged."""
    with packaged(f"{_NAME}.regions", f"region set {_NAME!r}", _MAGIC) as content:
        body = zlib.decompress(content[len(_MAGIC) :])
        (length,) = struct.unpack_from("<i", body)
        header = orjson.loads(body[4 : 4 + length])
        numbers = np.frombuffer(body, "<i4", offset=4 + length)
        pieces, owner = _polygons(numbers, header["pieces"], header["units_per_degree"])
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
            pieces=pieces,
            home=shapely.STRtree(pieces),
            owner=owner,
        )


@functools.cache
def load_world() -> World:
    """Load the index of all countries: a magic number, a length, deflated JSON; DataError if it is damaged."""
    with packaged(*_WORLD_FILE) as content:
        start = len(_WORLD_MAGIC) + 4
        (length,) = struct.unpack_from("<i", content, start - 4)
        header = orjson.loads(zlib.decompress(content[start : start + length]))
        start += length
        blocks, boxes, of = dict[str, CountryBlock](), list[list[int]](), list[str]()
        for own in header["countries"]:
            code, called = own["code"], (own["name"], "", tuple(own["aliases"]))
            regions = tuple(RegionInfo(one["code"], code, one["name"], "", ()) for one in own["regions"])
            stop = start + own["bytes"]
            blocks[code] = CountryBlock(RegionInfo(code, code, *called), regions, own["pieces"], start, stop)
            boxes += [box for one in own["regions"] for box in one["boxes"]]
            of += [code] * (len(boxes) - len(of))
            start = stop
        units = header["units_per_degree"]
        return World(
            **{key: header[key] for key in ("source", "licence", "method", "units_per_degree")},
            sha256=hashlib.sha256(content).hexdigest(),
            countries=blocks,
            boxes=shapely.STRtree(shapely.box(*(np.array(boxes) / units).T)),
            of=tuple(of),
        )


@functools.lru_cache(maxsize=4)
def load_countries(codes: tuple[str, ...]) -> EmbeddedRegions:
    """Load the regions of some countries, by code, as one set; DataError if the file is damaged."""
    world, first, pieces, owners = load_world(), 0, [np.empty(0, dtype=object)], [np.empty(0, dtype=np.intp)]
    blocks = [world.countries[code] for code in codes]
    with packaged(*_WORLD_FILE) as content:
        for block in blocks:
            # The lowest bytes of all numbers stand first, then the next ones.
            planes = np.frombuffer(zlib.decompress(content[block.start : block.stop]), np.uint8).reshape(4, -1)
            numbers = np.ascontiguousarray(planes.T).view("<i4").ravel()
            drawn, owner = _polygons(numbers, block.pieces, world.units_per_degree)
            pieces.append(drawn)
            owners.append(owner + first)
            first += len(block.regions)
        parts = np.concatenate(pieces)
        return EmbeddedRegions(
            name=f"{WORLD} ({', '.join(codes)})",
            **{key: getattr(world, key) for key in ("source", "licence", "method", "sha256")},
            accuracy=_WORLD_ACCURACY,
            regions=tuple(region for block in blocks for region in block.regions),
            countries=tuple(block.info for block in blocks),
            pieces=parts,
            home=shapely.STRtree(parts),
            owner=np.concatenate(owners),
            edge_error_m2=1e4,  # there are a million edges, all drawn at 1:10m
        )


def world_of(sha256: str) -> World | None:
    """Return the regions of all countries if their file has a SHA-256; None where it has not, or was never loaded."""
    world = load_world() if load_world.cache_info().currsize else None
    return world if world and world.sha256 == sha256 else None


@functools.cache
def load_redrawn() -> dict[str, dict[str, str]]:
    """Load what countries have redrawn since the world file was, by code: `since` (a year), `change` and `source`."""
    text = (resources.files("frontcalc") / "data" / "redrawn.csv").read_text(encoding="utf-8")
    return {row["code"]: row for row in csv.DictReader(text.splitlines())}


@functools.cache
def load_surroundings() -> dict[str, shapely.Geometry]:
    """Load the countries around the embedded regions, by name, in degrees; a narrow strip of each overlaps those."""
    packed = (resources.files("frontcalc") / "data" / "surroundings.wkb.gz").read_bytes()
    names, _, shapes = zlib.decompress(packed, wbits=31).partition(b"\n")
    return dict(zip(names.decode().split("\t"), shapely.get_parts(shapely.from_wkb(shapes)), strict=True))


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
