"""Arguments of the public functions, checked by their annotations before anything is done."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from functools import wraps
from inspect import cleandoc
from numbers import Integral, Real
from pathlib import Path
from reprlib import repr as shortened
from textwrap import indent
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, ParamSpec, TypeVar, Union, Unpack, get_args, get_origin, get_type_hints

from frontcalc.config import GONE
from frontcalc.errors import UsageError
from frontcalc.periods import CalendarSpan
from frontcalc.read.files import Entry, GeoFrame, in_memory

_SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "Examples")
# What a docstring says where parameters that it does not list, and errors, are those of another facade.
_OTHERWISE = re.compile(r"^Otherwise as `(\w+)`(.+)\n\n", re.MULTILINE)
_OPTIONS = re.compile(r"^.*\*\*options\n(?:    .*\n)+", re.MULTILINE)
_LISTED: dict[str, str] = {}  # the options as entries of facades, by how they are documented

P = ParamSpec("P")
R = TypeVar("R")

# Types accepted where an annotation names a narrower one: numbers of numpy, and paths of other libraries.
_ACCEPTED: dict[Any, Any] = {int: Integral, float: Real, Path: os.PathLike}
_WORDS: dict[Any, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    date: "a date",
    CalendarSpan: "a Period of pandas",
    Path: "a path",
    Entry: "a path",
    GeoFrame: "a GeoDataFrame",
}


def facade(function: Callable[P, R]) -> Callable[P, R]:
    """Return a public function that refuses unknown keywords (TypeError) and values of another type (UsageError).

    Its `**options` are those of the TypedDict that they are annotated with.
    """
    hints: dict[str, Any] = {}  # of every argument; known from the first call on, when what they name is loaded
    positional = function.__code__.co_varnames[: function.__code__.co_argcount]

    @wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> R:
        if not hints:
            # What it returns may be of a library that is not there.
            stated = {name: hint for name, hint in function.__annotations__.items() if name != "return"}
            for name, hint in get_type_hints(SimpleNamespace(__annotations__=stated), function.__globals__).items():
                if get_origin(hint) is Unpack:
                    # An option may be None for «not given».
                    hints.update((option, own | None) for option, own in get_type_hints(get_args(hint)[0]).items())
                else:
                    hints[name] = hint
        if not keywords.keys() <= hints.keys():
            refuse_unknown(function.__name__, keywords, hints)
        given = dict(zip(positional, args, strict=False)) | keywords
        for name, value in given.items():
            if not _fits(value, hints[name]):
                raise UsageError(f"is {shortened(value)}", where=name, cure=f"give {_words(hints[name])}")
        # Options are tested for truth to see whether they are given, which a frame refuses.
        read = {name: in_memory(value) if isinstance(value, GeoFrame) else value for name, value in keywords.items()}
        result: Any = function(*args, **read)  # type: ignore[arg-type]
        # For its receipt a table, also that of a map, says which call returned it: the outermost.
        table = getattr(result, "table", result)
        if hasattr(table, "call"):
            called = replace(table, call=(function.__name__, given))
            result = called if table is result else replace(result, table=called)
        return result  # type: ignore[no-any-return]

    call.__doc__ = _documented(function)
    return call


def _documented(function: Callable[..., Any]) -> str:
    """Return the docstring of a facade with what it has «otherwise as `diff`», and with its `**options` listed."""
    head, *sections = re.split(r"^(?=\w+\n-+\n)", cleandoc(function.__doc__ or "") + "\n\n", flags=re.MULTILINE)
    if otherwise := _OTHERWISE.search(head):
        other, but = otherwise.groups()
        own = {"Parameters": "Parameters\n----------\n\n"} | {text.partition("\n")[0]: text for text in sections}
        names = ("**options" if name == "options" else name for name in function.__annotations__ if name != "return")
        listed = set(re.split(r", | : .*\n|\n", own["Parameters"]))
        if lacking := ", ".join(name for name in names if name not in listed):
            own["Parameters"] = f"{own['Parameters'][:-1]}{lacking}\n    As for `{other}`.\n\n"
        raised = f"UsageError, DataError, NoDataError\n    As `{other}`{but}"
        own.setdefault("Raises", f"Raises\n------\n{raised}\n\n")
        head, sections = _OTHERWISE.sub("", head), [own[name] for name in _SECTIONS if name in own]
    text, keywords = "".join([head, *sections]).rstrip(), function.__globals__.get("Keywords")
    options = keywords and sys.modules[keywords.__module__].__dict__["Options"].__doc__
    if not options or not (entry := _OPTIONS.search(text)):
        return text
    if options not in _LISTED:
        listing = cleandoc(options).partition("----------\n")[2].partition("Raises\n")[0].strip()
        _LISTED[options] = indent(listing, "    ")
    # As a part of the entry, so that who reads a docstring by its sections finds it there.
    return f"{text[: entry.end()]}\n{_LISTED[options]}\n{text[entry.end() :]}"


def refuse_unknown(name: str, given: Collection[str], known: Collection[str]) -> None:
    """Raise TypeError where a keyword was given that a function does not have, with what does its work or is likest."""
    for keyword in given:
        if keyword not in known:
            near = get_close_matches(keyword, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            hint = GONE.get(keyword.replace("_", "-"), hint)
            raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}; {hint}")


def _fits(value: object, hint: Any) -> bool:
    """Say whether a value is of the type that an annotation says; what it does not say exactly, anything fits."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if isinstance(value, bool) and hint in (int, float):
        return False
    if origin in (Sequence, Collection):
        several = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
        return several and all(_fits(one, inner[0]) for one in value)  # type: ignore[attr-defined]
    kind = _ACCEPTED.get(hint, origin or hint)
    return isinstance(value, kind) if isinstance(kind, type) else True


def _words(hint: Any) -> str:
    """Return what an annotation says, in words."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    lists = [get_args(kind)[0] for kind in kinds if get_origin(kind) in (Sequence, Collection)]
    single = [
        _WORDS.get(kind) or f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"
        for kind in kinds
        if kind is not NoneType and get_origin(kind) is None
    ]
    listed = [] if not lists else ["a list of these"] if single else [f"a list, each {_words(lists[0])}"]
    return " or ".join(dict.fromkeys([*single, *listed]))
