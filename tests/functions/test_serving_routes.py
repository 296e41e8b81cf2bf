"""The activities that write a model's route: one small blob, replaced as a whole."""

import json
from typing import Any

import pytest

from functions import adapters
from functions.activities.retirement import withdraw_route
from functions.activities.serving_routes import restore_route, route_model
from shared.contracts.policy import ModelPolicy
from shared.contracts.routes import RestoreRouteInput, RouteModelInput, RouteTarget, WithdrawRouteInput
from shared.errors import PermanentError
from tests.shared.interlock.builders import POLICY, at

ROUTE = "serving/m.json"
FIRST = RouteModelInput(
    model="m", at=at(), attempt=1, target=RouteTarget(endpoint="shared", deployment="v1-1-m", version="1")
)
SECOND = RouteModelInput(
    model="m", at=at(60), attempt=2, target=RouteTarget(endpoint="shared", deployment="v2-2-m", version="2")
)


class Outside:
    """A container and the fleet files, in memory."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.writes = 0
        self.wanted: dict[str, ModelPolicy] = {}

    def model(self, name: str) -> ModelPolicy | None:
        """What the fleet files say."""
        return self.wanted.get(name)

    def read(self, path: str) -> bytes:
        """A blob's bytes."""
        if path not in self.blobs:
            raise PermanentError("BlobNotFound", path)
        return self.blobs[path]

    def write(self, path: str, content: bytes, *, content_type: str) -> None:
        """Replace."""
        assert content_type == "application/json"
        self.blobs[path], self.writes = content, self.writes + 1

    @property
    def told(self) -> dict[str, Any]:
        """What a client reads."""
        found: dict[str, Any] = json.loads(self.blobs[ROUTE])
        return found


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """What the activities reach."""
    found = Outside()
    monkeypatch.setattr(adapters, "data", lambda: found)
    monkeypatch.setattr(adapters, "fleets", lambda: found)
    return found


async def test_a_client_reads_what_it_has_to_send(outside: Outside) -> None:
    """Endpoint, header and its value stand in the route under plain names."""
    await route_model(FIRST)
    wanted = {"endpoint": "shared", "header": "azureml-model-deployment", "deployment": "v1-1-m", "version": "1"}
    assert outside.told.items() >= wanted.items()


async def test_a_repeated_write_recognizes_its_own(outside: Outside) -> None:
    """It says the same as the first time, and writes nothing."""
    await route_model(FIRST)
    first, second = await route_model(SECOND), await route_model(SECOND)
    assert first == second
    assert first.previous == FIRST.target
    assert outside.writes == 2


async def test_a_late_write_leaves_the_newer_one(outside: Outside) -> None:
    """And is told what holds."""
    await route_model(SECOND)
    with pytest.raises(PermanentError, match="goes to v2-2-m of shared") as caught:
        await route_model(FIRST)
    assert caught.value.code == "RouteSuperseded"
    assert outside.told["deployment"] == "v2-2-m"


async def test_undoing_brings_the_former_route_back(outside: Outside) -> None:
    """However often, and a write of the undone release that comes after it changes nothing."""
    await route_model(FIRST)
    await route_model(SECOND)
    for _ in range(2):
        assert (await restore_route(RestoreRouteInput(model="m", at=at(60), attempt=2))).target == FIRST.target
    with pytest.raises(PermanentError, match="which was undone"):
        await route_model(SECOND)
    assert outside.told["deployment"] == "v1-1-m"
    assert outside.writes == 3


async def test_undoing_an_old_release_leaves_a_newer_one(outside: Outside) -> None:
    """It says where requests go, which is where they went."""
    await route_model(SECOND)
    assert (await restore_route(RestoreRouteInput(model="m", at=at(), attempt=1))).target == SECOND.target
    assert outside.writes == 1


async def test_a_route_that_cannot_be_read_is_replaced(outside: Outside) -> None:
    """Somebody else may have written it; the next release mends it."""
    outside.blobs[ROUTE] = b"{"
    assert (await route_model(FIRST)).previous is None
    assert outside.told["deployment"] == "v1-1-m"


async def test_a_retired_model_is_routed_nowhere(outside: Outside) -> None:
    """The route tells where requests went last, also when it is withdrawn again; without a route, none is written."""
    order = WithdrawRouteInput(model="m", at=at(60), attempt=1)
    assert (await withdraw_route(order)).previous is None
    assert not outside.blobs
    await route_model(FIRST)
    for _ in range(2):
        assert (await withdraw_route(order)).previous == FIRST.target
    assert outside.told["deployment"] is None
    assert outside.writes == 2


async def test_a_model_that_is_back_in_the_file_keeps_its_route(outside: Outside) -> None:
    """A retirement may have waited for hours."""
    await route_model(FIRST)
    outside.wanted = {"m": POLICY}
    with pytest.raises(PermanentError, match="has the model m again"):
        await withdraw_route(WithdrawRouteInput(model="m", at=at(60), attempt=1))
    assert outside.told["deployment"] == "v1-1-m"
