"""Charts: what is drawn is what the tables say, and every word can be read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from matplotlib.backends.backend_agg import FigureCanvasAgg
from pictures import assert_legible, texts

import frontcalc
from frontcalc.pictures.curve import Event, read_events

Write = Callable[..., Path]
SMALL = "900x640"


def held(shapes: list[Any]) -> dict[str | None, list[Any]]:
    """Return the layers of a map."""
    return {"control_map": shapes, "russian_advances": [None]}


@pytest.fixture
def maps(archive: Write) -> Path:
    """Return 300, 500, 400 km² at month ends, and after half a year 600 km²."""
    row = [(column, 0) for column in range(6)]
    return archive(
        {
            "2022-12-31": held(row[:3]),
            "2023-01-31": held(row[:5]),
            "2023-02-28": held(row[:4]),
            "2023-09-30": held(row),
        }
    )


def gid(figure: Any, name: str) -> list[Any]:
    found: list[Any] = figure.findobj(lambda artist: artist.get_gid() == name)
    return found


def test_a_series_is_broken_where_no_map_is(maps: Path) -> None:
    figure = frontcalc.series(archive=maps).plot(size=SMALL, gap=60)
    lines = [[round(float(y)) for y in line.get_ydata()] for line in gid(figure, "held")]
    assert lines == [[300, 500, 400], [600]]
    # Nothing is known of before the archive's first map.
    title = "Russia: 600.0 km² held on 30 Sep 2023, +300.0 km² since the first map, of 31 Dec 2022"
    assert " ".join(texts(figure, "title")) == title
    assert "the line is broken where 60 days pass" in texts(figure, "subtitle")[0]
    assert "km² held; the axis does not start at zero" in texts(figure, "axis")
    assert_legible(figure)


def test_the_usual_gap_is_three_times_the_distance_of_maps(maps: Path) -> None:
    figure = frontcalc.series(archive=maps).plot(size=SMALL)
    assert "the line is broken where 93 days pass" in texts(figure, "subtitle")[0]
    assert len(gid(figure, "held")) == 2


def test_a_map_that_stands_for_many_days_is_one_point(maps: Path) -> None:
    figure = frontcalc.series(archive=maps, every="day").plot(size=SMALL, gap=60)
    assert [len(line.get_xdata()) for line in gid(figure, "held")] == [3, 1]


def test_events_are_marked_without_collision_and_others_counted(maps: Path) -> None:
    days = [date(2023, 1, day) for day in (3, 5, 9, 20)] + [date(2023, 9, 29), date(2031, 1, 1)]
    events = [Event(day, f"event of {day}, $1$") for day in days]
    figure = frontcalc.series(archive=maps).plot(size=SMALL, events=events)
    assert sorted(texts(figure, "event")) == sorted(event.label for event in events[:5])
    assert "Events before 2022-12-31 or after 2023-09-30, not shown: 1." in texts(figure, "source")
    assert_legible(figure)


def test_more_events_than_fit_are_a_usage_error(maps: Path) -> None:
    events = [Event(date(2023, 1, 3), f"a long event number {number}") for number in range(30)]
    with pytest.raises(frontcalc.UsageError, match="fall together near 2023-01-03"):
        frontcalc.series(archive=maps).plot(events=events)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("day,label\n2023-01-01,x\n", "lacks the column date or label"),
        ("date,label\n2023-13-01,x\n", "line 2 has no date"),
        ("date,label\n2023-01-01,\n", "line 2 has no label"),
        ("date,label\n", "holds no events"),
        (b"date,label\n2023-01-01,\xff\n", "is no CSV in UTF-8"),
    ],
)
def test_a_bad_file_of_events_is_named(content: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(frontcalc.DataError, match=f"events.csv: {message}"):
        read_events(path)


def test_events_are_read_with_a_byte_order_mark_and_sorted(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("\ufeffDate,Label,more\n2024-01-02,late,\n2024-01-01,\x1b[31m red,x\n")
    assert read_events(path) == (Event(date(2024, 1, 1), "\\x1b[31m red"), Event(date(2024, 1, 2), "late"))


def test_bars_are_per_day_where_periods_differ_in_length(maps: Path) -> None:
    figure = frontcalc.summary(archive=maps, every="month", until="2023-02").plot(size=SMALL)
    gained = [bar.get_height() for bar in gid(figure, "gained")]
    lost = [bar.get_height() for bar in gid(figure, "lost")]
    assert gained == pytest.approx([200 / 31, 0], rel=1e-4)
    assert lost == pytest.approx([0, -100 / 28], rel=1e-4)
    assert texts(figure, "net") == ["+6.5", "−3.6"]
    assert texts(figure, "axis") == ["km² a day between the maps used, since periods differ in length"]
    title = "Russia: +6.5 km² a day in January 2023 and −3.6 km² a day in February 2023"
    assert " ".join(texts(figure, "title")) == title
    assert_legible(figure)


def test_bars_are_totals_where_periods_are_of_one_length(maps: Path) -> None:
    figure = frontcalc.diff(["2023-01", "2022-12-31..2023-01-31"], archive=maps).plot(size=SMALL)
    assert texts(figure, "axis") == ["km²"]
    assert "a day" not in texts(figure, "title")[0]
    assert texts(figure, "net") == ["+200.0", "+200.0"]
    assert [bar.get_height() for bar in gid(figure, "gained")] == pytest.approx([200, 200], rel=1e-4)


@pytest.mark.parametrize(
    ("days", "apart"),
    [
        (["2022-12-31", "2023-12-31", "2024-12-31"], [False, False]),
        (["2022-12-31", "2023-12-31", "2024-12-20"], [False, True]),  # still open
        (["2023-02-01", "2023-12-31", "2024-12-31"], [True, False]),  # no maps before
        (["2022-08-31", "2023-12-31", "2024-12-31"], [True, False]),  # 487 days for a year
    ],
)
def test_a_period_that_maps_do_not_cover_whole_is_hatched(days: list[str], apart: list[bool], archive: Write) -> None:
    maps = archive({day: held([(column, 0) for column in range(place + 1)]) for place, day in enumerate(days)})
    figure = frontcalc.diff(["2023", "2024"], archive=maps).plot(size=SMALL)
    assert [bool(bar.get_hatch()) for bar in gid(figure, "gained")] == apart
    said = "hatched: the maps cover less or more than the period" in texts(figure, "key")
    assert said == any(apart)
    # In a table the letter of a mark stands before such lines.
    late = "2023: begins with the map of 1 Feb: what changed before it is not in it"
    assert (late in texts(figure, "source")) == (days[0] == "2023-02-01")
    # Years of 365 and 366 days are of one length, and one that ends eleven days early nearly is.
    daily = ["a day" in texts(figure, place)[0] for place in ("title", "axis")]
    assert daily == [apart[0]] * 2


def test_what_is_little_a_day_is_no_nothing(archive: Write) -> None:
    maps = archive({"2022-12-31": held([(0, 0)]), "2023-01-31": held([(0, 0)]), "2028-12-31": held([(0, 0), (1, 0)])})
    figure = frontcalc.diff(["2023-01", "2023-02..2028-12"], archive=maps).plot(size=SMALL)
    assert "less than 0.1 km² a day from 31 Jan 2023 to 31 Dec 2028" in " ".join(texts(figure, "title"))


@pytest.mark.thorough(but=["36-36"])
@pytest.mark.parametrize(("months", "shown"), [(36, 36), (150, 37)])
def test_net_figures_stand_over_bars_turned_where_there_are_many(months: int, shown: int, archive: Write) -> None:
    ends = [date(2010 + month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in range(months + 1)]
    # Every fifth month all that was held moves: much is gained and lost, the net is one square as in other months.
    maps = archive(
        {
            str(day): held(
                [
                    *((column + 300 * (place // 5 % 2), 0) for column in range(100 if place else 1)),
                    *((column, 5) for column in range(place + 1)),
                ]
            )
            for place, day in enumerate(ends)
        }
    )
    figure = frontcalc.summary(archive=maps, every="month", by="none").plot(size=SMALL)
    nets = gid(figure, "net")
    assert shown <= len(nets) <= months
    assert {text.get_rotation() for text in nets} == {90.0}
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in nets]
    assert not any(bar.get_window_extent(renderer).count_overlaps(boxes) for bar in gid(figure, "gained"))
    assert_legible(figure)


def test_names_from_the_right_turn_nothing_around_them(archive: Write, region_file: Write) -> None:
    names = ["محافظة حلب", "מחוז ירושלים והסביבה כולה עד הים ועד קצה ההרים בצפון 3 (צפון)", "Hama حماة 24"]
    regions = region_file(dict(zip(names, ([(0, 0)], [(1, 0), (1, 1)], [(2, 0)]), strict=True)))
    maps = archive({"2022-12-31": held([(5, 0)]), "2023-12-31": held([(1, 0), (1, 1), (2, 0), (5, 0)])})
    figure = frontcalc.diff(["2023"], archive=maps, regions=regions, snap="none").plot(size=SMALL)
    set_apart = {name: f"\u2068{name}\u2069" for name in names}
    # A name over two lines is set apart in both.
    title = " ".join(texts(figure, "title")).replace("\u2069 \u2068", " ")
    assert title.endswith(f"most in {set_apart[names[1]]} (+200.0 km²)")
    assert any(f"No change in {set_apart[names[0]]} and unassigned" in text for text in texts(figure, "source"))
    assert_legible(figure)
    parts = [text for text in gid(figure, "title") if "\u2069" in text.get_text()]
    assert [(text.get_text().count("\u2068"), text.get_text().count("\u2069")) for text in parts] == [(1, 1), (1, 1)]
    # matplotlib misplaces them as text of a PDF: they are outlines.
    assert all(text.get_path_effects() for text in parts)


def test_a_period_without_maps_is_a_gap_and_named(maps: Path) -> None:
    figure = frontcalc.summary(archive=maps, every="month").plot(size=SMALL)
    assert len(gid(figure, "net")) == 2
    said = " ".join(texts(figure, "source"))
    assert "Not measured, since no two maps stand for it: 2023-03, 2023-04, 2023-05" in said


def test_regions_are_ranked_by_net(maps: Path, region_file: Write) -> None:
    regions = region_file({"West": [(0, 0), (1, 0), (2, 0), (3, 0)], "East": [(4, 0), (5, 0)], "Off": [(0, 5)]})
    table = frontcalc.diff(["2022-12-31..2023-09-30"], archive=maps, regions=regions)
    figure = table.plot(size=SMALL)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["East", "West"]
    assert [bar.get_width() for bar in gid(figure, "gained")] == pytest.approx([200, 100], rel=1e-4)
    assert texts(figure, "net") == ["+200.0", "+100.0"]
    assert any(text.startswith("No change in Off") for text in texts(figure, "source"))
    assert_legible(figure)


def test_regions_beyond_the_sheet_are_one_bar(archive: Write, region_file: Write) -> None:
    squares = [(column, 0) for column in range(60)]
    maps = archive({"2022-12-31": held([(0, 9)]), "2023-12-31": held([(0, 9), *squares])})
    regions = region_file({f"region {column:02}": [(column, 0)] for column in range(60)})
    figure = frontcalc.diff(["2023"], archive=maps, regions=regions, snap="none").plot(size="900x500")
    widths = [bar.get_width() for bar in gid(figure, "gained")]
    assert sum(widths) == pytest.approx(6000, rel=1e-4)
    assert figure.axes[0].get_yticklabels()[-1].get_text() == f"{60 - len(widths) + 1} others"
    assert_legible(figure)


@pytest.mark.thorough(but=["2024-07"])
@pytest.mark.parametrize("since", [None, "2024-07"])
def test_the_sample_is_drawn_legibly_and_marked(since: str | None) -> None:
    months = frontcalc.summary(every="month", since=since)
    for table in (frontcalc.series(since=since), months, frontcalc.diff(["2024"])):
        figure = table.plot(size=SMALL, theme="dark")
        assert texts(figure, "synthetic"), table.kind
        assert_legible(figure)


def test_what_has_no_chart_is_a_usage_error(maps: Path) -> None:
    with pytest.raises(frontcalc.UsageError, match="no chart"):
        frontcalc.held(["2023-01-31"], archive=maps).plot()
    with pytest.raises(frontcalc.UsageError, match="events and gaps are of a series"):
        frontcalc.diff(["2023"], archive=maps).plot(gap=3)


def test_a_notebook_shows_table_and_chart(maps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = frontcalc.diff(["2023"], archive=maps)._repr_html_() or ""
    assert "<table" in shown
    assert "data:image/png;base64," in shown
    assert "data:image" not in (frontcalc.held(["2023-01-31"], archive=maps)._repr_html_() or "")
    monkeypatch.setattr("frontcalc.pictures.charts.installed", lambda: False)
    assert "data:image" not in (frontcalc.diff(["2023"], archive=maps)._repr_html_() or "")


@pytest.mark.parametrize(
    "arguments",
    [["series", "--since", "2023"], ["summary", "--every", "year"], ["regions", "2023"]],
    ids=lambda a: a[0],
)
def test_each_command_writes_the_same_bytes_twice(
    arguments: list[str], run_here: Run, maps: Path, tmp_path: Path
) -> None:
    found = []
    for name in ("one.svg", "two.svg"):
        done = run_here("plot", *arguments, "--archive", maps, "-o", tmp_path / name, "--size", SMALL)
        assert (done.returncode, done.stdout) == (0, "")
        found.append((tmp_path / name).read_bytes())
    assert found[0] == found[1]


def test_a_bad_gap_or_file_of_events_is_said(run_here: Run, maps: Path, tmp_path: Path) -> None:
    for options, code, message in (
        (["--gap", "0"], 2, "--gap 0: must be one day at least"),
        (["--events", str(tmp_path / "none.csv")], 3, "none.csv"),
    ):
        done = run_here("plot", "series", "--archive", maps, "-o", tmp_path / "x.png", *options)
        assert done.returncode == code
        assert message in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_drawing_loads_neither_pyplot_nor_pandas(tmp_path: Path) -> None:
    script = (
        "import sys; from frontcalc.cli import run; code = run(sys.argv[1:]);"
        "print(code, [name for name in ('matplotlib.pyplot', 'geopandas', 'pandas', 'pyogrio') if name in sys.modules])"
    )
    arguments = ["plot", "regions", "2024", "-o", str(tmp_path / "x.png")]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout == "0 []\n"


def test_a_notebook_shows_a_figure_as_it_stands_then(maps: Path) -> None:
    figure = frontcalc.diff(["2023"], archive=maps).plot(size=SMALL)
    before = figure._repr_png_()  # type: ignore[attr-defined]
    assert before.startswith(b"\x89PNG")
    figure.text(0.5, 0.5, "added")
    assert figure._repr_png_() not in (before, None)  # type: ignore[attr-defined]
