"""What registries tell: of a version of ours it goes on, of a baseline it leads to nothing, and says so."""

import json
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import azure.functions as func
import pytest

from functions import adapters, tracing
from functions.triggers import registry_webhooks
from functions.triggers.http import BadRequestError
from functions.triggers.registry_events import events_of, read_databricks, read_mlflow
from functions.triggers.signatures import databricks_signature, refuse_databricks
from shared import names
from shared.contracts.deliveries import Delivery
from shared.contracts.jobs import TRACE_TAG
from shared.contracts.policy import BaselinePolicy, ModelPolicy
from tests.shared.interlock.builders import MODEL, POLICY

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BASELINE = "departures-jfk-mainline-baseline"
COMPARED = POLICY.model_copy(update={"baseline": BaselinePolicy(model=BASELINE, pipeline="pipelines/average.yml")})


class World:
    """A fleet of one model with a baseline, an inbox, and the interlocks that were told."""

    def __init__(self) -> None:
        self.recorded: dict[str, Delivery] = {}
        self.told: list[str] = []
        self.events: list[Any] = []

    def model(self, name: str) -> ModelPolicy | None:
        """The fleet's model."""
        return COMPARED if name == MODEL else None

    def get(self, channel: str, key: str) -> Delivery | None:
        """What was recorded."""
        return self.recorded.get(key)

    def record(self, delivery: Delivery) -> bool:
        """Once per key."""
        return self.recorded.setdefault(delivery.key, delivery) is delivery


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Nothing has happened yet."""
    found = World()

    async def signal(client: Any, event: Any) -> None:
        found.told.append(event.model)
        found.events.append(event)

    for name in ("fleets", "inbox"):
        monkeypatch.setattr(adapters, name, lambda: found)
    monkeypatch.setattr(adapters, "policies", lambda: (COMPARED,))
    monkeypatch.setattr(registry_webhooks, "signal_interlock", signal)
    return found


async def _told(model: str, entity: str = "model_version", action: str = "created") -> dict[str, Any]:
    envelope = {"entity": entity, "action": action, "data": {"name": model, "version": "1"}}
    told = read_mlflow(envelope)
    response = await registry_webhooks._hand_on(cast("Any", None), told, json.dumps(envelope).encode())
    assert response.status_code == 200
    return cast("dict[str, Any]", json.loads(response.get_body()))


async def test_a_baseline_is_done_at_once_and_told_to_nobody(world: World) -> None:
    """There is nothing to release; the record says why, and a second delivery changes nothing."""
    assert (await _told(BASELINE))["reason"] == f"{BASELINE} is a baseline: nothing to release."
    delivery = world.recorded[names.version_key(BASELINE, "1")]
    assert (delivery.outcome, delivery.reason) == ("done", f"{BASELINE} is a baseline: nothing to release.")
    assert (await _told(BASELINE))["status"] == "duplicate"
    assert world.told == []


async def test_tags_of_a_baseline_are_no_warning_either(world: World) -> None:
    """Whatever the registry tells of it, it is no model that a fleet file lacks."""
    assert (await _told(BASELINE, "model_version_tag", "set"))["status"] == "done"


async def test_a_model_is_told_and_a_stranger_is_named(world: World) -> None:
    """Only what a fleet has reaches an interlock."""
    assert (await _told(MODEL))["status"] == "accepted"
    assert "No fleet of this app has a model stranger" in (await _told("stranger"))["reason"]
    assert world.told == [MODEL]


@pytest.mark.parametrize(
    ("tags", "goes_on"), [({TRACE_TAG: TRACE}, True), ({}, False), (None, False), ({TRACE_TAG: 5}, False), ("x", False)]
)
async def test_a_version_of_ours_goes_on_with_its_training(
    world: World, monkeypatch: pytest.MonkeyPatch, tags: Any, goes_on: bool
) -> None:
    """The tag that the training gave it leads from the registration's delivery back to the file that landed."""
    accept = SimpleNamespace(webhook_secret="", webhook_max_age_seconds=600)
    monkeypatch.setattr(registry_webhooks, "settings", lambda: accept)
    monkeypatch.setattr(registry_webhooks, "refuse_mlflow", lambda *_, **__: None)
    monkeypatch.setattr(tracing, "_configure", lambda: None)
    data = {"name": MODEL, "version": "1", "tags": tags}
    body = json.dumps({"entity": "model_version", "action": "created", "data": data}).encode()
    answer = await registry_webhooks.mlflow_webhook(func.HttpRequest("POST", "/", body=body), cast("Any", None))
    assert answer.status_code == 200
    delivery = world.recorded[names.version_key(MODEL, "1")]
    assert delivery.trace is not None
    assert (delivery.trace.split("-")[1] == TRACE.split("-")[1]) is goes_on


class TestDatabricks:
    """Webhooks of the workspace registry, as Databricks documents them."""

    CREATED: ClassVar = {"event": "MODEL_VERSION_CREATED", "webhook_id": "c5596", "event_timestamp": 1_795_255_200_000,
                         "model_name": MODEL, "version": "1"}  # fmt: skip

    async def _told(self, event: dict[str, Any]) -> dict[str, Any]:
        told = read_databricks(event)
        response = await registry_webhooks._hand_on(cast("Any", None), told, json.dumps(event).encode())
        return cast("dict[str, Any]", json.loads(response.get_body()))

    async def test_a_version_is_told_once_whichever_webhook_and_door_it_comes_by(self, world: World) -> None:
        """Two webhooks on one event differ in their id, and MLflow's door knows the version by the same key."""
        assert (await self._told(self.CREATED))["status"] == "accepted"
        assert (await self._told({**self.CREATED, "webhook_id": "another"}))["status"] == "duplicate"
        assert (await _told(MODEL))["status"] == "duplicate"
        assert [(event.kind, event.version) for event in world.events] == [("version_registered", "1")]

    @pytest.mark.parametrize(
        ("event", "changes"),
        [
            ({"event": "MODEL_VERSION_TRANSITIONED_STAGE", "to_stage": "Archived"}, [("stage_set", "Archived")]),
            ({"event": "MODEL_VERSION_TRANSITIONED_TO_PRODUCTION"}, [("stage_set", "Production")]),
            (
                {"event": "MODEL_VERSION_TAG_SET", "tags": [{"key": "a", "value": "1"}, {"key": "b"}, "none"]},
                [("tag_set", "1"), ("tag_set", None)],
            ),
            ({"event": "MODEL_VERSION_TAG_SET", "tags": "a"}, []),
            ({"event": "COMMENT_CREATED", "comment": "good"}, []),
            ({"event": "TRANSITION_REQUEST_CREATED", "to_stage": "Production"}, []),
        ],
    )
    async def test_stages_and_tags_are_told_and_nothing_else(
        self, world: World, event: dict[str, Any], changes: list[tuple[str, str | None]]
    ) -> None:
        """A request or a comment changes no version; each tag is a change of its own."""
        told = await self._told({**self.CREATED, **event})
        assert told["status"] == ("accepted" if changes else "ignored")
        assert [(one.change, one.value) for one in world.events] == changes

    @pytest.mark.parametrize("event", [{}, {"event": 5, "model_name": "m"}, {"event": "MODEL_VERSION_CREATED"}])
    def test_what_is_none_of_its_webhooks_is_refused(self, event: dict[str, Any]) -> None:
        """With the fields that are needed."""
        with pytest.raises(BadRequestError, match="lacks `event` or `model_name`"):
            read_databricks(event)

    def test_a_creation_without_a_version_starts_nothing(self, world: World) -> None:
        """There is nothing to release."""
        told = read_databricks({**self.CREATED, "version": None})
        assert events_of(told, COMPARED) == ()

    def test_only_what_is_signed_and_young_is_believed(self) -> None:
        """The event's own time bounds its age, since the header has none; it is signed with the body."""
        body, now = json.dumps(self.CREATED).encode(), 1_795_255_200.0
        signed = {"x-databricks-signature": databricks_signature("s", body)}
        assert refuse_databricks(signed, body, "s", now=now, max_age=60) is None
        assert "not signed" in (refuse_databricks({}, body, "s", now=now, max_age=60) or "")
        assert "does not match" in (refuse_databricks(signed, body + b" ", "s", now=now, max_age=60) or "")
        assert "more than 60 s" in (refuse_databricks(signed, body, "s", now=now + 61, max_age=60) or "")
        for odd in (b"{}", b"[]", b"no json", b'{"event_timestamp": "x"}', b'{"event_timestamp": null}'):
            headers = {"x-databricks-signature": databricks_signature("s", odd)}
            assert "event_timestamp" in (refuse_databricks(headers, odd, "s", now=now, max_age=60) or "")

    @pytest.mark.parametrize("stamp", ["NaN", "Infinity", f"1{'0' * 400}"])
    def test_a_time_that_is_none_is_not_young(self, stamp: str) -> None:
        """JSON as Python reads it has numbers that are smaller than no bound, or too large for one."""
        body = b'{"event_timestamp": %s}' % stamp.encode()
        headers = {"x-databricks-signature": databricks_signature("s", body)}
        assert refuse_databricks(headers, body, "s", now=1_795_255_200.0, max_age=60)
