"""Archives laid side by side: each measured by a run of its own, and checked against the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import shapely

from frontcalc.archives import Archive
from frontcalc.errors import NoDataError, UsageError
from frontcalc.names import printable
from frontcalc.periods import PeriodsLike
from frontcalc.pipeline.comparing import Measured, measure
from frontcalc.pipeline.measuring import Measuring
from frontcalc.pipeline.options import Options
from frontcalc.pipeline.spans import start_periods


@dataclass(frozen=True, slots=True)
class Publisher:
    """One archive's run, whose territory it measures, and what it measured, by actor and period."""

    run: Measuring
    actors: tuple[str, ...]
    measured: dict[tuple[str, str], Measured]


@dataclass(frozen=True, slots=True)
class Side:
    """One archive's part in an actor's period: what it measured, and the ground held at the close if it has a map."""

    run: Measuring
    measured: Measured
    closing: shapely.MultiPolygon | None

    @property
    def day(self) -> date | None:
        """The day of the closing map."""
        return self.measured.span.closing.day if self.measured.span.closing else None


def measure_each(periods: PeriodsLike, archives: Sequence[str | Path | Archive], options: Options) -> list[Publisher]:
    """Return what each of two archives or more measured, in their order.

    Raises
    ------
    UsageError
        There are fewer than two archives, one is given twice, or they share no actor or no regions.
    NoDataError
        Fewer than two archives have two maps for any of the periods.
    """
    if len(archives) < 2:
        raise UsageError("two archives at least are compared", where="--archive", cure="give it once for each")
    publishers = []
    for path, name in zip(archives, _names(archives), strict=True):
        asked = start_periods(periods, path, options)
        # Two publishers' folders may have one name.
        asked.run.archive = replace(asked.run.archive, name=printable(name))
        measured = {(one.actor, one.span.period.label): one for one in measure(asked)}
        publishers.append(Publisher(asked.run, asked.actors, measured))
    _check(publishers)
    return publishers


def _names(archives: Sequence[str | Path | Archive]) -> list[str]:
    """Return what archives are called: by their names, as they were given where those are the same."""
    places = [one.name if isinstance(one, Archive) else Path(one).resolve() for one in archives]
    names = [place if isinstance(place, str) else place.name for place in places]
    told = [
        str(one) if names.count(name) > 1 and not isinstance(one, Archive) else name
        for one, name in zip(archives, names, strict=True)
    ]
    if len(set(places)) < len(places) or len(set(told)) < len(told):
        raise UsageError("the same archive is given twice", where="--archive", cure="give it once for each")
    return told


def _check(publishers: Sequence[Publisher]) -> None:
    """Refuse archives that cannot be laid side by side."""
    first = publishers[0].run
    for publisher in publishers[1:]:
        run = publisher.run
        if not set(publisher.actors) & set(publishers[0].actors):
            shown = [f"{one.run.archive.name} shows {' and '.join(one.actors)}" for one in (publishers[0], publisher)]
            raise UsageError("; ".join(shown), cure="say whose territory with --actor")
        if [line.region for line in run.rows()] != [line.region for line in first.rows()]:
            raise UsageError(
                f"{first.archive.name} and {run.archive.name} are of different places, so that regions differ",
                cure="give a file with --regions, or --by none",
            )
    with_maps = [one for one in publishers if any(measured.changed for measured in one.measured.values())]
    if len(with_maps) < 2:
        raise NoDataError(
            "fewer than two archives have two maps for a period asked for",
            cure="; ".join(f"{one.run.archive.name} has maps of {one.run.archive.extent}" for one in publishers),
        )


def sides_of(publishers: Sequence[Publisher]) -> Iterator[list[Side]]:
    """Yield the sides of each actor and period, in the order of the archives."""
    for key in dict.fromkeys(key for publisher in publishers for key in sorted(publisher.measured, key=_by_actor)):
        yield [_side(one.run, one.measured[key]) for one in publishers if key in one.measured]


def _by_actor(key: tuple[str, str]) -> str:
    """Return what periods are sorted by; those of one actor stay in the order asked for."""
    return key[0]


def _side(run: Measuring, measured: Measured) -> Side:
    """Return an archive's part in a period."""
    closing = measured.span.closing
    return Side(run, measured, run.ground(closing.snapshot, measured.actor) if closing else None)
