"""Results that several threads ask for are made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Timer

import pytest

from frontcalc.pipeline.sharing import Shared


def test_threads_that_ask_at_once_get_one_result() -> None:
    made: list[str] = []
    together, asked = Barrier(8), Event()

    def make(key: str) -> object:
        made.append(key)
        asked.wait(5)  # so that the others ask while it is being made
        return object()

    shared = Shared(make)

    def ask(_: int) -> object:
        together.wait(5)
        return shared("map")

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(ask, number) for number in range(8)]
        Timer(0.1, asked.set).start()
        assert len({id(future.result()) for future in waiting}) == 1
    assert made == ["map"]


def test_only_the_last_few_are_kept() -> None:
    made: list[int] = []
    shared = Shared(lambda key: made.append(key) or -key, 2)  # type: ignore[func-returns-value]
    assert [shared(key) for key in (1, 2, 1, 3, 1, 2)] == [-1, -2, -1, -3, -1, -2]
    assert made == [1, 2, 3, 2]  # 2 was not asked for the longest when 3 came


def test_an_error_reaches_who_asks_and_is_not_kept() -> None:
    answers = iter([ValueError("no"), "yes"])

    def make(_: str) -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    shared = Shared(make)
    with pytest.raises(ValueError, match="no"):
        shared("map")
    assert shared("map") == "yes"
