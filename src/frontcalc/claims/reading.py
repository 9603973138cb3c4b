"""Claims files: TOML with a table a claim, and defaults at the top; docs/claims.md has the format."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from frontcalc.claims.fields import AT_TOP, IN_CLAIM, parse_field
from frontcalc.claims.lines import Lines, find_lines
from frontcalc.claims.values import ON_A_DAY, SIGNED, UNITS, Claim, Measure, Qualifier
from frontcalc.errors import DataError, UsageError
from frontcalc.labels import printable

_LARGEST = 1_000_000
_MOST_SHOWN = 5
_NEEDED = ("id", "period", "measure", "value")

Fields = dict[str, Any]
Problem = tuple[int | None, str]
"""A line of the file, where it is known, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class ClaimsFile:
    """The claims of one file, and the archive that it names, as written; empty where it names none."""

    claims: tuple[Claim, ...]
    archive: str = ""


def read_claims(data: bytes, *, where: str) -> ClaimsFile:
    """Return the claims of a file.

    Parameters
    ----------
    data : bytes
        TOML in UTF-8.
    where : str
        What messages call the file.

    Raises
    ------
    DataError
        It is no TOML, has no claim, or has malformed ones: each is named with its line, up to five at once.
    """
    document, text = _parse(data, where)
    tables = document.pop("claim", None)
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise DataError("has no claims", where=where, cure="begin each with [[claim]]")
    lines = find_lines(text, len(tables))
    problems: list[Problem] = []
    top = _fields(document, AT_TOP, lines.top, problems)
    archive = top.pop("archive", "")
    claims = []
    for number, table in enumerate(tables, start=1):
        wrong: list[Problem] = []
        place = lines.claim(number)
        found = top | _fields(table, IN_CLAIM, place, wrong)
        # What is missing or does not go together is said of claims that are well-formed so far.
        wrong = wrong or list(_conflicts(found, number, place))
        if not wrong:
            claims.append(_claim(found, place.get("")))
        problems += wrong
    problems += _repeated(claims)
    if problems:
        raise _malformed(problems, where)
    return ClaimsFile(tuple(claims), archive)


def _parse(data: bytes, where: str) -> tuple[dict[str, Any], str]:
    """Return a TOML document, its numbers with the digits they are written with, and its text."""
    if len(data) > _LARGEST:
        raise DataError(f"is larger than {_LARGEST:,} bytes", where=where, cure="split it into several claims files")
    try:
        text = data.decode("utf-8-sig")
        return tomllib.loads(text, parse_float=_decimal), text
    except UnicodeDecodeError as error:
        raise DataError(f"is not UTF-8 text, at byte {error.start}", where=where, cure="save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        reason = "it nests too deep" if isinstance(error, RecursionError) else str(error)
        raise DataError(f"is not valid TOML: {reason}", where=where, cure="mend the line that is named") from error


def _decimal(text: str) -> Decimal:
    """Return a number with its digits; one beyond all bounds is none."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("NaN")


def _fields(table: Mapping[str, object], known: tuple[str, ...], place: Lines, problems: list[Problem]) -> Fields:
    """Return the values of a table, and note what is wrong with the others."""
    found: Fields = {}
    for key, value in table.items():
        line = place.get(key, place.get(""))
        if key not in known:
            problems.append((line, f"has an unknown key {key!r}; {_nearest(key, known)}"))
            continue
        try:
            found[key] = parse_field(key, value)
        except UsageError as error:
            problems.append((line, str(error)))
    return found


def _nearest(key: str, known: tuple[str, ...]) -> str:
    """Return the key that was probably meant, else all."""
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"keys are {', '.join(known)}"


def _conflicts(found: Fields, number: int, place: Lines) -> Iterator[Problem]:
    """Yield what a claim lacks, and what in it does not go together."""
    line, name = place.get(""), repr(found.get("id", f"number {number}"))
    if missing := [key for key in _NEEDED if key not in found]:
        yield line, f"claim {name} has no {' and no '.join(missing)}"
        return
    if found.get("actor", "").casefold() == "all":
        yield place.get("actor", line), f"claim {name} is of all actors; name one"
    measure, value, periods = found["measure"], found["value"], found["period"]
    units = UNITS[measure]
    if found.get("unit", units[0]) not in units:
        said = f"claim {name}: {measure} cannot be in {found['unit']}; its unit is {' or '.join(units)}"
        yield place.get("unit", line), said
    if value < 0 and measure not in SIGNED:
        yield place.get("value", line), f"claim {name}: {measure} cannot be negative; only net and rate can"
    if len(periods) != (2 if measure is Measure.RATIO else 1):
        wanted = "two, as in «2024 / 2023»" if measure is Measure.RATIO else "one"
        yield place.get("period", line), f"claim {name}: {measure} is of {wanted}, but {len(periods)} are named"
    elif measure in ON_A_DAY and periods[0].closes_on is None:
        yield place.get("period", line), f"claim {name}: {measure} is of a day, so the period needs a last one"


def _claim(found: Fields, line: int | None) -> Claim:
    """Return a claim of its checked fields."""
    periods, measure = found.pop("period"), found.pop("measure")
    label = " / ".join(period.label for period in periods)
    unit = found.pop("unit", UNITS[measure][0])
    qualifier, tolerance = found.pop("qualifier", Qualifier.EXACTLY), found.pop("tolerance", None)
    if tolerance is not None:
        tolerance = tolerance.of(found["value"])
    return Claim(
        **found,
        period=label,
        periods=periods,
        measure=measure,
        unit=unit,
        qualifier=qualifier,
        tolerance=tolerance,
        line=line,
    )


def _repeated(claims: list[Claim]) -> Iterator[Problem]:
    """Yield a problem for each name that is used again."""
    first: dict[str, Claim] = {}
    for claim in claims:
        if first.setdefault(claim.id, claim) is not claim:
            yield claim.line, f"a second claim is named {claim.id!r}"


def _malformed(problems: list[Problem], where: str) -> DataError:
    """Return one error for all problems, in the order of their lines."""
    told = [f"line {line}: {said}" if line else said for line, said in problems[:_MOST_SHOWN]]
    more = f" · and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
    return DataError(printable(" · ".join(told) + more), where=where)
