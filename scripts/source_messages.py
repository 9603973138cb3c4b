"""Every message of an error in the source, with what to do and the exit code, for docs/messages.md.

Messages are read from the source, so that none is missing; what varies in one stands as «…».
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from frontcalc import errors

PACKAGE = Path(__file__).parents[1] / "src" / "frontcalc"
CASES = "*as the case is*"
Texts = Mapping[str, list[str]]
# A function that makes an error of a feature: how its message begins, and what to do unless a call says else.
_OF_FEATURE, _FEATURE, _MEND = "refused", "feature … ", "MEND"
_HEAD = """# Messages: every error and its cure

An error is one line on standard error: the file or option, what is wrong, and after a semicolon what to do. Below is
what is wrong as frontcalc words it, `…` for what varies, so that a search in this page finds your line; *as the case
is* stands where the words come from what was found. [Errors](errors.md) shows a hundred of them as they come out of bad
input; from Python each is a `FrontcalcError` with `problem`, `where` and `cure`.

The exit code says which kind it is, and scripts may rely on it; the words may be improved at any time
([versioning](versioning.md)).
"""
_CHECKS = """Where the line does not say what to do, what was written before it does: the reasons of `verify`, the list
of `regions check`, the [notice](notices.md) that `--fail-on` names."""
_TITLES = {
    1: "a check that was asked for did not hold",
    2: "the question is wrong: an option, a period, a name",
    3: "a file is broken, or the system refuses something: memory, room on a disk, a permission",
    4: "the archive has no answer",
}


class Message(NamedTuple):
    """An error that the source can raise: its exit code, where from, its words and what to do."""

    exit_code: int
    module: str
    problem: str
    cure: str


@cache
def messages() -> tuple[Message, ...]:
    """Return every message of the source, sorted, each once."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    calls: dict[str, list[ast.Call]] = {}
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            calls.setdefault(node.func.id, []).append(node)
    exit_codes = _exit_codes(nodes)
    constants = {
        name: texts for tree in trees.values() for name, texts in _texts(tree, {}, {}).items() if name.isupper()
    }
    found: set[Message] = set()
    for path, tree in trees.items():
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        # Of other modules' constants those that are imported, and the one that `refused` falls back to.
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        named = {_MEND} | {name.name for node in imports for name in node.names}
        texts = {name: constants[name] for name in named & constants.keys()}
        found |= set(_messages_of(tree, module, texts, calls, exit_codes))
    return tuple(sorted(found))


def _exit_codes(nodes: list[ast.AST]) -> dict[str, int]:
    """Return the exit code of each class of errors; one of a module's own ends with that of what it is a kind of."""
    codes = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.FrontcalcError)
    }
    bases = {
        node.name: node.bases[0].id
        for node in nodes
        if isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name)
    }
    for name in bases:
        kind = name
        while kind in bases and kind not in codes:
            kind = bases[kind]
        if kind in codes:
            codes[name] = codes[kind]
    return codes


def page() -> str:
    """Return docs/messages.md."""
    lines = [_HEAD]
    for code, title in _TITLES.items():
        lines += [f"## {code}: {title}", "", *([_CHECKS, ""] if code == 1 else [])]
        lines += ["| what is wrong | what to do | raised in |", "|---|---|---|"]
        told = [one for one in messages() if one.exit_code == code]
        lines += [f"| {_cell(one.problem)} | {_cell(one.cure)} | `{one.module}` |" for one in told]
        lines.append("")
    return "\n".join(lines)


def _messages_of(
    scope: ast.AST, module: str, outer: Texts, calls: Mapping[str, list[ast.Call]], exit_codes: Mapping[str, int]
) -> Iterator[Message]:
    """Yield the messages of a module or of what stands in it."""
    texts = {**outer, **_texts(scope, calls, outer)}
    for node in _inside(scope):
        if isinstance(node, ast.FunctionDef):
            yield from _messages_of(node, module, texts, calls, exit_codes)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            name = node.func.id
            if name not in (_OF_FEATURE, *exit_codes):
                continue
            given = next((keyword.value for keyword in node.keywords if keyword.arg == "cure"), None)
            problems = _templates(node.args[name == _OF_FEATURE], texts)
            cures = _templates(given, texts) if given is not None else [""]
            if name == _OF_FEATURE:
                problems = [problem if problem == CASES else f"{_FEATURE}{problem}" for problem in problems]
                cures = texts.get(_MEND, cures) if given is None else cures
            if len(cures) != len(problems):
                cures = [" / ".join(cures)] * len(problems)
            for problem, cure in zip(problems, cures, strict=True):
                # A few messages are put together elsewhere, with what to do among their words.
                words, _, rest = problem.partition("; ") if not cure else (problem, "", cure)
                yield Message(exit_codes.get(name, errors.DataError.exit_code), module, words, rest)


def _inside(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, functions in it whole."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, ast.FunctionDef):
            yield from _inside(node)


def _texts(scope: ast.AST, calls: Mapping[str, list[ast.Call]], outer: Texts) -> Texts:
    """Return what names of a scope may stand for, where that is text: what is assigned, and what callers pass."""
    found: dict[str, list[str]] = {}
    for node in _inside(scope):
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
            if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(node.targets[0].elts, node.value.elts, strict=True))
            for target, value in pairs:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).extend(_templates(value, outer))
    if isinstance(scope, ast.FunctionDef):
        names = [argument.arg for argument in (*scope.args.posonlyargs, *scope.args.args)]
        for call in calls.get(scope.name, []):
            passed = dict(zip(names, call.args, strict=False)) | {word.arg or "": word.value for word in call.keywords}
            for name, value in passed.items():
                found.setdefault(name, []).extend(_templates(value, {}))
    return {name: texts for name, texts in found.items() if CASES not in texts}


def _templates(node: ast.expr, texts: Texts) -> list[str]:
    """Return the texts that an expression may be, «…» for what varies."""
    if isinstance(node, ast.Constant):
        return [str(node.value or "")]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)]
    if isinstance(node, ast.BinOp):
        sides = [_templates(side, texts) for side in (node.left, node.right)]
        return [CASES] if [CASES] in sides else ["".join(both) for both in product(*sides)]
    if isinstance(node, ast.IfExp):
        return _templates(node.body, texts) + _templates(node.orelse, texts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "rstrip":
        return _templates(node.func.value, texts)
    return texts.get(node.id, [CASES]) if isinstance(node, ast.Name) else [CASES]


def _cell(text: str) -> str:
    """Return a text for a cell of a Markdown table; code, so that no mark in it counts."""
    text = re.sub("…+", "…", text)
    return f"`{text.replace('|', chr(92) + '|').replace('`', chr(39))}`" if text not in ("", CASES) else text
