"""When the demo believes that all has ended, and when it gives up."""

from typing import Any

from local.demo.observe import Model
from local.demo.stillness import ENDED_LOOKS, STUCK_LOOKS, Look, Stillness


def look(state: str = "registered", *, waiting: int = 0, running: int = 0, **row: Any) -> Look:
    """One model as it stands, files to be told of, and instances under way."""
    instances = [{"instanceId": f"train-{number}"} for number in range(running)]
    return Look([Model("one", state, "", {"state": state, **row})], [str(n) for n in range(waiting)], instances)


def seen(*looks: Look) -> Stillness:
    """What is believed after these looks."""
    stillness = Stillness()
    for one in looks:
        stillness.see(one)
    return stillness


def test_a_version_whose_webhook_was_lost_is_given_up() -> None:
    """It is registered, nothing runs, and nothing changes: only then, and only after a good while."""
    assert seen(*[look()] * (STUCK_LOOKS + 1)).stuck
    assert not seen(*[look()] * STUCK_LOOKS).stuck


def test_files_that_nobody_tells_of_are_given_up() -> None:
    """Nothing comes of them either."""
    assert seen(*[look("waiting", waiting=3)] * (STUCK_LOOKS + 1)).stuck


def test_what_waits_in_an_instance_is_never_given_up() -> None:
    """A job that trains for an hour, a timer and a retry belong to an orchestration that is running."""
    assert not seen(*[look("training", running=1)] * 5000).stuck


def test_whatever_happens_begins_the_wait_anew() -> None:
    """An instance that comes and goes, a row that is written, a file that is told of."""
    still = [look()] * STUCK_LOOKS
    for happened in ([look(running=1), look()], [look(revision=2)], [look(waiting=1), look()]):
        assert not seen(*still, *happened, *still[2:]).stuck


def test_what_has_ended_is_not_stuck() -> None:
    """A few looks are enough to believe it, and no number of them makes it a failure."""
    assert not seen(*[look("released")] * (ENDED_LOOKS - 1)).ended
    many = seen(*[look("released")] * 5000)
    assert (many.ended, many.stuck) == (True, False)


def test_an_app_that_knows_no_model_has_not_ended() -> None:
    """It is given up when nothing comes of it."""
    none = seen(*[Look([], [], [])] * 5000)
    assert (none.ended, none.stuck) == (False, True)


def test_what_is_released_while_its_tests_are_torn_down_has_not_ended() -> None:
    """The models' states alone do not tell it."""
    assert not seen(*[look("released", running=1)] * 5000).ended
