"""Hold what a wheel and an sdist contain against what they must and must not contain: `make release-check`.

    python scripts/check_release.py dist

Every fault is printed; the exit code is 1 where there is one.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_BYTES = 10_000_000

# Patterns as of the shell, where * also stands for slashes. Places in a wheel are those of site-packages.
WHEEL_HAS = (
    "frontcalc/py.typed",
    "frontcalc/data/ukraine-adm1.regions",
    "frontcalc/data/RU.zones",
    "frontcalc/data/UA.zones",
    "frontcalc/data/ukraine-adm1.bands",
    "frontcalc/data/changes.qml",
    "frontcalc/data/sources.toml",
    "frontcalc/data/surroundings.geojson.gz",
    "frontcalc/data/towns.csv",
    "frontcalc/data/claims/bbc-2024-11.toml",
    "frontcalc/data/sample_polygons/README.md",
    "frontcalc/data/sample_polygons/2022-12-31.geojson",
    "frontcalc/data/sample_polygons/2024-11-17.geojson",
    "frontcalc/page/template/page.html",
    "frontcalc/page/template/page.css",
    "frontcalc/page/template/main.js",
    "frontcalc-*.dist-info/entry_points.txt",
    "frontcalc-*.dist-info/licenses/LICENSE",
    "frontcalc-*.dist-info/licenses/NOTICE",
)
WHEEL_MAY_HAVE = ("frontcalc/*", "frontcalc-*.dist-info/*")
SDIST_HAS = (
    "PKG-INFO",
    "pyproject.toml",
    "Makefile",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "CITATION.cff",
    "LICENSE",
    "NOTICE",
    "action.yml",
    "bench/run.py",
    "data/claims/bbc-2024-11.toml",
    "data/regions/ukraine-adm1.csv",
    "data/sample_polygons/2024-11-17.geojson",
    "docs/architecture.md",
    "docs/decisions/0001-*.md",
    "docs/images/*.png",
    "docs/schema/diff-1.json",
    "scripts/check_release.py",
    "src/frontcalc/py.typed",
    "tests/conftest.py",
    "tests/test_periods.py",
)
SDIST_MAY_HAVE = (
    *("PKG-INFO", "*.md", "*.toml", "*.yml", "*.cff", "Makefile", "LICENSE", "NOTICE", ".gitignore"),
    *(".pre-commit-config.yaml", ".ci/run", ".github/workflows/*.yml"),
    *("bench/*", "data/*", "docs/*", "scripts/*", "src/frontcalc/*", "tests/*"),
)
NEITHER_HAS = (
    *("*.pyc", "*.pyo", "*.so", "*.pyd", "*__pycache__*"),
    *("*.zip", "*.whl", "*.parquet", "*.gpkg", "*.shp", "*.sqlite*", "*.damaged", "*.log"),
    *("*.venv/*", "*/build/*", "*/dist/*", "*/mutants/*", "*.coverage*", "*_cache/*", "*.hypothesis/*"),
    *("*.env", "*.pem", "*.key", "*.netrc", "*.pypirc", "*~", "*.orig", "*.DS_Store"),
)


def faults(names: Iterable[str], has: Sequence[str], may_have: Sequence[str]) -> list[str]:
    """Say what is missing from the names in an archive, and which of them should not be there."""
    names = sorted(names)
    missing = [f"lacks {wanted}" for wanted in has if not any(fnmatchcase(name, wanted) for name in names)]
    alien = [name for name in names if not any(fnmatchcase(name, allowed) for allowed in may_have)]
    unwanted = [name for name in names if any(fnmatchcase(name, refused) for refused in NEITHER_HAS)]
    return [*missing, *(f"has {name}" for name in dict.fromkeys([*alien, *unwanted]))]


def wheel_names(path: Path) -> list[str]:
    """Return the names of the files in a wheel."""
    with zipfile.ZipFile(path) as wheel:
        return [name for name in wheel.namelist() if not name.endswith("/")]


def sdist_names(path: Path) -> list[str]:
    """Return the names of the files in an sdist, without the folder that all are in."""
    with tarfile.open(path) as sdist:
        return [member.name.partition("/")[2] for member in sdist if not member.isdir()]


def modules(source: Path) -> list[str]:
    """Return the places of the package's modules below its source folder."""
    return sorted(path.relative_to(source).as_posix() for path in source.rglob("*.py"))


def check(folder: Path) -> list[str]:
    """Say all that is wrong with the one wheel and the one sdist in a folder."""
    found = []
    own = modules(ROOT / "src")
    kinds = (
        ("*.whl", wheel_names, (*WHEEL_HAS, *own), WHEEL_MAY_HAVE),
        ("*.tar.gz", sdist_names, (*SDIST_HAS, *(f"src/{name}" for name in own)), SDIST_MAY_HAVE),
    )
    for pattern, names_in, has, may_have in kinds:
        paths = sorted(folder.glob(pattern))
        if len(paths) != 1:
            found.append(f"{folder}: has {len(paths)} files {pattern}, not one")
            continue
        (path,) = paths
        found += [f"{path.name}: {fault}" for fault in faults(names_in(path), has, may_have)]
        if (size := path.stat().st_size) > MOST_BYTES:
            found.append(f"{path.name}: takes {size:,} bytes, more than {MOST_BYTES:,}")
    return found


if __name__ == "__main__":
    wrong = check(Path(sys.argv[1]))
    print("\n".join(wrong) or "wheel and sdist have what they must, and nothing else")
    sys.exit(bool(wrong))
