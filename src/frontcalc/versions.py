"""What figures are made with: frontcalc's own code, the versions of what it computes with, and keys of what is made."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from pathlib import Path

from frontcalc import __version__

_DATA = (".py", ".regions", ".zones")
_READERS = ("orjson", "pyogrio", "pyarrow")
_SETTINGS = ("OGR_", "CPL_", "SHAPE_", "GDAL_", "PROJ_")
_PLACES = ("GDAL_DATA", "PROJ_DATA", "PROJ_LIB")


def key_of(parts: Iterable[bytes | str]) -> str:
    """Return the key of what is made from some parts, in this order: a SHA-256 in hexadecimal."""
    import hashlib

    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        # With its length, so that no two lists of parts run together alike.
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def gdal_settings(*, with_places: bool = False) -> dict[str, str]:
    """Return the environment's settings of GDAL and PROJ, which change figures, by name.

    Where their data lie (`with_places`) is part of an installation.
    """
    names = (name for name in sorted(os.environ) if name.startswith(_SETTINGS))
    return {name: os.environ[name] for name in names if with_places or name not in _PLACES}


def method_version() -> str:
    """Return all that figures are made with as a text: what is kept under it is of this very method."""
    return ascii({**_facts(), **gdal_settings(with_places=True)})


@functools.cache
def _facts() -> dict[str, str]:
    """Return the versions of all that figures are made with, by name.

    The version's number alone would not do, since code changes between two of them: with it is the SHA-256 of
    frontcalc's own sources and regions.
    """
    import hashlib
    import platform
    from importlib import metadata

    import numpy as np
    import pyproj
    import shapely

    sources, folder = hashlib.sha256(), Path(__file__).parent
    for parent, folders, names in os.walk(folder):
        folders.sort()
        here = Path(parent)
        for name in sorted(name for name in names if name.endswith(_DATA)):
            sources.update(f"{here.relative_to(folder).as_posix()}/{name}\0".encode() + (here / name).read_bytes())
    facts = {
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
        facts[package] = "-"
        with suppress(metadata.PackageNotFoundError):
            facts[package] = metadata.version(package)
    return facts


def software() -> dict[str, str]:
    """Return all that figures are made with by name, in a form that machines can compare.

    Settings of GDAL and PROJ, where there are any, are a SHA-256: they may hold names of places and people.
    """
    settings = gdal_settings()
    facts = dict(_facts())
    if settings:
        facts["settings of GDAL and PROJ"] = key_of(map(os.fsencode, chain.from_iterable(settings.items())))
    return facts
