"""The layer table of docs/architecture.md, held: a module imports only from what stands before it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "frontcalc"


def layer_table() -> dict[str, tuple[int, int]]:
    """Return the layer of each module or package, and its place in that layer, read from the documentation."""
    rows = re.findall(r"^\| (\d*)[^|]*\| ([^|]+) \|", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    found: dict[str, tuple[int, int]] = {}
    layer = 0
    for number, names in rows:
        layer = int(number or layer)
        for name in re.findall(r"`(\w+)/?`", names):
            found[name] = layer, len(found)
    return {name: place for name, place in found.items() if place[0]}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or not path.stem.startswith("__"))


def unit(path: Path) -> str:
    """Return the module or package of the first level that a file is of."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return the units of frontcalc that a file imports anywhere, also inside functions and for types."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            if first == "frontcalc" and rest:
                found.add(rest.split(".")[0])
    # What the package itself offers is its version, and the facades by name.
    return found - {"__version__"}


def test_every_module_has_a_layer() -> None:
    assert {unit(path) for path in modules()} == set(layer_table())


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_import_only_from_what_stands_before_them(path: Path) -> None:
    layers = layer_table()
    own = unit(path)
    wrong = {name for name in imported(path) - {own} if name in layers and layers[name] >= layers[own]}
    assert not wrong


def test_there_are_eight_layers() -> None:
    assert {layer for layer, _ in layer_table().values()} == set(range(1, 9))


def test_the_recipe_is_what_diff_does() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    recipe = ast.parse(page.partition("```python\n")[2].partition("```")[0])
    module = ast.parse((PACKAGE / "measure" / "diff.py").read_text())
    diff = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "diff")
    # Less the docstring, and the branch for ranges.
    done = [statement for statement in diff.body[1:] if not isinstance(statement, ast.If)]
    assert [ast.unparse(statement) for statement in recipe.body] == [ast.unparse(statement) for statement in done]


def test_the_library_knows_no_click_and_prints_nothing() -> None:
    for path in modules():
        if unit(path) != "cli":
            assert "click" not in path.read_text(), path
            assert not printing(path), path


def printing(path: Path) -> list[int]:
    """Return the lines of code that print or name a standard stream; the examples of docstrings may print."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Name) and node.id == "print")
        or (isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr"))
        or (isinstance(node, ast.alias) and node.name in ("stdout", "stderr"))
    ]
