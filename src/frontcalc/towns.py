"""Towns of the world and waters of Ukraine that come with frontcalc: what lies where ground changed hands.

The file is built by ``scripts/build_towns.py`` from GeoNames (CC BY 4.0): all places of Ukraine and of the Russian
regions along its border, elsewhere those of 5,000 people and more.
"""

from __future__ import annotations

import functools
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from frontcalc import crs
from frontcalc.names import fold
from frontcalc.natural_earth import packaged

MAGIC = b"FCTWN\x00\x01\n"
UNITS_PER_DEGREE = 10_000  # about 10 m
ATTRIBUTION = "Towns: GeoNames (geonames.org), CC BY 4.0"
LEAST_PEOPLE = 5_000  # of places outside Ukraine and the Russian regions along its border

REACHED, HALF, WHOLE = 0.05, 0.5, 0.95
"""Which shares of a place's disc are held where it is reached, where it is held, and where all of it is."""

_PEOPLE_PER_KM2 = 1_500
LEAST_RADIUS_M, _MOST_RADIUS_M = 500.0, 3_000.0
_CORNERS = 64
_CORNERS_OUT = float(np.sqrt(2 * np.pi / _CORNERS / np.sin(2 * np.pi / _CORNERS)))
_STEP_DEGREES = 0.01  # about a kilometre


@dataclass(frozen=True, eq=False)
class Towns:
    """Some places, the largest of each country first: one entry of each field a place."""

    texts: tuple[str, ...]  # the name of a place and what else it is called, separated by tabs
    countries: NDArray[np.str_]  # of ISO 3166-1 alpha-2; empty for waters
    people: NDArray[np.int64]  # 0 where it is not known
    points: NDArray[np.float64]  # longitude and latitude of the middle on WGS 84 (n, 2)
    radii_m: NDArray[np.float64]  # of the disc that stands for a place

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The names, told from the rest where they are wanted: few of all places ever are."""
        return tuple(text.partition("\t")[0] for text in self.texts)

    def pick(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Towns:
        """Return the places of a mask or of indices, in that order."""
        order = np.arange(len(self.texts))[chosen]
        return Towns(
            texts=tuple(self.texts[index] for index in order.tolist()),
            countries=self.countries[order],
            people=self.people[order],
            points=self.points[order],
            radii_m=self.radii_m[order],
        )

    def within(
        self, box: tuple[float, float, float, float] = (-180.0, -90.0, 180.0, 90.0), *, least_people: int = 0
    ) -> Towns:
        """Return the places of so many people or more in a box in degrees; west beyond east is over the 180th."""
        (west, south, east, north), (lon, lat) = box, self.points.T
        beside = (west <= lon) & (lon <= east) if west <= east else (west <= lon) | (lon <= east)
        return self.pick(beside & (south <= lat) & (lat <= north) & (self.people >= least_people))

    def named(self, name: str) -> Towns:
        """Return the places that a name means, in any spelling; those that are called so first, and by size."""
        wanted = fold(name)
        own = np.array([fold(text) == wanted for text in self.names], dtype=bool)
        other = [any(fold(text) == wanted for text in filter(None, texts.split("\t")[1:])) for texts in self.texts]
        same = np.flatnonzero(own | np.array(other, dtype=bool))
        return self.pick(same[np.lexsort((-self.people[same], ~own[same]))])


@dataclass(frozen=True, eq=False)
class Discs:
    """The discs of some places in an equal-area projection, in metres: ellipses there, of the discs' own areas."""

    middle: NDArray[np.float64]  # (n, 2)
    across: NDArray[np.float64]  # half axes (n, 2): those that run east to west on the ground
    along: NDArray[np.float64]  # and those that run north to south

    @classmethod
    def of(cls, towns: Towns, plane: str) -> Discs:
        """Return the discs of places in the CRS `plane`."""
        lon, lat = towns.points.T
        # East or west and north or south, whichever leads off no edge of the map.
        wide, tall = _STEP_DEGREES / np.maximum(np.cos(np.radians(lat)), 0.001), _STEP_DEGREES
        beside = np.column_stack([lon + np.where(lon > 0, -wide, wide), lat])
        above = np.column_stack([lon, lat + np.where(lat > 0, -tall, tall)])
        to_plane = crs.projector(crs.LONLAT, plane)
        middle = to_plane(towns.points)
        across, along = to_plane(beside) - middle, to_plane(above) - middle
        area = np.abs(across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0])
        scale = (towns.radii_m / np.sqrt(np.maximum(area, 1.0)))[:, None]  # at a pole the axes span no area
        return cls(middle, scale * across, scale * along)

    @property
    def boxes(self) -> NDArray[np.object_]:
        """A box around each disc."""
        reach = np.hypot(self.across, self.along) * _CORNERS_OUT
        return np.asarray(shapely.box(*(self.middle - reach).T, *(self.middle + reach).T))

    def polygons(self, chosen: NDArray[np.intp]) -> NDArray[np.object_]:
        """Return some discs as polygons of 64 corners, which lie so far out that their areas are the discs' own."""
        turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, None]
        across, along = self.across[chosen, None], self.along[chosen, None]
        shape = _CORNERS_OUT * (across * np.cos(turn) + along * np.sin(turn))
        return np.asarray(shapely.polygons(self.middle[chosen, None] + shape))


def radii_of(people: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the radius in metres of the disc that stands for a place of so many people.

    It has the area that they need at 1,500 people a km², the least density of an urban centre in the «Degree of
    Urbanisation» (UN Statistical Commission, 2020). At least 500 m: a village's streets are that long, and its point in
    GeoNames errs by hundreds of metres. At most 3 km: the parts of a larger city change hands on their own days.
    """
    metres = np.sqrt(np.asarray(people, dtype=np.float64) / (_PEOPLE_PER_KM2 * np.pi)) * 1_000
    return np.asarray(np.clip(metres, LEAST_RADIUS_M, _MOST_RADIUS_M))


def since(shares: NDArray[np.float64], least: float) -> int | None:
    """Return which of some shares in a row is the first since which none is below `least`; None for none."""
    below = np.flatnonzero(shares < least)
    first = int(below[-1]) + 1 if len(below) else 0
    return first if first < len(shares) else None


def load_towns() -> Towns:
    """Load the towns; DataError if their file is damaged."""
    return _loaded()[0]


def load_waters() -> Towns:
    """Load the waters of Ukraine that maps gain and lose: one or several discs for each, without people."""
    return _loaded()[1]


@functools.cache
def _loaded() -> tuple[Towns, Towns]:
    """Load towns and waters: a magic number, then deflated a JSON header with the waters, int32 arrays and names."""
    with packaged("world.towns", "embedded towns", MAGIC) as content:
        body = zlib.decompress(content[len(MAGIC) :])
        (length,) = struct.unpack_from("<i", body)
        header, rest = orjson.loads(body[4 : 4 + length]), body[4 + length :]
        counts = header["countries"]
        size = sum(counts.values())
        numbers = np.frombuffer(rest, "<i4", count=3 * size).reshape(3, size)
        texts = tuple(rest[numbers.nbytes :].decode().split("\n"))
        if len(texts) != size:
            raise ValueError("names are missing")
        people = numbers[0].astype(np.int64)
        countries = np.repeat(np.array(list(counts)), list(counts.values()))
        towns = Towns(texts, countries, people, numbers[1:].T / UNITS_PER_DEGREE, radii_of(people))
        names, lon, lat, radii = zip(*header["waters"], strict=True)
        none, discs = np.zeros(len(names), dtype=np.int64), (np.column_stack([lon, lat]), np.array(radii, dtype=float))
        return towns, Towns(names, np.full(len(names), ""), none, *discs)
