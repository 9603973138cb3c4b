"""Results that several threads ask for: made once, and the last few kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


class Shared(Generic[Key, Made]):
    """The last few results of a function: who asks for one that another thread is making waits for it.

    `functools.lru_cache` would let both make it.

    Parameters
    ----------
    make : callable
        Makes a result from its key. What it raises is raised to all who wait, and not kept.
    most : int, optional
        How many results are kept; all where it is left out.
    """

    def __init__(self, make: Callable[[Key], Made], most: int | None = None) -> None:
        self._make, self._most = make, most
        self._lock = Lock()
        self._kept: OrderedDict[Key, Future[Made]] = OrderedDict()

    def __call__(self, key: Key) -> Made:
        """Return the result of a key."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                mine = self._kept[key] = Future()
                if self._most is not None and len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(key)
        if found is not None:
            return found.result()
        try:
            mine.set_result(self._make(key))
        except BaseException as error:
            mine.set_exception(error)
            with self._lock:
                if self._kept.get(key) is mine:
                    del self._kept[key]
        return mine.result()
