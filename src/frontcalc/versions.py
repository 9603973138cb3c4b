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
    """Return a text that differs wherever figures might: what is kept under it is of this very method.

    The version's number alone would not do: code changes between two of them. So the package's sources and regions
    are in it by their SHA-256, and nobody has to remember to count a number up.
    """
    import numpy as np
    import pyproj
    import shapely

    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(path for path in package.rglob("*") if path.suffix in _DATA):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    libraries = (shapely.__version__, shapely.geos_version_string, pyproj.__version__, pyproj.proj_version_str)
    machine = (platform.machine(), sys.version, np.__version__)
    return " ".join((__version__, digest.hexdigest(), *libraries, *machine, *map(_version, _READERS)))


def _version(package: str) -> str:
    """Return a package's version, a dash where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "-"
