"""Results as frozen rows with units in their names, and the facts that travel with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from frontcalc.regions import TOTAL as TOTAL

if TYPE_CHECKING:
    from frontcalc.tables.basis import CompareMeta as CompareMeta
    from frontcalc.tables.basis import LayerShare as LayerShare
    from frontcalc.tables.basis import MapUsed as MapUsed
    from frontcalc.tables.basis import Meta as Meta
    from frontcalc.tables.basis import PeriodUsed as PeriodUsed
    from frontcalc.tables.basis import Snapping as Snapping
    from frontcalc.tables.basis import SummaryMeta as SummaryMeta
    from frontcalc.tables.lists import ArchiveMeta as ArchiveMeta
    from frontcalc.tables.lists import ClaimRow as ClaimRow
    from frontcalc.tables.lists import ClaimsMeta as ClaimsMeta
    from frontcalc.tables.lists import LayerRow as LayerRow
    from frontcalc.tables.lists import LegendRow as LegendRow
    from frontcalc.tables.lists import RegionCheckMeta as RegionCheckMeta
    from frontcalc.tables.lists import RegionCheckRow as RegionCheckRow
    from frontcalc.tables.lists import RegionDetailRow as RegionDetailRow
    from frontcalc.tables.lists import RegionMeta as RegionMeta
    from frontcalc.tables.lists import RegionOverlap as RegionOverlap
    from frontcalc.tables.lists import RegionRow as RegionRow
    from frontcalc.tables.rows import ChangeRow as ChangeRow
    from frontcalc.tables.rows import CompareRow as CompareRow
    from frontcalc.tables.rows import DiffRow as DiffRow
    from frontcalc.tables.rows import DisagreementRow as DisagreementRow
    from frontcalc.tables.rows import FlowRow as FlowRow
    from frontcalc.tables.rows import GrossRow as GrossRow
    from frontcalc.tables.rows import HeldRow as HeldRow
    from frontcalc.tables.rows import PeriodRow as PeriodRow
    from frontcalc.tables.rows import PlaceRow as PlaceRow
    from frontcalc.tables.rows import RangeRow as RangeRow
    from frontcalc.tables.rows import SensitivityRow as SensitivityRow
    from frontcalc.tables.rows import SeriesRow as SeriesRow
    from frontcalc.tables.rows import SummaryRow as SummaryRow
    from frontcalc.tables.table import AnyMeta as AnyMeta
    from frontcalc.tables.table import MetaT as MetaT
    from frontcalc.tables.table import RowT as RowT
    from frontcalc.tables.table import Table as Table
    from frontcalc.tables.table import ratio as ratio
else:
    # A command loads only the modules that it needs.
    _MODULES = {
        "basis": "CompareMeta LayerShare MapUsed Meta PeriodUsed Snapping SummaryMeta",
        "lists": "ArchiveMeta ClaimRow ClaimsMeta LayerRow LegendRow RegionCheckMeta RegionCheckRow RegionDetailRow"
        " RegionMeta RegionOverlap RegionRow",
        "rows": "ChangeRow CompareRow DiffRow DisagreementRow FlowRow GrossRow HeldRow PeriodRow PlaceRow RangeRow"
        " SensitivityRow SeriesRow SummaryRow",
        "table": "AnyMeta MetaT RowT Table ratio",
    }
    _HOME = {name: module for module, names in _MODULES.items() for name in names.split()}

    def __getattr__(name: str) -> Any:  # imported when first used
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"frontcalc.tables.{_HOME[name]}"), name)
