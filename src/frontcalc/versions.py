"""What figures are made with: frontcalc's own code, the versions of what it computes with, and keys of what is made."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import orjson

from frontcalc import __version__

_DATA = (".py", ".regions", ".zones")
_READERS = ("orjson", "pyogrio", "pyarrow")


def key_of(parts: Iterable[bytes | str]) -> str:
    """Return the key of what is made from some parts, in this order: a SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        # With its length, so that no two lists of parts run together alike.
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


@functools.cache
def method_version() -> str:
    """Return all that figures are made with as JSON: what is kept under it is of this very method.

    The version's number alone would not do, since code changes between two of them: with it is the SHA-256 of
    frontcalc's own sources and regions.
    """
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
    return orjson.dumps(facts).decode()


def software() -> dict[str, str]:
    """Return all that figures are made with by name, in a form that machines can compare."""
    facts: dict[str, str] = orjson.loads(method_version())
    return facts
