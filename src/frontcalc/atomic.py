"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def beside(target: Path, content: bytes) -> Path:
    """Write a temporary file beside its place, with the permissions of the one it is to replace."""
    if target.exists():
        mode = target.stat().st_mode & 0o777
    else:
        # The process's mask can only be read by setting it.
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
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
