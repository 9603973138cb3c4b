"""Run a session of Python, given in parts as arguments, and print it with what its statements say now."""

from __future__ import annotations

import code
import contextlib
import doctest
import io
import sys

# What follows each part, and the exit code that `follow_page` looks for.
_END = "\x1e0\x1e"


def run(part: str, interpreter: code.InteractiveInterpreter) -> str:
    """Return a part of a session with what its statements say, warnings and all."""
    lines = ""
    for example in doctest.DocTestParser().get_examples(part):
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            interpreter.runsource(example.source, symbol="single")
        first, *more = example.source.splitlines()
        lines += f">>> {first}\n" + "".join(f"... {line}\n" for line in more) + said.getvalue()
    return lines


if __name__ == "__main__":
    session = code.InteractiveInterpreter()
    for text in sys.argv[1:]:
        sys.stdout.write(run(text, session) + _END)
