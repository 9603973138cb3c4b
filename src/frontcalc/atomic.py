"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_UNFINISHED = ".unfinished"  # how the names of temporary files and folders end
_log = logging.getLogger(__name__)


def _mode(target: Path, new: int) -> int:
    """Return the permissions of what is to be replaced, else those that the process gives what is new."""
    if target.exists():
        return target.stat().st_mode & 0o777
    # The process's mask can only be read by setting it.
    mask = os.umask(0)
    os.umask(mask)
    return new & ~mask


@contextmanager
def beside(target: Path, content: bytes) -> Iterator[Path]:
    """Yield a temporary file beside its place, for the caller to rename, with the permissions of the one there."""
    import tempfile  # it takes as long to load as a short help text

    mode = _mode(target, 0o666)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=_UNFINISHED)
    temporary = Path(name)
    try:
        with alone(temporary):
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def replace(target: Path, content: bytes) -> None:
    """Write beside a file and rename, so that a run that is killed leaves the old one whole."""
    with beside(target, content) as temporary:
        put(temporary, target)


def put(temporary: Path, target: Path) -> None:
    """Rename what is written to its place, and log it: Ctrl-C tells by the log what was written."""
    temporary.replace(target)
    _log.info("wrote %s", target)


def remove_unfinished(folder: Path, names: Iterable[str]) -> None:
    """Remove what runs that were killed left in a folder of files or folders of some names: no run holds its lock."""
    form = re.compile(rf"\.({'|'.join(map(re.escape, names))})\.\w{{8}}{re.escape(_UNFINISHED)}")
    paths: list[Path] = []
    with suppress(OSError):  # one that may be written into and not be listed
        paths = [path for path in folder.iterdir() if form.fullmatch(path.name) and not path.is_symlink()]
    for left in paths:
        with suppress(OSError), alone(left) as free:  # it may be another user's
            if free and left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif free:
                left.unlink()


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
    """Yield a hidden folder that takes the place of a new or empty one once all is written into it, and else goes."""
    import tempfile

    target.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(target.parent, [target.name])
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=_UNFINISHED))
    try:
        with alone(temporary):
            yield temporary
            temporary.chmod(_mode(target, 0o777))
            with suppress(OSError):  # not every system renames onto an empty folder; a full one stays
                target.rmdir()
            put(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
