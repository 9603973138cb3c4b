"""A result: rows of one kind, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from frontcalc.lint import Finding
from frontcalc.tables.archives import ArchiveMeta, LayerRow
from frontcalc.tables.basis import Meta, SummaryMeta
from frontcalc.tables.claims import ClaimRow, ClaimsMeta
from frontcalc.tables.regions import RegionCheckMeta, RegionCheckRow, RegionDetailRow, RegionMeta, RegionRow
from frontcalc.tables.robustness import CompareMeta, CompareRow, DisagreementRow, RangeRow, SensitivityRow
from frontcalc.tables.rows import ChangeRow, DiffRow, FlowRow, GrossRow, HeldRow, PlaceRow, SeriesRow, SummaryRow

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

AnyMeta = Meta | RegionMeta | RegionCheckMeta | ArchiveMeta
"""What a result of any kind rests on."""

MetaT = TypeVar("MetaT", Meta, SummaryMeta, CompareMeta, RegionMeta, RegionCheckMeta, ArchiveMeta, ClaimsMeta)
RowT = TypeVar(
    "RowT",
    DiffRow,
    ChangeRow,
    HeldRow,
    SeriesRow,
    SummaryRow,
    GrossRow,
    FlowRow,
    PlaceRow,
    SensitivityRow,
    RangeRow,
    CompareRow,
    DisagreementRow,
    RegionRow,
    RegionDetailRow,
    RegionCheckRow,
    LayerRow,
    Finding,
    ClaimRow,
)


@dataclass(frozen=True, slots=True)
class Table(Generic[RowT, MetaT]):
    """A result: rows of one kind, and what they rest on.

    Parameters
    ----------
    kind : type
        The class of the rows.
    rows : tuple of row
        By actor, then period or date, then region by name, `unassigned` and `total` last.
    meta : Meta
        What the rows rest on.
    """

    kind: type[RowT]
    rows: tuple[RowT, ...]
    meta: MetaT

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their published order."""
        return tuple(entry.name for entry in fields(self.kind))

    def values(self) -> list[tuple[Any, ...]]:
        """Return each row's values in the order of the columns, figures unrounded."""
        columns = self.columns
        return [tuple(getattr(row, name) for name in columns) for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a data frame, figures unrounded (km²)."""
        import pandas as pd

        return pd.DataFrame(self.values(), columns=list(self.columns))

    def plot(self, **options: Any) -> Figure:
        """Return the result as a figure of matplotlib: a line, bars by period, or regions by rank.

        Parameters
        ----------
        **options
            As `frontcalc.picture` takes them: size, theme, units; events and gap of a series.

        Raises
        ------
        UsageError
            There is no chart of such a result, an option is wrong, or matplotlib is not installed.
        """
        # Drawing is layers above: it is reached by the front door, and loaded only here.
        import frontcalc

        return frontcalc.plot(self, **options)

    def _repr_html_(self) -> str | None:
        """Return the result for a notebook: its table, and its chart where there is one."""
        import frontcalc

        return frontcalc.notebook_html(self)


def ratio(first: float | None, second: float | None) -> float | None:
    """Return second ÷ first, None where one is missing or zero, or where the signs differ."""
    if not first or not second or (first < 0) != (second < 0):
        return None
    return second / first
