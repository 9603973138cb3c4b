"""What frontcalc has made and can make again, kept on disk by the content it was made from: bytes in, bytes out.

An entry is its SHA-256 and its bytes. It is written whole or not at all, and one that is damaged counts as
absent. Without a folder to write in, everything works and nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from frontcalc.folders import cache_folder

_DIGEST = hashlib.sha256().digest_size


def key_of(parts: Iterable[bytes | str]) -> str:
    """Return the key of what is made from some parts, in this order: a SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        # With its length, so that no two lists of parts run together alike.
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def kept(kind: str, key: str, make: Callable[[], bytes]) -> bytes:
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
    path = cache_folder() / kind / key
    content = _load(path)
    if content is None:
        content = make()
        # A cache that cannot be written is no reason to fail.
        with contextlib.suppress(OSError):
            _store(path, content)
    return content


def _load(path: Path) -> bytes | None:
    """Return an entry's bytes, None where there is none or it is not as it was written."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    content = stored[_DIGEST:]
    return content if hashlib.sha256(content).digest() == stored[:_DIGEST] else None


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
