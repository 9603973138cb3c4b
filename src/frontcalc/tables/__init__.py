"""Results as frozen rows with units in their names, and the facts that travel with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from frontcalc.regions import TOTAL as TOTAL
from frontcalc.tables.metas import *  # noqa: F403
from frontcalc.tables.rows import *  # noqa: F403 - all that is public in them is offered here
from frontcalc.tables.table import *  # noqa: F403

if TYPE_CHECKING:
    from frontcalc.tables.lists import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:  # a command that measures does not need what lists and checks return
        return getattr(import_module("frontcalc.tables.lists"), name)
