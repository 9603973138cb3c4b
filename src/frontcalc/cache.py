"""What frontcalc has made and can make again, kept on disk by the content it was made from: bytes in, bytes out.

An entry is a file: the SHA-256 of its bytes, then the bytes. Its name is its key, a SHA-256 of everything that the
bytes depend on, so that an entry is never out of date: what has changed is asked for under another name. It is
written whole or not at all, and one that is damaged counts as absent. Without a folder to write in, everything works
and nothing is kept.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import time

_DIGEST = hashlib.sha256().digest_size
_DAY_S = 86_400
_log = logging.getLogger(__name__)


def key_of(parts: Iterable[bytes | str]) -> str:
    """Return the key of what is made from some parts, in this order: a SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        # With its length, so that no two lists of parts run together alike.
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of entries, or nothing at all.

    Parameters
    ----------
    folder : Path or None
        Where entries are kept, which need not exist; None to keep nothing.
    """

    folder: Path | None = None

    def get(self, kind: str, key: str) -> bytes | None:
        """Return the bytes kept under a key, None where there are none or they are not as they were written."""
        if self.folder is None:
            return None
        try:
            with self._path(kind, key).open("rb") as file:
                stored = file.read()
                if os.fstat(file.fileno()).st_mtime < time() - _DAY_S:
                    # What was used last goes last; once a day is often enough to tell.
                    os.utime(self._path(kind, key))
        except OSError:
            return None
        content = stored[_DIGEST:]
        return content if hashlib.sha256(content).digest() == stored[:_DIGEST] else None

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep bytes under a key; where that cannot be, it is said once in the log."""
        if self.folder is None:
            return
        try:
            _store(self._path(kind, key), content)
        except OSError as error:
            _warn_once((error.strerror or type(error).__name__).lower())

    def kept(self, kind: str, key: str, make: Callable[[], bytes]) -> bytes:
        """Return the bytes kept under a key, or make and keep them.

        Parameters
        ----------
        kind : str
            What it is, as in «zones»: the name of a subfolder.
        key : str
            Of everything that the bytes depend on, by `key_of`.
        make : callable
            Makes them; called where nothing is kept, or what is kept is damaged.
        """
        content = self.get(kind, key)
        if content is None:
            content = make()
            self.put(kind, key, content)
        return content

    def _path(self, kind: str, key: str) -> Path:
        """Return where an entry is; folders of a 256th each stay small."""
        assert self.folder is not None
        return self.folder / kind / key[:2] / key


NOTHING_KEPT = Cache()


def _store(path: Path, content: bytes) -> None:
    """Write an entry; whoever reads at the same time finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


@cache
def _warn_once(reason: str) -> None:
    """Log why nothing can be kept, once for each reason."""
    _log.warning("nothing can be kept in the cache: %s", reason)
