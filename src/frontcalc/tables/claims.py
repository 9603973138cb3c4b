"""Rows of claims held against maps, and what they rest on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from frontcalc.sources import SourceFile
from frontcalc.tables.archives import ArchiveMeta


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A published figure beside the one that the maps give, in the claim's own unit; None where they give none.

    A row whose id joins several is of claims that contradict each other: `computed` is then what the others imply.
    """

    id: str
    period: str
    claimed: float
    computed: float | None
    difference: float | None
    unit: str
    verdict: str
    reason: str
    measure: str
    qualifier: str
    region: str
    actor: str
    view: str
    opening: dt.date | None
    closing: dt.date | None
    notes: str
    archive: str
    text: str
    source: str
    published: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsMeta(ArchiveMeta):
    """What verdicts on claims rest on: the claims file too; `counts` has the claims by verdict."""

    claims: SourceFile
