"""Changes of several periods at once, in threads: the same figures in the same order as one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from frontcalc.change import Change
from frontcalc.pipeline.measuring import Measuring
from frontcalc.states import Span


def changes(run: Measuring, spans: Iterator[tuple[str, Span]]) -> Iterator[tuple[str, Span, Change | None]]:
    """Yield each actor's span with its change, in the order given.

    As many spans as `run` has workers are taken at a time, so that memory does not grow with the number of
    periods. A change depends on nothing but its two maps, so that it is the same whoever measures it.

    Parameters
    ----------
    run : Measuring
        The run, with the number of its workers.
    spans : iterator of (actor, span)
        Resolved as they are taken.
    """
    if run.workers == 1:
        for actor, span in spans:
            yield actor, span, run.change(span, actor)
        return
    with ThreadPoolExecutor(run.workers) as pool:
        while batch := list(islice(spans, run.workers)):
            # Neighbouring periods share a map: what is held on each is found once, before any change.
            for actor in dict.fromkeys(actor for actor, _ in batch):
                run.takers(actor)
            held = dict.fromkeys(
                (state.snapshot, actor)
                for actor, span in batch
                for state in (span.opening, span.closing)
                if state is not None and span.measurable
            )
            list(pool.map(lambda map_: run.ground(*map_), held))
            measured = pool.map(lambda one: run.change(one[1], one[0]), batch)
            yield from ((actor, span, changed) for (actor, span), changed in zip(batch, measured, strict=True))
