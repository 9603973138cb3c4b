"""What a release consists of, and what the pages for developers say of the repository."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import check_release
import house
import minimum_versions
import pytest
import yaml

import frontcalc

ROOT = Path(__file__).parents[1]
WHEEL, SDIST = "frontcalc-1.0-py3-none-any.whl", "frontcalc-1.0.tar.gz"


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


FILES = [
    *("CITATION.cff", "LICENSE", ".ci/run", "bench/run.py", "docs/images/series.png", "tests/test_periods.py"),
    *("src/frontcalc/py.typed", "src/frontcalc/periods.py", "src/frontcalc/data/UA.zones"),
    *("data/sample_polygons/2024-11-17.geojson", "data/regions/ukraine-adm1.csv"),
]


@pytest.fixture
def release() -> dict[str, list[str]]:
    """Return the names of files in a wheel and an sdist that have all that they must."""
    wheel, sdist = check_release.wanted(FILES).values()
    return {WHEEL: [name.replace("frontcalc.dist", "frontcalc-1.0.dist") for name in wheel], SDIST: list(sdist)}


def checked(release: dict[str, list[str]], folder: Path, files: Sequence[str] = FILES) -> list[str]:
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for name in release[WHEEL]:
            wheel.writestr(name, b"")
    with tarfile.open(folder / SDIST, "w:gz") as sdist:
        for name in release[SDIST]:
            sdist.addfile(tarfile.TarInfo(f"frontcalc-1.0/{name}"))
    return check_release.check(folder, files)


def test_a_release_has_the_sources_and_what_comes_with_them(release: dict[str, list[str]]) -> None:
    assert set(release[WHEEL]) == {
        *("frontcalc/py.typed", "frontcalc/periods.py", "frontcalc/data/UA.zones"),
        "frontcalc/data/sample_polygons/2024-11-17.geojson",
        *(f"frontcalc-1.0.dist-info/{name}" for name in check_release.OF_WHEEL),
    }
    assert set(release[SDIST]) == {*FILES, *check_release.OF_SDIST}


def test_a_release_that_has_what_it_must_passes(release: dict[str, list[str]], tmp_path: Path) -> None:
    assert checked(release, tmp_path) == []


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (WHEEL, "frontcalc/py.typed"),
        (WHEEL, "frontcalc/data/UA.zones"),
        (WHEEL, "frontcalc/periods.py"),
        (WHEEL, "frontcalc-1.0.dist-info/licenses/NOTICE"),
        (SDIST, "CITATION.cff"),
        (SDIST, "src/frontcalc/periods.py"),
        (SDIST, "data/sample_polygons/2024-11-17.geojson"),
    ],
)
def test_what_is_missing_is_named(release: dict[str, list[str]], tmp_path: Path, file: str, name: str) -> None:
    release[file].remove(name)
    (fault,) = checked(release, tmp_path)
    assert fault == f"{file}: lacks {name.replace('-1.0.', '.')}"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (WHEEL, "tests/conftest.py"),
        (WHEEL, "frontcalc/__pycache__/periods.cpython-311.pyc"),
        (WHEEL, "frontcalc/data/archives/isw.zip"),
        (WHEEL, "frontcalc/.env"),
        (SDIST, "notes.txt"),
        (SDIST, "data/maps.parquet"),
        (SDIST, ".pypirc"),
        (SDIST, "tests/.hypothesis/constants/1"),
    ],
)
def test_what_should_not_be_there_is_named(release: dict[str, list[str]], tmp_path: Path, file: str, name: str) -> None:
    release[file].append(name)
    assert checked(release, tmp_path) == [f"{file}: has {name}"]


def test_what_is_never_released_is_named_even_if_it_was_committed(
    release: dict[str, list[str]], tmp_path: Path
) -> None:
    release[SDIST].append("tests/.env")
    assert checked(release, tmp_path, [*FILES, "tests/.env"]) == [f"{SDIST}: has tests/.env"]


def test_a_release_is_one_wheel_and_one_sdist_of_no_great_size(
    release: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(release, tmp_path)
    monkeypatch.setattr(check_release, "MOST_BYTES", 10)
    assert [fault.partition(": takes ")[0] for fault in check_release.check(tmp_path, FILES)] == [WHEEL, SDIST]
    (tmp_path / WHEEL).unlink()
    (tmp_path / SDIST).rename(tmp_path / "other")
    assert [fault.partition(": ")[2] for fault in check_release.check(tmp_path, FILES)] == [
        "has 0 files *.whl, not one",
        "has 0 files *.tar.gz, not one",
    ]


def test_the_lowest_versions_are_those_of_every_dependency_and_extra() -> None:
    dependencies = '[project]\ndependencies = ["click>=8.2"]\n'
    extras = '[project.optional-dependencies]\nviz = ["bokeh>=3.6", "click>=8.2"]'
    assert minimum_versions.constraints(dependencies + extras) == ["bokeh==3.6", "click==8.2"]
    own = minimum_versions.constraints(text("pyproject.toml"))
    assert {line.partition("==")[0] for line in own} >= {"click", "numpy", "pyproj", "distributed"}
    with pytest.raises(ValueError, match=r"'click<9' is not a name and a lower bound"):
        minimum_versions.constraints('[project]\ndependencies = ["click<9"]')


def test_contributing_has_every_target_of_make_and_no_other() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text("Makefile").replace("\\\n", " "), re.MULTILINE)
    targets = phony.split()
    assert sorted(targets) == sorted(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert re.findall(r"^\| `make ([a-z-]+)` \|", text("CONTRIBUTING.md"), re.MULTILINE) == targets


def test_contributing_and_choices_name_modules_and_tests_that_there_are() -> None:
    pages = (text("CONTRIBUTING.md"), text("docs/choices.md"), text("docs/architecture.md"))
    for page in pages:
        for name in re.findall(r"`((?:\w+/)+\w+(?:\.\w+)*)`", page):
            places = (ROOT / base / name for base in ("", "src", "src/frontcalc"))
            # «outputs/numbers» is a module, «cli/results.emit» a function of one.
            found = [path for place in places for path in (place, place.with_suffix(".py")) if path.exists()]
            assert found, name
            own = name.rpartition("/")[2].partition(".")[2]
            if found[0].suffix == ".py" and own not in ("", "py"):
                assert re.search(rf"^(?:def |class )?{own}\b", found[0].read_text(encoding="utf-8"), re.MULTILINE), name
    table = pages[0].partition("## Where to put what")[2]
    rows = re.findall(r"^\| \w.* \| (.+?) \| .+ \| (.+) \|$", table, re.MULTILINE)[1:]
    assert len(rows) > 5
    for places, tests in rows:
        for name in re.findall(r"`(\w+\.py)`", places):
            assert (ROOT / "src" / "frontcalc" / name).exists(), name
        for name in re.findall(r"`(\w+)`", tests):
            assert (ROOT / "tests" / f"test_{name}.py").exists(), name


def test_the_page_of_tests_names_every_file_of_tests_and_no_other() -> None:
    table, _, _ = text("docs/testing.md").partition("| kind |")[2].partition("\n\n")
    named = re.findall(r"`(\w+)`", table.split("|---", 1)[1])
    assert sorted(named) == sorted(path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py"))


HEADINGS = ["## Context", "## Decision", "## Rejected", "## Consequences"]


def test_decision_records_are_numbered_listed_and_of_one_form() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [path.name[:5] for path in records] == [f"{n:04}-" for n in range(1, len(records) + 1)]
    listed = dict(re.findall(r"^\| \[\d{4}\]\((.+?)\) \| (.+) \|$", text("docs/decisions/README.md"), re.MULTILINE))
    assert list(listed) == [path.name for path in records]
    for path in records:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == f"# {path.name[:4]}: {listed[path.name]}"
        assert lines[2].startswith("Status: "), path.name
        assert [line for line in lines if line.startswith("## ")] == HEADINGS, path.name
        assert len(lines) <= 60, path.name


def test_links_between_pages_for_developers_lead_somewhere() -> None:
    pages = [ROOT / "CONTRIBUTING.md", *(ROOT / "docs" / name for name in ("testing.md", "releasing.md"))]
    for page in [*pages, *(ROOT / "docs" / "decisions").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), (page.name, link)


def test_the_citation_is_of_this_version_and_licence() -> None:
    citation = yaml.safe_load(text("CITATION.cff"))
    project = tomllib.loads(text("pyproject.toml"))["project"]
    assert citation["version"] == frontcalc.__version__
    assert citation["license"] == project["license"] == "MIT"
    assert citation["cff-version"] == "1.2.0"
    assert {"title", "message", "authors"} <= set(citation)


def test_the_notice_names_every_embedded_data_set() -> None:
    notice = text("NOTICE")
    embedded = [path for path in (ROOT / "src" / "frontcalc" / "data").iterdir() if path.name != "__pycache__"]
    bundled = [path for path in (ROOT / "data").iterdir() if path.is_dir()]
    for path in [*embedded, *bundled]:
        assert path.relative_to(ROOT).as_posix() in notice


def test_hooks_run_the_tools_that_lint_runs() -> None:
    (repository,) = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    entries = [hook["entry"].removeprefix(".venv/bin/") for hook in repository["hooks"]]
    assert all(hook["language"] == "system" for hook in repository["hooks"])
    (recipe,) = re.findall(r"^lint: .+\n((?:\t.+\n)+)", text("Makefile"), re.MULTILINE)
    run = [line.strip().removeprefix("$(BIN)/").removesuffix(" .") for line in recipe.splitlines()]
    assert [entry.removesuffix(" --force-exclude") for entry in entries] == run


def test_ci_calls_targets_that_there_are_on_every_python_that_is_promised() -> None:
    workflow, nightly = (yaml.safe_load(text(f".github/workflows/{name}.yml")) for name in ("ci", "nightly"))
    project = tomllib.loads(text("pyproject.toml"))["project"]
    versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    promised = [one.rpartition(" ")[2] for one in project["classifiers"] if re.search(r":: 3\.\d+$", one)]
    assert versions == promised
    assert project["requires-python"] == f">={versions[0]}"
    called = {
        target
        for job in (*workflow["jobs"].values(), *nightly["jobs"].values())
        for step in job["steps"]
        for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))
    }
    assert called >= {"lint", "test", "thorough", "minimum", "release-check"}
    assert called <= set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


# What scripts/house.py measures, which only goes down: lines and files of the sources; functions, files, depth and
# classes on the way of `diff 2023 2024`; frozen classes in all, and the lines of the longest file.
BUDGETS = {
    **{"lines": 30_566, "files": 141, "functions": 243, "way's files": 54, "depth": 18, "classes": 32},
    **{"frozen classes": 126, "longest file": 396},
}


def test_the_house_stays_within_its_budgets() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts" / "house.py"], capture_output=True, text=True, check=True)
    size, way, names, long, hiding, classes = done.stdout.splitlines()
    numbers = re.findall(r"[\d,]*\d", "\n".join((size, way, classes)))
    figures = [int(number.replace(",", "")) for number in numbers]
    over = {name: figure for (name, most), figure in zip(BUDGETS.items(), figures, strict=True) if figure > most}
    assert not over, "; ".join(
        f"{name}: the sources have {figure:,}, allowed are {BUDGETS[name]:,}: shorten elsewhere, or say in the commit "
        "why it is worth them"
        for name, figure in over.items()
    )
    assert names == "names that stand twice: none"
    assert long == "long functions: none"
    assert hiding == "names that hide what they hold: none"


@cache
def imports() -> list[tuple[str, str, str]]:
    """Return each import of the sources, wherever in a module: its file, the module imported from, and the name."""
    return [
        (path, getattr(node, "module", None) or "", one.name)
        for path, tree in house.modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for one in node.names
    ]


@pytest.mark.parametrize(("names", "most"), [({"cache"}, 5), ({"run.parallel", "run.cluster"}, 3)])
def test_few_modules_know_of_the_cache_and_of_workers(names: set[str], most: int) -> None:
    """What imports them, wherever in a module: that only goes down."""
    wanted = {f"frontcalc.{name}" for name in names}
    own = {f"{name.replace('.', '/')}.py" for name in names}
    knowing = {
        path for path, module, name in imports() if path not in own and {module, f"{module}.{name}", name} & wanted
    }
    assert 0 < len(knowing) <= most, sorted(knowing)


def test_a_long_function_is_found_and_a_docstring_is_no_part_of_it() -> None:
    lines = ["def long():", '    """One.', *["    more"] * 70, '    """', *["    x = 1"] * 41]
    assert house.long_functions({"a.py": ast.parse("\n".join(lines))}) == ["a.py:long"]
    assert house.long_functions({"a.py": ast.parse("\n".join(lines[:-2]))}) == []
