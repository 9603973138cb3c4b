"""Pages that show commands are followed literally. FRONTCALC_WRITE_DOCS=1 writes what the commands say now."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click
import pytest
from follow_page import blocks, follow

from frontcalc.cli import group

ROOT = Path(__file__).parents[1]
FOLLOWED = [ROOT / "README.md", ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
NOT_RUN = "*Not run by the tests:"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

ASKS = """Say hello, and save this as `names/one.txt`:

```text
hello
```

```console
$ cat names/one.txt && cat names/one.txt
old
$ false
$ echo $?
old
```

```pycon
>>> 1 + 1
3
```

and after it

```pycon
>>> for name in "ab":
...     print(name)
```
"""


@pytest.mark.thorough(but=["README", "another-war"])
@pytest.mark.slow
@pytest.mark.parametrize("path", FOLLOWED, ids=lambda path: path.stem)
def test_a_page_shows_what_its_commands_say(
    path: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FRONTCALC_ARCHIVE", raising=False)
    page = path.read_text(encoding="utf-8")
    now = follow(page, tmp_path)
    if os.environ.get("FRONTCALC_WRITE_DOCS"):
        path.write_text(now, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == now


@pytest.mark.parametrize("path", FOLLOWED, ids=lambda path: path.stem)
def test_what_is_not_run_says_why(path: Path) -> None:
    assert not unexplained(path.read_text(encoding="utf-8"))


def test_the_tutorial_shows_the_seven_figures_of_the_claims() -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    shown = "".join(block.body for block in blocks(page) if block.kind == "console")
    for figure in ("+465.0", "+2,700.0", "5.8×", "+1,020.0", "110,649.0", "1,171.0", "−593.0"):
        assert figure in shown


def test_following_replaces_what_is_said_and_leaves_prose(tmp_path: Path) -> None:
    page = follow(ASKS, tmp_path)
    assert "$ cat names/one.txt && cat names/one.txt\nhello\nhello\n$ false\n$ echo $?\n1\n```" in page
    assert ">>> 1 + 1\n2\n```" in page
    assert '>>> for name in "ab":\n...     print(name)\na\nb\n```' in page
    assert page.startswith(ASKS[:60])
    assert (tmp_path / "names" / "one.txt").read_text() == "hello\n"


@pytest.mark.parametrize("block", ["```console\n$ false\n```", "```console\n$ exit 3\n```", "```pycon\n>>> 1 / 0\n```"])
def test_a_command_that_fails_without_showing_it_stops_the_page(block: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        follow(f"Before\n\n{block}\n", tmp_path)


def unexplained(page: str) -> list[str]:
    """Return blocks of `sh` that are not run and of which no line above says why; for the page's first, below it."""
    first, *others = [block for block in blocks(page) if block.kind == "sh"] or [None]
    silent = [block.body for block in others if not block.before.startswith(NOT_RUN)]
    if first and not first.before.startswith(NOT_RUN) and not page[first.end :].startswith(f"```\n\n{NOT_RUN}"):
        run = {command for block in blocks(page) for command in block.commands}
        silent += [line for line in first.body.splitlines() if line not in run]
    return silent


@pytest.mark.parametrize("path", FOLLOWED[2:], ids=lambda path: path.stem)
def test_a_how_to_begins_with_its_command_and_says_then_what_it_gives(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    first, *_ = blocks(page)
    assert page.startswith(f"# {first.before.removeprefix('# ')}\n\n```{first.kind}\n")
    prompts = {"console": "$ ", "pycon": ">>> ", "sh": ""}
    commands = [line for line in first.body.splitlines() if line.startswith(prompts[first.kind])]
    assert 1 <= len(commands) <= 2
    assert any("frontcalc " in f"{line} " for line in commands)
    below = page[first.end :].removeprefix("```\n\n")
    if below.startswith(NOT_RUN):
        below = below.partition("\n\n")[2]
    assert below[0].isupper()


def test_commands_that_are_not_run_need_a_reason() -> None:
    block = "\n\n```sh\nmake coffee\n```\n"
    assert unexplained(f"Then:{block}") == ["make coffee"]
    assert unexplained(f"{NOT_RUN} it needs water.*{block}Then:{block}") == ["make coffee\n"]
    assert not unexplained(f"# Coffee{block}\n{NOT_RUN} it needs water.*\n")
    assert not unexplained(f"# Coffee{block}\n```console\n$ make coffee\n```\n")
    assert not unexplained(f"{NOT_RUN} it needs water.*{block}")


def words(line: str) -> list[str]:
    """Return the words of a command line up to a comment, a pipe or what else a shell reads."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.commenters = "#"
    found: list[str] = []
    for word in lexer:
        if set(word) <= set("();<>|&"):
            return found
        found.append(word)
    return found


def commands_of(page: str) -> list[list[str]]:
    """Return the frontcalc commands of a page's blocks, as words."""
    found = []
    for block in blocks(page):
        if block.kind in ("sh", "console", "yaml"):
            lines = [line.strip().removeprefix("$ ").removeprefix("- run: ") for line in block.body.splitlines()]
            found += [words(line) for line in lines if line.startswith("frontcalc ")]
    return found


def refusal(words: list[str]) -> str:
    """Return why frontcalc has no such command or option; empty where it has. Values are not looked at."""
    context = click.Context(group, info_name="frontcalc", **group.context_settings)
    command: click.Command = group
    rest = words[1:]
    try:
        while isinstance(command, click.Group) and not {"--version", "--help"} & set(rest[:1]):
            name, found, rest = command.resolve_command(context, rest)
            assert found is not None
            command, context = found, click.Context(found, info_name=name, parent=context)
        command.make_parser(context).parse_args(list(rest))
    except click.UsageError as error:
        return error.format_message()
    return ""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of_every_page_exist_with_their_options(path: Path) -> None:
    wrong = {" ".join(words): refusal(words) for words in commands_of(path.read_text(encoding="utf-8"))}
    assert not {line: why for line, why in wrong.items() if why}


def test_a_command_that_does_not_exist_is_found() -> None:
    assert refusal(["frontcalc", "dif", "2024"])
    assert refusal(["frontcalc", "diff", "2024", "--veiw", "control"])
    assert not refusal(["frontcalc", "regions", "fetch", "UA", "adm1"])
