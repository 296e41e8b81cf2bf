"""Requests for approval and digests of runs: to every channel once, and never in the way of what they tell of."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from functions import adapters, telling
from functions.activities.asking import ask_approval
from functions.activities.fleet_runs import conclude_run, plan_run
from shared.contracts.approval import AskApprovalInput
from shared.contracts.evaluation import ChampionRef, Evaluation, Figures
from shared.contracts.fleet_runs import PlanRunInput, RunFleetInput, RunStep
from shared.contracts.ledger import LedgerEntry
from shared.contracts.orders import Evidence
from shared.contracts.policy import ModelPolicy
from shared.contracts.release_policy import ApprovalPolicy, ReleasePolicy
from shared.errors import TransientError
from shared.fleet.fleet import Fleets
from shared.fleet.loader import load_fleet
from shared.notification.channels import channel
from shared.release.question import difference, question
from tests.doubles.chat import Chat, chat
from tests.functions.fleet_in_memory import START, FleetInMemory, make_fleet
from tests.functions.stores import Blobs
from tests.shared.interlock.builders import MODEL, POLICY, at
from tests.shared.lineage.chains import Ledgers

CHANNELS = ("teams:demand", "slack:ops", "webhook:audit")
RUN = "run-1"


@pytest.fixture
def room() -> Iterator[Chat]:
    """Where messages are posted."""
    with chat() as found:
        yield found


@pytest.fixture
def data(room: Chat, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    """The data container, and channels that lead into the room."""
    blobs = Blobs("signalbox")
    addresses = {name.replace(":", "_"): f"{room.url}/{name.partition(':')[0]}/secret" for name in CHANNELS}
    monkeypatch.setattr(adapters, "data", lambda: blobs)
    monkeypatch.setattr(adapters, "channel", lambda name: channel(name, addresses))
    monkeypatch.setattr(adapters, "ledger", Ledgers)
    monkeypatch.setattr(adapters, "read_model", lambda: SimpleNamespace(get=lambda model: None))
    monkeypatch.setattr(telling, "settings", lambda: SimpleNamespace(public_url="https://signalbox.contoso.example/"))
    return blobs


def _policy(*channels: str, within: int = 48 * 60) -> ModelPolicy:
    approval = ApprovalPolicy(reasons=("first_release",), within_minutes=within)
    return POLICY.model_copy(update={"notify": channels, "release": ReleasePolicy(approval=approval)})


def _order(*channels: str, **changes: Any) -> AskApprovalInput:
    evidence = Evidence(version="7", artifact_sha256="a" * 64, report_sha256="b" * 64, author="ana", deadline=at(60))
    order = AskApprovalInput(
        model=MODEL,
        policy=_policy(*(channels or CHANNELS)),
        version="7",
        why="first_release",
        evidence=evidence,
        figures="accuracy: MAPE 12.3 % is at most 45 %.",
        golden="9 of 9 rows are within their tolerance",
    )
    return order.model_copy(update=changes)


async def test_every_channel_is_told_all_that_an_answer_needs(room: Chat, data: Blobs) -> None:
    """Figures, evidence, the page, and what to type."""
    assert (await ask_approval(_order())).told == CHANNELS
    assert room.complaints == []
    plain = next(body for path, body in room.posted if path.startswith("/webhook"))
    assert plain["title"] == f"May version 7 of {MODEL} go to production?"
    assert {fact["title"]: fact["value"] for fact in plain["facts"]} == {
        "Gates": "accuracy: MAPE 12.3 % is at most 45 %.",
        "Golden set": "9 of 9 rows are within their tolerance",
        "Serves now": "nothing yet",
        "Asked for by": "ana",
        "Answer by": "2026-01-05 10:00 UTC",
        "Artifact": "a" * 64,
        "Report": "b" * 64,
    }
    assert plain["link"] == f"https://signalbox.contoso.example/api/dashboard/models/{MODEL}"
    assert plain["chart"] == f"{plain['link']}/chart.svg"
    for path, body in room.posted:
        assert plain["chart"] in json.dumps(body), path
    assert plain["commands"][0] == f"signalbox approve {MODEL}@7 --reason '…'"


async def test_a_request_is_posted_once_per_evidence(room: Chat, data: Blobs) -> None:
    """A repeated activity finds it sent; another report is another question."""
    for _ in range(2):
        assert (await ask_approval(_order())).told == CHANNELS
    assert len(room.posted) == 3
    other = _order().evidence.model_copy(update={"report_sha256": "c" * 64})
    await ask_approval(_order(evidence=other))
    assert len(room.posted) == 6


async def test_a_channel_that_refuses_is_left_out_and_tried_again(room: Chat, data: Blobs) -> None:
    """The others are told, and nothing is raised: the release waits all the same."""
    room.answers = [302]
    assert (await ask_approval(_order())).told == CHANNELS[1:]
    assert (await ask_approval(_order())).told == CHANNELS
    assert len(room.posted) == 3


async def test_a_channel_that_nobody_has_set_is_left_out(
    room: Chat, data: Blobs, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the setting."""
    assert (await ask_approval(_order("teams:west", "slack:ops"))).told == ("slack:ops",)
    assert "set SIGNALBOX_CHANNEL_TEAMS_WEST" in caplog.text


async def test_a_channel_that_is_down_stops_nothing(data: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told, and the answer says so."""

    def refuse(message: object) -> None:
        raise TransientError("down")

    monkeypatch.setattr(adapters, "channel", lambda name: SimpleNamespace(send=refuse))
    assert (await ask_approval(_order())).told == ()


async def test_a_model_without_channels_asks_nobody(room: Chat, data: Blobs) -> None:
    """The page and the command line show that it waits."""
    assert (await ask_approval(_order(policy=_policy()))).told == ()
    assert room.asked == 0


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        (True, "MAPE 12.3 % (champion 14.1 %); the champion is version 6, on the same rows"),
        (False, "MAPE 12.3 % (champion 15.0 %); the champion is version 6, each on its own rows"),
    ],
)
async def test_the_difference_to_the_champion_is_told(
    room: Chat, data: Blobs, monkeypatch: pytest.MonkeyPatch, beside: bool, told: str
) -> None:
    """On the same rows where the training had the champion's predictions; else each on its own."""
    ledger = Ledgers()
    monkeypatch.setattr(adapters, "ledger", lambda: ledger)
    champion = Figures(rows=4, zeros=0, mape=0.141)
    figures = {"6": Evaluation(model=Figures(rows=9, zeros=0, mape=0.15))}
    figures["7"] = Evaluation(
        model=Figures(rows=4, zeros=0, mape=0.123),
        champion=champion if beside else None,
        champion_ref=ChampionRef(version="6") if beside else None,
    )
    rows: list[tuple[str, dict[str, Any]]] = [("VersionPromoted", {"version": "6"})]
    rows += [
        ("ModelRegistered", {"version": version, "run": "r", "job": "j", "dataset": "d1", "fleet_revision": "a",
                             "evaluation": one.to_wire()})
        for version, one in figures.items()
    ]  # fmt: skip
    for number, (effect, facts) in enumerate(rows):
        ledger.append(
            LedgerEntry(model=MODEL, effect=effect, key=f"k{number}", at=at(number), by="x", reason="", facts=facts)
        )
    await ask_approval(_order("webhook:audit"))
    ((_, body),) = room.posted
    assert {"title": "Against the champion", "value": told} in body["facts"]
    # Promoted last is not in production for ever: a rollback or another release may have been since.
    gates = _order("webhook:audit").policy.gates
    assert difference("7", ledger.rows(MODEL), gates, "6") == told
    assert difference("7", ledger.rows(MODEL), gates, "5") == ""


# ── the digest of a run


@pytest.fixture
def fleet(data: Blobs, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> FleetInMemory:
    """A fleet whose team has channels, and a training run over it that has been planned."""
    memory = make_fleet(tmp_path, monkeypatch, ("JFK", "LGA"))
    file = tmp_path / "fleet.yaml"
    file.write_text(file.read_text() + 'team: {owner: forecasting, notify: ["teams:demand", "webhook:audit"]}\n')
    fleets = Fleets((load_fleet(file),))
    monkeypatch.setattr(adapters, "fleets", lambda: fleets)
    memory.datasets = {"JFK": (date(2013, 9, 30),)}
    return memory


def _run(operation: str = "train") -> RunFleetInput:
    return RunFleetInput.model_validate(
        {"fleet": "demo", "operation": operation, "requested_by": "schedule", "request_id": "r", "at": START}
    )


async def _plan() -> None:
    await plan_run(PlanRunInput(run=RUN, order=_run()))


async def _conclude() -> None:
    await conclude_run(RunStep(run=RUN, fleet="demo", at=START + timedelta(minutes=75)))


def _trained_in_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    note = SimpleNamespace(kind="training", request_id=RUN)
    row = SimpleNamespace(requests=[note], model=MODEL)
    monkeypatch.setattr(adapters, "read_model", lambda: SimpleNamespace(get=lambda model: row, all=list))


async def test_a_run_ends_with_one_message(fleet: FleetInMemory, room: Chat) -> None:
    """However many cells it has, and however often its last step is repeated."""
    await _plan()
    for _ in range(2):
        await _conclude()
    assert [path.split("/")[1] for path, _ in room.posted] == ["teams", "webhook"]
    assert room.complaints == []
    plain = room.posted[1][1]
    assert plain["title"].startswith("Train of demo: 6 cells: ")
    assert plain["text"] == "Asked for by schedule; it took 1 h 15 min."
    assert plain["link"] == "https://signalbox.contoso.example/api/dashboard/runs/run-1"


async def test_approvals_of_a_run_are_in_its_digest(
    fleet: FleetInMemory, room: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message instead of fifty; what is asked after the end goes out by itself."""
    await _plan()
    _trained_in_the_run(monkeypatch)
    for version in ("7", "8"):
        evidence = _order().evidence.model_copy(update={"version": version})
        asked = await ask_approval(_order("webhook:audit", version=version, evidence=evidence))
        assert asked.told == (f"digest:{RUN}",)
    assert room.posted == []
    await _conclude()
    digest = room.posted[1][1]
    assert digest["text"].endswith("2 of its versions wait for a person's word.")
    assert sorted(fact["title"] for fact in digest["facts"])[:2] == [
        f"May version {version} of {MODEL} go to production?" for version in ("7", "8")
    ]
    late = _order().evidence.model_copy(update={"version": "9"})
    assert (await ask_approval(_order("webhook:audit", version="9", evidence=late))).told == ("webhook:audit",)
    assert len(room.posted) == 3


@pytest.mark.parametrize(
    "urgent", [{"why": "inconclusive"}, {"policy": _policy("webhook:audit", within=8 * 60)}], ids=["traffic", "short"]
)
async def test_what_cannot_wait_is_asked_at_once(
    fleet: FleetInMemory, room: Chat, monkeypatch: pytest.MonkeyPatch, urgent: dict[str, Any]
) -> None:
    """A version that has traffic already, and a deadline of less than a day."""
    await _plan()
    _trained_in_the_run(monkeypatch)
    assert (await ask_approval(_order("webhook:audit", **urgent))).told == ("webhook:audit",)


async def test_a_run_that_ends_while_it_is_asked_loses_no_request(
    fleet: FleetInMemory, room: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request was kept, the digest has gone out without it: so it goes out by itself."""
    await _plan()
    _trained_in_the_run(monkeypatch)
    running = fleet.runs.get(RUN)
    await _conclude()
    looks = iter([running])
    monkeypatch.setattr(
        adapters, "runs", lambda: SimpleNamespace(get=lambda run: next(looks, None) or fleet.runs.get(run))
    )
    assert (await ask_approval(_order("webhook:audit"))).told == ("webhook:audit",)
    assert len(room.posted) == 3


async def test_a_run_of_which_nothing_has_come_tells_nobody(fleet: FleetInMemory, room: Chat) -> None:
    """A schedule that finds nothing new every day would only teach people not to look."""
    fleet.datasets = {}
    await _plan()
    await _conclude()
    assert room.posted == []


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("shadow", "no client has got an answer of it yet"),
        ("beside the champion", "No client is sent to it yet."),
        ("before any traffic", "No client is sent to it yet."),
        ("5 %", "It has 5 % of the traffic already."),
        ("grace", "It has all of the traffic, and what served before stands ready"),
    ],
)
def test_a_question_says_what_clients_get_meanwhile(at: str, told: str) -> None:
    """Which is another thing in the shadow, beside the champion, with a share of the traffic, and with all of it."""
    asked = question(_order(why="inconclusive", at=at), "", None)
    assert told in asked.text
    assert told not in question(_order(), "", None).text
