"""Steps measured by forked processes: the same bytes as by one, whatever becomes of the processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import frontcalc
from frontcalc.cli import options, run
from frontcalc.run import parallel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")

FIRST = date(2024, 1, 1)
DAYS = 3 * parallel.BLOCK
PATIENCE_S = 60.0

# The caller measures no step: whichever it needs comes from a process.
NO_STEP_HERE = """
import os
from frontcalc.run import chain
measured, own = chain.change.steps, os.getpid()
def refused(*what, **how):
    if os.getpid() == own: raise AssertionError("a step was measured here")
    return measured(*what, **how)
chain.change.steps = refused
"""
DIES = """
import os, signal
from frontcalc.run import chain
measure, caller = chain.kept_gaps_km2, os.getpid()
def dies(held, *what):
    if os.getpid() != caller and any(str(part.ref.day) == "2024-01-20" for part in held.parts):
        os.kill(os.getpid(), signal.SIGKILL)
    return measure(held, *what)
chain.kept_gaps_km2 = dies
"""
NO_FORK = """
import os
def refused(): raise AssertionError
os.fork = refused
"""
ONE_FORK = """
import os
fork = os.fork
def refused(): raise BlockingIOError
def once():
    os.fork = refused
    return fork()
os.fork = once
"""
NO_POOL = """
import sys
sys.modules["concurrent.futures.process"] = None
"""
NO_SEMAPHORES = """
from concurrent.futures import process
def refused(): raise NotImplementedError
process._check_system_limits = refused
"""
NO_THREAD = """
import threading
def refused(*_): raise RuntimeError("can't start new thread")
threading._start_new_thread = refused
"""
NO_CHILDREN = """
from multiprocessing import process
process.current_process()._config["daemon"] = True
"""
BITES = """
import threading
held = threading.Event()
try:
    for _ in range({tasks}):
        threading.Thread(target=held.wait, daemon=True).start()
except RuntimeError:
    held.set()
else:
    raise SystemExit("the limit holds for nobody")
while threading.active_count() > 1:
    pass
"""
IGNORES_TERM = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""
POOL = """
import os, signal, time
from contextlib import ExitStack
from frontcalc.run import parallel
class Regions:
    def prepare(self): pass
def answers(*_): return ["measured"], {}
def dies(*_): os.kill(os.getpid(), signal.SIGKILL)
def sleeps(*_): time.sleep(600)
def dies_in_a_word(*_):
    from multiprocessing.connection import Connection
    def send(self, buffer, write=None):
        os.write(self._handle, buffer[:10])
        dies()
    Connection._send = send
    return answers()
def sent(task):
    return send(task, range(4), regions)
with ExitStack() as stack:
    regions, send = Regions(), parallel._processes(stack, 2)
"""
SLOW = """
import time
from frontcalc.run import chain
measure = chain.moved_between
def slow(*what, **how):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep({seconds})
    return measure(*what, **how)
chain.moved_between = slow
"""
SLOW_S = 5  # so that a block takes longer than anybody's patience
# What runs these tests in the background may have them ignore interrupts.
MAIN = """
import os, signal, sys
signal.signal(signal.SIGINT, {interrupt})
{before}
sys.argv[0] = "frontcalc"
from frontcalc.cli import main
main()
"""


@pytest.fixture
def maps(archive: Callable[..., Path]) -> Path:
    """Daily maps of a front that comes and goes."""
    return archive(
        {
            str(FIRST + timedelta(days=day)): {
                "control_map": [(column, row) for row in range(3) for column in range(4 + (day // 2 + row) % 5)],
                "russian_advances": [(12 + day, 0)],
            }
            for day in range(DAYS)
        }
    )


def command(before: str, maps: Path, *more: str | Path, interrupt: str = "signal.default_int_handler") -> list[str]:
    """Return the command that prints a series by two processes, after some Python."""
    asked = ["series", "--archive", maps, "--by", "none", "--format", "csv", "--workers", "2", *more]
    return [sys.executable, "-c", MAIN.format(before=before, interrupt=interrupt), *map(str, asked)]


def alone(maps: Path) -> bytes:
    """Return the series as one thread measures it."""
    return plainly(("series",), maps)[0]


PLAIN: dict[tuple[bytes | str, ...], tuple[bytes, bytes]] = {}


def plainly(asked: tuple[str, ...], maps: Path) -> tuple[bytes, bytes]:
    """Return what a command says by one thread, which is run once for all tests that have the same maps."""
    key = (*asked, *(path.read_bytes() for path in sorted(maps.iterdir())))
    if key not in PLAIN:
        how = ["--archive", maps, "--by", "none", "--format", "csv", "--workers", "1", "--cache", "none"]
        done = subprocess.run([sys.executable, "-m", "frontcalc", *asked, *how], capture_output=True, check=True)
        PLAIN[key] = done.stdout, done.stderr
    return PLAIN[key]


def test_processes_measure_every_step_and_keep_what_they_measured(maps: Path, tmp_path: Path) -> None:
    plain = alone(maps)
    cache = ("--cache", tmp_path / "cache")
    forked = subprocess.run(command(NO_STEP_HERE, maps, *cache), capture_output=True, check=True)
    assert forked.stdout == plain
    assert b"Warning" not in forked.stderr
    # Nothing is left to measure, and so nothing is forked.
    assert subprocess.run(command(NO_FORK, maps, *cache), capture_output=True, check=True).stdout == plain


def test_a_process_that_is_killed_loses_nothing(maps: Path) -> None:
    died = subprocess.run(command(DIES, maps, "--cache", "none"), capture_output=True, check=True)
    assert died.stdout == alone(maps)
    # Its steps were in fact left to the caller.
    refused = subprocess.run(command(DIES + NO_STEP_HERE, maps, "--cache", "none"), capture_output=True, check=False)
    assert b"a step was measured here" in refused.stderr


def test_a_broken_pool_ends_where_its_processes_ignore_to_be_ended(maps: Path) -> None:
    asked = command(DIES + IGNORES_TERM, maps, "--cache", "none")
    assert subprocess.run(asked, capture_output=True, check=True, timeout=PATIENCE_S).stdout == alone(maps)


@pytest.mark.parametrize(
    "happens",
    {
        "some answer": "assert sent(answers)() == sent(answers)() == answers()",
        "one dies at work": "assert sent(dies)() == parallel.NOTHING",
        "one dies while it sends what it measured": "assert sent(dies_in_a_word)() == parallel.NOTHING",
        "what is sent to a broken pool": "sent(dies)(); assert sent(answers)() == parallel.NOTHING",
        "idle ones are killed": "sent(answers)(); [os.kill(child, 9) for child in children()]; sent(answers)()",
        "nobody waits for what they measure": "waiting = [sent(sleeps) for _ in range(9)]",
        "an error": "waiting = [sent(sleeps) for _ in range(9)]; raise KeyError('of the caller')",
    }.items(),
    ids=lambda item: item[0],
)
def test_no_pool_hangs(happens: tuple[str, str]) -> None:
    what, code = happens
    children = "    children = lambda: __import__('multiprocessing').active_children()\n"
    code = code.replace("os.kill(child, 9)", "child.kill()")
    command = [sys.executable, "-c", f"{POOL}{children}    {code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == (what == "an error"), done.stderr
    assert done.stderr.count("Traceback") == (what == "an error"), done.stderr


def test_what_a_pool_has_lost_is_not_waited_for() -> None:
    """As where it breaks in the moment that something is sent to it."""
    killed: list[str] = []
    process = SimpleNamespace(is_alive=lambda: False, kill=lambda: killed.append("killed"))
    assert parallel._outcome(SimpleNamespace(_processes={1: process}), Future()) == parallel.NOTHING
    assert killed == ["killed"]


def test_an_error_of_the_caller_waits_for_no_measurement(maps: Path) -> None:
    (maps / f"{FIRST + timedelta(days=2)}.geojson").write_text("{")
    asked = command(SLOW.format(seconds=0.25), maps, "--cache", "none")
    done = subprocess.run(asked, capture_output=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 3
    # The last of three blocks was begun in vain.
    assert 2 * parallel.BLOCK - 5 < len(done.stdout.splitlines()) < 3 * parallel.BLOCK - 3


@pytest.mark.thorough(but=["no semaphores", "one fork", "no thread"])
@pytest.mark.parametrize(
    "none",
    [NO_POOL, NO_SEMAPHORES, NO_FORK.replace("Assertion", "BlockingIO"), ONE_FORK, NO_THREAD, NO_CHILDREN],
    ids=["no pool", "no semaphores", "no fork", "one fork", "no thread", "no children"],
)
def test_where_no_process_can_be_had_the_caller_measures(maps: Path, none: str) -> None:
    asked = command(none, maps, "--cache", "none")
    done = subprocess.run(asked, capture_output=True, check=True, timeout=PATIENCE_S)
    assert done.stdout == alone(maps)
    assert b"Traceback" not in done.stderr


@pytest.mark.thorough(but=["forks-6", "threads-7"])
@pytest.mark.slow
@pytest.mark.parametrize("tasks", [5, 6, 7, 8])
@pytest.mark.parametrize("asked", [("series",), ("diff", "2024-W02", "2024-W03", "2024-W04")], ids=["forks", "threads"])
def test_where_processes_and_threads_are_limited_there_are_fewer(
    maps: Path, tasks: int, asked: tuple[str, ...], tmp_path: Path
) -> None:
    """`ulimit -u` of a shell, or prlimit, holds for all processes and threads of a user other than root."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("NOT TESTED: «ulimit -u» needs a user without other processes, whom only root can be, by setpriv")
    tmp_path.chmod(0o755)
    # A user of its own, since all processes of one count; it may read what root has installed.
    limited = ["setpriv", "--reuid", str(100_000 + os.getpid()), "--clear-groups", "--no-new-privs"]
    limited += ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    limited += ["prlimit", f"--nproc={tasks}", sys.executable]
    subprocess.run([*limited, "-c", BITES.format(tasks=tasks)], check=True, timeout=PATIENCE_S)
    how = ["-m", "frontcalc", *asked, "--archive", maps, "--by", "none", "--format", "csv", "--cache", "none"]
    done = subprocess.run([*limited, *how, "--workers", "8"], capture_output=True, check=True, timeout=PATIENCE_S)
    assert (done.stdout, done.stderr) == plainly(asked, maps)


@pytest.mark.parametrize(
    ("with_", "all_"),
    [(signal.SIGKILL, False), (signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGINT, True)],
)
def test_processes_end_with_their_parent(maps: Path, with_: signal.Signals, all_: bool) -> None:
    asked = command(SLOW.format(seconds=SLOW_S), maps, "--cache", "none")
    parent = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert parent.stdout is not None
    assert parent.stderr is not None
    children = set()
    while len(children) < 2:
        children.add(int(parent.stdout.readline()))
    assert parent.pid not in children
    # From a terminal an interrupt goes to all, else to the parent alone.
    (os.killpg if all_ else os.kill)(parent.pid, with_)
    # The blocks that were begun would take longer.
    parent.wait(PATIENCE_S)
    until = time.monotonic() + PATIENCE_S
    while running(children) and time.monotonic() < until:
        time.sleep(0.05)
    assert not running(children)
    if with_ == signal.SIGINT:
        assert parent.returncode == 130
        assert b"Traceback" not in parent.stderr.read()
    parent.stdout.close()
    parent.stderr.close()


def test_an_interrupt_that_is_ignored_ends_nothing(maps: Path) -> None:
    asked = command(SLOW.format(seconds=0.05), maps, "--cache", "none", interrupt="signal.SIG_IGN")
    parent = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert parent.stdout is not None
    children = {parent.stdout.readline()}
    os.killpg(parent.pid, signal.SIGINT)
    lines = parent.communicate()[0].splitlines(keepends=True)
    figures = [line for line in lines if not line.strip().isdigit()]
    children |= {line for line in lines if line.strip().isdigit()}
    assert b"".join(figures) == alone(maps)
    assert parent.returncode == 0
    assert f"{parent.pid}\n".encode() not in children


def running(processes: set[int]) -> set[int]:
    """Return those of some processes that have not ended."""
    found = set()
    for number in processes:
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        # One that nobody has waited for is a zombie.
        if state != "Z":
            found.add(number)
    return found


def test_only_a_command_of_its_own_process_forks(maps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    given = options.given
    monkeypatch.setattr(options, "given", lambda how: asked.append(given(how)) or asked[-1])
    arguments = ["series", "--archive", str(maps), "--until", "2024-01-03", "--by", "none"]
    assert run(arguments) == 0
    assert run([*arguments, "--workers", "2"]) == 0
    assert not any("processes" in how for how in asked)
    monkeypatch.setattr("frontcalc.run.chain.user_cache", lambda folder: frontcalc.cache.NOTHING_KEPT)
    assert run(arguments, alone=True) == 0
    assert asked[-1]["processes"] is True
