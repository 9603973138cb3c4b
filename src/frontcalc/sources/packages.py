"""The optional packages, imported only where something needs one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from frontcalc.errors import UsageError


def extra_package(name: str, *, where: str, extra: str = "formats") -> Any:
    """Return a module, as ``pyarrow.parquet``, that comes with an extra of frontcalc; UsageError without it.

    The file or work that needs it is named in the message.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        cure = f'pip install "frontcalc[{extra}]"'
        raise UsageError(f"needs the package {package}", where=where, cure=cure) from error
