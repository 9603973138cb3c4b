"""Writers: one dict from format to a function that returns text, and the atomic writing of files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frontcalc.errors import DataError
from frontcalc.outputs import flat, text
from frontcalc.outputs.sentence import sentence
from frontcalc.tables import Table

WRITERS: dict[str, Callable[[Table[Any, Any]], str]] = {
    "table": text.table,
    "csv": flat.csv_text,
    "json": flat.json_text,
    "markdown": text.markdown,
    "sentence": sentence,
}

WITH_REMARKS = ("table", "markdown")
"""Formats that show notices among their own text."""


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    DataError
        The folder is missing or cannot be written, or the disk is full; what was there before stays.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary:
            temporary.unlink(missing_ok=True)
        reason = (error.strerror or type(error).__name__).lower()
        raise DataError(f"cannot be written: {reason}", where=str(path), cure="give another place with -o") from error


def _umask() -> int:
    """Return the process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
