"""How work that several ask for at the same time is done once."""

import asyncio

import pytest

from shared.coalescing import Coalescing


class Work:
    """Counts how often it is done, and ends when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.done = 0
        self.go = asyncio.Event()
        self._error = error

    async def __call__(self) -> int:
        """Its number."""
        self.done += 1
        number = self.done
        await self.go.wait()
        if self._error:
            raise self._error
        return number


async def _asked(coalescing: Coalescing[int], work: Work, *whats: str) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(coalescing.do(what, work)) for what in whats]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_who_asks_at_the_same_time_shares_one_result() -> None:
    """Another thing is work of its own."""
    work = Work()
    tasks = await _asked(Coalescing(), work, "one", "one", "other", "one")
    work.go.set()
    assert await asyncio.gather(*tasks) == [1, 1, 2, 1]


async def test_who_asks_later_has_it_done_anew() -> None:
    """What was true a moment ago may not be any more."""
    coalescing, work = Coalescing[int](), Work()
    work.go.set()
    assert [await coalescing.do("one", work), await coalescing.do("one", work)] == [1, 2]


async def test_an_error_reaches_all_and_is_not_kept() -> None:
    """Each of them is tried again by its own rules."""
    coalescing, work = Coalescing[int](), Work(ValueError("no"))
    tasks = await _asked(coalescing, work, "one", "one")
    work.go.set()
    assert [str(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == ["no", "no"]
    with pytest.raises(ValueError, match="no"):
        await coalescing.do("one", work)
    assert work.done == 2


async def test_who_gives_up_leaves_the_others_undisturbed() -> None:
    """Also the one who asked first."""
    work = Work()
    first, second = await _asked(Coalescing(), work, "one", "one")
    first.cancel()
    work.go.set()
    assert await second == 1
    assert first.cancelled()
