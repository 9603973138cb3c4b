"""Results as frozen rows with units in their names, and the facts that travel with them."""

from frontcalc.regions import TOTAL
from frontcalc.tables.archives import ArchiveMeta, LayerRow
from frontcalc.tables.basis import LayerShare, MapUsed, Meta, PeriodUsed, Snapping, SummaryMeta
from frontcalc.tables.claims import ClaimRow, ClaimsMeta
from frontcalc.tables.regions import (
    RegionCheckMeta,
    RegionCheckRow,
    RegionDetailRow,
    RegionMeta,
    RegionOverlap,
    RegionRow,
)
from frontcalc.tables.robustness import CompareMeta, CompareRow, DisagreementRow, RangeRow, SensitivityRow
from frontcalc.tables.rows import (
    ChangeRow,
    DiffRow,
    FlowRow,
    GrossRow,
    HeldRow,
    PeriodRow,
    PlaceRow,
    SeriesRow,
    SummaryRow,
)
from frontcalc.tables.table import AnyMeta, MetaT, RowT, Table, ratio

__all__ = [
    "TOTAL",
    "AnyMeta",
    "ArchiveMeta",
    "ChangeRow",
    "ClaimRow",
    "ClaimsMeta",
    "CompareMeta",
    "CompareRow",
    "DiffRow",
    "DisagreementRow",
    "FlowRow",
    "GrossRow",
    "HeldRow",
    "LayerRow",
    "LayerShare",
    "MapUsed",
    "Meta",
    "MetaT",
    "PeriodRow",
    "PeriodUsed",
    "PlaceRow",
    "RangeRow",
    "RegionCheckMeta",
    "RegionCheckRow",
    "RegionDetailRow",
    "RegionMeta",
    "RegionOverlap",
    "RegionRow",
    "RowT",
    "SensitivityRow",
    "SeriesRow",
    "Snapping",
    "SummaryMeta",
    "SummaryRow",
    "Table",
    "ratio",
]
