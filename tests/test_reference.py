"""The reference is what the code says: commands, messages, Python, configuration, codes."""

from __future__ import annotations

import re
from pathlib import Path

import publish
import pytest
import source_messages

import frontcalc
from frontcalc import config
from frontcalc.cache import LIMIT
from frontcalc.cache import VARIABLE as CACHE
from frontcalc.cli import run
from frontcalc.layers import Role
from frontcalc.limits import VARIABLES
from frontcalc.measure.fetch_regions import VARIABLE as MIRROR
from frontcalc.network.catalogue import VARIABLE as SOURCES
from frontcalc.notices import CODES as NOTICES
from frontcalc.notices import FINDINGS
from frontcalc.views import VIEWS

DOCS = Path(__file__).parents[1] / "docs"
BUILT = {*publish.BUILT, "errors.md"}
CONFIGURATION = (DOCS / "configuration.md").read_text(encoding="utf-8")


def rows(page: str, header: str) -> list[list[str]]:
    """Return the cells of the table under a header, marks of code taken away."""
    _, _, rest = page.partition(f"| {header} |")
    table = rest.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in table]


@pytest.mark.parametrize("path", publish.COMMITTED)
def test_what_is_committed_of_the_reference_is_what_the_code_says(path: str) -> None:
    assert (DOCS / path).read_text(encoding="utf-8") == publish.COMMITTED[path](), "run make pages"


def test_git_passes_over_what_is_built() -> None:
    ignored = (DOCS.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {f"docs/{path}" for path in BUILT} == {line for line in ignored if line.startswith("docs/")}


def test_a_link_to_a_page_that_is_built_says_how() -> None:
    pages = [path for path in DOCS.rglob("*.md") if str(path.relative_to(DOCS)) not in BUILT]
    silent = [
        f"{path.name}: {line}"
        for path in (*pages, *DOCS.parent.glob("*.md"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(rf"(?<![\w-])({'|'.join(map(re.escape, BUILT))})", line) and "make pages" not in line
    ]
    assert len(pages) > 40
    assert not silent


def test_the_page_of_commands_has_every_option_of_every_command() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    for name, command in publish.commands():
        _, _, section = page.partition(f"# {name}\n\n```text\nfrontcalc {name}")
        section = section.split("\n## ")[0].split("\n### ")[0]
        for parameter in command.params:
            if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False):
                assert any(f"`{option}" in section or f", {option}" in section for option in parameter.opts), name


def test_every_command_says_where_to_read_on() -> None:
    names = {name for name, _ in publish.commands() if " " not in name}
    assert set(publish.READ_ON) == names


ALIKE = (
    *(("plot series", "series"), ("plot summary", "summary"), ("plot regions", "diff"), ("map", "diff")),
    *(("report", "diff"), ("compare", "diff"), ("flows", "held"), ("places", "held"), ("sensitivity", "held")),
)

MEASURING = {
    *("archive", "regions", "region_name", "by", "only", "snap", "view", "actor", "crs"),
    *("carry_layers", "date_from", "skip_bad", "cache", "workers", "since", "until"),
}
IN_ONE_THREAD = ("places", "sensitivity")


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_commands_that_measure_alike_have_the_same_options(one: str, other: str) -> None:
    given = {name: {parameter.name for parameter in command.params} for name, command in publish.commands()}
    wanted = given[other] & MEASURING - ({"archive"} if one == "compare" else set())
    assert wanted - ({"workers"} if one in IN_ONE_THREAD else set()) <= given[one]


def test_every_command_that_keeps_measurements_can_be_told_not_to() -> None:
    given = {name: {parameter.name for parameter in command.params} for name, command in publish.commands()}
    measuring = {name: names for name, names in given.items() if "carry_layers" in names}
    assert len(measuring) > 10
    assert not [name for name, names in measuring.items() if "cache" not in names]


def test_every_error_says_what_to_do() -> None:
    told = source_messages.messages()
    assert len(told) > 250
    silent = {(one.module, one.problem) for one in told if one.exit_code != 1 and not one.cure}
    # These two hand on other errors, with what to do among their words.
    assert silent <= {("config", source_messages.CASES), ("claims.toml", source_messages.CASES)}


def test_what_one_function_says_of_a_feature_stands_with_the_readers_that_say_it() -> None:
    told = {(one.module, one.problem): one.cure for one in source_messages.messages()}
    assert told["read.esri", "feature … has rings that are no list"] == "repair it or use --skip-bad"
    assert told["read.esri", "feature … has curves (curveRings)"] == "export it with returnTrueCurves=false"


def test_every_notice_says_what_to_do() -> None:
    page = (DOCS / "notices.md").read_text(encoding="utf-8")
    told = rows(page, "code | meaning | what to do")
    assert [row[0] for row in told] == list(NOTICES)
    assert all(len(row) == 3 and row[2] for row in told)


def test_every_finding_has_cause_and_cure() -> None:
    page = (DOCS / "findings.md").read_text(encoding="utf-8")
    told = rows(page, "code | severity | meaning | cause | cure")
    assert [row[0] for row in told] == list(FINDINGS)
    assert all(len(row) == 5 and row[3] and row[4] for row in told)


def test_codes_in_the_source_are_in_the_reference() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (DOCS.parent / "src").rglob("*.py"))
    used = set(re.findall(r"(?:Notice|Fault|code=)\(?\s*\"([A-Z][A-Z-]+)\"", source))
    assert len(used) > 20
    assert used <= set(NOTICES) | set(FINDINGS)


def test_the_package_offers_nothing_that_the_page_leaves_out() -> None:
    page = publish.api()
    for name in frontcalc.__all__:
        assert f"### {name}\n" in page or name == "__version__"


def test_configuration_has_every_key_of_the_working_folder() -> None:
    assert [row[0] for row in rows(CONFIGURATION, "key | value | sets")] == list(config.DEFAULTS)


def test_configuration_has_every_key_of_an_archive() -> None:
    assert [row[0] for row in rows(CONFIGURATION, "key | value | says")] == list(config.OF_ARCHIVE)
    assert {row[0] for row in rows(CONFIGURATION, "key of a layer | value | says")} == config.OF_LAYER


def test_configuration_has_every_role_with_its_views() -> None:
    told = dict(rows(CONFIGURATION, "role | counts in the views"))
    assert list(told) == [role.value for role in Role]
    for role, views in told.items():
        assert views == (", ".join(name for name, view in VIEWS.items() if role in view.roles) or "none")


def test_configuration_has_every_variable() -> None:
    told = {row[0] for row in rows(CONFIGURATION, "variable | value | sets")}
    limits = set(VARIABLES.values())
    assert {name for name in told if name.startswith("FRONTCALC")} == {
        *("FRONTCALC_ARCHIVE", CACHE, LIMIT, MIRROR, SOURCES),
        *limits,
    }
    source = "".join(path.read_text(encoding="utf-8") for path in (DOCS.parent / "src").rglob("*.py"))
    assert set(re.findall(r"\bFRONTCALC_[A-Z_]+", source)) <= told


def test_the_examples_of_configuration_are_read(tmp_path: Path) -> None:
    working, archive, named = re.findall(r"```toml\n(.*?)```", CONFIGURATION, re.DOTALL)
    (tmp_path / "legends").mkdir()
    (tmp_path / "legends" / "isw.toml").write_text(archive)
    (tmp_path / "frontcalc.toml").write_text(working + named)
    found = config.named_archive("isw", tmp_path)
    assert found is not None
    assert (found[0], found[1]["as_of_offset_days"]) == (tmp_path / "maps" / "isw", -1)
    assert config.working_defaults(tmp_path)["units"] == "mi2"
    assert config.archive_config(archive.encode())["publisher"] == "ISW"


def test_an_option_beats_the_environment_and_that_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frontcalc.toml").write_text('archive = "of-the-folder"\n')
    monkeypatch.delenv("FRONTCALC_ARCHIVE", raising=False)
    wanted = []
    for name, option in (("of-the-folder", []), ("of-the-environment", []), ("of-the-option", ["--archive"])):
        if name == "of-the-environment":
            monkeypatch.setenv("FRONTCALC_ARCHIVE", name)
        assert run(["archive", "list", *option, *([name] if option else [])]) == 2
        wanted.append(capfd.readouterr().err.startswith(f"frontcalc: {name}: does not exist"))
    assert wanted == [True, True, True]


def test_results_of_public_functions_are_described() -> None:
    described = {kind.__name__ for kind in publish.RESULTS}
    for name in frontcalc.__all__:
        thing = getattr(frontcalc, name)
        told = getattr(thing, "__annotations__", {}).get("return", "")
        for meta in re.findall(r"\b\w+Meta\b|\bArchive\b|\bChangeMap\b|\bPicture\b|\bDrift\b", str(told)):
            assert meta in described, name
