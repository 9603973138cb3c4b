"""Results as frozen rows with units in their names, and the facts that travel with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from frontcalc.regions import TOTAL

if TYPE_CHECKING:
    from frontcalc.tables.archives import ArchiveMeta, LayerRow, LegendRow
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
else:
    _HOME = {
        "AnyMeta": "table",
        "ArchiveMeta": "archives",
        "ChangeRow": "rows",
        "ClaimRow": "claims",
        "ClaimsMeta": "claims",
        "CompareMeta": "robustness",
        "CompareRow": "robustness",
        "DiffRow": "rows",
        "DisagreementRow": "robustness",
        "FlowRow": "rows",
        "GrossRow": "rows",
        "HeldRow": "rows",
        "LayerRow": "archives",
        "LayerShare": "basis",
        "LegendRow": "archives",
        "MapUsed": "basis",
        "Meta": "basis",
        "MetaT": "table",
        "PeriodRow": "rows",
        "PeriodUsed": "basis",
        "PlaceRow": "rows",
        "RangeRow": "robustness",
        "ratio": "table",
        "RegionCheckMeta": "regions",
        "RegionCheckRow": "regions",
        "RegionDetailRow": "regions",
        "RegionMeta": "regions",
        "RegionOverlap": "regions",
        "RegionRow": "regions",
        "RowT": "table",
        "SensitivityRow": "robustness",
        "SeriesRow": "rows",
        "Snapping": "basis",
        "SummaryMeta": "basis",
        "SummaryRow": "rows",
        "Table": "table",
    }

    def __getattr__(name: str) -> Any:  # imported when first used
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"frontcalc.tables.{_HOME[name]}"), name)


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
    "LegendRow",
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
