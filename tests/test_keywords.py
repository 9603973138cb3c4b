"""Arguments from Python: what is unknown or of another type is refused, what means the same is taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any, Unpack

import geopandas
import numpy
import pandas
import pytest
import shapely
from conftest import square

import frontcalc
from frontcalc.errors import UsageError
from frontcalc.keywords import facade
from frontcalc.run.options import Keywords

Write = Callable[..., Path]
PERIOD = "2024-01-01..2024-01-02"
# Each with what it cannot do without.
FACADES: dict[str, dict[str, Any]] = {
    "change_map": {"periods": "2024"},
    "change_map_between": {"before": "a.geojson", "after": "b.geojson"},
    "changes": {"periods": "2024"},
    "changes_between": {"before": "a.geojson", "after": "b.geojson"},
    "check_archive": {},
    "check_ledger": {"file": "war.gpkg"},
    "check_summaries": {"folder": "tables"},
    "compare": {"periods": "2024", "archives": ["a", "b"]},
    "consensus": {"period": "2024", "archives": ["a", "b"]},
    "consensus_map": {"period": "2024", "archives": ["a", "b"]},
    "convert": {"output": "maps"},
    "diff": {"periods": "2024"},
    "diff_files": {"before": "a.geojson", "after": "b.geojson"},
    "explain_archive": {},
    "flows": {"periods": "2024"},
    "held": {"dates": "2024-01-01"},
    "ledger": {"period": "2024"},
    "list_archive": {},
    "place_shares": {"town": "Toretsk", "periods": "2024"},
    "places": {"periods": "2024", "places": "towns.csv"},
    "records": {},
    "report": {"periods": "2024"},
    "sensitivity": {"period": "2024"},
    "shared_ground": {"period": "2024", "archives": ["a", "b"]},
    "where": {"period": "2024"},
    "where_changes": {"period": "2024"},
    "where_map": {"period": "2024"},
    "series": {},
    "summary": {},
    "verify": {"claims": "bbc-2024-11"},
    "write_legend": {"path": "maps"},
    "write_summaries": {"folder": "tables"},
}


@pytest.mark.parametrize("name", FACADES)
def test_a_keyword_that_no_facade_has_is_named_with_the_one_meant(name: str) -> None:
    with pytest.raises(
        TypeError, match=rf"{name}\(\) got an unexpected keyword argument 'viev'; did you mean 'view'\?"
    ):
        getattr(frontcalc, name)(**FACADES[name], viev="control")


@pytest.mark.parametrize("name", FACADES)
@pytest.mark.parametrize("wrong", [{"view": 3}, {"workers": 2.5}, {"only": 7}, {"drop_slivers": "no"}, {"crs": 6933}])
def test_a_value_of_another_type_says_what_is_wanted(name: str, wrong: dict[str, Any]) -> None:
    (keyword,) = wrong
    with pytest.raises(UsageError, match=rf"{keyword}: is .*; give (text|a whole number|True or False)"):
        getattr(frontcalc, name)(**FACADES[name], **wrong)


def test_every_facade_with_options_is_checked() -> None:
    assert set(FACADES) == {
        name
        for name in frontcalc.__all__
        if "options" in getattr(getattr(frontcalc, name), "__annotations__", {}) and name != "plot"
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"periods": None}, "periods: is None; give text or a whole number or a date or a Period of pandas or a list"),
        ({"periods": True}, "periods: is True; give "),
        ({"periods": 3.5}, r"periods: is 3\.5; give "),
        ({"periods": {"2024": 1}}, "periods: is {'2024': 1}; give "),
        ({"periods": "2024", "archive": 5}, "archive: is 5; give text or a path or an Archive"),
        ({"periods": "2024", "view": 5}, "view: is 5; give text or a list of these"),
        ({"periods": "2024", "sliver_width": "wide"}, "sliver_width: is 'wide'; give a number"),
        ({"periods": "2024", "workers": 2.0}, r"workers: is 2\.0; give a whole number or text"),
        ({"periods": "2024", "regions": 1}, "regions: is 1; give text or a path or a GeoDataFrame"),
    ],
)
def test_what_is_wanted_is_said_in_words(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        frontcalc.diff(**arguments)


def test_a_keyword_unlike_any_lists_them_and_python_s_own_errors_stay() -> None:
    with pytest.raises(TypeError, match=r"'xyz'; there are periods, archive, with_range, with_towns, by, only"):
        frontcalc.diff("2024", xyz=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'periods'"):
        frontcalc.diff()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        frontcalc.diff("2024", "maps")  # type: ignore[call-arg]


def test_text_is_no_list_of_texts() -> None:
    with pytest.raises(UsageError, match="archives: is 'maps'; give a list, each text or a path or an Archive"):
        frontcalc.compare("2024", archives="maps")


def test_looks_are_checked_too() -> None:
    table = frontcalc.diff("2024", by="none")
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'them'; did you mean 'theme'"):
        frontcalc.picture(table, them="dark")  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="theme: is 3; give text"):
        frontcalc.plot(table, theme=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'them'; did you mean 'theme'"):
        frontcalc.change_map("2024").image(them="dark")  # type: ignore[call-arg]


def test_none_is_an_option_that_is_not_given() -> None:
    none: dict[str, Any] = dict.fromkeys(Keywords.__annotations__)
    assert frontcalc.diff("2024", **none).rows == frontcalc.diff("2024").rows


def test_the_function_itself_is_what_is_documented() -> None:
    def measure(period: str, *, view: str = "control") -> str:
        """Measure."""
        return f"{period} {view}"

    checked = facade(measure)
    assert (checked.__name__, checked.__doc__, checked("2024", view="claimed")) == (
        "measure",
        "Measure.",
        "2024 claimed",
    )


def test_what_a_docstring_has_otherwise_as_another_facade_is_said_in_its_help() -> None:
    def measure(period: str, *, view: str = "control", top: int = 1, **options: Unpack[Keywords]) -> None:
        """Measure.

        Otherwise as `diff`; UsageError also where `top` is below 1.

        Parameters
        ----------
        view : str
            Only this: two
            lines.

        Returns
        -------
        None
            Nothing.
        """

    help_text = facade(measure).__doc__ or ""
    head, listed = help_text.split("view : str\n    Only this: two\n    lines.\n")
    assert head == "Measure.\n\nParameters\n----------\n"
    assert listed.startswith("period, top, **options\n    As for `diff`.\n\n    by : str or sequence of str\n")
    assert listed.endswith(
        "Returns\n-------\nNone\n    Nothing.\n\nRaises\n------\nUsageError, DataError, NoDataError\n"
        "    As `diff`; UsageError also where `top` is below 1."
    )


# What is taken.


@pytest.fixture
def maps(archive: Write) -> Path:
    return archive({"2024-01-01": {"control_map": [(0, 0)]}, "2024-01-02": {"control_map": [(0, 0), (1, 0)]}})


@pytest.mark.parametrize("day", [date(2024, 1, 2), datetime(2024, 1, 2, 9), pandas.Timestamp("2024-01-02")])
def test_days_of_any_kind(day: Any, maps: Path) -> None:
    asked: dict[str, Any] = {"archive": maps, "view": "control", "by": "none"}
    assert frontcalc.diff(day, **asked).rows == frontcalc.diff("2024-01-02", **asked).rows
    assert frontcalc.held([day], **asked).rows == frontcalc.held("2024-01-02", **asked).rows
    assert len(frontcalc.series(since=day, **asked).rows) == 1
    assert frontcalc.summary(until=day, **asked).rows == frontcalc.summary(until="2024-01-02", **asked).rows


def test_numbers_of_numpy_and_years(maps: Path) -> None:
    asked: dict[str, Any] = {"archive": maps, "view": "control", "by": "none"}
    rows = frontcalc.diff([2024], workers=numpy.int64(2), sliver_width=numpy.float32(50), **asked).rows
    assert rows == frontcalc.diff("2024", sliver_width=50, **asked).rows


def test_a_written_tree_states_days_as_text(maps: Path, tmp_path: Path) -> None:
    written = [
        frontcalc.write_summaries(tmp_path / name, archive=maps, view="control", by="none", since=since)[
            -1
        ].read_bytes()
        for name, since in (("text", "2024-01-01"), ("date", date(2024, 1, 1)))
    ]
    assert written[0] == written[1]


def frame(crs: str | None) -> geopandas.GeoDataFrame:
    shapes = {"West": square(0, 0), "East": square(1, 0)}
    made = geopandas.GeoDataFrame(
        {"name": list(shapes), "since": pandas.Timestamp("2024")}, geometry=[*shapes.values()]
    )
    return made.set_crs("OGC:CRS84").to_crs(crs) if crs else made


@pytest.mark.parametrize("crs", ["OGC:CRS84", "EPSG:4326", "EPSG:3857"])
def test_a_geodataframe_of_regions(crs: str, maps: Path, tmp_path: Path) -> None:
    regions = frame(crs)
    table = frontcalc.diff(PERIOD, archive=maps, view="control", regions=regions)
    gained = {row.region: row.gained_km2 for row in table.rows}
    assert gained == {name: pytest.approx(area, abs=1e-3) for name, area in
                      {"West": 0, "East": 100, "unassigned": 0, "total": 100}.items()}  # fmt: skip
    assert table.meta.regions is not None
    assert table.meta.regions.name == "GeoDataFrame"
    # What asks whether there are regions, and what writes down which, take it as well.
    assert len(frontcalc.flows(PERIOD, archive=maps, view="control", regions=regions).rows) > 1
    frontcalc.write_summaries(tmp_path / "tables", archive=maps, view="control", regions=regions)
    assert '"regions": "GeoDataFrame"' in (tmp_path / "tables" / "datapackage.json").read_text()


def test_a_geodataframe_whose_crs_is_not_known(maps: Path) -> None:
    with pytest.raises(UsageError, match=r"GeoDataFrame: its CRS is not known; give one with a code, as in \.set_crs"):
        frontcalc.diff(PERIOD, archive=maps, view="control", regions=frame(None))


def test_a_geodataframe_of_no_polygons_is_refused_as_a_file_is(maps: Path) -> None:
    points = geopandas.GeoDataFrame({"name": ["A"]}, geometry=[shapely.Point(1, 2)], crs=4326)
    with pytest.raises(frontcalc.DataError, match="GeoDataFrame: "):
        frontcalc.diff(PERIOD, archive=maps, view="control", regions=points)
