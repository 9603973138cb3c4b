"""Planning: one dict from kind of source to what finds out what it has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from frontcalc.fetching import file_plans, layer_plans
from frontcalc.fetching.catalogue import Source
from frontcalc.fetching.client import Client
from frontcalc.fetching.wanted import Choice, Plan


def plan(client: Client, source: Source, choice: Choice) -> Plan:
    """Ask a source what it has.

    Raises
    ------
    UsageError
        The question does not fit the source.
    NoDataError, DataError
        It cannot be asked.
    """
    found = _PLANS[source.kind](client, source, choice)
    found.wanted = [wanted for wanted in found.wanted if wanted.day is None or choice.takes(wanted.day)]
    found.wanted.sort(key=lambda wanted: (wanted.day or date.max, wanted.url))
    return found


_PLANS: dict[str, Callable[[Client, Source, Choice], Plan]] = {
    "arcgis": layer_plans.timelapse,
    "arcgis-live": layer_plans.live,
    "arcgis-url": layer_plans.of_user,
    "url": file_plans.files,
    "deepstate": file_plans.deepstate,
    "git": file_plans.repository,
}
"""Kind of source to the function that plans it."""
