"""Whoever gives an address when a run is begun is called back when it has ended, once, whatever happens meanwhile."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from functions import adapters, callback_answers, telling
from functions.triggers import callbacks as room
from functions.triggers import timers
from functions.triggers.callbacks import look_after_callbacks
from local.durable.records import Status
from local.testing.app import TestApp
from shared import names
from shared.contracts.callbacks import (
    Callback,
    CallbackConcluded,
    CallbackPosted,
    Follower,
    PostCallbackInput,
    RunEnd,
)
from shared.contracts.deliveries import Delivery
from shared.errors import PermanentError, TransientError
from shared.notification.callback import AnswerLostError
from shared.storage.callbacks import TableCallbacks
from shared.storage.tables import Columns, Row, Table, packed
from tests.functions.conftest import registered
from tests.functions.fleet_in_memory import FleetInMemory, make_fleet
from tests.functions.test_fleet_run_doors import ask
from tests.functions.test_run_fleet import SLOW

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions df_loads:DeprecationWarning")

URI = "https://dp.svc.datafactory.azure.com/callback?sig=s3cret"
OTHER = "https://dp.svc.datafactory.azure.com/callback?sig=another"
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
BODY = {"select": {"origin": "JFK"}, "request_id": "adf-1", "callBackUri": URI}


class Waiting:
    """Those who wait: keeps addresses, answers what is posted, and knows what was told of it.

    Attributes:
        kept: What is kept, by run and reference.
        answers: What the next posts raise; accepted when there is nothing.
        refused: Addresses at which nobody waits any more.
        posted: Address and body of each post.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Callback] = {}
        self.answers: list[Exception | None] = []
        self.refused: set[str] = set()
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.deliveries: dict[str, Delivery] = {}

    # ── the store

    def add(self, callback: Callback) -> bool:
        """The first one stays."""
        key = (callback.follower.run, callback.follower.callback)
        return self.kept.setdefault(key, callback) is callback

    def get(self, run: str, callback: str) -> Callback | None:
        """One."""
        return self.kept.get((run, callback))

    def replace(self, callback: Callback) -> None:
        """Only what is there."""
        if (key := (callback.follower.run, callback.follower.callback)) in self.kept:
            self.kept[key] = callback

    def of(self, run: str) -> list[Callback]:
        """Of a run."""
        return [one for (of, _), one in self.kept.items() if of == run]

    def all(self) -> list[Callback]:
        """All."""
        return list(self.kept.values())

    def remove(self, run: str, callback: str) -> None:
        """Absent is fine."""
        self.kept.pop((run, callback), None)

    # ── who posts

    def check(self, uri: str) -> None:
        """Only hosts of Data Factory."""
        if "svc.datafactory.azure.com" not in uri:
            raise PermanentError("CallbackNotAllowed", "`callBackUri` is refused: its host is not on the list.")

    def post(self, uri: str, body: bytes) -> None:
        """Answers as it is told to."""
        self.posted.append((uri, json.loads(body)))
        if uri in self.refused:
            raise PermanentError("CallbackRefused", "refused (404).")
        if self.answers and (error := self.answers.pop(0)) is not None:
            raise error

    @property
    def outcomes(self) -> list[str]:
        """How each callback ended."""
        return [one.outcome for one in self.deliveries.values()]


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """Who waits, behind the app's adapters."""
    made = Waiting()
    monkeypatch.setattr(adapters, "callbacks", lambda: made)
    monkeypatch.setattr(adapters, "caller_back", lambda: made)
    monkeypatch.setattr(telling, "settings", lambda: SimpleNamespace(public_url="https://app.example"))
    return made


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: Waiting) -> FleetInMemory:
    """Two origins: six models; their inbox also takes what became of callbacks."""
    made = make_fleet(tmp_path, monkeypatch, ("JFK", "LGA"))
    get: Callable[[str, str], Delivery | None] = made.get

    class Inbox:
        def get(self, channel: str, key: str) -> Delivery | None:
            return waiting.deliveries.get(key) if channel == "callback" else get(channel, key)

        def recent(self, channel: str, limit: int) -> list[Delivery]:
            return list(waiting.deliveries.values())[:limit]

        def conclude(self, delivery: Delivery) -> None:
            waiting.deliveries[delivery.key] = delivery

    monkeypatch.setattr(adapters, "inbox", Inbox)
    return made


@pytest.fixture
async def app(fleet: FleetInMemory) -> AsyncIterator[TestApp]:
    """The fleet with those who follow its runs, on an engine whose clock skips every pause."""
    functions, app = fleet.functions(), registered()
    functions.orchestrators[names.ANSWER_CALLBACK] = app.orchestrators[names.ANSWER_CALLBACK]
    for name in (names.FIND_FOLLOWERS, names.POST_CALLBACK, names.CONCLUDE_CALLBACK):
        functions.activities[name] = app.activities[name]
    async with TestApp(functions) as running:
        yield running


async def begin(app: TestApp, body: dict[str, Any] | None = None, operation: str = "train") -> str:
    """Begin a run; its id."""
    status, begun = await ask(app, "datafactory", body or BODY, operation=operation)
    assert status == 202, begun
    return str(begun["id"])


def follower(run: str, waiting: Waiting, uri: str = URI, attempt: int = 1) -> str:
    """The instance that calls back."""
    return names.follower(run, names.content_hash(uri, length=16), attempt)


def killed_after_first(
    post: Callable[[PostCallbackInput], CallbackPosted],
) -> Callable[[PostCallbackInput], CallbackPosted]:
    """A post whose first result is lost with the worker."""
    died: list[CallbackPosted] = []

    def posting(order: PostCallbackInput) -> CallbackPosted:
        posted = post(order)
        if not died:
            died.append(posted)
            raise TransientError("the worker died before the result was written down")
        return posted

    return posting


async def test_a_run_is_told_when_it_has_ended(app: TestApp, fleet: FleetInMemory, waiting: Waiting) -> None:
    """Counts and outcomes with failures first, success as 200; then the address is forgotten."""
    fleet.words = {SLOW: ("running", "rejected")}
    run = await begin(app)
    await app.output(follower(run, waiting))
    ((uri, told),) = waiting.posted
    assert (uri, told["StatusCode"]) == (URI, "200")
    assert told["Output"]["counts"] == {"passed": 2, "rejected": 1}
    assert [one["outcome"] for one in told["Output"]["cells"]] == ["rejected", "passed", "passed"]
    assert (told["Output"]["instance"], told["Output"]["operation"]) == (run, "train")
    assert told["Output"]["link"] == f"https://app.example/api/dashboard/runs/{run}"
    assert told["Output"]["cells"][0]["link"] == f"https://app.example/api/dashboard/models/{SLOW}"
    assert "Error" not in told
    assert not waiting.kept
    assert waiting.outcomes == ["done"]


async def test_a_failure_is_told_as_a_failure(app: TestApp, fleet: FleetInMemory, waiting: Waiting) -> None:
    """What fails the status URL fails the callback: 500 with the reason."""
    fleet.words = {SLOW: ("failed",)}
    run = await begin(app)
    await app.output(follower(run, waiting))
    told = waiting.posted[0][1]
    assert told["StatusCode"] == "500"
    assert told["Error"]["ErrorCode"] == "RunFailed"
    assert "3 cells: 2 passed, 1 failed." in told["Error"]["Message"]
    assert told["Output"]["cells"][0]["name"] == SLOW


async def test_one_training_is_told(app: TestApp, waiting: Waiting) -> None:
    """A training that was rejected is a failure of its own kind; the interlock is played."""
    from functions.orchestrators.telling_followers import telling as tell_followers
    from functions.orchestrators.train_on_request import TrainingNotPassedError, _how_failed
    from shared.contracts.training import TrainingOutcome

    def play(context: Any, payload: Any) -> Any:
        def train() -> Any:
            yield context.create_timer(timedelta(minutes=5))
            outcome = TrainingOutcome(model=SLOW, attempt=3, outcome="rejected", reason="MAPE 90 %")
            raise TrainingNotPassedError(outcome.reason, outcome)

        assert payload["followed"]
        return (yield from tell_followers(context, train(), lambda _: None, None, _how_failed))

    app.functions.orchestrators[names.TRAIN_ON_REQUEST] = play
    run = await begin(app, {"model": SLOW, "request_id": "r", "callBackUri": URI})
    await app.output(follower(run, waiting))
    told = waiting.posted[0][1]
    assert (told["StatusCode"], told["Error"]) == ("422", {"ErrorCode": "Rejected", "Message": "MAPE 90 %"})
    assert {"model": SLOW, "outcome": "rejected", "attempt": 3}.items() <= told["Output"].items()


@pytest.mark.parametrize("operation", ["condition", "score", "run"])
async def test_every_operation_is_told(app: TestApp, fleet: FleetInMemory, waiting: Waiting, operation: str) -> None:
    """Conditioning, scoring, and a run whose body says what it does."""
    fleet.champions, fleet.landed = {SLOW}, ["raw/JFK/2013-08.csv"]
    body = {**BODY, "fail_on": "never", **({"operation": "score"} if operation == "run" else {})}
    run = await begin(app, body, operation)
    await app.output(follower(run, waiting))
    told = waiting.posted[0][1]["Output"]
    assert told["operation"] == {"run": "score"}.get(operation, operation)
    assert sum(told["counts"].values()) == len(told["cells"])


async def test_a_host_that_is_down_is_tried_for_a_day(app: TestApp, waiting: Waiting) -> None:
    """Less and less often, and as late as it asks; then it is a dead letter whose address is kept."""
    waiting.answers = [TransientError("it is down")] * 100
    run = await begin(app)
    ended = await app.output(follower(run, waiting))
    assert 20 < ended["attempts"] == len(waiting.posted) < 60
    assert "over 24 hours: it is down" in ended["reason"]
    assert waiting.outcomes == ["dead"]
    assert [one.state for one in waiting.all()] == ["dead"]


async def test_a_host_that_comes_back_is_told(app: TestApp, waiting: Waiting) -> None:
    """One that is busy says when to come again, and is not asked before."""
    waiting.answers = [TransientError("busy", 900), AnswerLostError("no answer"), None]
    begun = app.now
    ended = await app.output(follower(await begin(app), waiting))
    assert (ended["answered"], ended["attempts"]) == (True, 3)
    assert app.now - begun >= timedelta(seconds=900)
    assert waiting.outcomes == ["done"]


async def test_a_refusal_is_kept_and_can_be_replayed(app: TestApp, waiting: Waiting) -> None:
    """Nothing is tried again by itself; an operator has it called once more, as often as there is something to tell."""
    waiting.answers = [PermanentError("CallbackRefused", "refused (404)")]
    run = await begin(app)
    await app.output(follower(run, waiting))
    assert waiting.outcomes == ["dead"]
    assert await ask(app, "call_back_again", id=run) == (202, {"id": run, "callbacks": 1})
    await app.output(follower(run, waiting, attempt=2))
    assert waiting.outcomes == ["done"]
    assert not waiting.kept
    assert [one[1]["StatusCode"] for one in waiting.posted] == ["200", "200"]
    status, problem = await ask(app, "call_back_again", id=run)
    assert (status, problem["type"]) == (404, "urn:signalbox:nobody-to-tell")


async def test_killed_after_the_post_is_no_dead_letter(app: TestApp, waiting: Waiting) -> None:
    """The activity is run again, and the host refuses a second answer: the first one was taken."""
    waiting.answers = [AnswerLostError("killed"), PermanentError("CallbackRefused", "refused (404).")]
    ended = await app.output(follower(await begin(app), waiting))
    assert ended["answered"]
    assert "was probably taken" in ended["reason"]
    assert waiting.outcomes == ["done"]


async def test_killed_after_a_refusal_is_a_dead_letter_all_the_same(
    app: TestApp, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, and run again before that was written down: nobody has taken it, and nobody says so."""
    waiting.answers = [PermanentError("CallbackRefused", "refused (404).")] * 2
    monkeypatch.setattr(callback_answers, "post", killed_after_first(callback_answers.post))
    ended = await app.output(follower(await begin(app), waiting))
    assert (ended["answered"], len(waiting.posted)) == (False, 2)
    assert waiting.outcomes == ["dead"]
    assert [one.state for one in waiting.all()] == ["dead"]


async def test_what_may_have_been_taken_is_still_so_when_it_is_replayed(app: TestApp, waiting: Waiting) -> None:
    """Its answer was lost, then its host was down for a day: refused at the replay, it was taken at first."""
    waiting.answers = [AnswerLostError("no answer"), *[TransientError("it is down")] * 100]
    run = await begin(app)
    await app.output(follower(run, waiting))
    assert waiting.outcomes == ["dead"]
    waiting.answers = [PermanentError("CallbackRefused", "refused (404).")]
    assert await ask(app, "call_back_again", id=run) == (202, {"id": run, "callbacks": 1})
    ended = await app.output(follower(run, waiting, attempt=2))
    assert (ended["answered"], "was probably taken" in ended["reason"]) == (True, True)
    assert waiting.outcomes == ["done"]
    assert not waiting.kept


async def test_the_same_request_again_is_told_once(app: TestApp, waiting: Waiting) -> None:
    """While it runs, and after it has ended."""
    run = await begin(app)
    assert await begin(app) == run
    await app.output(follower(run, waiting))
    assert await begin(app) == run
    await look_after_callbacks(app.client, datetime.now(UTC))
    await app.run_until_idle()
    assert len(waiting.posted) == 1
    assert not waiting.kept


async def test_another_address_is_told_too(app: TestApp, waiting: Waiting) -> None:
    """An activity that is run again follows the same run: while it goes on, and when it has ended long ago."""
    run = await begin(app)
    await begin(app, {**BODY, "callBackUri": OTHER})
    for uri in (URI, OTHER):
        await app.output(follower(run, waiting, uri))
    late = f"{OTHER}-late"
    await begin(app, {**BODY, "callBackUri": late})
    await app.output(follower(run, waiting, late))
    assert {uri for uri, _ in waiting.posted} == {URI, OTHER, late}
    assert len({json.dumps(told) for _, told in waiting.posted}) == 1


async def test_an_address_that_was_left_is_no_dead_letter(app: TestApp, waiting: Waiting) -> None:
    """An activity that ran into its limit and was run again: the first address refuses, the second one is told."""
    waiting.refused = {URI}
    run = await begin(app)
    await begin(app, {**BODY, "callBackUri": OTHER})
    for uri in (URI, OTHER):
        await app.output(follower(run, waiting, uri))
    assert sorted(waiting.outcomes) == ["done", "ignored"]
    assert all("refused (404)" in one.reason for one in waiting.deliveries.values() if one.outcome == "ignored")


async def test_a_dead_letter_is_over_when_another_address_is_told(app: TestApp, waiting: Waiting) -> None:
    """The activity is run again after its first address has refused: nobody is needed, and nothing is replayed."""
    waiting.refused = {URI}
    run = await begin(app)
    await app.output(follower(run, waiting))
    assert waiting.outcomes == ["dead"]
    await begin(app, {**BODY, "callBackUri": OTHER})
    await app.output(follower(run, waiting, OTHER))
    assert sorted(waiting.outcomes) == ["done", "ignored"]
    assert not waiting.kept


async def test_when_all_refuse_one_is_a_dead_letter(app: TestApp, waiting: Waiting) -> None:
    """Nobody was told: the last one at least says so, and a replay calls them all."""
    waiting.refused = {URI, OTHER}
    run = await begin(app)
    await begin(app, {**BODY, "callBackUri": OTHER})
    for uri in (URI, OTHER):
        await app.output(follower(run, waiting, uri))
    assert "dead" in waiting.outcomes
    waiting.refused = set()
    assert await ask(app, "call_back_again", id=run) == (202, {"id": run, "callbacks": 2})
    for uri in (URI, OTHER):
        await app.output(follower(run, waiting, uri, attempt=2))
    assert waiting.outcomes == ["done", "done"]


async def test_all_are_wanted_again_before_the_first_is_called(
    app: TestApp, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is told, those that have refused are forgotten: one that is to be called must not be among them."""
    waiting.refused = {URI, OTHER}
    run = await begin(app)
    await begin(app, {**BODY, "callBackUri": OTHER})
    for uri in (URI, OTHER):
        await app.output(follower(run, waiting, uri))
    states: list[list[str]] = []

    async def follow(client: object, callback: Callback) -> None:
        states.append([one.state for one in waiting.all()])

    monkeypatch.setattr(room, "follow", follow)
    await ask(app, "call_back_again", id=run)
    assert states == [["open", "open"], ["open", "open"]]


async def test_an_address_that_was_forgotten_meanwhile_is_no_dead_letter(app: TestApp, waiting: Waiting) -> None:
    """It is called once more when another one has just been told: nobody is needed, and nothing could be replayed."""
    run = await begin(app)
    await app.output(follower(run, waiting))
    gone = Follower(run=run, callback="gone", operation="train")
    told = callback_answers.post(PostCallbackInput(follower=gone, end=RunEnd(state="completed", reason="Done.")))
    assert (told.outcome, told.reason) == ("refused", "Its address is not kept any more.")
    concluded = CallbackConcluded(
        follower=gone, answered=False, reason=told.reason, attempts=1, at=datetime.now(UTC), trace=None
    )
    assert callback_answers.conclude(concluded).outcome == "ignored"


async def test_each_address_needs_a_person_by_itself(app: TestApp, waiting: Waiting) -> None:
    """The inbox holds one dead letter of a subject: another address of the run that is told does not end it."""
    run = await begin(app)
    await begin(app, {**BODY, "callBackUri": OTHER})
    for uri in (URI, OTHER):
        await app.output(follower(run, waiting, uri))
    subjects = {one.subject for one in waiting.deliveries.values()}
    assert len(subjects) == 2
    assert all(subject.startswith(f"{run} ") for subject in subjects)


async def test_too_many_addresses_are_refused(app: TestApp, fleet: FleetInMemory, waiting: Waiting) -> None:
    """Each is a durable wait; the twenty-first is told why."""
    fleet.words = {SLOW: ()}
    for number in range(room._MOST):
        await begin(app, {**BODY, "callBackUri": f"{URI}{number}"})
    status, problem = await ask(app, "datafactory", {**BODY, "callBackUri": OTHER}, operation="train")
    assert (status, problem["type"]) == (409, "urn:signalbox:too-many-callbacks")


async def test_a_search_that_fails_keeps_nobody_waiting(app: TestApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for lost events looks into every model's row: one that it cannot cope with is not theirs."""
    begun: list[str] = []

    async def note(client: object, what: object, *rest: object) -> None:
        begun.append(str(what))

    async def fail(client: object, at: datetime) -> str:
        raise PermanentError("RowUnreadable", "a row of a newer version")

    monkeypatch.setattr(timers, "start_once", note)
    monkeypatch.setattr(timers, "look_after_callbacks", note)
    monkeypatch.setattr(timers, "begin_reconciliation", fail)
    with pytest.raises(PermanentError):
        await timers.reconcile_on_schedule(None, app.client)  # type: ignore[arg-type]  # nobody asks the timer
    assert (begun[0], len(begun)) == (names.CHECK_SERVING, 2)


async def test_a_run_that_died_is_found(app: TestApp, fleet: FleetInMemory, waiting: Waiting) -> None:
    """Terminated, it tells nobody: the search for lost events does, and says that it did not end well."""
    fleet.words = {SLOW: ()}
    run = await begin(app)
    await app.run_until_idle()
    await app.client.terminate_orchestration(run)
    await app.run_until_idle()
    assert not waiting.posted
    await look_after_callbacks(app.client, datetime.now(UTC))
    await app.output(follower(run, waiting))
    told = waiting.posted[0][1]
    assert (told["StatusCode"], told["Error"]["ErrorCode"]) == ("500", "RunTerminated")


async def test_a_follower_that_was_never_begun_is_begun(
    app: TestApp, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app died between keeping the address and following the run."""

    async def die(client: Any, callback: Callback) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("functions.triggers.data_factory.follow", die)
        await ask(app, "datafactory", BODY, operation="train")
    (kept,) = waiting.all()
    await look_after_callbacks(app.client, datetime.now(UTC))
    await app.output(follower(kept.follower.run, waiting))
    assert waiting.outcomes == ["done"]


async def test_a_follower_that_was_ended_from_outside_is_a_dead_letter(
    app: TestApp, fleet: FleetInMemory, waiting: Waiting
) -> None:
    """Its address is kept for a week, so that it can be called all the same; then it needs nobody any more."""
    fleet.words = {SLOW: ()}
    run = await begin(app)
    await app.run_until_idle()
    await app.client.terminate_orchestration(follower(run, waiting))
    await app.run_until_idle()
    await look_after_callbacks(app.client, datetime.now(UTC))
    ((_, dead),) = waiting.deliveries.items()
    assert (dead.outcome, "Whoever waited was not told" in dead.reason) == ("dead", True)
    assert [one.state for one in waiting.all()] == ["dead"]
    await look_after_callbacks(app.client, datetime.now(UTC) + timedelta(days=8))
    ((_, over),) = waiting.deliveries.items()
    assert (over.outcome, "forgotten after a week" in over.reason) == ("ignored", True)
    assert over.subject == dead.subject
    assert not waiting.kept


async def test_what_was_told_but_not_written_down_may_have_been_told(
    app: TestApp, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host took it, and how that ended could not be kept: nobody says that whoever waits does not know."""

    def fail(order: CallbackConcluded) -> Delivery:
        raise PermanentError("RowUnreadable", "it cannot be written down")

    with monkeypatch.context() as patched:
        patched.setattr(callback_answers, "conclude", fail)
        instance = follower(await begin(app), waiting)
        await app.run_until_idle()
    assert app.instance(instance).status is Status.FAILED
    await look_after_callbacks(app.client, datetime.now(UTC))
    ((_, dead),) = waiting.deliveries.items()
    assert (dead.outcome, "may have been told" in dead.reason) == ("dead", True)


async def test_one_that_cannot_be_looked_after_keeps_no_other(
    app: TestApp, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine does not answer for one follower: the other one is begun, and the log names the first."""

    async def die(client: Any, callback: Callback) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("functions.triggers.data_factory.follow", die)
        for uri in (URI, OTHER):
            await ask(app, "datafactory", {**BODY, "callBackUri": uri}, operation="train")
    first, second = waiting.all()
    broken, asked = names.follower(first.follower.run, first.follower.callback, 1), app.client.get_orchestration_state

    async def state(instance: str) -> Any:
        if instance == broken:
            raise ConnectionError("the engine is away")
        return await asked(instance)

    monkeypatch.setattr(app.client, "get_orchestration_state", state)
    await look_after_callbacks(app.client, datetime.now(UTC))
    await app.output(follower(second.follower.run, waiting, second.uri))
    assert waiting.all() == [first]
    assert f"the callback {first.follower.callback} of {first.follower.run} cannot be looked after" in caplog.text
    assert "sig=" not in caplog.text


def test_a_row_that_cannot_be_read_is_passed_over_without_its_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As of a newer version of the app: the log has its key, all others are there."""
    good = Callback(follower=Follower(run="run-1", callback="a", operation="train"), uri=URI, asked_at=NOW)
    columns = packed(good)
    newer: Columns = {"json00": json.dumps({**good.to_wire(), "wanted_by": OTHER})}
    broken: Columns = {"json00": json.dumps({"uri": OTHER, "follower": OTHER})}
    rows = [Row("one", newer, "1"), Row("two", columns, "1"), Row("three", broken, "1"), Row("four", {}, "1")]
    monkeypatch.setattr(Table, "between", lambda *_: rows)
    store = TableCallbacks("UseDevelopmentStorage=true")
    assert store.all() == store.of("run-1") == [good]
    assert all(f"the callback {key} is passed over" in caplog.text for key in ("one", "three", "four"))
    assert "sig=" not in caplog.text


async def test_a_run_that_was_deleted_is_told_as_gone(app: TestApp, fleet: FleetInMemory, waiting: Waiting) -> None:
    """After an hour: until then it may be one that is just being begun."""
    fleet.words = {SLOW: ()}
    run = await begin(app)
    await app.run_until_idle()
    await app.client.terminate_orchestration(run)
    await app.run_until_idle()
    await app.client.purge_orchestration(run)
    await look_after_callbacks(app.client, datetime.now(UTC))
    await app.run_until_idle()
    assert not waiting.posted
    await look_after_callbacks(app.client, datetime.now(UTC) + timedelta(hours=2))
    await app.output(follower(run, waiting))
    assert waiting.posted[0][1]["Error"]["ErrorCode"] == "RunGone"


@pytest.mark.parametrize(
    ("words", "status"), [((), "200"), (("failed",), "500")], ids=["one that succeeded", "one that failed"]
)
async def test_a_replay_of_a_run_that_was_purged_has_its_end(
    app: TestApp, fleet: FleetInMemory, waiting: Waiting, words: tuple[str, ...], status: str
) -> None:
    """Its history was deleted after its time; its row says how it ended, and the replay waits for nothing."""
    fleet.words = {SLOW: words} if words else {}
    waiting.answers = [PermanentError("CallbackRefused", "refused (404)")]
    run = await begin(app)
    await app.output(follower(run, waiting))
    await app.client.purge_orchestration(run)
    await ask(app, "call_back_again", id=run)
    await app.output(follower(run, waiting, attempt=2))
    first, again = (told for _, told in waiting.posted)
    assert again["StatusCode"] == first["StatusCode"] == status
    assert again["Output"]["counts"] == first["Output"]["counts"]
    assert waiting.outcomes == ["done"]


async def test_the_address_is_in_no_history_and_no_status(app: TestApp, waiting: Waiting) -> None:
    """Neither of the run nor of whoever follows it."""
    waiting.answers = [TransientError("busy"), PermanentError("CallbackRefused", "refused")]
    run = await begin(app)
    instance = follower(run, waiting)
    await app.output(instance)
    for one in (run, instance):
        known = app.instance(one)
        assert "s3cret" not in repr(known)
        assert all("s3cret" not in repr(event) for event in app.history(one))
    assert all("s3cret" not in one.model_dump_json() for one in waiting.deliveries.values())
    assert "s3cret" not in repr(waiting.all())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"callBackUri": "https://evil.example/s3cret"}, "its host is not on the list"),
        ({"callBackUri": 7}, "`callBackUri`: Input should be a valid string"),
        ({"callBackUri": ""}, "`callBackUri`: String should have at least 1 character"),
        ({"callbackuri": URI}, "`callbackuri`: Extra inputs are not permitted"),
    ],
)
async def test_a_wrong_address_begins_nothing(
    app: TestApp, fleet: FleetInMemory, waiting: Waiting, body: dict[str, Any], told: str
) -> None:
    """400 with the reason, which does not have the secret."""
    for request in ({"select": {"origin": "JFK"}, "request_id": "r"}, {"model": SLOW, "request_id": "r"}):
        status, problem = await ask(app, "datafactory", {**request, **body}, operation="train")
        assert status == 400
        assert told in problem["detail"]
        assert "s3cret" not in json.dumps(problem)
    assert not fleet.runs.rows
    assert not waiting.kept


async def test_a_run_that_nobody_follows_takes_no_step_for_it(app: TestApp, waiting: Waiting) -> None:
    """Its history is what it always was."""
    run = await begin(app, {"select": {"origin": "JFK"}, "request_id": "adf-1"})
    await app.output(run)
    assert not app.calls[names.FIND_FOLLOWERS]
    assert "followed" not in json.loads(app.instance(run).input or "{}")
