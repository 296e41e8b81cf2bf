"""Every recorded history replays with today's orchestrators, and a change that would break one is noticed."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from durabletask import task

from function_app import app
from local.testing.functions import functions_of
from local.testing.recording import Recording, Turn, read_recording
from local.testing.replay import ReplayError, check, replay
from tests.replay.record import HISTORIES

ORCHESTRATORS = {
    name: code for name, code in functions_of(app).orchestrators.items() if not name.startswith("BuiltIn__")
}
FILES = sorted(HISTORIES.rglob("*.json"))
#: Those that call activities; the others only hand something on.
WITH_STEPS = sorted(set(ORCHESTRATORS) - {"give_order", "tell_release"})

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")

type Code = Callable[[task.OrchestrationContext, Any], Iterator[Any]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_recorded_history_replays(file: Any) -> None:
    """Today's code asks, turn by turn, for what it asked for when the history was made."""
    recording = read_recording(file)
    assert recording.orchestrator == file.parent.name
    difference = replay(recording, ORCHESTRATORS[recording.orchestrator])
    assert difference is None, str(difference)


def test_every_orchestrator_has_a_history() -> None:
    """A new orchestrator needs a recording: `python -m tests.replay.record`."""
    assert {file.parent.name for file in FILES} >= set(ORCHESTRATORS)


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("release_model", {"online", "batch", "shared", "canary", "shadow", "turns"}),
        ("rollback_model", {"online", "batch", "failover"}),
        ("retire_model", {"online", "batch", "shared"}),
        ("run_fleet", {f"{one}{part}" for one in ("condition", "train", "score") for part in ("", "-begin")}),
    ],
)
def test_every_way_is_recorded(name: str, ways: set[str]) -> None:
    """Ways that have little in common have a history each."""
    assert {file.stem.partition("-")[2] for file in FILES if file.parent.name == name} == ways


def test_no_machine_is_told_of() -> None:
    """No folder or temporary port of the machine that recorded is in a history."""
    for file in FILES:
        text = file.read_text()
        assert "/tmp/" not in text
        assert "/home/" not in text
        assert "/work/" not in text


# ── Would it notice? The app's own orchestrators, changed as a person might change them. ───────────────────────────


def recorded(name: str) -> Recording:
    """The longest recording of an orchestrator."""
    return max(
        (read_recording(file) for file in FILES if file.parent.name == name), key=lambda found: len(found.events)
    )


@pytest.mark.parametrize("name", sorted(ORCHESTRATORS))
def test_an_inserted_step_is_noticed(name: str) -> None:
    """An activity before all others is found in the first turn."""

    def changed(context: task.OrchestrationContext, order: Any) -> Any:
        yield context.call_activity("check_quota", input={"why": "new"})
        return (yield from ORCHESTRATORS[name](context, order))

    difference = replay(recorded(name), changed)
    assert difference is not None
    assert difference.turn == 1
    assert "activity 'check_quota', id 1" in str(difference)


@pytest.mark.parametrize("name", sorted(set(WITH_STEPS) - {"answer_callback"}))  # its first step is an event
def test_a_dropped_step_is_noticed(name: str) -> None:
    """An orchestrator that ends after its first step is found in the turn in which it would have gone on."""

    def changed(context: task.OrchestrationContext, order: Any) -> Any:
        yield next(ORCHESTRATORS[name](context, order))
        return {}

    recording = recorded(name)
    answered = next(turn.number for turn in recording.turns if turn.past and _brings_a_result(turn))
    difference = replay(recording, changed)
    assert difference is not None
    assert difference.turn == answered
    assert difference.got is None or difference.got.kind == "completion"


def _brings_a_result(turn: Turn) -> bool:
    """Whether it is more than an event from outside, or a result that is waited for later, and so led to something."""
    quiet = all(event.HasField("orchestratorStarted") or event.HasField("eventRaised") for event in turn.new)
    return not quiet and bool(turn.scheduled or turn.ended)


@pytest.mark.parametrize("name", WITH_STEPS)
def test_a_changed_input_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same steps with one more field in each input are found: the SDK itself would let them pass."""
    recording = recorded(name)
    call = task.OrchestrationContext.call_activity
    from durabletask.worker import _RuntimeOrchestrationContext as Context

    original: Any = Context.call_activity

    def call_more(self: Any, activity: Any, *, input: Any = None, **options: Any) -> Any:  # noqa: A002 - the SDK's name
        return original(self, activity, input={**input, "priority": 1}, **options)

    monkeypatch.setattr(Context, "call_activity", call_more)
    difference = replay(recording, ORCHESTRATORS[name])
    assert call is task.OrchestrationContext.call_activity
    assert difference is not None
    assert difference.wanted is not None
    assert difference.got is not None
    assert (difference.wanted.name, difference.wanted.id) == (difference.got.name, difference.got.id)
    assert "at input.priority: null became 1" in str(difference)


def test_a_clock_branch_is_noticed() -> None:
    """A branch on the machine's clock takes another way once the history is older than the branch allows."""

    def changed(context: task.OrchestrationContext, order: Any) -> Any:
        if datetime.now() - context.current_utc_datetime > timedelta(seconds=1):  # noqa: DTZ005 - the mistake itself
            yield context.create_timer(timedelta(minutes=5))
        return (yield from ORCHESTRATORS["train_model"](context, order))

    difference = replay(recorded("train_model"), changed)
    assert difference is not None
    assert difference.got is not None
    assert difference.got.kind == "timer"


def test_the_message_says_what_to_do(tmp_path: Any) -> None:
    """Orchestrator, file, turn, what was wanted, what came, and the two remedies."""

    def changed(context: task.OrchestrationContext, order: Any) -> Any:
        yield context.call_activity("check_quota", input=1)

    with pytest.raises(ReplayError) as caught:
        check(HISTORIES / "record_model", {"record_model": changed})
    text = str(caught.value)
    for part in ("record_model does not replay", ".json: turn 1 of", "wanted: activity 'write_model_row', id 1",
                 "got:    activity 'check_quota', id 1", "register the change under a new one"):  # fmt: skip
        assert part in text


def test_a_name_that_is_gone_is_noticed() -> None:
    """An orchestrator that is no longer registered cannot end its instances."""
    with pytest.raises(ReplayError, match=r"record_model has a recorded history, .* is not registered any more"):
        check(HISTORIES / "record_model", {})


def test_a_changed_output_is_noticed() -> None:
    """An orchestration that ends with another result is found in its last turn."""
    recording = recorded("record_model")

    def changed(context: task.OrchestrationContext, order: Any) -> Any:
        result = yield from ORCHESTRATORS["record_model"](context, order)
        return {**result, "more": True}

    difference = replay(recording, changed)
    assert difference is not None
    assert difference.turn == len(list(recording.turns))
    assert "at input.more: null became true" in str(difference)


def test_an_unfinished_history_replays() -> None:
    """An instance that is under way can be recorded too: its last turns are simply not there."""
    recording = recorded("train_model")
    turns = list(recording.turns)
    assert len(turns) > 3
    for turn in turns[1:]:
        assert replay(dataclasses.replace(recording, events=turn.past), ORCHESTRATORS["train_model"]) is None


def test_histories_are_small() -> None:
    """A history that is committed is at most a few hundred kilobytes, and one event is one line."""
    for file in FILES:
        assert file.stat().st_size < 300_000
        assert len(file.read_text().splitlines()) == len(json.loads(file.read_text())["events"]) + 2
