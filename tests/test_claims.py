"""Claims files: what is read, what is refused with its line, which figures fit, and which claims contradict others."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontcalc.claims import Claim, Measure, Qualifier, Range, Verdict, contradictions, fitting
from frontcalc.claims.toml import read_claims
from frontcalc.errors import DataError
from frontcalc.periods import parse_period


def claim(value: str, measure: str = "net", period: str = "2024-12", id_: str = "a", **stated: object) -> Claim:
    """Return a claim; a ratio's two periods are parted by a slash."""
    return Claim(
        id=id_,
        periods=tuple(parse_period(part.strip()) for part in period.split("/")),
        measure=Measure(measure),
        value=Decimal(value),
        unit=str(stated.pop("unit", {"rate": "km2/day", "ratio": "times"}.get(measure, "km2"))),
        qualifier=Qualifier(stated.pop("qualifier", "exactly")),
        **stated,  # type: ignore[arg-type]
    )


def about(value: str, measure: str = "net", period: str = "2024-12", id_: str = "a", **stated: object) -> Claim:
    return claim(value, measure, period, id_, qualifier="about", **stated)


# --- which figures fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "qualifier", "tolerance", "fits", "misfits"),
    [
        # Exactly: what rounds to the digits written.
        ("465", "exactly", None, [464.5, 465, 465.49], [464.4, 465.6]),
        ("18.1", "exactly", None, [18.05, 18.1, 18.149], [18, 18.2]),
        ("18.10", "exactly", None, [18.096, 18.104], [18.05, 18.149]),
        ("2.7E+3", "exactly", None, [2650, 2750], [2640, 2760]),
        ("465", "exactly", "10", [455, 475], [454.9, 475.1]),
        ("465", "exactly", "0", [465], [464.9, 465.1]),
        # About: 5 % of the figure, or its last digit where that is more.
        ("2700", "about", None, [2565, 2700, 2835], [2564, 2836]),
        ("6", "about", None, [5.5, 6.5], [5.4, 6.6]),
        ("2700", "about", "100", [2600, 2800], [2599, 2801]),
        # Nearly: as far as about, but not beyond the figure.
        ("6", "nearly", None, [5.5, 5.8, 6], [5.4, 6.01]),
        ("1000", "nearly", None, [950, 1000], [949, 1001]),
        ("1000", "nearly", "10", [990, 1000], [989, 1001]),
        # More than and less than: the plain words, unless a tolerance says how much more.
        ("1000", "more than", None, [1000.1, 5000], [1000, 999, -5000]),
        ("1000", "more than", "100", [1000.1, 1100], [1000, 1101]),
        ("1000", "less than", None, [0, 999.9], [1000, 1001, -1]),
        ("1000", "less than", "100", [900, 999.9], [899, 1000]),
        ("1000", "up to", None, [0, 1000], [1000.1, -1]),
        ("1000", "up to", "100", [900, 1000], [899, 1001]),
        # A negative figure is a loss, and the words are of its size.
        ("-593", "exactly", None, [-593.4, -592.6], [593, -594]),
        ("-1000", "more than", None, [-1001, -5000], [-1000, -999, 1001]),
        ("-1000", "nearly", None, [-1000, -950], [-1001, -949, 960]),
        ("0", "exactly", None, [0, 0.5, -0.5], [0.6]),
    ],
)
def test_which_figures_fit(
    value: str, qualifier: str, tolerance: str | None, fits: list[float], misfits: list[float]
) -> None:
    wanted = fitting(claim(value, qualifier=qualifier, tolerance=None if tolerance is None else Decimal(tolerance)))
    assert [figure for figure in fits if not wanted.holds(figure)] == []
    assert [figure for figure in misfits if wanted.holds(figure)] == []


VALUES = st.decimals(1, 10**6, places=2)
STATED = st.none() | st.decimals(0, 1000, places=1)


@given(VALUES, st.sampled_from(Qualifier), STATED, st.floats(-2e6, 2e6))
def test_a_loss_is_a_gain_with_the_other_sign(
    value: Decimal, qualifier: Qualifier, tolerance: Decimal | None, figure: float
) -> None:
    gain = claim(str(value), qualifier=qualifier, tolerance=tolerance)
    loss = claim(str(-value), qualifier=qualifier, tolerance=tolerance)
    assert fitting(gain).holds(figure) == fitting(loss).holds(-figure)


@given(VALUES, st.sampled_from(Qualifier), STATED)
def test_the_figure_itself_fits_unless_it_is_more_or_less_than_that(
    value: Decimal, qualifier: Qualifier, tolerance: Decimal | None
) -> None:
    wanted = fitting(claim(str(value), qualifier=qualifier, tolerance=tolerance))
    assert wanted.holds(float(value)) == (qualifier not in (Qualifier.MORE_THAN, Qualifier.LESS_THAN))


def test_how_far_a_figure_is_from_a_range() -> None:
    assert [Range(5, 6).distance(figure) for figure in (4, 5, 5.5, 8)] == [1, 0, 0, 2]
    assert Range(5, inf).distance(4.5) == 0.5


# --- claims against each other -----------------------------------------------------------------------------------


def contradicting(claims: list[Claim]) -> tuple[tuple[Claim, tuple[Claim, ...], float, int | None], ...]:
    return tuple(contradictions(claims))


def test_a_rate_that_is_not_its_total_over_its_days() -> None:
    total, right, wrong = (
        claim("593", id_="total"),
        claim("19.1", "rate", id_="right"),
        claim("18.1", "rate", id_="wrong"),
    )
    (found,) = contradicting([total, right, wrong])
    one, others, implied, days = found
    assert (one.id, [other.id for other in others], days) == ("wrong", ["total"], 31)
    assert implied == pytest.approx(593 / 31)


def test_noughts_may_be_rounding_where_a_figure_is_said_to_be_about() -> None:
    # 2,700 in 31 days is 87.1 a day, but about 2,700 may be 2,740, which is 88.4.
    assert contradicting([about("2700"), claim("88.4", "rate")]) == ()
    assert len(contradicting([claim("2700"), claim("88.4", "rate")])) == 1
    assert len(contradicting([about("2700"), claim("89.4", "rate")])) == 1


def test_more_than_a_total_allows_any_larger_rate() -> None:
    assert contradicting([claim("593", qualifier="more than"), claim("30", "rate")]) == ()
    assert len(contradicting([claim("593", qualifier="more than"), claim("18", "rate")])) == 1


def test_a_ratio_that_is_not_that_of_its_two_figures() -> None:
    new, old = about("2700", period="2024", id_="new"), claim("465", period="2023", id_="old")
    assert contradicting([claim("6", "ratio", "2024 / 2023", qualifier="nearly"), new, old]) == ()
    (found,) = contradicting([claim("7", "ratio", "2024 / 2023", id_="seven", qualifier="nearly"), new, old])
    _, others, implied, _ = found
    assert [other.id for other in others] == ["new", "old"]
    assert implied == pytest.approx(2700 / 465)
    # The one divided by the other, and not the reverse.
    assert len(contradicting([claim("5.8", "ratio", "2023 / 2024"), new, old])) == 1


def test_only_claims_of_the_same_ground_are_held_against_each_other() -> None:
    rate = claim("1", "rate", region="Donetsk")
    assert contradicting([rate, claim("593")]) == ()
    assert contradicting([rate, claim("593", period="2024-11", region="Donetsk")]) == ()
    assert contradicting([rate, claim("593", "gained", region="Donetsk")]) == ()
    assert len(contradicting([rate, claim("593", region="donetsk")])) == 1


def test_the_same_days_are_the_same_period_however_they_are_written() -> None:
    assert len(contradicting([claim("1", "rate"), claim("593", period="2024-11-30..2024-12-31")])) == 1


def test_units_of_area_may_differ() -> None:
    # 593 km² are 229 square miles.
    assert contradicting([claim("593"), claim("7.39", "rate", unit="mi2/day")]) == ()
    assert len(contradicting([claim("593"), claim("19.1", "rate", unit="mi2/day")])) == 1
    # 1,000 square miles are 2,590 km².
    miles, km2 = claim("1000", period="2024", unit="mi2"), claim("1295", period="2023")
    assert contradicting([miles, km2, claim("2.0", "ratio", "2024 / 2023")]) == ()
    assert len(contradicting([miles, km2, claim("0.8", "ratio", "2024 / 2023")])) == 1


# --- reading -----------------------------------------------------------------------------------------------------

WHOLE = """
archive = "maps"
view = "control"
source = "The Times of Nowhere"

[[claim]]
id = "a"
text = "it grew"
period = "2024"
measure = "net"
value = 12.50

[[claim]]
id = "b"
period = 2024-11-03
measure = "held"
value = 600
unit = "mi2"
qualifier = "more than"
tolerance = "5 %"
region = "Kursk"
actor = "Ukraine"
view = "assessed"
source = "elsewhere"
published = 2024-11-20
"""


def read(text: str) -> tuple[Claim, ...]:
    return read_claims(text.encode(), where="claims.toml")[0]


def test_a_whole_file() -> None:
    assert read_claims(WHOLE.encode(), where="x")[1] == "maps"
    first, second = read(WHOLE)
    assert first == Claim(
        id="a",
        periods=(parse_period("2024"),),
        measure=Measure.NET,
        value=Decimal("12.50"),
        unit="km2",
        view="control",
        text="it grew",
        source="The Times of Nowhere",
        line=6,
    )
    assert (second.view, second.source, second.published) == ("assessed", "elsewhere", date(2024, 11, 20))
    assert (second.unit, second.qualifier, second.tolerance) == ("mi2", Qualifier.MORE_THAN, Decimal(30))
    assert (second.region, second.actor, second.periods) == ("Kursk", "Ukraine", (parse_period("2024-11-03"),))


ONE = '[[claim]]\nid = "a"\nperiod = "2024"\nmeasure = "net"\nvalue = 5\n'


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("value =", "vlaue ="), "line 5: has an unknown key 'vlaue'; did you mean 'value'?"),
        (("value =", "colour ="), "line 5: has an unknown key 'colour'; keys are id, text, period, measure, value,"),
        (("value = 5\n", ""), "line 1: claim 'a' has no value"),
        (('id = "a"\nperiod = "2024"\n', ""), "line 1: claim 'number 1' has no id and no period"),
        (("value = 5", 'value = "5"'), "line 5: value is '5', which is no number; write it without quotes"),
        (("value = 5", "value = true"), "line 5: value is True, which is no number"),
        (("value = 5", "value = nan"), "line 5: value is NaN, which is no figure that can be claimed"),
        (("value = 5", "value = -inf"), "line 5: value is -Infinity, which is no figure that can be claimed"),
        (("value = 5", "value = 1e400"), "line 5: value is 1E+400, which is no figure"),
        (("value = 5", f"value = 1e{'9' * 30}"), "line 5: value is NaN, which is no figure"),
        (("value = 5", f"value = {'9' * 30}"), "line 5: value is 9999"),
        (("value = 5", f"value = 0.{'1' * 30}"), "line 5: value has more than 20 digits"),
        (('"2024"', '"2023-02-29"'), "line 3: period '2023-02-29': has no such days"),
        (('"2024"', '"next year"'), "line 3: period 'next year': is no period"),
        (('"2024"', '"last year"'), "line 3: period 'last year': counts from today, so that it would mean other days"),
        (('"2024"', '"2024 / last 30 days"'), "line 3: period 'last 30 days': counts from today"),
        (('"2024"', "2024-02-01T10:00:00"), "line 3: period is 2024-02-01 10:00:00, which is no period"),
        (('"2024"', '"2024 / 2023"'), "line 3: claim 'a': net is of one, but 2 are named"),
        (('"net"', '"ratio"'), "line 3: claim 'a': ratio is of two, as in «2024 / 2023», but 1 are named"),
        (('"net"', '"nett"'), "line 4: measure is 'nett'; choose held, net, gained"),
        (('measure = "net"', 'measure = "held"\nunit = "percent"'), "line 5: claim 'a': held cannot be in percent"),
        (('measure = "net"', 'measure = "rate"\nunit = "km2"'), "its unit is km2/day or mi2/day"),
        (('measure = "net"\nvalue = ', 'measure = "held"\nvalue = -'), "line 5: claim 'a': held cannot be negative"),
        (('"2024"\nmeasure = "net"', '"2024.."\nmeasure = "held"'), "held is of a day, so the period needs a last one"),
        (("value = 5", 'value = 5\nunit = "acres"'), "line 6: unit is 'acres'; choose km2, mi2"),
        (("value = 5", 'value = 5\nqualifier = "roughly"'), "line 6: qualifier is 'roughly'; choose exactly, about"),
        (("value = 5", 'value = 5\ntolerance = "5 km2"'), "line 6: tolerance is '5 km2'; write \"5%\", or a number"),
        (("value = 5", 'value = 5\ntolerance = "500%"'), "line 6: tolerance is '500%'"),
        (("value = 5", "value = 5\ntolerance = -1"), "line 6: tolerance is -1, which is negative"),
        (("value = 5", 'value = 5\nview = "best"'), "line 6: view is 'best'; choose control, assessed, claimed"),
        (("value = 5", 'value = 5\nactor = "All"'), "line 6: claim 'a' is of all actors; name one"),
        (("value = 5", "value = 5\nregion = 7"), "line 6: region is 7, which is no text"),
        (("value = 5", 'value = 5\npublished = "yesterday"'), "line 6: 'yesterday': is no date"),
        (('id = "a"', f'id = "{"a" * 81}"'), "line 2: id is longer than 80 characters"),
        (('id = "a"', 'id = " "'), "line 2: id is ' ', which is no text"),
        (("[[claim]]", 'regoin = "x"\n[[claim]]'), "line 1: has an unknown key 'regoin'; did you mean 'region'?"),
        (("[[claim]]", 'id = "x"\n[[claim]]'), "line 1: has an unknown key 'id'"),
        (("[[claim]]", "[claim]"), "has no claims; begin each with [[claim]]"),
        (("[[claim]]", "[[claims]]"), "has no claims; begin each with [[claim]]"),
        (("value = 5", "value = "), "is not valid TOML: Invalid value (at line 5"),
        (("value = 5", f"value = {'9' * 5000}"), "is not valid TOML: a number has too many digits"),
        (("value = 5", f"value = {'[' * 5000}"), "is not valid TOML: it nests too deep"),
    ],
)
def test_a_malformed_claim_names_its_line(change: tuple[str, str], message: str) -> None:
    with pytest.raises(DataError) as error:
        read(ONE.replace(*change))
    assert str(error.value).startswith("claims.toml: ")
    assert message in str(error.value)


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(DataError) as error:
        read(ONE.replace("net", "nett").replace("5", "true") + ONE.replace('"a"', '"b"').replace("2024", "never"))
    lines = [part.split(":")[0] for part in str(error.value).removeprefix("claims.toml: ").split(" · ")]
    assert lines == ["line 4", "line 5", "line 8"]
    with pytest.raises(DataError, match="and 2 more"):
        read("".join(ONE.replace('"a"', f'"{number}"').replace("net", "nett") for number in range(7)))


def test_a_name_is_used_once() -> None:
    with pytest.raises(DataError, match="line 6: a second claim is named 'a'"):
        read(ONE + ONE)


def test_lines_are_right_beside_texts_and_comments_that_look_like_claims() -> None:
    text = "# it's \"\"\" a comment\ntext = '''\n[[claim]]\nvalue = 1\n'''\n" + ONE.replace("net", "nett")
    with pytest.raises(DataError, match="line 9: measure is 'nett'"):
        read(text)
    with pytest.raises(DataError, match="line 5: measure is 'nett'"):
        read('# """\n' + ONE.replace("net", "nett") + '# """\n')
    with pytest.raises(DataError, match="toml: measure is 'nett'"):
        read('claim = [{id = "a", period = "2024", measure = "nett", value = 5}]')


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe[", "claims.toml: is not UTF-8 text, at byte 0; save it as UTF-8"),
        (b" " * 1_000_001, "claims.toml: is larger than 1,000,000 bytes; split it"),
        (b"", "claims.toml: has no claims"),
    ],
)
def test_what_is_no_claims_file(content: bytes, message: str) -> None:
    with pytest.raises(DataError) as error:
        read_claims(content, where="claims.toml")
    assert str(error.value).startswith(message)


def test_a_byte_order_mark_is_no_matter() -> None:
    assert len(read_claims(b"\xef\xbb\xbf" + ONE.encode(), where="x")[0]) == 1


def test_names_that_steer_the_terminal_are_escaped() -> None:
    (found,) = read(ONE.replace('"a"', '"a\\u001b[2J"').replace("value", 'text = "one\\ntwo"\nvalue'))
    assert (found.id, found.text) == ("a\\x1b[2J", "one two")
    with pytest.raises(DataError) as error:
        read(ONE.replace("value", '"\\u001b[2J"'))
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("written", ['"2024"', "2024", '" 2024 "'])
def test_a_year_may_be_a_number(written: str) -> None:
    (found,) = read(ONE.replace('"2024"', written))
    assert (found.period.strip(), found.periods[0].closes_on) == ("2024", date(2024, 12, 31))


VALUE = st.one_of(
    st.text(max_size=5),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.dates(),
    st.sampled_from(["2024", "2024 / 2023", "net", "ratio", "km2", "about", "5%", "assessed"]),
)
KEYS = (
    "id",
    "text",
    "period",
    "measure",
    "value",
    "unit",
    "qualifier",
    "tolerance",
    "region",
    "view",
    "published",
    "x",
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUE))
def test_any_values_are_read_or_refused(fields: dict[str, object]) -> None:
    def written(value: object) -> str:
        if isinstance(value, str):
            return json.dumps(value).replace("\x7f", " ")
        return str(value).lower() if isinstance(value, bool | float) else str(value)

    table = "[[claim]]\n" + "\n".join(f"{key} = {written(value)}" for key, value in fields.items())
    try:
        (found,) = read(table)
    except DataError as error:
        assert str(error).isprintable()  # noqa: PT017 - most are refused
    else:
        assert fitting(found).low <= fitting(found).high


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(DataError):
        read_claims(content, where="x")


def test_the_example_of_the_docs_is_a_claims_file() -> None:
    page = (Path(__file__).parents[1] / "docs" / "claims.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    claims = read(example)
    assert [found.id for found in claims] == ["this-year", "six-times", "kursk"]
    assert [fitting(found) for found in claims] == [Range(2565, 2835), Range(5.5, 6), Range(1147.58, 1194.42)]
    # What the tables of the page list is what there is.
    for word in (*Measure, *Qualifier, *Verdict):
        assert f"`{word}`" in page
