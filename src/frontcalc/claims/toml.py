"""Claims files: TOML with a table a claim, and defaults at the top; docs/claims.md has the format."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from frontcalc.claims import ADDED_UP, ON_A_DAY, SIGNED, UNIT_LABELS, UNITS, Claim, Measure, Qualifier
from frontcalc.config import read_toml
from frontcalc.errors import DataError, UsageError
from frontcalc.names import printable
from frontcalc.periods import Period, parse_day, parse_period, period_label, readings
from frontcalc.views import VIEWS

_MOST_SHOWN = 5
_NEEDED = ("id", "period", "measure", "value")
_LARGEST = Decimal(10) ** 9
_MOST_DIGITS = 20
_LONGEST = {"id": 80, "region": 100, "actor": 100, "source": 500, "text": 1000, "archive": 1000}
_PER_CENT = re.compile(r"(\d+(?:\.\d+)?)\s*%", re.ASCII)
_WORDS = dict[str, Iterable[str]](measure=Measure, unit=UNIT_LABELS, qualifier=Qualifier, view=VIEWS, sign="+-")
_HEADER = re.compile(r"""\s*\[\[\s*(?:claim|"claim"|'claim')\s*\]\]""")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")
# Texts of several lines, which may look like anything; comments and other texts may hold their quotes.
_TOKENS = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|#[^\n]*|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)

Fields = dict[str, Any]
Lines = dict[str, int]  # of the file by key; that of the table itself by the empty key
Problem = tuple[int | None, str]  # a line of the file, where it is known, and what is wrong there


def read_claims(data: bytes, *, where: str) -> tuple[tuple[Claim, ...], str]:
    """Return the claims of a file, TOML in UTF-8 that messages call `where`, and the archive that it names, if any.

    A file that is no TOML, has no claim, or has malformed ones is a DataError: each is named with its line, up to five
    at once.
    """
    document = read_toml(data, where=where, parse_float=_decimal)
    tables = document.pop("claim", None)
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise DataError("has no claims", where=where, cure="begin each with [[claim]]")
    lines, *places = _lines(data.decode("utf-8-sig"), len(tables))
    problems: list[Problem] = []
    top = _fields(document, AT_TOP, lines, problems)
    archive = top.pop("archive", "")
    claims, repeated = dict[str, Claim](), list[Problem]()
    for count, (table, place) in enumerate(zip(tables, places, strict=True), start=1):
        wrong: list[Problem] = []
        fields = top | _fields(table, IN_CLAIM, place, wrong)
        # What is missing or does not go together is said of claims that are well-formed so far.
        wrong = wrong or list(_conflicts(fields, count, place))
        if not wrong:
            number, per_cent = fields.pop("tolerance", (None, False))
            tolerance = abs(fields["value"]) * number / 100 if per_cent else number
            plus, periods, unit = fields.pop("plus", None), fields.pop("period"), UNITS[fields["measure"]][0]
            facts: Fields = {"unit": unit} | fields | {"tolerance": tolerance, "line": place.get("")}
            claim = Claim(**facts, periods=periods)
            if plus:
                second = replace(claim, periods=plus.get("period", periods), actor=plus["actor"])
                claim = replace(claim, plus=second, sign={"+": 1, "-": -1}[plus.get("sign", "+")])
            if claims.setdefault(claim.id, claim) is not claim:
                repeated.append((claim.line, f"a second claim is named {claim.id!r}"))
        problems += wrong
    problems += repeated
    if problems:
        listed = [f"line {line}: {problem}" if line else problem for line, problem in problems[:_MOST_SHOWN]]
        more = f" · and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
        raise DataError(printable(" · ".join(listed) + more), where=where)
    return tuple(claims.values()), archive


def _lines(text: str, count: int) -> list[Lines]:
    """Return the lines of the keys at the top of a document, then those of each claim that has a header."""
    blank = _TOKENS.sub(lambda token: '""' + "\n" * token[0].count("\n") if "\n" in token[0] else token[0], text)
    tables: list[Lines] = [{}]
    for number, line in enumerate(blank.split("\n"), start=1):
        if _HEADER.match(line):
            tables.append({"": number})
        elif match := _KEY.match(line):
            tables[-1].setdefault(match[1], number)
    return tables if len(tables) == count + 1 else [{}] * (count + 1)


def _decimal(text: str) -> Decimal:
    """Return a number with its digits; one beyond all bounds is none."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("NaN")


def _fields(table: Mapping[str, object], known: tuple[str, ...], place: Lines, problems: list[Problem]) -> Fields:
    """Return the values of a table, and note what is wrong with the others."""
    fields: Fields = {}
    for key, value in table.items():
        line = place.get(key, place.get(""))
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            instead = f"did you mean {close[0]!r}?" if close else f"keys are {', '.join(known)}"
            problems.append((line, f"has an unknown key {key!r}; {instead}"))
            continue
        try:
            fields[key] = _PARSERS[key](key, value)
        except UsageError as error:
            problems.append((line, str(error)))
    return fields


def _conflicts(fields: Fields, number: int, place: Lines) -> Iterator[Problem]:
    """Yield what a claim lacks, and what in it does not go together."""
    line, name = place.get(""), repr(fields.get("id", f"number {number}"))
    if missing := [key for key in _NEEDED if key not in fields]:
        yield line, f"claim {name} has no {' and no '.join(missing)}"
        return
    if fields.get("actor", "").casefold() == "all":
        yield place.get("actor", line), f"claim {name} is of all actors; name one"
    measure, value, periods, plus = fields["measure"], fields["value"], fields["period"], fields.get("plus", {})
    units = UNITS[measure]
    if fields.get("unit", units[0]) not in units:
        problem = f"claim {name}: {measure} cannot be in {fields['unit']}; its unit is {' or '.join(units)}"
        yield place.get("unit", line), problem
    if plus and measure not in ADDED_UP:
        yield place.get("plus", line), f"claim {name}: nothing is added to a {measure}, only to areas"
    if value < 0 and measure not in SIGNED and not plus:
        yield place.get("value", line), f"claim {name}: {measure} cannot be negative; only net and rate can"
    if len(periods) != (2 if measure is Measure.RATIO else 1):
        wanted = "two, as in «2024 / 2023»" if measure is Measure.RATIO else "one"
        yield place.get("period", line), f"claim {name}: {measure} is of {wanted}, but {len(periods)} are named"
    elif measure in ON_A_DAY and any(period.closes_on is None for period in (*periods, *plus.get("period", ()))):
        yield place.get("period", line), f"claim {name}: {measure} is of a day, so the period needs a last one"


def _text(key: str, value: object) -> str:
    """Return a text on one line, safe to show."""
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{key} is {_shown(value)}, which is no text; write it in quotes")
    text = printable(" ".join(value.split()))
    if len(text) > _LONGEST[key]:
        raise UsageError(f"{key} is longer than {_LONGEST[key]} characters; shorten it")
    return text


def _number(key: str, value: object) -> Decimal:
    """Return a finite number of a size that areas on Earth can have."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise UsageError(f"{key} is {_shown(value)}, which is no number; write it without quotes, as in 2700")
    number = Decimal(value)
    if not number.is_finite() or abs(number) > _LARGEST:
        raise UsageError(f"{key} is {_shown(value)}, which is no figure that can be claimed; write a number")
    if len(number.as_tuple().digits) > _MOST_DIGITS or number.adjusted() < -_MOST_DIGITS:
        raise UsageError(f"{key} has more than {_MOST_DIGITS} digits; write fewer")
    return number


def _tolerance(key: str, value: object) -> tuple[Decimal, bool]:
    """Return a number and whether it is per cent of the claim's value, as in «5%», else in the claim's unit."""
    if isinstance(value, str):
        match = _PER_CENT.fullmatch(value.strip())
        if not match or Decimal(match[1]) > 100:
            raise UsageError(f'{key} is {_shown(value)}; write "5%", or a number in the claim\'s unit')
        return Decimal(match[1]), True
    number = _number(key, value)
    if number < 0:
        raise UsageError(f"{key} is {_shown(value)}, which is negative; write it from 0")
    return number, False


def _periods(key: str, value: object) -> tuple[Period, ...]:
    """Return the period that a text, a day or a year names, or the two that a slash parts."""
    if isinstance(value, datetime | bool) or not isinstance(value, str | int | date):
        raise UsageError(f'{key} is {_shown(value)}, which is no period; write "2024" or "2024-09-01..2024-11-03"')
    # A slash parts two, but in «2024/09».
    parts = [str(value)] if readings(str(value)) else str(value).split("/", 2)
    return tuple(parse_period(period_label(part, relative=False)) for part in parts)


def _day(key: str, value: object) -> date:
    """Return a day, quoted or not."""
    if isinstance(value, datetime) or not isinstance(value, str | date):
        raise UsageError(f"{key} is {_shown(value)}, which is no date; write it as 2024-11-03")
    return value if isinstance(value, date) else parse_day(value)


def _word(key: str, value: object) -> str:
    """Return one of the words that a key may be, a member where they are an enumeration."""
    known = tuple(_WORDS[key])
    if not isinstance(value, str) or value not in known:
        raise UsageError(f"{key} is {_shown(value)}; choose {', '.join(known)}")
    return known[known.index(value)]


def _plus(key: str, value: object) -> Fields:
    """Return whose figure is added to a claim's own, as in {actor = "Ukraine", period = "2024", sign = "-"}."""
    known: dict[str, Callable[[str, object], object]] = {"actor": _text, "period": _periods, "sign": _word}
    if not isinstance(value, dict) or "actor" not in value or not value.keys() <= known.keys():
        example = '{actor = "Ukraine", period = "2024-08-25..2024", sign = "-"}'
        raise UsageError(f"{key} is {_shown(value)}; write whose figure is added, as in {example}")
    fields = {name: known[name](name, own) for name, own in value.items()}
    if len(fields.get("period", "1")) != 1:  # type: ignore[arg-type]
        raise UsageError(f"{key} is of several periods; name one")
    return fields


def _shown(value: object) -> str:
    """Return a value as messages show it."""
    text = str(value) if isinstance(value, Decimal | date) else repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


_PARSERS: dict[str, Callable[[str, object], object]] = {
    **dict.fromkeys(_LONGEST, _text),
    **dict.fromkeys(_WORDS, _word),
    **{"period": _periods, "value": _number, "tolerance": _tolerance, "published": _day, "plus": _plus},
}
IN_CLAIM = (
    *("id", "text", "period", "measure", "value", "unit", "qualifier"),
    *("tolerance", "region", "actor", "view", "source", "published", "plus"),
)
# Above the first claim: what holds for all that do not say otherwise.
AT_TOP = ("archive", *(key for key in IN_CLAIM if key not in ("id", "value", "plus")))
