"""Results as frozen rows with units in their names, and the facts that travel with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from frontcalc.regions import TOTAL as TOTAL

if TYPE_CHECKING:
    from frontcalc.tables.lists import *  # noqa: F403 - `_MODULES` has the names
    from frontcalc.tables.rows import *  # noqa: F403
    from frontcalc.tables.table import *  # noqa: F403
else:
    # A command loads only the modules that it needs.
    _MODULES = {
        "lists": "ArchiveMeta ClaimRow ClaimsMeta LayerRow LegendRow RegionCheckMeta RegionCheckRow RegionDetailRow"
        " RegionMeta RegionOverlap RegionRow",
        "rows": "ChangeRow CompareMeta CompareRow DiffRow DisagreementRow FlowRow GrossRow HeldRow LayerShare MapUsed"
        " Meta PeriodRow PeriodUsed PlaceRow RangeRow SensitivityRow SeriesRow Snapping SummaryMeta SummaryRow",
        "table": "AnyMeta MetaT RowT Table ratio",
    }
    _HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

    def __getattr__(name: str) -> Any:  # imported when first used
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"frontcalc.tables.{_HOME[name]}"), name)
