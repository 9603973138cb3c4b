"""The Python face: every public name is typed and documented, and takes options by keyword alone."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import frontcalc
from frontcalc.pictures.change_map import ChangeMap
from frontcalc.pictures.style import Looks
from frontcalc.run.options import Keywords, Options
from frontcalc.tables import Table

# What each facade is naturally given first; all else is an option, and has its name at the call.
POSITIONAL = {
    "again": ["file"],
    "change_map": ["periods"],
    "change_map_between": ["before", "after"],
    "changes": ["periods"],
    "changes_between": ["before", "after"],
    "check_archive": [],
    "check_ledger": ["file", "period"],
    "check_regions": ["path"],
    "check_summaries": ["folder"],
    "compare": ["periods"],
    "consensus": ["period"],
    "consensus_map": ["period"],
    "convert": ["output"],
    "diff": ["periods"],
    "diff_files": ["before", "after"],
    "explain_archive": [],
    "fetch": ["source", "output"],
    "fetch_regions": ["country", "level"],
    "flows": ["periods"],
    "held": ["dates"],
    "ledger": ["period"],
    "list_archive": [],
    "list_regions": ["country"],
    "notebook_html": ["result"],
    "open_archive": ["path"],
    "picture": ["result"],
    "place_shares": ["town", "periods"],
    "places": ["periods"],
    "plot": ["result"],
    "report": ["periods"],
    "records": ["period"],
    "sensitivity": ["period"],
    "series": [],
    "shared_ground": ["period"],
    "show_region": ["name"],
    "source_terms": ["source"],
    "summary": [],
    "verify": ["claims"],
    "where": ["period"],
    "where_changes": ["period"],
    "where_map": ["period"],
    "write_legend": ["path"],
    "write_summaries": ["folder"],
}
METHODS = {
    "Table.to_frame": (Table.to_frame, []),
    "Table.to_geoframe": (Table.to_geoframe, []),
    "Table.plot": (Table.plot, []),
    "Table.save": (Table.save, ["path"]),
    "ChangeMap.plot": (ChangeMap.plot, []),
    "ChangeMap.image": (ChangeMap.image, ["format_"]),
    "ChangeMap.save": (ChangeMap.save, ["path"]),
}
FACADES: dict[str, Callable[..., Any]] = {name: getattr(frontcalc, name) for name in POSITIONAL}
CANNOT_FAIL = {"Table.to_frame", "notebook_html"}
DOCUMENTED = {**FACADES, **{name: METHODS[name][0] for name in ("Table.to_frame", "Table.to_geoframe", "Table.plot")}}


def positional(call: Callable[..., Any]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, one in inspect.signature(call).parameters.items() if one.kind in kinds]
    return [name for name in names if name != "self"]


def sections(call: Callable[..., Any]) -> dict[str, str]:
    """Return the numpydoc sections of a docstring, by heading."""
    parts = re.split(r"^(\w[\w ]*)\n-+\n", inspect.getdoc(call) or "", flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_facade_is_held_by_these_tests() -> None:
    functions = {name for name in frontcalc.__all__ if inspect.isfunction(getattr(frontcalc, name))}
    assert set(POSITIONAL) == functions
    others = set(frontcalc.__all__) - functions - {"__version__"}
    assert all(issubclass(getattr(frontcalc, name), frontcalc.FrontcalcError) for name in others)
    assert set(frontcalc.__all__) == set(dir(frontcalc))


@pytest.mark.parametrize("name", [*POSITIONAL, *METHODS])
def test_options_are_given_by_keyword(name: str) -> None:
    call, wanted = METHODS.get(name, (FACADES.get(name), POSITIONAL.get(name)))
    assert call is not None
    assert positional(call) == wanted
    assert not any(one.kind is one.VAR_POSITIONAL for one in inspect.signature(call).parameters.values())


@pytest.mark.parametrize("name", [*POSITIONAL, *METHODS])
def test_everything_is_annotated(name: str) -> None:
    call = FACADES.get(name) or METHODS[name][0]
    signature = inspect.signature(call)
    assert signature.return_annotation is not signature.empty
    for parameter, one in signature.parameters.items():
        assert one.annotation is not one.empty or parameter == "self", parameter
        assert one.kind is not one.VAR_KEYWORD or "Unpack[" in str(one.annotation), "options are named, not Any"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_docstrings_say_what_goes_in_what_comes_out_and_what_may_fail(name: str) -> None:
    call, found = DOCUMENTED[name], sections(DOCUMENTED[name])
    parameters = inspect.signature(call).parameters.values()
    wanted = {f"**{one.name}" if one.kind is one.VAR_KEYWORD else one.name for one in parameters} - {"self"}
    headings = re.findall(r"^(\S.*?)(?: : .*)?$", found.get("Parameters", ""), re.MULTILINE)
    assert {name for heading in headings for name in heading.split(", ")} == wanted
    assert "Returns" in found
    assert ("Raises" in found) != (name in CANNOT_FAIL)
    order = ["Parameters", "Returns", "Raises", "Notes", "Examples"]
    assert list(found) == [heading for heading in order if heading in found]


@pytest.mark.parametrize(
    "name", [name for name, call in FACADES.items() if "options" in inspect.signature(call).parameters]
)
def test_help_lists_every_option_with_its_default_and_unit(name: str) -> None:
    """The docstring as it is written has the options once, in `Options`; `help` shows them with every facade."""
    shown = inspect.getdoc(FACADES[name]) or ""
    for option in fields(Options):
        (says,) = re.findall(rf"^    {option.name} : .*\n((?:        .*\n)+)", shown, re.MULTILINE)
        assert "default" in says, says
    assert "Mean width (m)" in shown
    assert "For how many days" in shown
    assert "sliver_width" not in (inspect.unwrap(FACADES[name]).__doc__ or "")


@pytest.mark.parametrize("options", [Options, Looks])
def test_every_option_is_documented_where_it_is_defined(options: type) -> None:
    headings = re.findall(r"^(\S.*?) : ", sections(options)["Attributes"], re.MULTILINE)
    assert set(get_type_hints(options)) == {name for heading in headings for name in heading.split(", ")}


def test_the_keywords_of_the_facades_are_the_fields_of_the_options() -> None:
    assert get_type_hints(Keywords) == get_type_hints(Options)
    assert list(Keywords.__annotations__) == [field.name for field in fields(Options)]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'dif'"):
        frontcalc.dif  # type: ignore[attr-defined]  # noqa: B018


def test_one_period_or_date_need_not_be_in_a_list() -> None:
    assert frontcalc.diff("2024-10") == frontcalc.diff(["2024-10"])
    assert frontcalc.held("2024-11-03") == frontcalc.held(["2024-11-03"])
    assert frontcalc.held(["2024-11-03", date(2024, 11, 3)]) == frontcalc.held("2024-11-03")


def test_an_open_archive_may_be_asked_wherever_a_path_may(archive: Callable[..., Path]) -> None:
    maps = {"2022-12-31": {None: [(200, 40)]}, "2023-12-31": {None: [(200, 40), (300, 40)]}}
    one, other = archive(maps, "one"), archive(maps, "other")
    opened = frontcalc.open_archive(one)
    assert frontcalc.diff("2023", archive=opened, with_range=True) == frontcalc.diff(
        "2023", archive=one, with_range=True
    )
    assert frontcalc.series(archive=opened) == frontcalc.series(archive=one)
    compared = frontcalc.compare("2023", archives=[opened, other])
    assert compared == frontcalc.compare("2023", archives=[one, other])
    for twice in ([opened, opened], [opened, frontcalc.open_archive(one)]):
        with pytest.raises(frontcalc.UsageError, match="the same archive is given twice"):
            frontcalc.compare("2023", archives=twice)
    with pytest.raises(frontcalc.UsageError, match="one: is open already"):
        frontcalc.held("2023-12-31", archive=opened, date_from="name")


def test_a_part_of_an_archive_is_an_archive(archive: Callable[..., Path]) -> None:
    maps = frontcalc.open_archive(archive({day: {None: [(200, 40)]} for day in ("2023-01-01", "2023-01-08")}))
    assert len(frontcalc.series(archive=replace(maps, refs=maps.refs[:1])).rows) == 1


def test_the_package_says_that_it_is_typed() -> None:
    assert resources.files("frontcalc").joinpath("py.typed").is_file()


def test_a_users_script_passes_strict_typing_and_its_mistakes_are_found() -> None:
    script = Path(__file__).with_name("typed_user.py")
    # That of `make lint`, where there is one: to read all types anew takes ten times as long.
    kept = f"--cache-dir={script.parents[1] / '.mypy_cache'}"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", kept, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("Success: no issues found in 1 source file\n", 0)
