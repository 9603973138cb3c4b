"""The one family of errors that frontcalc raises, each with the exit code a command ends with."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

COMPLETE = "is the download complete?"  # the cure for what is cut off
MORE_MEMORY = "give it more (ulimit -v, the container's limit), or refuse such files by a smaller FRONTCALC_MAX_BYTES"
_NO_MEMORY = re.compile(
    r"(not enough|insufficient|out of) memory|cannot allocate memory|bad_alloc|alloc of size|failed to map segment",
    re.IGNORECASE,
)
LONGEST = 1000  # characters


class FrontcalcError(Exception):
    """Base of every error raised on purpose: which file, what is wrong, what to do.

    Made while memory has run out, each becomes an `OutOfMemoryError`: content that found no room is not broken.

    Parameters
    ----------
    problem : str
        What is wrong, as a clause without a final stop.
    where : str, optional
        The file, folder or argument concerned.
    cure : str, optional
        What the user can do about it.
    code : str, optional
        The code of `frontcalc.notices.FINDINGS` that names a fault of a file, where one does so precisely.
    at : (lon, lat), optional
        Where the fault is, in the file's own coordinates.
    """

    exit_code = 3

    def __init__(
        self,
        problem: str,
        *,
        where: str | None = None,
        cure: str | None = None,
        code: str | None = None,
        at: tuple[float, float] | None = None,
    ) -> None:
        handled = sys.exception()
        if is_out_of_memory(handled) and not isinstance(self, OutOfMemoryError):
            if isinstance(handled, OutOfMemoryError):
                raise handled
            raise OutOfMemoryError("there is not enough memory for it", where=where, cure=MORE_MEMORY)
        super().__init__(shortened(problem))
        self.problem = shortened(problem)
        self.where = where
        self.cure = cure and shortened(cure)
        self.code = code
        self.at = at

    def __str__(self) -> str:
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{text}; {self.cure}" if self.cure else text


class OutOfMemoryError(FrontcalcError, MemoryError):
    """There is not enough memory for a file: no figure can rest on the rest, not even with `--skip-bad`."""


class CheckFailed(FrontcalcError):  # noqa: N818 - it reads as what happened
    """A check that was asked for did not hold."""

    exit_code = 1


class UsageError(FrontcalcError):
    """The question itself is wrong: an option, a period, a name."""

    exit_code = 2


class DataError(FrontcalcError):
    """A file that is needed is broken or cannot be what it says."""


class ChangedError(DataError):
    """A file changed while a run was reading it: no figure and no notice can rest on it, not even with `--skip-bad`."""


class NoDataError(FrontcalcError):
    """The archive has nothing that could answer the question."""

    exit_code = 4


def is_out_of_memory(error: BaseException | None) -> bool:
    """Say whether an error is that memory ran out: Python has a class for it, most libraries only words."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    # Our own words may quote names and contents of files, which anybody can choose.
    return not isinstance(error, FrontcalcError | None) and _NO_MEMORY.search(str(error)) is not None


@contextmanager
def naming(where: str) -> Iterator[None]:
    """Name the file, or what is read of it, in errors that only say what is wrong with it and what to do."""
    try:
        yield
    except FrontcalcError as error:
        error.where = error.where or where
        raise


def shortened(text: str) -> str:
    """Return a text cut to the length that a message may have: it may quote what a file holds, or list it."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def reason_of(error: Exception) -> str:
    """Return why the system refused something, as a clause for a message."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()


def extra_package(name: str, *, where: str) -> Any:
    """Return a module, as ``pyarrow.parquet``, of an optional package; UsageError, about `where`, if there is none."""
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        extra = "dask" if package == "distributed" else "all"
        cure = f"""pip install {package}, or in frontcalc's folder pip install ".[{extra}]\""""
        raise UsageError(f"needs the package {package}", where=where, cure=cure) from error
