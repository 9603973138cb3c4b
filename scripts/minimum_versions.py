"""Print the lowest versions that pyproject.toml allows, as pip's constraints: `make minimum` tests with them.

    python scripts/minimum_versions.py > constraints.txt

The tools of development are not among them: which of those is used changes no figure.
"""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"

_BOUND = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\d.]+)")


def constraints(project: str) -> list[str]:
    """Return a line a package, «click==8.2», of the dependencies and of every extra in the text of a pyproject.toml.

    Raises
    ------
    ValueError
        A requirement is not a name and a lower bound.
    """
    stated = tomllib.loads(project)["project"]
    found = set()
    for requirement in chain(stated.get("dependencies", []), *stated.get("optional-dependencies", {}).values()):
        bound = _BOUND.fullmatch(requirement)
        if bound is None:
            raise ValueError(f"{requirement!r} is not a name and a lower bound, as in «click>=8.2»")
        found.add(f"{bound['name']}=={bound['version']}")
    return sorted(found)


if __name__ == "__main__":
    print("\n".join(constraints(PROJECT.read_text(encoding="utf-8"))))
