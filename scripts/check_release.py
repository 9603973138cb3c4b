"""Hold a wheel and an sdist against the files that git knows, each of which must be there and no other.

    python scripts/check_release.py dist

Every fault is printed; the exit code is 1 where there is one. `make release-check` does it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_BYTES = 10_000_000
# Nothing such is released even if it was committed. Patterns as of the shell, where * also stands for slashes.
NEITHER_HAS = (
    *("*.pyc", "*.pyo", "*.so", "*.pyd", "*.zip", "*.whl", "*.parquet", "*.gpkg", "*.shp", "*.sqlite*", "*.damaged"),
    *("*.env", "*.pem", "*.key", "*.netrc", "*.pypirc", "*.log", "*~", "*.orig", "*.DS_Store"),
)
# What the builder adds. Places in a wheel are those of site-packages; the version is left out of its own folder.
OF_WHEEL = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "licenses/NOTICE")
OF_SDIST = ("PKG-INFO", "pyproject.toml", ".gitignore")


def tracked() -> list[str]:
    """Return the files that git knows, from the repository's root."""
    return subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def wanted(files: Iterable[str]) -> dict[str, set[str]]:
    """Return what a wheel and an sdist made of these files have, by the pattern of the release's name."""
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    places = {"src/": "", **{f"{source}/": f"{to}/" for source, to in targets["wheel"]["force-include"].items()}}
    wheel, sdist = {f"frontcalc.dist-info/{name}" for name in OF_WHEEL}, set(OF_SDIST)
    for name in files:
        wheel |= {to + name.removeprefix(source) for source, to in places.items() if name.startswith(source)}
        sdist |= {name for one in targets["sdist"]["include"] if f"{name}/".startswith(f"{one}/")}
    return {"*.whl": wheel, "*.tar.gz": sdist}


def names_in(path: Path) -> set[str]:
    """Return the names of the files in a wheel, or in an sdist without the folder that all are in."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            names = [name for name in wheel.namelist() if not name.endswith("/")]
        return {re.sub(r"^frontcalc-[^/]+\.dist-info/", "frontcalc.dist-info/", name) for name in names}
    with tarfile.open(path) as sdist:
        return {member.name.partition("/")[2] for member in sdist if not member.isdir()}


def check(folder: Path, files: Iterable[str]) -> list[str]:
    """Say all that is wrong with the one wheel and the one sdist in a folder."""
    found = []
    for pattern, must in wanted(files).items():
        paths = sorted(folder.glob(pattern))
        if len(paths) != 1:
            found.append(f"{folder}: has {len(paths)} files {pattern}, not one")
            continue
        (path,) = paths
        has = names_in(path)
        refused = {name for name in has if any(fnmatchcase(name, one) for one in NEITHER_HAS)}
        found += [f"{path.name}: lacks {name}" for name in sorted(must - has)]
        found += [f"{path.name}: has {name}" for name in sorted((has - must) | refused)]
        if (size := path.stat().st_size) > MOST_BYTES:
            found.append(f"{path.name}: takes {size:,} bytes, more than {MOST_BYTES:,}")
    return found


if __name__ == "__main__":
    wrong = check(Path(sys.argv[1]), tracked())
    print("\n".join(wrong) or "wheel and sdist have what they must, and nothing else")
    sys.exit(bool(wrong))
