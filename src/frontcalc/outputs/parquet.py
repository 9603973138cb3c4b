"""Results as Parquet: the published columns with their types, definitions and what they rest on."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from frontcalc.outputs.flat import meta_json
from frontcalc.outputs.published import Column, attribution, columns, rows
from frontcalc.sources.packages import extra_package
from frontcalc.tables import Table


def parquet_bytes(result: Table[Any, Any]) -> bytes:
    """Return a result as Parquet: the figures of the CSV, as float64.

    A column's metadata have its `description` and `unit`; the file's have `frontcalc`, which is `meta`
    of the JSON output.

    Raises
    ------
    UsageError
        pyarrow is not installed.
    """
    parquet = extra_package("pyarrow.parquet", where="Parquet")
    out = io.BytesIO()
    parquet.write_table(arrow_table(result, where="Parquet"), out, compression="zstd")
    return out.getvalue()


def arrow_table(result: Table[Any, Any], *, where: str, with_attribution: bool = False) -> Any:
    """Return a result's columns as an Arrow table, with what they mean and rest on as metadata."""
    arrow = extra_package("pyarrow", where=where)
    published = columns(result.kind, result.meta.units)
    about = {"frontcalc": meta_json(result.meta)}
    schema = arrow.schema([_field(arrow, column) for column in published], metadata=about)
    cells = list(zip(*rows(result), strict=True)) or [()] * len(published)
    arrays = [arrow.array(column, type=field.type) for column, field in zip(cells, schema, strict=True)]
    table = arrow.table(arrays, schema=schema)
    if with_attribution:
        source = arrow.array([attribution(result)] * len(result.rows), type=arrow.string())
        table = table.append_column("attribution", source)
    return table


def _field(arrow: Any, column: Column) -> Any:
    """Return the Arrow field of a column."""
    kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_(), date: arrow.date32()}
    described = {"description": column.definition, **({"unit": column.unit} if column.unit else {})}
    return arrow.field(column.name, kinds[column.kind], nullable=column.nullable, metadata=described)
