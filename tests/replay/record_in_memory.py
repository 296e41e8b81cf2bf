"""Histories of what the example does not do, or not in time: recorded over the tests' world, in virtual time."""

import tempfile
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from local.durable.clock import SkippingClock
from local.durable.engine import Engine
from local.durable.servicer import serve
from local.testing.functions import Functions, functions_of
from local.testing.record import from_engine
from local.testing.recording import Recording
from local.testing.sdk_worker import SdkWorker
from shared import names, waiting
from shared.contracts.base import Contract
from shared.contracts.callbacks import AnswerCallbackInput, CallbackConcluded, CallbackPosted, Follower, RunEnd
from shared.contracts.holds import FoundHolds, LookForHoldsInput
from shared.contracts.jobs import VANISHED, JobWithdrawal, JobWord, WithdrawJobInput
from shared.contracts.ledger import AdvancedHeads, AnchorLedgersInput, LedgerHead, LedgersAnchored
from shared.contracts.monitoring import AnnounceCodeInput, CheckServingInput
from shared.contracts.orders import GiveOrderInput, ParkOrdered
from shared.contracts.policy import BaselinePolicy, ModelPolicy, ServePolicy
from shared.contracts.release import (
    ApprovalWord,
    ReleaseModelInput,
    ReleaseOutcome,
    ReleaseWord,
    Serving,
    TellReleaseInput,
)
from shared.contracts.release_policy import ApprovalPolicy, CanaryStep, ReleasePolicy, ShadowPolicy
from shared.contracts.reproduction import ReproduceVersionInput
from shared.contracts.retirement import RetirementOutcome, RetireModelInput
from shared.contracts.rollback import GoodVersion, RollbackModelInput, RollbackOutcome
from shared.contracts.training import EvaluateVersionInput, EvaluationOutcome, TrainingOutcome, TrainOnRequestInput
from shared.contracts.waking import WakeModelInput
from shared.lineage.anchors import path_of
from shared.settings import APP_ROOT
from tests.functions.world import World
from tests.local.durable.conftest import client_for
from tests.shared.interlock.builders import MODEL, POLICY, at, batch, dataset

type _Run = Callable[..., Awaitable[tuple[Recording, Any]]]

_ONLINE: Final = Serving(mode="online", endpoint=MODEL, deployment="v1-1")
_BATCH: Final = Serving(mode="batch", published="predictions/v1.csv", rows=3)
_ASKED: Final = ApprovalPolicy(reasons=("every_release",))


async def record_in_memory(folder: Path) -> None:
    """All of them, each on an engine of its own."""
    for record in _RECORDS:
        with tempfile.TemporaryDirectory() as temporary:
            await record(folder, Path(temporary) / "durable.db")


def write_history(recording: Recording, folder: Path, way: str, clean: Callable[[str], str] = str) -> None:
    """Where histories of this version lie."""
    version = tomllib.loads((APP_ROOT / "pyproject.toml").read_text())["project"]["version"]
    recording.write(folder / recording.orchestrator / f"{version}{way}.json", clean)


def load_app() -> Any:
    """The function app."""
    from function_app import app

    return app


async def record_withdrawal(folder: Path, database: Path) -> None:
    """A word about a job that nobody knows is said until it is given up: hours, so the time is virtual."""

    def read_job(key: dict[str, Any]) -> dict[str, Any]:
        return {"permanent": {"code": VANISHED, "message": f"There is no job {key['name']}."}}

    order = WithdrawJobInput(job="nobody", instance="nobody", word=JobWord(unwanted="it is recorded"))
    async with _in_memory({names.READ_JOB: read_job}, database) as run:
        recording, output = await run(names.WITHDRAW_JOB, order, "withdraw-nobody")
    assert JobWithdrawal.from_wire(output).words == waiting.WORDS
    write_history(recording, folder, "")


async def record_anchoring(folder: Path, database: Path) -> None:
    """The heads of ledgers are kept by the clock, and nothing begins by the clock while the stack is recorded."""
    order = AnchorLedgersInput(at=datetime(2026, 11, 21, 7, tzinfo=UTC))
    told = LedgersAnchored(path=path_of(order.at), models=2, findings=0)
    moved = AdvancedHeads(heads={POLICY.model: LedgerHead(sequence=4, hash="ab" * 32)}, more=False)
    activities: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        names.WRITE_ANCHOR: lambda _: {"result": told.to_wire()},
        names.READ_ADVANCED_HEADS: lambda _: {"result": moved.to_wire()},
        names.WRITE_MODEL_ROW: lambda _: {"result": {"written": True}},
    }
    async with _in_memory(activities, database) as run:
        recording, output = await run(names.ANCHOR_LEDGERS, order, "anchor-recorded")
    assert LedgersAnchored.from_wire(output) == told
    write_history(recording, folder, "")


async def record_sharing(folder: Path, database: Path) -> None:
    """Two releases of a model that shares its endpoint, and its retirement: the example has none, so in memory.

    The second release replaces the first; what the endpoint is made of is the tests' own world.
    """
    world = World()
    serve_shared = ServePolicy(mode="online", endpoint="shared", shared=True)
    policy = POLICY.model_copy(update={"serve": serve_shared})
    common: dict[str, Any] = {"model": policy.model, "policy": policy}
    serving: Serving | None = None
    async with _in_memory(world.activities(), database) as run:
        for number in (1, 2):
            release = ReleaseModelInput(
                version=str(number), attempt=number, dataset=dataset(), at=at(number), replaces=serving, **common
            )
            recording, output = await run(names.RELEASE_MODEL, release, f"release-shared-{number}")
            serving = ReleaseOutcome.from_wire(output).serving
            assert serving is not None, output
        write_history(recording, folder, "-shared")
        retire = RetireModelInput(attempt=1, requested_by="ana", at=at(3), champion="2", serving=serving, **common)
        recording, output = await run(names.RETIRE_MODEL, retire, "retire-shared")
    assert RetirementOutcome.from_wire(output).retired, output
    assert not world.deployments
    write_history(recording, folder, "-shared")


async def record_strategies(folder: Path, database: Path) -> None:
    """A canary that a person approved, and a challenger in the shadow of a batch model."""
    steps = (CanaryStep(percent=10, bake_minutes=30), CanaryStep(percent=50, bake_minutes=60))
    canary = ReleasePolicy(strategy="canary", steps=steps, approval=_ASKED, grace_minutes=60)
    world = World(champion="1", deployments={"v1-1": "1"}, traffic={"v1-1": 100})
    yes = ReleaseWord(approved=ApprovalWord(approved=True, by="operator:ana", reason="looked at it"))
    async with _in_memory(world.activities(), database) as run:
        order = _release(POLICY.model_copy(update={"release": canary}), _ONLINE)
        recording, output = await run(names.RELEASE_MODEL, order, "release-canary", [yes])
    assert ReleaseOutcome.from_wire(output).released, output
    write_history(recording, folder, "-canary")


async def record_shadow(folder: Path, database: Path) -> None:
    """A challenger that scores beside the champion, and goes on when it is told to."""
    shadow = ReleasePolicy(strategy="shadow", shadow=ShadowPolicy(runs=1, max_disagreement=0.2))
    world = World(champion="1", published="predictions/v1.csv", shadow_periods=["d7"])
    go = ReleaseWord(go=True)
    async with _in_memory(world.activities(), database) as run:
        recording, output = await run(
            names.RELEASE_MODEL, _release(batch(release=shadow), _BATCH), "release-shadow", [go] * 6
        )
    assert ReleaseOutcome.from_wire(output).released, output
    write_history(recording, folder, "-shadow")


async def record_turns(folder: Path, database: Path) -> None:
    """A challenger that gives its slot back in the shadow and while a person thinks; words come twice."""
    policy = ReleasePolicy(strategy="shadow", shadow=ShadowPolicy(runs=1, max_disagreement=0.2), approval=_ASKED)
    world = World(champion="1", published="predictions/v1.csv", shadow_periods=["d7"])
    first, second, go = ReleaseWord(slot=1), ReleaseWord(slot=2), ReleaseWord(go=True)
    yes = ReleaseWord(approved=ApprovalWord(approved=True, by="operator:ana", reason="looked at it"))
    async with _in_memory(world.activities(), database) as run:
        order = _release(batch(release=policy, at_once=1), _BATCH).model_copy(update={"takes_turns": True})
        words = [first, first, yes, second, second, *[go] * 3]
        recording, output = await run(names.RELEASE_MODEL, order, "release-turns", words)
    assert ReleaseOutcome.from_wire(output).released, output
    write_history(recording, folder, "-turns")


async def record_looks(folder: Path, database: Path) -> None:
    """What an interlock has looked up for it: its fleet file at a time, and who holds its fleet."""
    world = World(file_policies={MODEL: POLICY.to_wire()})
    world.fleet_holds = [{"scope": "fleet:flights", "by": "eve", "reason": "recorded", "since": at().isoformat()}]
    orders: dict[str, Contract] = {
        names.WAKE_MODEL: WakeModelInput(model=MODEL, at=datetime.now(UTC) + timedelta(hours=9)),
        names.LOOK_FOR_HOLDS: LookForHoldsInput(policy=POLICY, at=at()),
    }
    async with _in_memory(world.activities(), database) as run:
        for name, order in orders.items():
            recording, output = await run(name, order, f"recorded-{name}")
            write_history(recording, folder, "")
    assert FoundHolds.from_wire(output).holds, output


async def record_rollbacks(folder: Path, database: Path) -> None:
    """Back to the version before, online and in batch, and to the baseline where there was none."""
    ways = {
        "-online": (World(champion="2", deployments={"v2-2": "2"}, traffic={"v2-2": 100}), POLICY, True),
        "-batch": (World(champion="2", published="predictions/v2.csv"), batch(), True),
        "-failover": (World(champion="2", deployments={"v2-2": "2"}, traffic={"v2-2": 100}), POLICY, False),
    }
    for way, (world, policy, good) in ways.items():
        world.before, world.baselines = {"1": None, "2": "1"}, ["job-1"]
        async with _in_memory(world.activities(), database.with_name(f"durable{way}.db")) as run:
            recording, output = await run(names.ROLLBACK_MODEL, _rollback(policy, good=good), f"back{way}")
        assert RollbackOutcome.from_wire(output).outcome != "failed", output
        write_history(recording, folder, way)


async def record_callback(folder: Path, database: Path) -> None:
    """Somebody who waits for the end of a run, at a host that is busy first; and a run that says how it ended."""
    follower = Follower(run="run-recorded", callback="0123456789abcdef", operation="train", fleet="flights")
    busy = CallbackPosted(outcome="unreachable", reason="it is busy", retry_after=30)
    answers = iter((busy, CallbackPosted(outcome="answered", reason="It was told how the run ended.")))
    own: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        names.POST_CALLBACK: lambda _: {"result": next(answers).to_wire()},
        names.CONCLUDE_CALLBACK: lambda order: {"result": order},
        names.FIND_FOLLOWERS: lambda _: {"result": {"instances": ["answer-recorded"]}},
    }
    async with _in_memory({**World().activities(), **own}, database) as run:
        order = AnswerCallbackInput(follower=follower, at=at())
        end = RunEnd(state="completed", reason="3 cells: 3 passed.")
        recording, output = await run(names.ANSWER_CALLBACK, order, "answer-recorded", [end], names.RUN_ENDED)
        assert CallbackConcluded.from_wire(output).answered, output
        write_history(recording, folder, "")
        request = TrainOnRequestInput(
            policy=POLICY, dataset="d1", requested_by="ana", request_id="recorded", at=at(), followed=True
        )
        recording, output = await run(names.TRAIN_ON_REQUEST, request, "request-followed")
    assert TrainingOutcome.from_wire(output).outcome == "passed", output
    write_history(recording, folder, "-followed")


async def record_orders(folder: Path, database: Path) -> None:
    """What people and timers ask of models: one history each."""
    world = World(lost_servings=[{"policy": POLICY.to_wire(), "version": "1", "reason": "it is gone"}])
    world.code_policies = [POLICY.model_copy(update={"retrain_when": ("code",)}).to_wire()]
    park = ParkOrdered(model=MODEL, at=at(), policy=POLICY, by="operator:ana", reason="recorded", request_id="1")
    word = TellReleaseInput(instance="nobody", word=ReleaseWord(withdrawn="it is recorded"))
    again = ReproduceVersionInput(policy=POLICY, version="1", requested_by="ana", at=at())
    evaluate = EvaluateVersionInput(model=MODEL, version="7", attempt=4, policy=batch(), dataset=dataset(), at=at())
    orders: dict[str, Contract] = {
        names.GIVE_ORDER: GiveOrderInput(order=park),
        names.TELL_RELEASE: word,
        names.REPRODUCE_VERSION: again,
        names.CHECK_SERVING: CheckServingInput(at=at()),
        names.ANNOUNCE_CODE: AnnounceCodeInput(commit="abcdef1", at=at()),
        names.EVALUATE_VERSION: evaluate,
    }
    async with _in_memory(world.activities(), database) as run:
        for name, order in orders.items():
            recording, output = await run(name, order, f"recorded-{name}")
            write_history(recording, folder, "")
    assert EvaluationOutcome.from_wire(output).outcome == "passed", output


def _release(policy: ModelPolicy, replaces: Serving) -> ReleaseModelInput:
    return ReleaseModelInput(
        model=MODEL, version="2", attempt=2, policy=policy, dataset=dataset(), at=at(), replaces=replaces
    )


def _rollback(policy: ModelPolicy, *, good: bool) -> RollbackModelInput:
    online = policy.serve.mode == "online"
    leaves = Serving(mode="online", endpoint=MODEL, deployment="v2-2") if online else _BATCH
    baseline = BaselinePolicy(model="the-baseline", pipeline="b.yml")
    back_to = GoodVersion(model=MODEL, version="1", serving=_ONLINE if online else _BATCH, dataset=dataset("d1"))
    return RollbackModelInput(
        model=MODEL,
        attempt=3,
        policy=policy if good else policy.model_copy(update={"baseline": baseline}),
        leaves=GoodVersion(model=MODEL, version="2", serving=leaves, dataset=dataset("d2")),
        back_to=back_to if good else None,
        period=None if online else dataset("d2"),
        by="operator:ana",
        reason="it is recorded",
        at=at(),
    )


@asynccontextmanager
async def _in_memory(
    activities: dict[str, Callable[[dict[str, Any]], dict[str, Any]]], database: Path
) -> AsyncIterator[_Run]:
    """The app's orchestrators and interlocks over other activities; runs one to its end: its recording and output."""
    app = functions_of(load_app())
    functions = Functions(dict(app.orchestrators), dict(activities), dict(app.entities))
    engine = Engine(SdkWorker(functions), database, clock=SkippingClock())
    await engine.start()
    server = await serve(engine)
    client = client_for(server.port)

    async def run(
        name: str, order: Contract, instance: str, words: Sequence[Contract] = (), event: str = names.RELEASE_WORD
    ) -> tuple[Recording, Any]:
        begun = await client.schedule_new_orchestration(name, input=order.to_wire(), instance_id=instance)
        for word in words:  # kept until it listens
            await client.raise_orchestration_event(begun, event, data=word.to_wire())
        ended = await client.wait_for_orchestration_completion(begun, timeout=60)
        assert ended is not None
        assert ended.runtime_status.name == "COMPLETED", ended.failure_details
        return from_engine(engine, begun), ended.get_output()

    try:
        yield run
    finally:
        await client.close()
        await server.stop()
        await engine.stop()


_RECORDS: Final = (
    record_withdrawal,
    record_anchoring,
    record_sharing,
    record_strategies,
    record_shadow,
    record_turns,
    record_looks,
    record_rollbacks,
    record_callback,
    record_orders,
)
