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
    "DiffRow",
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
    "RegionCheckMeta",
    "RegionCheckRow",
    "RegionDetailRow",
    "RegionMeta",
    "RegionOverlap",
    "RegionRow",
    "RowT",
    "SeriesRow",
    "Snapping",
    "SummaryMeta",
    "SummaryRow",
    "Table",
    "ratio",
]
