"""What a run may demand of its result: that some notices are not there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from frontcalc.errors import CheckFailed, UsageError
from frontcalc.notices import CODES, Notice, grouped


def notice_code(name: str) -> str:
    """Return the notice code that somebody typed, in whatever case.

    Raises
    ------
    UsageError
        There is no such code; the message names the nearest.
    """
    code = name.strip().upper().replace("_", "-")
    if code in CODES:
        return code
    near = get_close_matches(code, CODES, n=1, cutoff=0.0)
    raise UsageError(f"no notice is named {name!r}", where="--fail-on", cure=f"the nearest is {near[0]}")


def require_none(notices: Iterable[Notice], codes: Collection[str]) -> None:
    """Raise where a result has a notice of some codes.

    Raises
    ------
    CheckFailed
        With the first such notice, and how many more there are.
    """
    found = grouped(notice for notice in notices if notice.code in codes)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise CheckFailed(f"a notice that was not to occur: {found[0]}{more}", where="--fail-on")
