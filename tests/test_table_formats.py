"""Every format of a table read back by another program than wrote it, hostile names included."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from functools import reduce
from html.parser import HTMLParser
from operator import getitem
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pyarrow.parquet as pq
import pytest
from referencing import Registry, Resource
from table_schema import PUBLISHED, json_schema

import frontcalc
from frontcalc.errors import UsageError
from frontcalc.outputs import WRITERS, numbers, render

Write = Callable[..., Path]

HOSTILE = [
    '=HYPERLINK("http://example.org","win")',
    "+1+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    "=1+1",
    "<script>alert('x')</script>",
    "two lines",
    'a "quoted", b',
    "a|b",
    "[text](http://example.org) **bold** &lt;",
]


@pytest.fixture
def result(archive: Write, region_file: Write) -> Any:
    """One period in which each hostile region gains a square, of an archive that says whose it is."""
    # A line break in a name is shown as a space.
    places = {name.replace("two lines", "two\nlines"): [(300 + number, 40)] for number, name in enumerate(HOSTILE)}
    gained = [at for squares in places.values() for at in squares]
    maps = archive(
        {
            "2023-12-31": {"control_map": [(200, 40)], "russian_advances": [None]},
            "2024-11-17": {
                "control_map": [(200, 40), *gained],
                "russian_advances": [None],
            },
        }
    )
    (maps / "frontcalc.toml").write_text('attribution = "=Maps & Sons <b>"\nlicence = "CC BY 4.0"\n')
    return frontcalc.diff(["2024"], archive=maps, regions=region_file(places))


def expected(result: Any, units: str = "km2") -> list[dict[str, Any]]:
    """Return a table's rows as every file for machines has them: figures to three decimals."""
    factor = 1.0 if units == "km2" else 1 / 1.609344**2
    return [
        {
            name.replace("km2", units): round(value * factor if "km2" in name else value, 3) + 0.0
            if isinstance(value, float)
            else value
            for name, value in zip(result.columns, values, strict=True)
        }
        for values in result.values()
    ]


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def read_xlsx(content: bytes) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content))["Figures"]
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


class Cells(HTMLParser):
    """The texts of a page's table cells, row by row, and every tag met."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.inside = tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])
        elif self.inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


@pytest.mark.parametrize("units", ["km2", "mi2"])
def test_csv_gives_the_table_and_no_formula(result: Any, units: str) -> None:
    rows = read_csv(render(result, "csv", units=units))
    for row, wanted in zip(rows, expected(result, units), strict=True):
        assert row.pop("attribution").startswith("maps: =Maps & Sons <b>, CC BY 4.0; regions: ")
        region = str(wanted["region"])
        assert row["region"] == (f"'{region}" if region in HOSTILE[:5] else region)
        figures = {name: value for name, value in wanted.items() if isinstance(value, float)}
        assert {name: float(row[name]) for name in figures} == figures
        assert {name: row[name] for name in wanted if name not in {*figures, "region"}} == {
            name: "" if value is None else str(value)
            for name, value in wanted.items()
            if name not in {*figures, "region"}
        }


def test_a_negative_figure_is_a_number_and_stays_one(archive: Write) -> None:
    maps = archive({"2024-01-01": {None: [(300, 40), (301, 40)]}, "2024-01-02": {None: [(300, 40)]}})
    lost = frontcalc.diff(["2024-01-02"], archive=maps)
    assert read_csv(render(lost, "csv"))[0]["net_km2"] == "-100.000"
    assert read_xlsx(render(lost, "xlsx"))[0]["net_km2"] == -100.0


@pytest.mark.parametrize("mark", ["\t=1", "\r=1", "\n=1", " =1", "\uff1d1"])
def test_what_spreadsheets_may_take_for_a_formula_begins_with_an_apostrophe(mark: str, result: Any) -> None:
    from frontcalc.outputs.numbers import cell_text

    assert cell_text(mark, 3) == f"'{mark}"
    assert cell_text(-1.0, 3) == "-1.000"


@pytest.mark.parametrize("units", ["km2", "mi2"])
def test_xlsx_gives_the_table_with_real_dates_and_no_formula(result: Any, units: str) -> None:
    content = render(result, "xlsx", units=units)
    dates = {"opening": datetime(2023, 12, 31), "closing": datetime(2024, 11, 17)}
    assert read_xlsx(content) == [{**row, **dates} for row in expected(result, units)]
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["Figures", "Method and sources", "Receipt"]
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert not any(sheet._hyperlinks for sheet in book)
    figures = book["Figures"]
    assert figures.freeze_panes == "A2"
    assert figures["F2"].number_format == "yyyy-mm-dd"
    assert figures["L2"].number_format == "#,##0.0;−#,##0.0;0.0"
    assert all(10 > figures.column_dimensions[letter].width > 4 for letter in "ADH")


def test_xlsx_says_method_and_sources(result: Any) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(render(result, "xlsx")))["Method and sources"]
    said = {tuple(value for value in row if value) for row in sheet.iter_rows(values_only=True)}
    assert ("view", "assessed (control + advances)") in said
    assert ("projection", "EPSG:6933, proved equal-area over the data, on the WGS 84 ellipsoid") in said
    assert ("maps", "=Maps & Sons <b>, CC BY 4.0") in said
    assert ("gained_km2", "km²", "held on the later map and not on the earlier one") in said
    assert any(
        line[0] == "SPAN" and "is 2023-12-31 to 2024-11-17 here, 322 days" in line[2] for line in said if len(line) == 3
    )
    assert {(file.name, file.sha256) for file in result.meta.files} <= said


@pytest.mark.parametrize("units", ["km2", "mi2"])
def test_json_gives_the_table_and_holds_to_its_schema(result: Any, units: str) -> None:
    document = json.loads(render(result, "json", units=units))
    dated = [{name: str(v) if isinstance(v, date) else v for name, v in row.items()} for row in expected(result, units)]
    assert document["rows"] == dated
    assert document["meta"]["units"] == units
    assert document["meta"]["attribution"][0] == "maps: =Maps & Sons <b>, CC BY 4.0"
    schema = json_schema()
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["schema"] == schema["$defs"]["diff"]["$id"] == "urn:frontcalc:schema:diff:1"


def test_the_schema_refuses_what_is_no_output(result: Any) -> None:
    check = jsonschema.Draft202012Validator(json_schema())
    document = json.loads(render(result, "json"))
    document["rows"][0]["gained_km2"] = "1.0"
    assert not check.is_valid(document)
    document = json.loads(render(result, "json", units="mi2"))
    document["meta"]["units"] = "km2"
    assert not check.is_valid(document)
    for name in ("urn:frontcalc:schema:acre:1", "urn:frontcalc:schema:held:1"):
        assert not check.is_valid(json.loads(render(result, "json")) | {"schema": name})


@pytest.mark.parametrize("taken", ["meta", "rows", "schema", ("meta", "attribution"), ("rows", 0, "region")])
def test_the_schema_wants_every_member(taken: str | tuple[Any, ...], result: Any) -> None:
    document = json.loads(render(result, "json"))
    *path, name = [taken] if isinstance(taken, str) else taken
    del reduce(getitem, path, document)[name]
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(document)


def test_the_part_of_the_schema_that_an_output_names_stands_by_itself(result: Any) -> None:
    document = json.loads(render(result, "json"))
    every = Resource.from_contents(json_schema())
    check = jsonschema.Draft202012Validator({"$ref": document["schema"]}, registry=(every @ Registry()).crawl())
    check.validate(document)
    del document["rows"][0]["region"]
    assert not check.is_valid(document)
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_json_of_every_command_holds_to_its_schema() -> None:
    tables = [
        frontcalc.diff(["2023", "2030"]),
        frontcalc.held(["2022-01-01", "2024-11-03"]),
        frontcalc.series(since="2024-10", actor="all"),
        frontcalc.list_regions(),
    ]
    assert {table.kind for table in tables} <= set(PUBLISHED)
    check = jsonschema.Draft202012Validator(json_schema(), format_checker=jsonschema.FormatChecker())
    for table in tables:
        check.validate(json.loads(render(table, "json")))


@pytest.mark.parametrize("units", ["km2", "mi2"])
def test_parquet_gives_the_table_with_types_units_and_sources(result: Any, units: str) -> None:
    table = pq.read_table(io.BytesIO(render(result, "parquet", units=units)))
    assert table.to_pylist() == expected(result, units)
    assert {str(table.schema.field(name).type) for name in ("opening", "closing")} == {"date32[day]"}
    gained = table.schema.field(f"gained_{units}")
    assert gained.metadata[b"unit"].decode() == {"km2": "km²", "mi2": "mi²"}[units]
    meta = json.loads(table.schema.metadata[b"frontcalc"])
    assert meta == json.loads(render(result, "json", units=units))["meta"]


def test_a_notebook_shows_the_table_for_reading_and_no_markup(result: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontcalc.pictures.charts.installed", lambda: False)
    shown = frontcalc.notebook_html(result)
    cells = Cells(shown)
    assert sorted(cells.rows[2:-1]) == sorted([name, "100.0", "0.0", "+100.0", "p"] for name in HOSTILE)
    assert cells.rows[-1][0] == "total"
    assert cells.tags.isdisjoint({"script", "b", "a", "img", "link"})
    assert "territory, km²" in shown
    assert " · =Maps &amp; Sons &lt;b&gt;, CC BY 4.0</li>" in shown


def test_a_notebook_indents_regions_below_those_they_are_part_of() -> None:
    shown = frontcalc.notebook_html(frontcalc.diff(["2023"], by="country,adm1"))
    assert "<td>Ukraine</td>" in shown
    assert "<td>\u2060\u00a0\u00a0Donetsk</td>" in shown


def test_markdown_gives_the_table_for_reading_on_one_line_each(result: Any) -> None:
    lines = render(result, "markdown").decode().splitlines()
    rows = [line for line in lines if line.startswith("| ")][2:]
    assert len(rows) == len(HOSTILE) + 1
    assert "| a\\|b | 100.0 | 0.0 | +100.0 | p |" in rows
    assert "| two lines | 100.0 | 0.0 | +100.0 | p |" in rows
    assert "| \\[text\\](http\\://example.org) \\*\\*bold\\*\\* &amp;lt; | 100.0 | 0.0 | +100.0 | p |" in rows
    assert "- maps: 31 Dec 2023 → 17 Nov 2024 · =Maps &amp; Sons &lt;b&gt;, CC BY 4.0" in lines


def test_table_in_square_miles(result: Any) -> None:
    text = render(result, "table", units="mi2").decode()
    assert text.startswith("Russian-held territory, mi² · maps")
    assert "386.1" in text
    assert "1,000.0" not in text


def test_held_in_square_miles_says_what_layers_cover_in_them_too(archive: Write) -> None:
    maps = archive({"2024-01-01": {"control_map": [(300, 40), (301, 40)], "russian_advances": [(301, 40)]}})
    text = render(frontcalc.held(["2024-01-01"], archive=maps), "table", units="mi2").decode()
    assert "map of 2024-01-01: control 77.2 + advance 38.6 −38.6 drawn twice" in text


@pytest.mark.parametrize("format_", list(WRITERS))
def test_a_file_states_no_time_and_is_the_same_bytes_again(format_: str, result: Any) -> None:
    first = render(result, format_)
    if format_ == "xlsx":
        time.sleep(1.1)
    assert render(result, format_) == first


def test_a_byte_order_mark_is_for_csv_alone(result: Any) -> None:
    assert render(result, "csv", bom=True) == "\ufeff".encode() + render(result, "csv")
    with pytest.raises(UsageError, match="--bom: a byte order mark is for CSV alone"):
        render(result, "json", bom=True)


def test_an_unknown_format_or_unit_is_a_usage_error(result: Any) -> None:
    with pytest.raises(UsageError, match="no format 'pdf' in 'km2'; formats are table, csv"):
        render(result, "pdf")
    with pytest.raises(UsageError, match="no format 'csv' in 'acres'"):
        render(result, "csv", units="acres")


def test_a_square_mile_is_exact() -> None:
    assert 1 / numbers.UNITS["mi2"].per_km2 == pytest.approx(1.609344**2, abs=1e-15)
    assert numbers.UNITS["km2"].per_km2 == 1.0


@pytest.mark.parametrize(("format_", "package"), [("xlsx", "xlsxwriter"), ("parquet", "pyarrow")])
def test_a_missing_package_is_a_usage_error(
    format_: str, package: str, result: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        UsageError, match=rf"needs the package {package}; pip install {package}, or in frontcalc's folder"
    ):
        render(result, format_)


def test_more_rows_than_a_sheet_holds_is_a_usage_error(result: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from frontcalc.outputs import xlsx

    monkeypatch.setattr(xlsx, "_MOST_ROWS", 5)
    with pytest.raises(UsageError, match="12 rows are more than a sheet holds; write CSV or Parquet"):
        render(result, "xlsx")


def test_a_light_format_loads_no_heavy_package() -> None:
    written = "o.render(frontcalc.list_regions(), 'markdown')"
    script = f"import sys, frontcalc.outputs as o, frontcalc; {written}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"pyarrow", "xlsxwriter", "openpyxl", "geopandas", "pandas", "pyogrio"} & set(done.stdout.split())
