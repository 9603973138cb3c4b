"""Results as Parquet: the published columns with their types, definitions and what they rest on."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from frontcalc.outputs.flat import meta_json
from frontcalc.outputs.published import Column, columns, rows
from frontcalc.outputs.schema import schema_id
from frontcalc.sources.packages import formats_package
from frontcalc.tables import Table


def parquet_bytes(result: Table[Any, Any]) -> bytes:
    """Return a result as Parquet: the figures of the CSV, as float64.

    A column's metadata have its `description` and `unit`; the file's have `frontcalc`, which is `meta`
    of the JSON output, and `schema`.

    Raises
    ------
    UsageError
        pyarrow is not installed.
    """
    arrow = formats_package("pyarrow", where="Parquet")
    parquet = formats_package("pyarrow.parquet", where="Parquet")
    published = columns(result.kind, result.meta.units)
    about = {"frontcalc": meta_json(result.meta), "schema": schema_id(result.kind)}
    schema = arrow.schema([arrow_field(arrow, column) for column in published], metadata=about)
    cells = list(zip(*rows(result), strict=True)) or [()] * len(published)
    arrays = [arrow.array(column, type=field.type) for column, field in zip(cells, schema, strict=True)]
    out = io.BytesIO()
    parquet.write_table(arrow.table(arrays, schema=schema), out, compression="zstd")
    return out.getvalue()


def arrow_field(arrow: Any, column: Column) -> Any:
    """Return the Arrow field of a column."""
    kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_(), date: arrow.date32()}
    described = {"description": column.definition, **({"unit": column.unit} if column.unit else {})}
    return arrow.field(column.name, kinds[column.kind], nullable=column.nullable, metadata=described)
