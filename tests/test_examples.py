"""The examples of docstrings, run one callable at a time in a folder of their own, on the bundled sample."""

from __future__ import annotations

import doctest
import inspect
import shutil
from pathlib import Path

import pytest

import frontcalc
from frontcalc.tables import Table

NEEDS_A_CONNECTION = {"fetch", "fetch_regions"}


def callables() -> dict[str, object]:
    """Return what is public and has an example: every facade, and what a result can be asked for."""
    facades = {name: getattr(frontcalc, name) for name in frontcalc.__all__}
    found: dict[str, object] = {name: one for name, one in facades.items() if inspect.isfunction(one)}
    return {"frontcalc": frontcalc, **found} | {
        f"Table.{name}": getattr(Table, name) for name in ("to_frame", "to_geoframe", "plot")
    }


def examples_of(name: str) -> list[doctest.Example]:
    """Return the examples of one docstring."""
    return doctest.DocTestParser().get_examples(inspect.getdoc(callables()[name]) or "")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that many examples begin with, which only `convert`'s own writes again."""
    folder = tmp_path_factory.mktemp("sample") / "maps"
    frontcalc.convert(folder)
    return folder


@pytest.mark.parametrize("name", sorted(callables()))
def test_the_examples_of_a_docstring_give_what_they_say(
    name: str, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name != "convert":
        monkeypatch.setattr(frontcalc, "convert", lambda folder: shutil.copytree(sample, folder))
    examples = examples_of(name)
    assert examples, "every facade shows how it is used"
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    test = doctest.DocTest(examples, {}, name, None, None, None)
    failed, _ = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not failed, "".join(said)


def test_only_what_needs_a_connection_is_not_run() -> None:
    skipped = {name for name in callables() if any(doctest.SKIP in one.options for one in examples_of(name))}
    assert skipped == NEEDS_A_CONNECTION
