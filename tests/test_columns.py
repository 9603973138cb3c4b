"""Every column has one definition and unit; the page of columns is what the code says."""

from __future__ import annotations

from dataclasses import fields

import publish
import pytest
from table_schema import PUBLISHED

from frontcalc.outputs.numbers import DEFINITIONS, columns, unit_of
from frontcalc.tables import Table, kinds, lists, rows


def test_every_class_of_rows_is_published() -> None:
    named = {name for module in (kinds, lists, rows) for name in vars(module)} - {"PeriodRow"}
    tables = {name for name in named if name.endswith("Row")} | {"Finding"}
    assert {kind.__name__ for kind in (*PUBLISHED, *publish.POLYGONS)} == tables, (
        "add it to PUBLISHED in scripts/table_schema.py"
    )
    assert {kind.__name__ for kind in PUBLISHED.values()} == {name for name in named if name.endswith("Meta")}


@pytest.mark.parametrize("kind", [*PUBLISHED, *publish.POLYGONS])
def test_every_column_has_a_definition(kind: type) -> None:
    missing = {name for name in kind.__dataclass_fields__ if name not in DEFINITIONS}  # type: ignore[attr-defined]
    assert not missing, "add them to DEFINITIONS in outputs/numbers.py, then run make pages"
    assert all(column.definition for column in columns(kind))


def test_no_definition_is_without_a_column() -> None:
    used = {name for kind in (*PUBLISHED, *publish.POLYGONS) for name in kind.__dataclass_fields__}  # type: ignore[attr-defined]
    assert set(DEFINITIONS) == used | {"attribution"}


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("gained_km2", "km²"),
        ("gained_mi2", "mi²"),
        ("rate_km2_per_day", "km² per day"),
        ("rate_mi2_per_day", "mi² per day"),
        ("km2", "km²"),
        ("days", "days"),
        ("region", ""),
    ],
)
def test_units_follow_from_names(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_the_page_of_columns_lists_those_of_the_code() -> None:
    page = publish.columns_page()
    assert (
        "| `gained_km2` | km² | number | diff, series, summary, gross, sensitivity, range, compare, consensus, where |"
        in page
    )


def test_tables_hold_square_kilometres_and_know_no_units() -> None:
    for meta in {Table, *PUBLISHED.values()}:
        assert "units" not in {entry.name for entry in fields(meta)}
