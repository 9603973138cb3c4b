"""Results as data frames: the published columns with dtypes that never depend on what is in them."""

from __future__ import annotations

import datetime as dt
import types
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import shapely

from frontcalc.errors import UsageError
from frontcalc.sources.packages import extra_package

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from frontcalc.tables.table import Table

LONLAT = "OGC:CRS84"
"""The CRS of every geometry that a result has: longitude and latitude on WGS 84."""

_DTYPES = {str: "string", bool: "bool", float: "float64", dt.date: "datetime64[s]", shapely.MultiPolygon: "object"}
_ELSEWHERE = {
    "LayerRow": "frontcalc.convert writes the polygons of maps",
    "LegendRow": "frontcalc.convert writes the polygons of maps",
    "ClaimRow": "call frontcalc.diff or frontcalc.changes for the period of a claim",
}


def cell_kind(hint: Any) -> tuple[type, bool]:
    """Return what a column's cells are by its type hint, and whether they may be blank."""
    choices = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    (kind,) = (choice for choice in choices if choice is not type(None))
    return kind, len(choices) > 1


def dtypes(kind: type) -> dict[str, str]:
    """Return the dtype of each column of a class of rows, the same whatever the rows are.

    Text is `string`, days `datetime64[s]`, figures `float64` with NaN for blanks, whole numbers `int64`, or
    `Int64` where they may be blank.
    """
    hints = get_type_hints(kind)
    return {entry.name: _dtype(*cell_kind(hints[entry.name])) for entry in fields(kind)}


def frame_of(table: Table[Any, Any]) -> pd.DataFrame:
    """Return a result's rows as a data frame; see `Table.to_frame`."""
    pandas = extra_package("pandas", where=".to_frame()", extra="frames")
    cells = list(zip(*table.values(), strict=True)) or [()] * len(table.columns)
    forms = dtypes(table.kind).items()
    columns = {
        name: pandas.Series(list(values), dtype="object").astype(form)
        for (name, form), values in zip(forms, cells, strict=True)
    }
    frame: pd.DataFrame = pandas.DataFrame(columns)
    frame.attrs["attribution"] = "; ".join(table.meta.attribution)
    return frame


def geoframe_of(table: Table[Any, Any]) -> gpd.GeoDataFrame:
    """Return a result's rows with a geometry each; see `Table.to_geoframe`."""
    geopandas = extra_package("geopandas", where=".to_geoframe()", extra="geo")
    shapes = [_shape(table, row) for row in table.rows]
    if table.rows and not _of_points(table) and not any(shapes):
        raise UsageError(
            "there is no region to draw: these rows are totals, or of what no region takes",
            where=".to_geoframe()",
            cure="split them with by= or regions=, or call frontcalc.changes for the ground that changed hands",
        )
    frame = frame_of(table).drop(columns="geometry", errors="ignore")
    drawn: gpd.GeoDataFrame = geopandas.GeoDataFrame(frame, geometry=geopandas.GeoSeries(shapes, crs=LONLAT))
    drawn.attrs = frame.attrs
    return drawn


def _dtype(kind: type, nullable: bool) -> str:
    """Return the dtype of a column."""
    if kind is int:
        return "Int64" if nullable else "int64"
    return _DTYPES[kind]


def _of_points(table: Table[Any, Any]) -> bool:
    """Say whether each row is of a place."""
    return {"lon", "lat"} <= set(table.columns)


def _shape(table: Table[Any, Any], row: Any) -> shapely.Geometry | None:
    """Return where a row is: its own ground or place, else its region."""
    if "geometry" in table.columns:
        shape: shapely.Geometry = row.geometry
        return shape
    if _of_points(table):
        return None if row.lon is None else shapely.Point(row.lon, row.lat)
    if table.shape_of is None:
        cure = _ELSEWHERE.get(table.kind.__name__, "take the result of a facade of frontcalc as it is returned")
        raise UsageError("these rows are of no place", where=".to_geoframe()", cure=cure)
    return table.shape_of(row)
