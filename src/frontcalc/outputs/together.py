"""Writing several files as one set."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from frontcalc.atomic import beside
from frontcalc.errors import DataError, reason_of


def write_together(contents: Mapping[Path, bytes], *, remove: Iterable[Path] = ()) -> None:
    """Write files so that a run that fails or is killed leaves the old set, as far as a file system can.

    All are written beside their places before the first is renamed, and what is no longer part of the
    set is removed before the last, which so is the set's seal.

    Parameters
    ----------
    contents : mapping of Path to bytes
        In the order of renaming.
    remove : iterable of Path
        Files that are no longer part of the set.

    Raises
    ------
    DataError
        A folder is missing or cannot be written, or the disk is full; then no file has been touched.
    """
    written: list[tuple[Path, Path]] = []
    target = next(iter(contents))
    try:
        for target, content in contents.items():
            resolved = target.resolve()
            if resolved.is_dir():
                raise IsADirectoryError(errno.EISDIR, "is a directory")
            written.append((beside(resolved, content), resolved))
        *first, last = written
        for temporary, target in first:
            temporary.replace(target)
        for target in remove:
            target.unlink(missing_ok=True)
        last[0].replace(last[1])
    except OSError as error:
        problem = f"cannot be written: {reason_of(error)}"
        raise DataError(problem, where=str(target), cure="give another place with -o") from error
    finally:
        for temporary, _ in written:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
