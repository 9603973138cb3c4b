"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def _mode(target: Path, new: int) -> int:
    """Return the permissions of what is to be replaced, else those that the process gives what is new."""
    if target.exists():
        return target.stat().st_mode & 0o777
    # The process's mask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return new & ~mask


def beside(target: Path, content: bytes) -> Path:
    """Write a temporary file beside its place, with the permissions of the one it is to replace."""
    mode = _mode(target, 0o666)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    return temporary


def replace(target: Path, content: bytes) -> None:
    """Write beside a file and rename, so that a run that is killed leaves the old one whole."""
    temporary = beside(target, content)
    try:
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


@contextmanager
def alone(folder: Path) -> Iterator[bool | None]:
    """Hold the lock of a folder, and say whether no other run has it; None where the system has no such locks."""
    try:
        import fcntl
    except ImportError:
        yield None
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        free: bool | None = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            free = False if isinstance(error, BlockingIOError) else None
        yield free
    finally:
        os.close(descriptor)


@contextmanager
def folder_beside(target: Path) -> Iterator[Path]:
    """Yield a hidden folder that takes the place of a new or empty one once all is written into it, and else goes.

    What runs that were killed left beside that place goes first: no other run holds its lock.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    form = re.compile(rf"\.{re.escape(target.name)}\.\w{{8}}\.unfinished")
    for left in [path for path in target.parent.iterdir() if form.fullmatch(path.name) and not path.is_symlink()]:
        with suppress(OSError), alone(left) as free:  # it may be another user's
            if free:
                shutil.rmtree(left, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=".unfinished"))
    try:
        with alone(temporary):
            yield temporary
            temporary.chmod(_mode(target, 0o777))
            with suppress(OSError):  # not every system renames onto an empty folder; a full one stays
                target.rmdir()
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
