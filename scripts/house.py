"""Measure the house: its lines and files, and the way of one figure through it.

    python scripts/house.py

The way is that of `frontcalc diff 2023 2024 --format csv --workers 1` on the sample with an empty cache: which of our
functions and methods are called (no class bodies, comprehensions, lambdas), in how many files, how deep they stand in
each other, and of how many of our classes values pass through them. tests/test_house.py holds the figures, which only
go down.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

SOURCES = Path(__file__).parents[1] / "src" / "frontcalc"
HIDING = {"comes", "nobody", "bears", "takes", "asked", "said", "found", "told"}
COMMAND = ("diff", "2023", "2024", "--format", "csv", "--workers", "1")


@dataclass
class Way:
    """What a command called: its functions, the depth of the deepest, and the classes of the values that passed."""

    functions: set[CodeType] = field(default_factory=set)
    classes: set[type] = field(default_factory=set)
    deepest: int = 0
    _depth: int = 0

    @property
    def files(self) -> set[str]:
        """The files that the functions are in."""
        return {code.co_filename for code in self.functions}

    def profile(self, frame: FrameType, event: str, value: Any) -> None:
        """Take note of a call or a return, as `sys.setprofile` tells it."""
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(str(SOURCES)):
            return
        # The body of a class is code too, and runs without fast locals.
        if code.co_name.startswith("<") or not code.co_flags & inspect.CO_OPTIMIZED:
            return
        if event == "return":
            self._depth -= 1
            self._note(value)
            return
        self._depth += 1
        self.deepest = max(self.deepest, self._depth)
        self.functions.add(code)
        for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            self._note(frame.f_locals.get(name))

    def _note(self, value: object) -> None:
        """Take note of a value's class if it is one of ours."""
        kind = type(value)
        if kind.__module__.startswith("frontcalc"):
            self.classes.add(kind)


def way_of(arguments: tuple[str, ...] = COMMAND) -> Way:
    """Return the way of a command, run in this process with an empty cache."""
    from frontcalc.cli import run

    way = Way()
    with tempfile.TemporaryDirectory() as cache, contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
        os.environ["FRONTCALC_CACHE"] = cache
        sys.setprofile(way.profile)
        try:
            code = run(list(arguments))
        finally:
            sys.setprofile(None)
    assert code == 0, f"{' '.join(arguments)} ended with {code}"
    return way


def modules() -> dict[str, ast.Module]:
    """Return every module of the sources, parsed, by its path."""
    return {
        str(path.relative_to(SOURCES)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(SOURCES.rglob("*.py"))
    }


def lines() -> int:
    """Return how many lines the sources have."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES.rglob("*.py"))


def longest() -> int:
    """Return how many lines the longest module has."""
    return max(len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES.rglob("*.py"))


def names_twice(trees: dict[str, ast.Module]) -> dict[str, int]:
    """Return names of classes, and of modules outside `cli/`, that stand more than once."""
    classes = Counter(node.name for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    named = Counter(
        Path(path).stem for path in trees if not path.startswith("cli/") and not path.endswith("__init__.py")
    )
    return {name: count for name, count in sorted((classes + named).items()) if count > 1}


def long_functions(trees: dict[str, ast.Module]) -> list[str]:
    """Return functions of more than 60 lines or 40 statements."""
    found = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                statements = sum(isinstance(inner, ast.stmt) for inner in ast.walk(node)) - 1
                body = size - _docstring_lines(node)
                if body > 60 or statements > 40:
                    found.append(f"{path}:{node.name}")
    return found


def hiding_names(trees: dict[str, ast.Module]) -> list[str]:
    """Return names of variables, arguments, functions and classes that hide what they hold; `HIDING` has the words."""
    found = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            name = ""
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                name = node.id
            elif isinstance(node, ast.arg):
                name = node.arg
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                name = node.name
            # A published column keeps its name.
            if set(name.lower().split("_")) & HIDING and (path, name) != ("tables/lists.py", "asked"):
                found.append(f"{path}:{name}")
    return found


def frozen_classes(trees: dict[str, ast.Module]) -> int:
    """Return how many frozen data classes and named tuples there are."""
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    marks = [" ".join(map(ast.unparse, (*node.decorator_list, *node.bases))) for node in classes]
    return sum("frozen=True" in mark or "NamedTuple" in mark for mark in marks)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function's docstring has."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return (first.end_lineno or first.lineno) - first.lineno + 1
    return 0


def main() -> None:
    """Print the figures."""
    way, trees = way_of(), modules()
    print(f"{lines():,} lines in {len(trees)} files")
    print(f"{len(way.functions)} functions in {len(way.files)} files, {way.deepest} deep, {len(way.classes)} classes")
    print(f"names that stand twice: {', '.join(names_twice(trees)) or 'none'}")
    print(f"long functions: {', '.join(long_functions(trees)) or 'none'}")
    print(f"names that hide what they hold: {', '.join(hiding_names(trees)) or 'none'}")
    print(f"{frozen_classes(trees)} frozen classes and named tuples, {longest()} lines in the longest file")


if __name__ == "__main__":
    main()
