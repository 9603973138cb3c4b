"""The bundled claims held against ISW's real maps: the verdicts that docs/claims.md shows, and altered copies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import frontcalc
from frontcalc.outputs.numbers import km2

pytestmark = pytest.mark.shared

ROOT = Path(__file__).parents[1]
BUNDLED = ROOT / "data" / "claims" / "bbc-2024-11.toml"


def test_the_verdicts_on_isw_weekly_are_those_of_the_docs(shared: Path) -> None:
    rows = frontcalc.verify(BUNDLED, archive=shared / "archives" / "isw-weekly").rows
    verdicts = {row.id: row.verdict for row in rows}
    assert verdicts == {
        "2024-so-far": "agrees",
        "2023": "disagrees",
        "six-times": "disagrees",
        "autumn": "agrees",
        "held": "depends",
        "kursk-first-month": "disagrees",
        "kursk-retaken": "disagrees",
    }
    lines = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8").splitlines()
    for row in rows:
        claimed, computed = (
            km2(figure, places=2 if row.unit == "times" else 1) for figure in (row.claimed, row.computed)
        )
        assert f"| `{row.id}` | {claimed} | {computed} | {row.verdict} | {row.reason} |" in lines


def test_the_sum_of_the_layers_is_what_the_publisher_adds_up(shared: Path) -> None:
    (held,) = (
        row for row in frontcalc.verify(BUNDLED, archive=shared / "archives" / "isw-weekly").rows if row.id == "held"
    )
    # Areas by an independent calculation: expected/isw-weekly-areas.csv.
    assert held.computed == pytest.approx(110_625.279, abs=0.01)
    (summed,) = re.findall(r"^([\d,.]+) km² as the sum of the layers", held.reason)
    assert float(summed.replace(",", "")) == pytest.approx(109_387.142 + 1_242.562, abs=0.01)


def test_isw_s_total_for_2024_adds_what_russia_took_back_in_kursk(shared: Path, tmp_path: Path) -> None:
    """4,168 km² by ISW's own count: 3,591 in Ukraine, and 683 of Kursk since its largest extent."""
    path = tmp_path / "isw.toml"
    path.write_text(
        '[[claim]]\nid = "isw-2024"\nperiod = 2024\nmeasure = "net"\nvalue = 4168\nqualifier = "about"\n'
        'plus = {actor = "Ukraine", period = "2024-08-25..2024-12-29", sign = "-"}\n'
    )
    (row,) = frontcalc.verify(path, archive=shared / "archives" / "isw-weekly").rows
    assert row.verdict == "agrees"
    # By expected/isw-weekly-areas.csv: held 111,716.094 less 108,125.534, and in Kursk 1,149.989 less 466.741.
    assert row.added == pytest.approx(683.2, abs=0.1)
    assert row.computed == pytest.approx(4273.8, abs=0.1)


def test_what_was_retaken_in_kursk_since_september_is_not_that_since_october(shared: Path, tmp_path: Path) -> None:
    text = BUNDLED.read_text(encoding="utf-8")
    path = tmp_path / "claims.toml"
    path.write_text(text.replace("2024-10-01..2024-11-17", "2024-09-01..2024-11-17"), encoding="utf-8")
    *_, retaken = frontcalc.verify(path, archive=shared / "archives" / "isw-weekly").rows
    assert (retaken.verdict, retaken.computed) == ("disagrees", pytest.approx(-596.234, abs=0.01))
    path.write_text(path.read_text().replace("value = -593", 'value = -593\nqualifier = "about"'), encoding="utf-8")
    *_, retaken = frontcalc.verify(path, archive=shared / "archives" / "isw-weekly").rows
    assert retaken.verdict == "agrees"


@pytest.mark.parametrize("archive", ["isw-weekly", "sample"])
def test_an_altered_copy_of_each_claim_disagrees(shared: Path, tmp_path: Path, archive: str) -> None:
    def altered(value: re.Match[str]) -> str:
        return f"value = {round(1.3 * int(value[1]))}"

    text, count = re.subn(r"value = (-?\d+)", altered, BUNDLED.read_text(encoding="utf-8"))
    path = tmp_path / "claims.toml"
    path.write_text(text, encoding="utf-8")
    maps = ROOT / "data" / "sample_polygons" if archive == "sample" else shared / "archives" / archive
    rows = frontcalc.verify(path, archive=maps).rows
    # All by the same factor: what contradicts others is only the ratio, which should have stayed.
    assert [row.verdict for row in rows[:count]] == ["disagrees"] * 7
    assert [row.id for row in rows[count:]] == ["six-times ↔ 2024-so-far ↔ 2023"]


def test_a_publisher_without_a_layer_of_kursk_has_no_data_for_it(shared: Path) -> None:
    rows = frontcalc.verify(BUNDLED, archive=shared / "archives" / "deepstate-daily", actor="Russia").rows
    by_id = {row.id: row for row in rows}
    assert (by_id["2023"].verdict, by_id["2023"].reason) == ("no data", "the first complete map is after 2023-12-31")
    assert (by_id["autumn"].verdict, by_id["autumn"].computed) == ("disagrees", pytest.approx(957.753, abs=0.01))
    assert by_id["kursk-retaken"].reason == "no map shows advance or control of Ukraine, which view assessed counts"
