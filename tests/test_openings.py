"""The two ends of a period: a map given for the days before the archive's first, and a net moved to the days asked for.

Control is squares of 100 km² in a row, so that figures are counted by hand.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import shapely
from conftest import Run, collection, square

import frontcalc
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.outputs import render
from frontcalc.outputs.numbers import KM2
from frontcalc.outputs.sentences import period_heading
from frontcalc.periods import parse_period
from frontcalc.pictures.titles import finding
from frontcalc.tables import DiffRow

Write = Callable[..., Path]


def held(count: int) -> dict[str, list[tuple[int, int]]]:
    """Return a map on which so many squares are held."""
    return {"control_map": [(300 + n, 40) for n in range(count)]}


def total(folder: Path, period: str, **options: object) -> DiffRow:
    return frontcalc.diff([period], archive=folder, view="control", **options).rows[-1]  # type: ignore[arg-type]


def ends(row: DiffRow) -> tuple[str, str]:
    return str(row.opening), str(row.closing)


@pytest.fixture
def invaded(archive: Write) -> Path:
    """Maps that begin with the invasion, when eight squares were held already."""
    return archive({"2022-02-24": held(8), "2022-06-30": held(12), "2022-12-31": held(9), "2023-12-31": held(10)})


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """What was held before: four squares."""
    drawn = {name: [square(*one) for one in squares] for name, squares in held(4).items()}
    file = tmp_path / "before.geojson"
    file.write_text(json.dumps(collection(drawn)), encoding="utf-8")  # type: ignore[arg-type]
    return file


# A map for the days before the archive's first.


def test_a_map_opens_every_period_that_begins_before_the_archive(invaded: Path, before: Path) -> None:
    late = total(invaded, "2022")
    assert (period_heading(late), late.net_km2, late.flags) == ("2022, from 24 Feb", pytest.approx(100), "b")
    table = frontcalc.diff(["2022", "2022-02", "2021-06..2022"], archive=invaded, view="control", opening=before)
    assert {file.name for file in table.meta.files} >= {"before.geojson", "2022-12-31.geojson"}
    year, month, longer = (row for row in table.rows if row.level == "total")
    assert (period_heading(year), ends(year), year.days) == ("2022", ("2021-12-31", "2022-12-31"), 365)
    assert (year.opening_km2, year.gained_km2, year.net_km2) == pytest.approx((400, 500, 500))
    assert (year.notes, year.flags) == ("AT-ONCE OPENING", "")  # four of the five squares came with the first map
    assert (ends(month), month.net_km2) == (("2022-01-31", "2022-02-24"), pytest.approx(400))
    assert (str(longer.opening), longer.net_km2) == ("2021-05-31", pytest.approx(500))


def test_it_stands_for_no_day_of_the_archive(invaded: Path, before: Path) -> None:
    assert total(invaded, "2023", opening=before) == total(invaded, "2023")
    own = total(invaded, "2022-02-24..2022", opening=before)
    assert (own.opening_km2, own.notes) == (pytest.approx(800), "")
    # A day of the eve: nothing has happened yet.
    with pytest.raises(NoDataError, match="no map newer than that of 23 Feb 2022; your maps run from"):
        total(invaded, "2022-02-23", opening=before)


def test_series_summary_compare_and_verify_know_it(invaded: Path, before: Path, archive: Write, tmp_path: Path) -> None:
    first = frontcalc.series(archive=invaded, view="control", opening=before).rows[0]
    assert (first.previous, first.net_km2) == (date(2022, 2, 23), pytest.approx(400))
    years = frontcalc.summary(archive=invaded, view="control", opening=before).rows
    assert [(row.period, row.net_km2) for row in years] == [("2022", pytest.approx(500)), ("2023", pytest.approx(100))]
    other = archive({"2022-02-27": held(9), "2022-12-31": held(10)}, name="other")
    sides = frontcalc.compare(["2022"], archives=[invaded, other], view="control", opening=before).rows
    assert [row.net_km2 for row in sides] == pytest.approx([500, 600])
    claims = tmp_path / "claims.toml"
    claims.write_text(
        '[[claim]]\nid = "2022"\nmeasure = "net"\nperiod = "2022"\nvalue = 500\nunit = "km2"\n', encoding="utf-8"
    )
    table = frontcalc.verify(claims, archive=invaded, view="control", opening=before)
    assert [(row.verdict, row.opening) for row in table.rows] == [("agrees", date(2021, 12, 31))]


def test_a_map_on_which_nothing_counts_is_refused(invaded: Path, tmp_path: Path) -> None:
    unnamed = tmp_path / "unnamed.geojson"
    unnamed.write_text(json.dumps(collection({None: [square(300, 40)]})), encoding="utf-8")
    with pytest.raises(DataError, match=r"unnamed.geojson: has no layer of Russia.*archive explain"):
        total(invaded, "2022", opening=unnamed)
    with pytest.raises(DataError, match="cannot be read: no such file"):
        total(invaded, "2022", opening=tmp_path / "gone.geojson")
    with pytest.raises(UsageError, match="is an address"):
        total(invaded, "2022", opening="https://example.org/before.geojson")


def test_a_file_of_several_days_is_no_map_of_one(invaded: Path, before: Path) -> None:
    """What a name dates is one map, as in an archive: days that its features state are when they were drawn."""
    drawn = json.loads(before.read_text(encoding="utf-8"))
    for day, feature in enumerate(drawn["features"], start=1):
        feature["properties"]["date"] = f"2022-01-0{day}"
    before.write_text(json.dumps(drawn), encoding="utf-8")
    for kind in ("opening", "baseline"):
        with pytest.raises(DataError, match=r"before.geojson: has maps of several days; give one, or name"):
            frontcalc.summary(archive=invaded, view="control", **{kind: before})
    named = before.rename(before.with_name("2022-02-23.geojson"))
    assert total(invaded, "2022", opening=named).opening_km2 == pytest.approx(400)
    for feature in drawn["features"]:
        feature["properties"]["date"] = "2022-01-01"
    before.write_text(json.dumps(drawn), encoding="utf-8")
    assert total(invaded, "2022", opening=before).opening_km2 == pytest.approx(400)


def test_two_files_of_which_one_has_several_days_are_refused(before: Path, tmp_path: Path) -> None:
    plain, drawn = tmp_path / "plain.geojson", json.loads(before.read_text(encoding="utf-8"))
    plain.write_text(json.dumps(drawn), encoding="utf-8")
    for day, feature in enumerate(drawn["features"], start=1):
        feature["properties"]["date"] = f"2022-01-0{day}"
    before.write_text(json.dumps(drawn), encoding="utf-8")
    with pytest.raises(DataError, match=r"before.geojson: has maps of several days; give one, or name"):
        frontcalc.diff_files(plain, before, view="control")
    # What began on several days and goes on is one map: that of today.
    for day, feature in enumerate(drawn["features"], start=1):
        feature["properties"] = {"layer": feature["properties"]["layer"], "valid_from": f"2022-01-0{day}"}
    before.write_text(json.dumps(drawn), encoding="utf-8")
    assert frontcalc.diff_files(plain, before, view="control", by="none").rows[-1].net_km2 == 0


def test_a_named_archive_may_name_it_and_an_archive_itself_may_not(
    invaded: Path, before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(invaded.parent)
    toml = Path("frontcalc.toml")
    named = f'[archives.mine]\npath = "{invaded.name}"\nopening = '
    toml.write_text(f'{named}"{before.name}"\n', encoding="utf-8")
    assert total(Path("mine"), "2022").net_km2 == pytest.approx(500)
    toml.write_text(f"{named}4\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r'its opening is no path; give it as opening = "before-2022.geojson"'):
        total(Path("mine"), "2022")
    (invaded / "frontcalc.toml").write_text('opening = "before.geojson"\n', encoding="utf-8")
    with pytest.raises(DataError, match="unknown key 'opening'"):
        total(invaded, "2022")


@pytest.mark.parametrize(
    "layer", ["DonbasBeforeFeb24_2022", "VIEW_Russian_controlled_Ukrainian_Territory_before_February_24_2022"]
)
def test_a_layer_of_what_was_held_before_opens_2022_and_no_later_year(archive: Write, layer: str) -> None:
    old = {layer: [(300 + n, 40) for n in range(4)]}
    maps = archive({"2022-02-24": held(8) | old, "2022-12-31": held(9) | old, "2023-12-31": held(10) | old})
    year, day = total(maps, "2022"), total(maps, "2022-02-24")
    assert (ends(year), year.net_km2, year.notes) == (("2021-12-31", "2022-12-31"), pytest.approx(500), "OPENING")
    assert (ends(day), day.net_km2, day.notes) == (("2022-02-23", "2022-02-24"), pytest.approx(400), "OPENING")
    assert total(maps, "2023").opening_km2 == pytest.approx(900)
    later = archive({"2024-07-08": held(10) | old, "2024-12-31": held(12) | old}, name="later")
    assert (total(later, "2024").net_km2, total(later, "2024").flags) == (pytest.approx(200), "b")
    assert total(later, "2022..2024").net_km2 == pytest.approx(800)


# Ground that counts nowhere.


def test_a_baseline_may_be_a_map_and_the_invasion_s_is_the_day_before(
    invaded: Path, before: Path, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def years(*options: str | Path) -> list[dict[str, str]]:
        own = ("--archive", invaded, "--view", "control", "--by", "none", "--format", "csv", *options)
        done = run_here("summary", *own)
        said.append(done.stderr)
        return list(csv.DictReader(done.stdout.splitlines()))

    said: list[str] = []
    of_map = years("--baseline", before, "--opening", before)
    assert [(row["period"], row["net_km2"], row["closing_km2"]) for row in of_map] == [
        ("2022", "500.000", "500.000"),
        ("2023", "100.000", "600.000"),
    ]
    assert "ground held on the map before.geojson is not counted" in said[-1]
    known = years("--since-invasion", "--opening", before)
    assert [(row["period"], row["net_km2"]) for row in known] == [("2022-02-23..2022", "500.000"), ("2023", "100.000")]
    # Without such a map what was taken on the first day is in neither end, which is said.
    short = years("--since-invasion")
    assert [(row["closing_km2"], row["flags"]) for row in short] == [("100.000", "b"), ("200.000", "")]
    left_out = "the map of 2022-02-24 stands for the baseline, 2022-02-23: what was taken until then is left out"
    assert left_out in said[-1]
    with pytest.raises(NoDataError, match="no map on or before 2022-02-20"):
        frontcalc.summary(archive=invaded, view="control", baseline="2022-02-20")


# A net moved to the days asked for.


@pytest.fixture
def firsts(archive: Write) -> Path:
    """Maps of the first of each month: 3, 5, 9 and 10 squares."""
    return archive({f"2025-{10 + n}-01" if n < 3 else "2026-01-01": held(c) for n, c in enumerate((3, 5, 9, 10))})


def test_a_month_of_firsts_is_headed_by_its_maps_and_moved_to_its_own_days(firsts: Path, region_file: Write) -> None:
    regions = region_file({"West": [(column, 40) for column in range(300, 306)], "East": [(306, 40), (307, 40)]})
    table = frontcalc.diff(["2025-11"], archive=firsts, view="control", regions=regions, snap="none")
    rows = {row.region: row for row in table.rows}
    # On 31 October 30 of the 31 days of October had passed, on 30 November 29 of 30.
    opening, closing = 300 + 200 * 30 / 31, 500 + 400 * 29 / 30
    whole = rows["total"]
    assert (period_heading(whole), whole.net_km2) == ("2025-11, 1 Oct to 1 Nov", pytest.approx(200))
    assert (whole.net_interpolated_km2, whole.flags, whole.notes) == (pytest.approx(closing - opening), "e", "SPAN")
    # Of the four squares of November one is West's, two are East's, and the last is nobody's.
    assert rows["West"].net_interpolated_km2 == pytest.approx(500 + 100 * 29 / 30 - opening)
    assert rows["East"].net_interpolated_km2 == pytest.approx(200 * 29 / 30)
    (said,) = (str(notice) for notice in table.meta.notices if notice.code == "SPAN")
    assert said == (
        "SPAN: 2025-11: is 2025-10-01 to 2025-11-01 here, 31 days; asked for was 2025-10-31 to 2025-11-30, 30 days; "
        "moved to those days about +393 km²"
    )
    (row,) = frontcalc.summary(every="month", since="2025-11", until="2025-11", archive=firsts, view="control").rows
    assert row.net_interpolated_km2 == pytest.approx(whole.net_interpolated_km2)
    dated = frontcalc.series(every="month", since="2025-11", until="2025-11", archive=firsts, view="control").rows
    assert [(one.net_interpolated_km2, one.flags) for one in dated] == [(pytest.approx(closing - opening), "e")]


def test_every_output_heads_the_month_by_its_maps(firsts: Path, archive: Write) -> None:
    options: dict[str, object] = {"view": "control", "by": "none"}
    table = frontcalc.diff(["2025-11"], archive=firsts, **options)  # type: ignore[arg-type]
    for form in ("table", "markdown"):
        assert "2025-11, 1 Oct to 1 Nov" in render(table, form).decode()
    assert "grew by about 200 km² between 1 October 2025 and 1 November 2025" in render(table, "sentence").decode()
    assert finding(table.rows[-1], KM2) == "+200.0 km² from 1 Oct 2025 to 1 Nov 2025"
    other = archive({"2025-10-31": held(5), "2025-11-29": held(8)}, name="other")
    sides = frontcalc.compare(["2025-11"], archives=[firsts, other], **options)  # type: ignore[arg-type]
    text = render(sides, "table").decode()
    assert "maps, 1 Oct to 1 Nov" in text
    assert "other, to 29 Nov" in text


def test_a_net_is_not_moved_where_its_maps_are_of_the_days_or_cannot_tell(firsts: Path, archive: Write) -> None:
    exact = total(firsts, "2025-10-01..2025-11-01")
    assert (exact.net_interpolated_km2, exact.flags) == (None, "")
    # The archive does not reach an end; the maps around a day of a week lie a month apart.
    for period, codes in (("2025-12..2026-01", "CLOSES-EARLY"), ("2025-09..2025-11", "OPENS-LATE")):
        row = total(firsts, period)
        assert row.net_interpolated_km2 is None
        assert codes in row.notes.split()
    week = frontcalc.diff(["2025-10-28..2025-11-03"], archive=firsts, view="control")
    assert week.rows[-1].net_interpolated_km2 is None
    assert any("the maps around 2025-10-28 are 31 days apart" in one.message for one in week.meta.notices)
    gap = archive({"2025-01-28": held(1), "2025-02-27": held(2), "2025-04-10": held(3)}, name="gap")
    assert total(gap, "2025-02").net_interpolated_km2 is None  # 42 days from the map before to that after


def test_a_net_is_not_moved_by_a_step_that_is_a_fault_of_the_map(archive: Write) -> None:
    """A square of sea, drawn as held on the map after the month, would be in it by three quarters."""
    land, sea = (shapely.box(lon, lat, lon + 0.1, lat + 0.1) for lon, lat in ((34.0, 46.8), (31.5, 45.5)))
    days = [date(2024, 8, 4) + timedelta(days=7 * n) for n in range(6)]
    drawn = {str(day): {"control_map": [land] if day < days[-1] else [land, sea]} for day in days}
    maps = archive(drawn)
    table = frontcalc.diff(["2024-08-15..2024-09-05"], archive=maps, view="control", by="none")
    assert "REDEFINITION" not in table.rows[-1].notes
    faulty = frontcalc.diff(["2024-08-08..2024-09-07"], archive=maps, view="control", by="none")
    assert faulty.rows[-1].net_interpolated_km2 is None
    assert any("a step around one of them has a fault" in notice.message for notice in faulty.meta.notices)


@pytest.mark.shared
def test_months_moved_to_their_own_days_are_those_that_isw_states(shared: Path) -> None:
    with (shared / "expected" / "isw-daily-areas.csv").open(encoding="utf-8") as lines:
        stated = {
            date.fromisoformat(row["date"]): float(row["control_km2"]) + float(row["advances_km2"])
            for row in csv.DictReader(lines)
        }

    def on(day: date) -> float:
        """A day that the table lacks lies between its neighbours."""
        before, after = max(one for one in stated if one <= day), min(one for one in stated if one >= day)
        share = (day - before).days / ((after - before).days or 1)
        return stated[before] + share * (stated[after] - stated[before])

    archive = shared / "archives" / "isw-weekly"
    rows = frontcalc.summary(every="month", since="2024", until="2024-11", archive=archive, by="none").rows
    told, near = [], {"plain": 0, "moved": 0}
    for row in rows:
        period = parse_period(row.period)
        assert period.opens_on
        assert period.closes_on
        assert row.net_km2 is not None
        assert row.net_interpolated_km2 is not None
        true = on(period.closes_on) - on(period.opens_on)
        cells = [f"{true:+.1f}"]
        for kind, net in (("plain", row.net_km2), ("moved", row.net_interpolated_km2)):
            near[kind] += abs(net - true) <= 0.1 * abs(true)
            cells += [f"{net:+.1f}", f"{100 * (net / true - 1):.0f} %".replace("-", "−")]
        told.append(f"| {row.period} | {' | '.join(cells)} |")
    assert near == {"plain": 4, "moved": 9}
    assert "\n".join(told) in (Path(__file__).parents[1] / "docs" / "method.md").read_text(encoding="utf-8")
