"""Results as frozen rows with units in their names, and the facts that travel with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from frontcalc.regions import TOTAL as TOTAL

if TYPE_CHECKING:
    from frontcalc.tables.lists import *  # noqa: F403 - they are found by `__getattr__`
    from frontcalc.tables.rows import *  # noqa: F403
    from frontcalc.tables.table import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:  # a command loads only the modules that it needs
        for module in ("rows", "table", "lists"):
            home = import_module(f"frontcalc.tables.{module}")
            if hasattr(home, name):
                return getattr(home, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
