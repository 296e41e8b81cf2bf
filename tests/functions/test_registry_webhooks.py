"""What the registry tells of a baseline leads to nothing, and says so."""

import json
from typing import Any, cast

import pytest

from functions import adapters
from functions.triggers import registry_webhooks
from shared import names
from shared.contracts.deliveries import Delivery
from shared.contracts.policy import BaselinePolicy, ModelPolicy
from tests.shared.interlock.builders import MODEL, POLICY

BASELINE = "departures-jfk-mainline-baseline"
COMPARED = POLICY.model_copy(update={"baseline": BaselinePolicy(model=BASELINE, pipeline="pipelines/average.yml")})


class World:
    """A fleet of one model with a baseline, an inbox, and the interlocks that were told."""

    def __init__(self) -> None:
        self.recorded: dict[str, Delivery] = {}
        self.told: list[str] = []

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

    for name in ("fleets", "inbox"):
        monkeypatch.setattr(adapters, name, lambda: found)
    monkeypatch.setattr(adapters, "policies", lambda: (COMPARED,))
    monkeypatch.setattr(registry_webhooks, "signal_interlock", signal)
    return found


async def _told(model: str, entity: str = "model_version", action: str = "created") -> dict[str, Any]:
    envelope = {"entity": entity, "action": action, "data": {"name": model, "version": "1"}}
    response = await registry_webhooks._hand_on(cast("Any", None), envelope, json.dumps(envelope).encode())
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
