"""Follow pages of the documentation literally: run their commands in an empty folder and compare what is said.

    python scripts/follow_page.py docs/tutorial.md README.md
    python scripts/follow_page.py --write docs/tutorial.md

In a page, a block of `console` has commands after «$ » and below each what it writes to standard output; a command must
succeed unless `$ echo $?` follows it. A block under a line that ends with a file's name, as in «Save it as
`towns.csv`:», is that file. Blocks of `pycon` are one session of Python, which runs after the commands and must
show neither traceback nor warning. A block of `sh` is not run, and the line above it has to say why. Everything else is
prose.

`frontcalc` and `python` are those beside the Python that runs this. `--write` puts into the pages what the commands say
now.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NOT_RUN = "*Not run by the tests:"
_BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n?```(?P<kind>[\w-]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`(?P<name>[\w./-]+)`:$")
# Between what two commands say: nothing that a command writes.
_MARK = "\x1e"


@dataclass(frozen=True, slots=True)
class Block:
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


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page, and what the page says that it says."""

    line: str
    said: str


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [
        Block(match["before"], match["kind"], match["body"], match.start("body"), match.end("body"))
        for match in _BLOCK.finditer(page)
    ]


def unexplained(page: str) -> list[str]:
    """Return blocks of `sh` whose line above does not say why they are not run."""
    return [block.body for block in blocks(page) if block.kind == "sh" and not block.before.startswith(NOT_RUN)]


def commands(block: Block) -> list[Command]:
    """Return the commands of a console block; a line that ends with a backslash goes on."""
    found: list[tuple[str, list[str]]] = []
    lines = iter(block.body.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command += "\n" + next(lines)
            found.append((command, []))
        elif not found:
            raise ValueError(f"a console block must begin with a command: {line!r}")
        else:
            found[-1][1].append(line)
    return [Command(line, "".join(f"{said}\n" for said in rest)) for line, rest in found]


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
    for_block = [(block, _console(commands(block), said)) for block in parts if block.kind == "console"]
    for block, (text, _) in zip((block for block in parts if block.kind == "pycon"), said, strict=True):
        if "Traceback" in text or "Warning:" in text:
            raise RuntimeError(text)
        for_block.append((block, text))
    for block, text in sorted(for_block, key=lambda found: -found[0].start):
        page = page[: block.start] + text + page[block.end :]
    return page


def _console(asked: list[Command], said: Iterator[tuple[str, int]]) -> str:
    """Return a console block with what its commands said."""
    text = ""
    for at, command in enumerate(asked):
        output, code = next(said)
        shown = at + 1 < len(asked) and asked[at + 1].line == "echo $?"
        if code and not shown:
            raise RuntimeError(f"{command.line}: exit code {code}: run it in an empty folder to see why")
        text += f"$ {command.line}\n{output}"
        text += "" if not output or output.endswith("\n") else "\n"
    return text


def _script(parts: list[Block]) -> str:
    """Return a shell script that does what a page says, a mark with the exit code after each command."""
    lines = []
    mark = f"code=$?; printf '{_MARK}%s{_MARK}' $code; (exit $code)"
    for block in parts:
        if block.kind == "console":
            lines += [line for command in commands(block) for line in (command.line, mark)]
        elif block.file:
            name = shlex.quote(block.file)
            lines.append(f'mkdir -p "$(dirname {name})" && printf %s {shlex.quote(block.body)} > {name}')
    session = [block.body for block in parts if block.kind == "pycon"]
    if session:
        runner = [sys.executable, str(Path(__file__).with_name("run_session.py")), *session]
        lines.append(shlex.join(runner))
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


def main() -> int:
    """Follow pages; the exit code is 1 where one says something else than its commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true", help="put into the pages what the commands say now")
    options = parser.parse_args()
    differ = 0
    for file in options.pages:
        page = file.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            now = follow(page, Path(folder))
        asked = sum(len(commands(block)) for block in blocks(page) if block.kind == "console")
        differ += page != now
        print(f"{file}: {asked} commands, {'as the page says' if page == now else 'the page says something else'}")
        if options.write:
            file.write_text(now, encoding="utf-8")
    return 1 if differ and not options.write else 0


if __name__ == "__main__":
    sys.exit(main())
