"""The chaos kit: faults come from the seed, really happen, and are told when a test fails."""

from typing import Any

import pytest

from local.testing.app import TestApp
from local.testing.chaos import MOST_LOSSES, Chaos
from local.testing.functions import Functions
from tests.local.testing.app import functions


async def lives(chaos: Chaos | None) -> tuple[list[object], int]:
    """Run lifecycles; gives their outputs and how many activities ran."""
    async with TestApp(functions, chaos=chaos) as app:
        ids = [await app.start("lifecycle", 4) for _ in range(5)]
        return [await app.output(each) for each in ids], app.calls.total()


async def test_the_outcome_is_that_of_a_quiet_run() -> None:
    """Lost turns, doubled activities and late results change nothing but the number of runs."""
    quiet, runs = await lives(None)
    for seed in (1, 2):
        chaos = Chaos(seed=seed)
        outcome, more = await lives(chaos)
        assert outcome == quiet
        assert more == runs + chaos.injected["activity doubled"] + chaos.injected["activity result lost"]
        assert chaos.injected["turn lost"] > 0


async def test_each_fault_can_be_had_alone() -> None:
    """A share of 1 makes a fault certain, a share of 0 keeps it away; no loss gives work up."""
    none: dict[str, Any] = {"lose": 0.0, "double": 0.0, "delay": 0.0, "reorder": 0.0}
    for fault, told in {"lose": "turn lost", "double": "activity doubled", "delay": "result delayed"}.items():
        chaos = Chaos(seed=1, **{**none, fault: 1.0})
        async with TestApp(functions, chaos=chaos) as app:
            assert (await app.run("lifecycle", 1))[0] == 2
        assert chaos.injected[told] > 0
        assert {kind for kind in chaos.injected if chaos.injected[kind]} <= {
            told, *(("activity result lost", "entity batch lost") if fault == "lose" else ())
        }  # fmt: skip
    assert MOST_LOSSES < 5


async def test_messages_overtake_each_other_the_same_way_every_time() -> None:
    """Events of one sender come in an order of the seed's choice, and none is missing."""

    async def order(seed: int) -> list[int]:
        async with TestApp(functions, chaos=Chaos(seed=seed, lose=0, double=0, delay=0, reorder=0.5)) as app:
            collecting = await app.start("collect", 10)
            for number in range(10):
                await app.raise_event(collecting, "item", number)
            items: list[int] = await app.output(collecting)
            return items

    first = await order(1)
    assert sorted(first) == list(range(10))
    assert first != sorted(first)
    assert first == await order(1)
    assert first != await order(2)


async def test_what_cannot_stand_it_is_found() -> None:
    """An activity that counts its runs, and not what it was asked for, counts too much under chaos."""
    counted: list[str] = []
    careless = Functions(
        orchestrators=functions.orchestrators, activities={"write": counted.append}, entities=functions.entities
    )
    async with TestApp(careless) as app:
        await app.run("child", "quiet")
    assert len(counted) == 1
    async with TestApp(careless, chaos=Chaos(seed=1, double=1.0)) as app:
        await app.run("child", "loud")
    assert len(counted) > 2


def test_a_decision_depends_on_nothing_but_seed_and_subject() -> None:
    """Asked in another order, the same questions get the same answers; another seed gives others."""
    subjects = [f"turn {number}" for number in range(200)]
    forward = {subject: Chaos(seed=3).decides("turn lost", 0.5, subject) for subject in subjects}
    chaos = Chaos(seed=3)
    backward = {subject: chaos.decides("turn lost", 0.5, subject) for subject in reversed(subjects)}
    assert forward == backward
    assert 60 < sum(forward.values()) < 140
    assert forward != {subject: Chaos(seed=4).decides("turn lost", 0.5, subject) for subject in subjects}


async def test_a_failure_tells_its_seed() -> None:
    """An error that leaves the block carries what was injected, and how to repeat it."""

    async def failing() -> None:
        async with TestApp(functions, chaos=Chaos(seed=42, lose=0.3)) as app:
            assert await app.run("lifecycle", 4) is None

    with pytest.raises(AssertionError) as caught:
        await failing()
    (note,) = caught.value.__notes__
    assert "turn lost" in note
    assert "Repeat it with Chaos(seed=42, lose=0.3" in note
