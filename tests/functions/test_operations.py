"""What the doors for people answer about deliveries and fleets, and what they refuse."""

import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import azure.functions as func
import pytest

from functions import adapters
from functions.trace_lookup import models_of
from functions.triggers import callers, fleets, ledger, operations, traces
from functions.triggers.http import BadRequestError
from shared import names
from shared.contracts.deliveries import Channel, Delivery
from shared.contracts.traces import TraceNode
from shared.lineage.ledger import StoredChain
from tests.functions.dashboard.builders import policy, row
from tests.functions.fleet_in_memory import make_fleet
from tests.shared.interlock.builders import at


class Inbox:
    """The inbox; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[Channel | None, int]] = []

    def recent(self, channel: Channel | None = None, limit: int = 100) -> list[Delivery]:
        """One delivery."""
        self.asked.append((channel, limit))
        return [Delivery(channel="schedule", key="k", subject="s", received_at=at(), outcome="done", reason="r")]


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """An inbox that is asked."""
    made = Inbox()
    monkeypatch.setattr(adapters, "inbox", lambda: made)
    return made


async def _get(
    door: Callable[[func.HttpRequest], Awaitable[func.HttpResponse]], **params: str
) -> tuple[int, dict[str, Any]]:
    request = func.HttpRequest("GET", "http://app/api", params=params, body=b"")
    answer = await door(request)
    return answer.status_code, json.loads(answer.get_body())


@pytest.mark.parametrize(
    ("params", "asked"),
    [({}, (None, 100)), ({"channel": "schedule"}, ("schedule", 100)), ({"limit": "1000"}, (None, 1000))],
)
async def test_deliveries_are_narrowed_by_channel_and_limit(
    inbox: Inbox, params: dict[str, str], asked: tuple[Channel | None, int]
) -> None:
    """The inbox is asked for no more than is wanted, a hundred unless told."""
    status, told = await _get(operations.list_deliveries, **params)
    assert (status, [one["key"] for one in told["deliveries"]]) == (200, ["k"])
    assert inbox.asked == [asked]


@pytest.mark.parametrize(
    ("params", "right"),
    [
        ({"channel": "mail"}, "there are mlflow, storage, conditioning"),
        ({"channel": ""}, "there are mlflow, storage, conditioning"),
        ({"limit": "0"}, "from 1 to 1000"),
        ({"limit": "1e3"}, "from 1 to 1000"),
        ({"limit": "1001"}, "from 1 to 1000"),
    ],
)
async def test_a_channel_or_a_limit_that_is_none_is_refused(inbox: Inbox, params: dict[str, str], right: str) -> None:
    """The answer says what there is, and the inbox is not asked."""
    status, problem = await _get(operations.list_deliveries, **params)
    assert (status, inbox.asked) == (400, [])
    assert right in problem["detail"]


@pytest.mark.parametrize(("params", "read"), [({}, "all"), ({"brief": "true"}, "briefs"), ({"brief": "false"}, "all")])
async def test_models_are_listed_in_brief_where_that_is_enough(
    monkeypatch: pytest.MonkeyPatch, params: dict[str, str], read: str
) -> None:
    """Of a thousand models it is a fifth of the whole."""
    store = Mock(all=Mock(return_value=[]), briefs=Mock(return_value=[]))
    monkeypatch.setattr(adapters, "read_model", lambda: store)
    monkeypatch.setattr(adapters, "policies", tuple)
    status, told = await _get(operations.list_models, **params)
    assert (status, told) == (200, {"models": []})
    assert [name for name, _, _ in store.method_calls] == [read]


@pytest.mark.parametrize(
    ("name", "kind", "right"),
    [("m-jkf", "unknown-model", "did you mean `m-jfk`?"), ("m-jfk", "nothing-yet", "Nothing has happened yet")],
)
def test_a_model_that_has_no_row_is_told_as_everywhere_else(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: str, right: str
) -> None:
    """A misspelt name is answered with the one that was probably meant."""
    policies = {one: SimpleNamespace(model=one) for one in ("m-jfk", "m-lga")}
    monkeypatch.setattr(adapters, "fleets", lambda: SimpleNamespace(model=policies.get))
    monkeypatch.setattr(adapters, "policies", policies.values)
    answered = operations.unknown_model(name)
    told = json.loads(answered.get_body())
    assert (answered.status_code, told["type"]) == (404, f"urn:signalbox:{kind}")
    assert right in told["detail"]


async def test_every_fleet_is_told_at_one_glance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of models that nothing has happened to."""
    make_fleet(tmp_path, monkeypatch, ("JFK",))
    monkeypatch.setattr(adapters, "holds", lambda: SimpleNamespace(of=lambda fleet: []))
    status, told = await _get(fleets.list_fleets)
    assert status == 200
    (one,) = told["fleets"]
    assert (one["fleet"], one["models"], one["at_once"], one["next"]) == ("demo", {"waiting": 3}, None, {})


def _asked(claim: dict[str, str], **route: str) -> func.HttpRequest:
    claims = json.dumps({"claims": [{"typ": "name", "val": "bob"}, claim]}).encode()
    headers = {"X-MS-CLIENT-PRINCIPAL": base64.b64encode(claims).decode()}
    return func.HttpRequest("GET", "http://app/api", headers=headers, route_params=route, body=b"")


MINE: Any = {"typ": "groups", "val": "mine-ops"}
WHOLE: Any = {"typ": "roles", "val": "Signalbox.Reader"}


@pytest.fixture
def _two_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models, of which a group may see one."""
    policies = (policy("mine", operators=["mine-ops"]), policy("secret", operators=["others"]))
    rows = [row("mine"), row("secret")]
    monkeypatch.setattr(callers, "settings", lambda: SimpleNamespace(authentication="entra"))
    monkeypatch.setattr(adapters, "policies", lambda: policies)
    model = SimpleNamespace(all=lambda: rows, get=lambda name: next(one for one in rows if one.model == name))
    monkeypatch.setattr(adapters, "read_model", lambda: model)
    chain = StoredChain(rows=[], head=None, marks={}, problems=["secret is at fault"])
    monkeypatch.setattr(adapters, "ledger", lambda: SimpleNamespace(chain=lambda _: chain))
    anchors = SimpleNamespace(newest=lambda _: [])
    monkeypatch.setattr(adapters, "anchors", lambda: anchors)


@pytest.mark.usefixtures("_two_models")
async def test_whoever_may_see_some_models_is_told_of_those_only() -> None:
    """By every door that names models; another one is to them as one that there is not."""
    for claim, known in ((MINE, ["mine"]), (WHOLE, ["mine", "secret"])):
        listed = json.loads((await operations.list_models(_asked(claim))).get_body())
        assert [one["model"] for one in listed["models"]] == known
        client: Any = SimpleNamespace()
        for name in ("mine", "secret"):
            answers = [
                await operations.get_model(_asked(claim, name=name), client),
                await ledger.why_model(_asked(claim, name=name)),
                await ledger.get_ledger(_asked(claim, name=name)),
            ]
            assert [one.status_code for one in answers] == ([200] * 3 if name in known else [404] * 3), (claim, name)
    hidden = (await operations.get_model(_asked(MINE, name="secret"), client)).get_body()
    unknown = (await operations.get_model(_asked(MINE, name="never"), client)).get_body()
    assert hidden == unknown.replace(b"never", b"secret")


@pytest.mark.usefixtures("_two_models")
async def test_a_trace_that_names_another_model_is_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of its steps does; what is near is not told either, since ids hold names."""
    told: dict[str, Any] = {"kind": "entity", "instance": "i", "started_at": at(), "outcome": "ok"}
    child = TraceNode(name="c", attributes={"signalbox.model": "secret"}, **told)
    root = TraceNode(name="t", attributes={"signalbox.model": "mine"}, children=(child,), **told)

    async def find(_client: Any, wanted: str) -> TraceNode:
        return root if wanted == "both" else root.model_copy(update={"children": ()})

    monkeypatch.setattr(traces, "find_trace", find)
    client: Any = SimpleNamespace()
    for claim, wanted, status in ((MINE, "both", 404), (MINE, "one", 200), (WHOLE, "both", 200)):
        assert (await traces.get_trace(_asked(claim, id=wanted), client)).status_code == status


def test_a_cell_that_no_model_was_told_of_may_be_of_others() -> None:
    """A trace in which one is has an empty name beside those of its models, and nobody's models have that."""
    told: dict[str, Any] = {"kind": "orchestration", "instance": "i", "started_at": at(), "outcome": "ok"}
    mine = TraceNode(name="told", attributes={"signalbox.model": "mine"}, **told)
    cells = [TraceNode(name=names.CONDITION_DATASET, children=found, **told) for found in ((mine,), ())]
    assert models_of(TraceNode(name="t", children=(cells[0],), **told)) == {"mine"}
    assert models_of(TraceNode(name="t", children=tuple(cells), **told)) == {"mine", ""}
    assert models_of(cells[1]) == {""}
    assert models_of(TraceNode(name="t", **told)) == set()


@pytest.mark.usefixtures("_two_models")
async def test_deliveries_are_for_readers_of_the_whole_app(inbox: Inbox) -> None:
    """They belong to no model, as on the page."""
    with pytest.raises(BadRequestError):
        await operations.list_deliveries(_asked(MINE))
    assert (await operations.list_deliveries(_asked(WHOLE))).status_code == 200
    assert len(inbox.asked) == 1
