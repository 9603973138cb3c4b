"""A file is written whole or not at all, and whoever asked for it is told."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontcalc import atomic
from frontcalc.errors import DataError
from frontcalc.outputs import write_file

# Every call into the system between «nothing is there» and «it is there», in order.
POINTS = ("tempfile.mkstemp", "os.fdopen", "os.fsync", "pathlib.Path.chmod", "pathlib.Path.replace")

KILLED_AT = """
import os, pathlib, signal, sys, tempfile
owner, _, name = sys.argv[1].rpartition(".")
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(eval(owner), name, die)
from frontcalc.cli import run
sys.exit(run(["regions", "list", "-o", sys.argv[2]]))
"""


def fail_with(code: int) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "out.csv"
    path.write_text("old")
    return path


@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_at_any_point_leaves_the_old_file_whole(point: str, old: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_AT, point, str(old)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert old.read_text() == "old"


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(old: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_AT, "os.fsync", str(old)], check=False)
    (left,) = set(old.parent.iterdir()) - {old}
    assert left.name.startswith(".out.csv.")
    (other := old.parent / ".out.csv.mine").write_text("a user's own")
    with atomic.beside(old, b"of a run that goes on") as writing:
        write_file(old, "new")
        assert set(old.parent.iterdir()) == {old, other, writing}
    assert set(old.parent.iterdir()) == {old, other}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_an_error_at_any_point_leaves_the_old_file_and_nothing_else(
    point: str, code: int, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(point, fail_with(code))
    with pytest.raises(DataError, match=f"out.csv: cannot be written: {os.strerror(code).lower()}; give another place"):
        write_file(old, "new")
    monkeypatch.undo()
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_an_interrupted_write_leaves_nothing_behind(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_file(old, "new")
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


def test_a_disk_that_takes_no_more_leaves_the_old_file_and_says_so(old: Path) -> None:
    # The system refuses what goes beyond the limit, half way through the content, as a full disk does.
    limited = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
from frontcalc.cli import run
sys.exit(run(["regions", "list", "-o", {str(old)!r}]))
"""
    done = subprocess.run([sys.executable, "-B", "-c", limited], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        3,
        f"frontcalc: {old}: cannot be written: file too large; give another place with -o\n",
    )
    assert old.read_text() == "old"
    assert list(old.parent.iterdir()) == [old]


@pytest.mark.parametrize(
    ("place", "reason"),
    [("none/out.csv", "no such file or directory"), ("file/out.csv", "not a directory"), ("folder", "is a directory")],
)
def test_a_place_that_takes_no_file_is_an_error(place: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=f"cannot be written: {reason}"):
        write_file(tmp_path / place, "new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_a_link_stays_one_and_permissions_are_kept(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    write_file(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o600


def test_a_new_file_has_the_permissions_of_new_files(tmp_path: Path) -> None:
    umask = os.umask(0o027)
    try:
        write_file(tmp_path / "new.csv", "new")
    finally:
        os.umask(umask)
    assert (tmp_path / "new.csv").stat().st_mode & 0o777 == 0o640


def shell(line: str) -> subprocess.CompletedProcess[str]:
    command = line.replace("frontcalc", f"'{sys.executable}' -m frontcalc")
    return subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)


def test_a_device_or_pipe_is_written_and_not_replaced() -> None:
    assert shell("frontcalc regions list --format csv -o /dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()
    assert shell("frontcalc regions list --format csv -o /dev/stdout").stdout.startswith("set,level,")


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "-o /dev/full"])
def test_a_standard_output_that_takes_nothing_is_an_error(redirection: str) -> None:
    done = shell(f"frontcalc regions list --format csv {redirection}")
    assert done.returncode == 3
    assert ": cannot be written: " in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.thorough(but=["csv"])
@pytest.mark.parametrize("format_", ["csv", "markdown", "xlsx", "parquet"])
def test_a_pipe_closed_early_ends_quietly(format_: str) -> None:
    done = shell(f"frontcalc regions list --format {format_} | head -c 1 >/dev/null")
    assert (done.returncode, done.stderr) == (0, "")
