"""Progress of a long run, told to a listener where there is one, and a log of how long its parts took."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_log = logging.getLogger(__name__)


@contextmanager
def reported_to(listener: Listener) -> Iterator[None]:
    """Tell a listener how far the work inside is: a text, a number from 1, and how many, before each of `track`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def track(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items, and tell the listener before each."""
    listener = _listener.get()
    for number, item in enumerate(items, 1):
        if listener:
            listener(what, number, len(items))
        yield item


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Log what the work inside took, at level INFO of the logger `frontcalc.progress`."""
    start = perf_counter()
    try:
        yield
    finally:
        _log.info("%s: %.2f s", what, perf_counter() - start)
