"""Write docs/api.md: what the package offers to Python, from signatures and docstrings.

    python scripts/publish_api.py

A test holds the page against what this would write.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import frontcalc
from frontcalc.archives import Archive, SnapshotRef
from frontcalc.drift import Drift
from frontcalc.fetching.client import Patience
from frontcalc.measure.fetch import Fetched
from frontcalc.notices import Notice
from frontcalc.run.options import Options
from frontcalc.tables import (
    ArchiveMeta,
    ClaimsMeta,
    CompareMeta,
    MapUsed,
    Meta,
    RegionCheckMeta,
    RegionMeta,
    SummaryMeta,
    Table,
)
from frontcalc.viz.scene import ChangeMap
from frontcalc.viz.sheet import Picture
from frontcalc.viz.style import Looks

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
# Public names by what they are for; a name in none of them stands under «Other names».
GROUPS = {
    "Change": ("diff", "diff_files", "series", "summary", "flows", "places"),
    "Held": ("held",),
    "How sure a figure is": ("sensitivity", "compare", "disagreements", "verify"),
    "Where it was": ("changes", "changes_between"),
    "Pictures and pages": (*("change_map", "change_map_between", "picture", "plot", "notebook_html", "report"),),
    "Tables to keep": ("write_summaries", "check_summaries"),
    "From publishers": ("fetch", "source_terms"),
    "Archives": ("open_archive", "list_archive", "check_archive", "convert"),
    "Regions": ("list_regions", "show_region", "check_regions", "fetch_regions"),
    "Errors": ("FrontcalcError", "CheckFailed", "UsageError", "DataError", "NoDataError"),
}
OPTIONS = (Options, Looks)
RESULTS = (
    *(Table, Meta, SummaryMeta, CompareMeta, ClaimsMeta, ArchiveMeta, RegionMeta, RegionCheckMeta, MapUsed, Notice),
    *(ChangeMap, Picture, Drift, Archive, SnapshotRef, Fetched, Patience),
)
_WIDTH = 100
_SECTION = re.compile(r"^(?P<title>[A-Z][A-Za-z ]+)\n-{3,}$", re.MULTILINE)
_HEAD = """# Python

Every name below is in `frontcalc` itself: `import frontcalc`, then `frontcalc.diff(["2024"], archive="maps")`.
Functions take what to measure by position and everything else by keyword. They print nothing, round nothing, and raise
only [errors](#errors) of frontcalc's for what is wrong with question or data. Heavy packages are loaded when they are
first needed. [A notebook](how-to/notebook.md) shows functions at work; [versioning](versioning.md) says what is
promised.

[Options](#options) and the classes of [results](#results) are described here for reading: import functions from
`frontcalc`, and take results as they come.
"""


def page() -> str:
    """Return docs/api.md."""
    grouped = {name for names in GROUPS.values() for name in names}
    other = tuple(name for name in frontcalc.__all__ if name not in grouped and name != "__version__")
    lines = [_HEAD]
    for title, names in (*GROUPS.items(), ("Other names", other)):
        if names:
            lines += [f"## {title}", ""]
            for name in names:
                lines += _entry(getattr(frontcalc, name), f"frontcalc.{name}")
    lines += ["## Options", "", "What functions take as `**options` and `**looks`, all of them keywords.", ""]
    for kind in OPTIONS:
        lines += _entry(kind, kind.__name__)
    lines += ["## Results", "", "Rows are frozen values with the columns of [outputs](outputs.md#columns).", ""]
    for kind in RESULTS:
        lines += _entry(kind, kind.__name__)
    lines += ["## Version", "", "`frontcalc.__version__` is the version as text, as in `0.1.0`."]
    return "\n".join(lines) + "\n"


def _entry(thing: Any, name: str) -> list[str]:
    """Return the lines of a function or class, a class's public methods after it."""
    lines = [f"### {name.removeprefix('frontcalc.')}", ""]
    if inspect.isfunction(thing):
        lines += ["```python", _signature(thing, name), "```", ""]
    elif issubclass(thing, Exception):
        lines += [f"Exit code {thing.exit_code}; {_bases(thing)}.", ""]
    lines += _docstring(inspect.getdoc(thing) or "")
    if is_dataclass(thing) and "Parameters" not in (thing.__doc__ or ""):
        lines += ["*Fields*", "", *(f"- `{field.name}: {_type(field.type)}`" for field in fields(thing)), ""]
    if inspect.isclass(thing) and not issubclass(thing, (Exception, dict)):
        for attribute, member in _members(thing):
            lines += [f"#### {thing.__name__}.{attribute}", ""]
            function = member.fget if isinstance(member, property) else member
            if inspect.isfunction(member):
                lines += ["```python", _signature(member, attribute), "```", ""]
            lines += _docstring(inspect.getdoc(function) or "")
    return lines


def _type(told: Any) -> str:
    """Return a type as it is written."""
    return told if isinstance(told, str) else getattr(told, "__name__", str(told))


def _bases(kind: type) -> str:
    """Return what an error is a kind of."""
    return " and ".join(f"a kind of `{base.__name__}`" for base in kind.__bases__)


def _members(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class defines itself, those with a docstring."""
    for name, member in vars(kind).items():
        told = isinstance(member, property) or inspect.isfunction(member)
        if told and not name.startswith("_") and member.__doc__:
            yield name, member


def _signature(function: Any, name: str) -> str:
    """Return a function's signature, a parameter a line where it is long."""
    signature = inspect.signature(function)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    result = signature.return_annotation
    told = str(signature.replace(parameters=[])).replace("()", "", 1).replace("'", "")
    texts, keyword_only = [], False
    for one in parameters:
        if one.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            texts.append("*")
        texts.append(_parameter(one))
    line = f"{name}({', '.join(texts)}){told if result is not inspect.Signature.empty else ''}"
    if len(line) <= _WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {text},\n" for text in texts) + f"){told}"


def _parameter(one: inspect.Parameter) -> str:
    """Return a parameter as it is written."""
    stars = "**" if one.kind is inspect.Parameter.VAR_KEYWORD else ""
    kind = "" if one.annotation is inspect.Parameter.empty else f": {one.annotation}"
    default = "" if one.default is inspect.Parameter.empty else f" = {one.default!r}"
    return f"{stars}{one.name}{kind}{default}"


def _docstring(text: str) -> list[str]:
    """Return a docstring in numpydoc's form as Markdown."""
    parts = _SECTION.split(text)
    lines = [_prose(parts[0]), ""] if parts[0].strip() else []
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        if title == "Examples":
            lines += ["```pycon", body.strip(), "```", ""]
        else:
            lines += [f"*{title}*", "", *_entries(body), ""]
    return lines


def _entries(body: str) -> Iterator[str]:
    """Yield the entries of a section as a list."""
    for entry in re.split(r"\n(?=\S)", body.strip("\n")):
        first, _, rest = entry.partition("\n")
        name, colon, kind = first.partition(" : ")
        names = ", ".join(f"`{one.strip()}`" for one in name.split(", "))
        told = _prose(textwrap.dedent(rest)).replace("\n", " ")
        yield f"- {names}{f' ({kind})' if colon else ''}{f': {told}' if told else ''}"


def _prose(text: str) -> str:
    """Return paragraphs with Markdown's single marks of code."""
    return text.strip().replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
