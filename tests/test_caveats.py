"""The lines beside a figure: which come first, how many, what they are of, and marked cells that have none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Run

import frontcalc
from frontcalc.notices import CODES, Notice
from frontcalc.outputs.caveats import _FIRST, _LINES, NOTES, caveats

ONE_THEN_TWO = {
    "2023-12-31": {"control_map": [(300, 40)], "russian_advances": [None]},
    "2024-11-17": {"control_map": [(300, 40), (301, 40)], "russian_advances": [None]},
}
HEAD = re.compile(r"(frontcalc: )?Before you publish \((\d of \d+; )?all: --notes all\)")


@dataclass
class Row:
    """What is looked at of a row."""

    period: str
    region: str
    flags: str = ""
    net_km2: float = 0.0
    archive: str = "maps"


def beside(text: str) -> list[str]:
    """Return the lines below the head in a command's output; none where there is no head."""
    lines = text.splitlines()
    heads = [place for place, line in enumerate(lines) if HEAD.fullmatch(line)]
    assert len(heads) <= 1
    block = lines[heads[0] + 1 :] if heads else []
    return [line for line in block if line.startswith("  ")]


# --- which lines, and in which order ------------------------------------------------------------------------------


def test_what_is_not_whole_comes_first_then_the_most_ground_and_three_stand() -> None:
    notices = [
        *(Notice(code, "", "2024", km2, f"line of {code}") for code, km2 in (("OTHER-ACTOR", 9.0), ("AT-ONCE", -80.0))),
        *(Notice(code, "", "2024", line=f"line of {code}") for code in ("CLOSES-EARLY", "UNKNOWN-LAYER")),
    ]
    assert caveats([], notices) == [
        "Before you publish (3 of 4; all: --notes all)",
        *(f"  2024  line of {code}" for code in ("UNKNOWN-LAYER", "CLOSES-EARLY", "AT-ONCE")),
    ]
    order = ["SYNTHETIC", "SKIPPED", "UNKNOWN-LAYER", "LAYER-MISSING", "NO-NEW-MAP", "OPENS-LATE", "CLOSES-EARLY"]
    assert [code for code in _FIRST if code in order] == order


def test_notices_of_files_and_sources_are_for_all_alone() -> None:
    notices = [Notice("MERGED", "a and b are the same file"), Notice("REPEAT", "the map is that of before", "2024")]
    assert caveats([], notices) == []
    assert caveats([], notices, "all") == [f"note {notice}" for notice in notices]
    assert not {"MERGED", "OTHER-FILES", "DATE-DIFFERS", "REPEAT", "REGIONS-FOUND", "AS-OF"} & _LINES.keys()
    assert _LINES.keys() <= CODES.keys()


def test_one_code_over_many_periods_is_one_line_that_names_the_largest() -> None:
    months = [f"2022-{month:02}" for month in range(3, 10)]
    notices = [
        Notice("AT-ONCE", f"in {month}", month, float(place), line=f"in {month}") for place, month in enumerate(months)
    ]
    assert caveats([], notices)[1:] == [
        "  2022-03, -04 and 5 more  much ground changed hands on one map alone; most 6 km² (2022-09)"
    ]
    assert caveats([], notices, "all") == [f"note AT-ONCE: 7 periods, 2022-03 to 2022-09: {CODES['AT-ONCE']}"]
    alike = [Notice("BORDER", "near", period, line="near a border") for period in ("2022", "2023", "2024")]
    assert caveats([], alike)[1:] == ["  2022, 2023, 2024  near a border"]
    days = [Notice("SKIPPED", f"{day}.json is broken", f"2024-01-{day:02}") for day in range(1, 9)]
    assert caveats([], days)[1:] == [
        "  2024-01-01, -02 and 6 more  a file that could not be read is not in the figures"
    ]


@pytest.mark.parametrize("code", _LINES)
def test_no_line_is_too_long_and_none_has_a_code(code: str) -> None:
    label = "2024-11-03..2024-12-31"
    (head, line) = caveats([Row(label, "total", "uep")], [Notice(code, "a " * 200, label, 12345.6)])
    assert HEAD.fullmatch(head)
    assert len(line) <= 110
    assert not line.endswith("…")
    assert not re.search(r"[A-Z]{3}-|longitude|EPSG", line)
    assert len(caveats([], [Notice(code, "a", label, line="long " * 90)])[1]) <= 110
    days = [f"{2020 + place}-11-{place + 10}" for place in range(9)]
    of_days = [Notice(code, day, day, 123456.7, line=day) for day in days]
    line = caveats([Row(day, "total", "uebp") for day in days], of_days)[1]
    assert len(line) <= 110
    assert not line.endswith("…")


# --- marked cells -------------------------------------------------------------------------------------------------


def cells(*marked: tuple[str, str], others: Sequence[str] = ("East",)) -> list[Row]:
    return [*(Row(*one, "b") for one in marked), *(Row("2024", name, "u") for name in others)]


def test_a_cell_marked_as_a_break_that_no_line_explains_is_named() -> None:
    fault = Notice("REDEFINITION", "a bay", "2024", 5.0, "a bay", ("West", "total"))
    rows = cells(("2024", "West"), ("2024", "total"))
    assert caveats(rows, [fault])[1:] == ["  2024 b  a bay"]
    larger = [Notice(code, "", "2024", 50.0) for code in ("AT-ONCE", "OTHER-ACTOR", "OPENING")]
    assert caveats(rows, [fault, *larger])[-1] == "  also b: 2024 West"
    more = [*rows, Row("2024", "South", "b", -9.0), Row("2023", "North", "b", 1.0)]
    assert caveats(more, [fault])[-1] == "  also b: 2024 South and 1 more"


def test_a_notice_of_a_whole_period_explains_all_its_cells() -> None:
    late = Notice("OPENS-LATE", "late", "2024", line="late")
    assert caveats(cells(("2024", "West"), ("2024", "total")), [late])[1:] == ["  2024 b  late"]


def test_in_a_comparison_a_line_explains_the_cells_of_its_own_archive() -> None:
    rows = [Row("2024", "West", "b", archive=name) for name in ("A", "B")]
    late = Notice("OPENS-LATE", "A: late", "2024", line="A: late")
    assert caveats(rows, [late])[1:] == ["  2024 b  A: late", "  also b: 2024 West"]


# --- the commands -------------------------------------------------------------------------------------------------


@pytest.fixture
def maps(archive: Callable[..., Path]) -> Path:
    return archive(ONE_THEN_TWO)


@pytest.mark.parametrize("form", ["table", "markdown", "csv"])
def test_quiet_leaves_the_lines_away_and_notes_all_has_every_notice(form: str, maps: Path, run_here: Run) -> None:
    asked = ("diff", "2024", "--archive", maps, "--format", form)
    few, quiet, every = (run_here(*asked, *more) for more in ((), ("-q",), ("--notes", "all")))
    text, shown = few.stdout + few.stderr, every.stdout + every.stderr
    gap = " " if form == "markdown" else "  "
    assert f"2024 p{gap}ends with the map of 17 Nov: what changed after it is not in it" in text
    assert "CLOSES-EARLY: 2024: the archive's last map, 2024-11-17, is before 2024-12-31" in shown
    assert "Before you publish" not in quiet.stdout + shown
    assert (quiet.stderr, "CLOSES-EARLY" in quiet.stdout) == ("", form == "csv")
    if form != "csv":
        assert "p: the maps end before the period" in quiet.stdout
        assert quiet.stdout.startswith(few.stdout[: few.stdout.index("p: the maps end")])


def test_that_maps_are_made_up_is_told_to_the_quiet_too(run_here: Run) -> None:
    done = run_here("diff", "2024", "-q")
    assert "  the maps are made up: the figures say nothing about any war\n" in done.stdout


def test_the_chore_is_on_stderr_once_and_in_no_table(maps: Path, run_here: Run) -> None:
    done = run_here("diff", "2023", "2024", "--archive", maps)
    assert (
        done.stderr
        == 'frontcalc: the source of maps is not given: write publisher = "…" into frontcalc.toml among its maps\n'
    )
    assert "publisher" not in done.stdout


def test_the_foot_is_the_maps_what_counts_and_the_letters(maps: Path, run_here: Run) -> None:
    done = run_here("diff", "2024", "--archive", maps, "-q")
    assert done.stdout.rpartition("\n\n")[2].splitlines() == [
        "maps: 31 Dec 2023 → 17 Nov 2024 · layers named as ISW names them",
        "held by Russia = control_map + russian_advances, overlap once",
        "p: the maps end before the period",
    ]


def test_a_layer_of_unknown_name_has_its_ground_and_its_line(archive: Callable[..., Path], run_here: Run) -> None:
    folder = archive({day: {**layers, "Zone A": [(310, 40)]} for day, layers in ONE_THEN_TWO.items()})
    table = frontcalc.diff("2024", archive=folder)
    notice = next(one for one in table.meta.notices if one.code == "UNKNOWN-LAYER")
    assert notice.km2 == pytest.approx(100.0)
    assert beside(run_here("diff", "2024", "--archive", folder).stdout)[0] == (
        "  2024  layer 'Zone A' (100 km²) is unknown and not in the figures"
    )


def test_a_period_without_maps_gets_the_days_that_there_are(maps: Path, run_here: Run) -> None:
    done = run_here("diff", "2030", "--archive", maps)
    words = "no change can be measured in 2030: your maps run from 31 December 2023 to 17 November 2024; "
    assert (done.returncode, done.stderr) == (4, f"frontcalc: maps: {words}choose a period with two maps in it\n")


def test_held_of_a_year_says_what_to_type(run_here: Run) -> None:
    assert (
        "one is needed, as 2024-12-31; for the change in 2024: frontcalc diff 2024" in run_here("held", "2024").stderr
    )


def test_how_much_stands_beside_a_figure_is_one_of_three() -> None:
    assert NOTES == ("few", "all", "none")


# --- real archives ------------------------------------------------------------------------------------------------

RANKED = ["made up", "could not be read", "unknown", "lack", "no newer map", "begins with", "ends with"]
PICTURED = [("plot", "series"), ("plot", "summary"), ("map", "2023", "2024")]
TABLES = [("diff", "2022", "2023", "2024"), ("summary", "--every", "month"), ("series",)]


@pytest.mark.shared
@pytest.mark.thorough(
    but=[*(f"command{place}-nzz-daily" for place in range(8)), *(f"command{place}-isw-weekly" for place in (0, 7))]
)
@pytest.mark.parametrize("name", ["isw-weekly", "nzz-daily"])
@pytest.mark.parametrize("command", [*TABLES, *((*one, "--format", "csv") for one in TABLES[1:]), *PICTURED])
def test_few_short_lines_stand_beside_real_figures(
    command: tuple[str, ...], name: str, shared: Path, tmp_path: Path, run_here: Run
) -> None:
    place = ("-o", tmp_path / "picture.svg") if command in PICTURED else ()
    done = run_here(*command, *place, "--archive", shared / "archives" / name)
    check(done.stderr if place or "csv" in command else done.stdout)
    if place:
        drawn = (tmp_path / "picture.svg").read_text()
        assert not re.search(r"OPENS-LATE|AT-ONCE|REDEFINITION|longitude", drawn)


@pytest.mark.shared
def test_few_short_lines_stand_beside_a_comparison(shared: Path, run_here: Run) -> None:
    archives = [
        f"{name}={shared / 'archives' / folder}" for name, folder in (("ISW", "isw-weekly"), ("NZZ", "nzz-daily"))
    ]
    check(run_here("compare", "2024-01..2024-06", "--archive", archives[0], "--archive", archives[1]).stdout)


def check(text: str) -> None:
    """Assert that at most four short lines stand beside figures, in their order."""
    lines = beside(text)
    assert len(lines) <= 4
    assert all(len(line) <= 110 for line in lines)
    also = [line for line in lines if line.startswith("  also ")]
    assert lines[3:] == also[-1:] or len(lines) < 4
    ranks = [next((rank for rank, words in enumerate(RANKED) if words in line), 99) for line in lines]
    assert ranks == sorted(ranks)
    assert not re.search(r"[A-Z]{4}-[A-Z]|longitude|latitude", "".join(lines))
