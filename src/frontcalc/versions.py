"""Versions of frontcalc's own code and of the libraries that figures depend on, and keys of what is made with them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from pathlib import Path

from frontcalc import __version__

_DATA = (".py", ".regions", ".zones", ".bands")
_APART = "world.regions"  # large, and its SHA-256 is in the key of whatever is made with it
_READERS = ("orjson", "pyogrio", "pyarrow")
SETTINGS = ("OGR_", "CPL_", "SHAPE_", "GDAL_", "PROJ_")
PLACES = ("GDAL_DATA", "PROJ_DATA", "PROJ_LIB")
_CERTIFICATES = "_CURL_CA_BUNDLE"  # for a network that is closed; pyogrio sets them where it is imported


def key_of(parts: Iterable[bytes | str]) -> str:
    """Return the key of what is made from some parts, in this order: a SHA-256 in hexadecimal."""
    import hashlib

    contents = [part.encode() if isinstance(part, str) else part for part in parts]
    # With its length, so that no two lists of parts run together alike.
    sized = [piece for content in contents for piece in (len(content).to_bytes(8, "big"), content)]
    return hashlib.sha256(b"".join(sized)).hexdigest()


def method_version() -> str:
    """Return all that figures are made with as a text: what is kept under it is of this very method.

    The version's number alone would not do, since code changes between two of them: with it is the SHA-256 of
    frontcalc's own sources and regions.
    """
    if not _versions:
        import hashlib
        import platform
        from importlib import metadata

        import numpy as np
        import pyproj
        import shapely

        sources, folder = hashlib.sha256(), Path(__file__).parent
        for parent, folders, names in os.walk(folder):
            folders.sort()
            here, place = Path(parent), Path(parent).relative_to(folder).as_posix()
            for name in sorted(name for name in names if name.endswith(_DATA) and name != _APART):
                sources.update(f"{place}/{name}\0".encode() + (here / name).read_bytes())
        versions = {
            "frontcalc": __version__,
            "sources of frontcalc": sources.hexdigest(),
            "shapely": shapely.__version__,
            "GEOS": shapely.geos_version_string,
            "pyproj": pyproj.__version__,
            "PROJ": pyproj.proj_version_str,
            "machine": platform.machine(),
            "Python": sys.version,
            "numpy": np.__version__,
        }
        for package in _READERS:
            versions[package] = "-"
            with suppress(metadata.PackageNotFoundError):
                versions[package] = metadata.version(package)
        _versions.update(versions)
    # The environment's settings of GDAL and PROJ change figures too.
    settings = {name: text for name, text in sorted(os.environ.items()) if name.startswith(SETTINGS)}
    return ascii(_versions | {name: text for name, text in settings.items() if not name.endswith(_CERTIFICATES)})


_versions: dict[str, str] = {}  # of all that figures are made with, by name, found once


def software() -> dict[str, str]:
    """Return all that figures are made with by name, in a form that machines can compare.

    Settings of GDAL and PROJ, where there are any, are a SHA-256: they may hold names of places and people. Where their
    data lie is part of an installation.
    """
    method_version()
    facts = _versions | {"GDAL": gdal_version()}
    settings = sorted(item for item in os.environ.items() if item[0].startswith(SETTINGS))
    relevant = [item for item in settings if not (item[0].endswith(_CERTIFICATES) or item[0] in PLACES)]
    if relevant:
        facts["settings of GDAL and PROJ"] = key_of(map(os.fsencode, chain.from_iterable(relevant)))
    return facts


def gdal_version() -> str:
    """Return the version of GDAL: it is in the name of a wheel's library, and to import that would take a second."""
    from importlib import metadata

    for file in map(str, metadata.files("pyogrio") or ()):
        if named := re.search(r"libgdal[^/]*\.\d+\.(\d+\.\d+\.\d+)(\.dylib)?$", file):
            return named[1]
    import pyogrio

    return str(pyogrio.__gdal_version_string__)
