"""What figures are made with: frontcalc's own code, and the versions of what it computes with."""

from __future__ import annotations

import hashlib
import platform
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from frontcalc import __version__

_DATA = (".py", ".regions", ".zones")
_READERS = ("orjson", "pyogrio", "pyarrow")


@cache
def method_version() -> str:
    """Return a text that differs wherever figures might: what is kept under it is of this very method."""
    return " ".join(software().values())


@cache
def _sources() -> str:
    """Return the SHA-256 of frontcalc's own sources and regions.

    The version's number alone would not do: code changes between two of them. So nobody has to remember to
    count a number up.
    """
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(path for path in package.rglob("*") if path.suffix in _DATA):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def software() -> dict[str, str]:
    """Return all that figures are made with by name, in a form that machines can compare."""
    import numpy as np
    import pyproj
    import shapely

    return {
        "frontcalc": __version__,
        "sources of frontcalc": _sources(),
        "shapely": shapely.__version__,
        "GEOS": shapely.geos_version_string,
        "pyproj": pyproj.__version__,
        "PROJ": pyproj.proj_version_str,
        "machine": platform.machine(),
        "Python": sys.version,
        "numpy": np.__version__,
        **{package: _version(package) for package in _READERS},
    }


def _version(package: str) -> str:
    """Return a package's version, a dash where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "-"
