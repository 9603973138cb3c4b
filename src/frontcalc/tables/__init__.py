"""Results as frozen rows with units in their names, and the facts that travel with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from frontcalc.regions import TOTAL as TOTAL
from frontcalc.tables.rows import *  # noqa: F403 - all that is public in them is offered here
from frontcalc.tables.table import *  # noqa: F403

if TYPE_CHECKING:
    from frontcalc.tables.kinds import *  # noqa: F403
    from frontcalc.tables.lists import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:  # what only some commands return
        kinds = import_module("frontcalc.tables.kinds")
        return getattr(kinds if hasattr(kinds, name) else import_module("frontcalc.tables.lists"), name)
