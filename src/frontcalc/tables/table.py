"""A result: rows of one kind, and what they rest on."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import shapely

from frontcalc.errors import UsageError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from _typeshed import DataclassInstance
    from matplotlib.figure import Figure

    from frontcalc.tables.lists import ArchiveMeta, RegionCheckMeta, RegionMeta
    from frontcalc.tables.rows import Meta

AnyMeta = Union["Meta", "RegionMeta", "RegionCheckMeta", "ArchiveMeta"]
"""What a result of any kind rests on."""

MetaT = TypeVar("MetaT", bound=AnyMeta)
RowT = TypeVar("RowT", bound="DataclassInstance")

_DTYPES = {str: "string", bool: "bool", float: "float64", dt.date: "datetime64[s]", shapely.MultiPolygon: "object"}
_ELSEWHERE = {
    "LayerRow": "frontcalc.convert writes the polygons of maps",
    "LegendRow": "frontcalc.convert writes the polygons of maps",
    "ClaimRow": "call frontcalc.diff or frontcalc.changes for the period of a claim",
}


@dataclass(frozen=True, slots=True, repr=False)
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
    shape_of : callable, optional
        Finds the region that a row is of, as drawn, in longitude and latitude; None where it is of none.
    call : tuple of str and mapping, optional
        The facade that returned the table, and the arguments that it was given, by name.
    """

    kind: type[RowT]
    rows: tuple[RowT, ...]
    meta: MetaT
    shape_of: Callable[[Any], shapely.MultiPolygon | None] | None = field(default=None, compare=False)
    call: tuple[str, Mapping[str, Any]] | None = field(default=None, compare=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in their published order."""
        return tuple(entry.name for entry in sorted(fields(self.kind), key=lambda entry: bool(entry.metadata)))

    def values(self) -> list[tuple[Any, ...]]:
        """Return each row's values in the order of the columns, figures unrounded."""
        return list(map(attrgetter(*self.columns), self.rows))

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a data frame: the columns of the CSV, in its order, figures unrounded (km²).

        Returns
        -------
        pandas.DataFrame
            A row a row. Text is `string`, days `datetime64[s]`, figures `float64` with NaN for blanks, whole numbers
            `int64`, or `Int64` where they may be blank. The CSV's last column, `attribution`, is in `.attrs`.

        Examples
        --------
        >>> import frontcalc
        >>> frame = frontcalc.diff(["2023", "2024"]).to_frame()
        >>> totals = frame[frame["level"] == "total"]
        >>> totals[["period", "closing", "net_km2"]].round({"net_km2": 1})
           period    closing  net_km2
        33   2023 2023-12-31    465.0
        67   2024 2024-11-17   2700.0
        """
        import pandas as pd

        frame = pd.DataFrame(self.values(), columns=list(self.columns), dtype="object")
        frame = frame.astype(dtypes(self.kind))
        frame.attrs["attribution"] = "; ".join(self.meta.attribution)
        return frame

    def to_geoframe(self) -> gpd.GeoDataFrame:
        """Return the rows of `to_frame` with a `geometry` each, in longitude and latitude on WGS 84 (OGC:CRS84).

        Returns
        -------
        geopandas.GeoDataFrame
            A row a row. The geometry is the polygons of `changes` and `shared_ground`, the point of a place or finding,
            else the row's region as drawn, from which a figure's ground may stray by `snapped_km2`. Rows of several
            levels lie on each other; `total` and `unassigned` are of no region and have no geometry.

        Raises
        ------
        UsageError
            The rows are of no place, with what to call instead.

        Examples
        --------
        >>> import frontcalc
        >>> regions = frontcalc.diff(["2024"]).to_geoframe()
        >>> largest = regions[regions["level"] == "adm1"].nlargest(2, "gained_km2")
        >>> largest[["region", "gained_km2"]].round(1)
            region  gained_km2
        7  Donetsk      1830.7
        9  Kharkiv       375.4
        """
        import geopandas as gpd

        from frontcalc.crs import LONLAT

        shapes: list[Any] = [self._shape(row) for row in self.rows]
        if self.rows and "lon" not in self.columns and not any(shapes):
            problem = "there is no region to draw: these rows are totals, or of what no region takes"
            cure = "split them with by= or regions=, or call frontcalc.changes for the ground that changed hands"
            raise UsageError(problem, where=".to_geoframe()", cure=cure)
        frame = self.to_frame().drop(columns="geometry", errors="ignore")
        drawn = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=LONLAT))
        drawn.attrs = frame.attrs
        return drawn

    def _shape(self, row: Any) -> shapely.Geometry | None:
        """Return where a row is: its own ground or place, else its region."""
        if "geometry" in self.columns:
            return cast(shapely.Geometry, row.geometry)
        if "lon" in self.columns:
            return None if row.lon is None else shapely.Point(row.lon, row.lat)
        if self.shape_of is None:
            cure = _ELSEWHERE.get(self.kind.__name__, "take the result of a facade of frontcalc as it is returned")
            raise UsageError("these rows are of no place", where=".to_geoframe()", cure=cure)
        return self.shape_of(row)

    def save(self, path: str | Path, *, units: str = "km2", bom: bool = False) -> None:
        """Write the result to a file, whose suffix chooses the format, as the command writes it with -o.

        Parameters
        ----------
        path : path
            As in «x.csv», «x.xlsx», «x.json», «x.md», «x.txt», «x.parquet»; of `changes` and `shared_ground`
            «x.geojson», «x.gpkg», «x.geoparquet». A file that is there is replaced.
        units : str
            `km2` or `mi2`, of areas and in the names of columns.
        bom : bool
            Begin CSV with a byte order mark, for Excel.

        Raises
        ------
        UsageError, DataError
            No format of such a result has the suffix, or a package is not installed; the file cannot be written.

        Examples
        --------
        >>> import frontcalc
        >>> frontcalc.diff(["2024"], by="none").save("2024.csv")
        """
        outputs = _writers()
        form = outputs.format_of(self, Path(path))
        outputs.write_file(Path(path), outputs.render(self, form, units=units, bom=bom))

    def plot(
        self,
        *,
        size: str | None = None,
        theme: str | None = None,
        units: str | None = None,
        events: str | Path | Sequence[Any] = (),
        gap: int | None = None,
    ) -> Figure:
        """Return the result as a figure of matplotlib: a line, bars by period, or regions by rank.

        Parameters
        ----------
        size, theme, units, events, gap
            As for `picture`.

        Returns
        -------
        matplotlib.figure.Figure
            Drawn from the rows: `series`, `summary`, `diff` have such charts. A notebook shows it.

        Raises
        ------
        UsageError
            There is no chart of such a result, an option is wrong, or matplotlib is not installed.

        Examples
        --------
        >>> import frontcalc
        >>> figure = frontcalc.series(since="2024-09", by="none").plot(size="800x500")
        >>> figure.get_size_inches() * figure.dpi
        array([800., 500.])
        """
        # Drawing is layers above: it is reached by the front door, and loaded only here.
        import frontcalc

        return frontcalc.plot(self, size=size, theme=theme, units=units, events=events, gap=gap)

    def _repr_html_(self) -> str:
        """Return the result for a notebook: its table, and its chart where there is one."""
        import frontcalc

        return frontcalc.notebook_html(self)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.rows)

    def __iter__(self) -> Iterator[RowT]:
        """Iterate over the rows."""
        return iter(self.rows)

    def __str__(self) -> str:
        """Return the table as the command shows it; polygons, which no table shows, as `repr` does."""
        if "geometry" in self.columns:
            return repr(self)
        return str(_writers().render(self, "table").decode()).rstrip("\n")

    def __repr__(self) -> str:
        """Return how many rows there are of which kind: polygons of maps would fill the screen."""
        return f"<Table of {len(self.rows)} {self.kind.__name__}>"


def extended(kind: type[RowT], one: DataclassInstance, **more: Any) -> RowT:
    """Return a row or a meta as another class: the values of the fields that both have, and those given."""
    wanted = {entry.name for entry in fields(kind)}
    own = {entry.name: getattr(one, entry.name) for entry in fields(one) if entry.name in wanted}
    return kind(**own | more)


def _writers() -> Any:
    """Return the module that writes results: it is a layer above, and loaded only where a result is written."""
    return import_module("frontcalc.outputs")


def ratio(first: float | None, second: float | None) -> float | None:
    """Return second ÷ first, None where one is missing or zero, or where the signs differ."""
    if not first or not second or (first < 0) != (second < 0):
        return None
    return second / first


def cell_kind(hint: Any) -> tuple[type, bool]:
    """Return what a column's cells are by its type hint, and whether they may be blank."""
    choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    (kind,) = (choice for choice in choices if choice is not type(None))
    return kind, len(choices) > 1


def dtypes(kind: type) -> dict[str, str]:
    """Return the dtype of each column of a class of rows, as `Table.to_frame` states them."""
    hints = get_type_hints(kind)
    cells = ((entry.name, *cell_kind(hints[entry.name])) for entry in fields(kind))
    return {name: _DTYPES.get(own) or ("Int64" if nullable else "int64") for name, own, nullable in cells}
