"""Follow pages of the documentation literally: run their commands in an empty folder and compare what is said.

    python scripts/follow_page.py docs/tutorial.md README.md

In a page, a block of `console` has commands after «$ » and below each what it writes to standard output; a command must
succeed unless `$ echo $?` follows it. A block under a line that ends with a file's name, as in «Save it as
`towns.csv`:», is that file. Blocks of `pycon` are one session of Python, which runs after the commands and must
show neither traceback nor warning. Everything else is not run.

`frontcalc` and `python` are those beside the Python that runs this. `make tutorial` puts into the pages what the
commands say now.
"""

from __future__ import annotations

import argparse
import code
import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n?```(?P<kind>[\w-]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`(?P<name>[\w./-]+)`:$")
# A line that ends with a backslash goes on.
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
# Between what two commands say: nothing that a command writes.
_MARK = "\x1e"


class Block(NamedTuple):
    """A fenced block of a page: the line above it, its language, its text, and where the text stands."""

    before: str
    kind: str
    body: str
    start: int
    end: int

    @property
    def file(self) -> str:
        """The name of the file that the block is; empty where it is none."""
        named = _FILE.search(self.before)
        return named["name"] if named and self.kind not in ("console", "pycon", "sh") else ""

    @property
    def commands(self) -> list[str]:
        """The commands of the block; none where it is no console."""
        if self.kind != "console":
            return []
        if not self.body.startswith("$ "):
            raise ValueError(f"a console block must begin with a command: {self.body!r}")
        return _COMMAND.findall(self.body)


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [
        Block(match["before"], match["kind"], match["body"], match.start("body"), match.end("body"))
        for match in _BLOCK.finditer(page)
    ]


def follow(page: str, folder: Path) -> str:
    """Return a page with what its commands say when they are run in a folder, in one shell from top to bottom.

    Parameters
    ----------
    page : str
        Markdown.
    folder : Path
        Where to run; files that the page has are written there.

    Raises
    ------
    RuntimeError
        A command failed where the page does not show its exit code.
    """
    parts = blocks(page)
    said = iter(_run(_script(parts), folder))
    texts = {block: _console(block.commands, said) for block in parts if block.kind == "console"}
    for block in parts:
        if block.kind == "pycon":
            texts[block], _ = next(said)
            if "Traceback" in texts[block] or "Warning:" in texts[block]:
                raise RuntimeError(texts[block])
    for block in sorted(texts, key=lambda block: -block.start):
        page = page[: block.start] + texts[block] + page[block.end :]
    return page


def _script(parts: list[Block]) -> str:
    """Return a shell script that does what a page says, a mark with the exit code after each command."""
    lines = []
    mark = f"code=$?; printf '{_MARK}%s{_MARK}' $code; (exit $code)"
    for block in parts:
        lines += [line for command in block.commands for line in (command, mark)]
        if block.file:
            name = shlex.quote(block.file)
            lines.append(f'mkdir -p "$(dirname {name})" && printf %s {shlex.quote(block.body)} > {name}')
    session = [block.body for block in parts if block.kind == "pycon"]
    if session:
        lines.append(shlex.join([sys.executable, __file__, "--session", *session]))
    return "\n".join(lines) + "\n"


def _run(script: str, folder: Path) -> list[tuple[str, int]]:
    """Return what each command of a script said, and its exit code."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", script],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "FRONTCALC_CACHE": os.environ.get("FRONTCALC_CACHE", str(folder / ".cache")),
            "LC_ALL": "C.UTF-8",
            "CI": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    words = done.stdout.split(_MARK)
    if len(words) % 2 == 0 or done.returncode:
        raise RuntimeError(f"the shell ended early: {done.stderr}")
    return list(zip(words[::2], (int(code) for code in words[1::2]), strict=False))


def _console(commands: list[str], said: Iterator[tuple[str, int]]) -> str:
    """Return a console block with what its commands said."""
    text = ""
    for command, following in zip(commands, [*commands[1:], ""], strict=True):
        output, exit_code = next(said)
        if exit_code and following != "echo $?":
            raise RuntimeError(f"{command}: exit code {exit_code}: run it in an empty folder to see why")
        text += f"$ {command}\n{output}"
        text += "" if not output or output.endswith("\n") else "\n"
    return text


def session(parts: Sequence[str]) -> None:
    """Run a session of Python and print each part with what its statements say, warnings and all, and a mark."""
    interpreter = code.InteractiveInterpreter()
    for part in parts:
        for example in doctest.DocTestParser().get_examples(part):
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                interpreter.runsource(example.source, symbol="single")
            first, *more = example.source.splitlines()
            print(f">>> {first}", *(f"... {line}" for line in more), sep="\n")
            print(said.getvalue(), end="")
        print(f"{_MARK}0{_MARK}", end="")


def main() -> int:
    """Follow pages; the exit code is 1 where one says something else than its commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("pages", nargs="+", type=Path)
    differ = False
    for file in parser.parse_args().pages:
        page = file.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            now = follow(page, Path(folder))
        asked = sum(len(block.commands) for block in blocks(page))
        differ |= page != now
        print(f"{file}: {asked} commands, {'as the page says' if page == now else 'the page says something else'}")
    return int(differ)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--session"]:
        session(sys.argv[2:])
    else:
        sys.exit(main())
