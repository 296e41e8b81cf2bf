"""The activities that write a model's route: one small blob, replaced as a whole."""

import hashlib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from functions import adapters
from functions.activities.deployment import delete_deployment
from functions.activities.retirement import withdraw_route
from functions.activities.serving_routes import restore_route, route_model
from shared.contracts.deployments import DeploymentKey, DeploymentState
from shared.contracts.policy import ModelPolicy
from shared.contracts.routes import ModelRoute, RestoreRouteInput, RouteModelInput, RouteTarget, WithdrawRouteInput
from shared.errors import PermanentError, TransientError
from shared.release.routes import routed
from tests.shared.interlock.builders import POLICY, at

ROUTE = "serving/m.json"
FIRST = RouteModelInput(
    model="m", at=at(), attempt=1, target=RouteTarget(endpoint="shared", deployment="v1-1-m", version="1")
)
SECOND = RouteModelInput(
    model="m", at=at(60), attempt=2, target=RouteTarget(endpoint="shared", deployment="v2-2-m", version="2")
)


class Outside:
    """A container, the fleet files, and an endpoint, in memory."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.writes = 0
        self.others: list[Callable[[], None]] = []
        self.wanted: dict[str, ModelPolicy] = {}
        self.deployed: set[str] = set()

    def model(self, name: str) -> ModelPolicy | None:
        """What the fleet files say."""
        return self.wanted.get(name)

    def read_tagged(self, path: str) -> tuple[bytes, str]:
        """A blob's bytes, and their hash as its ETag; then somebody else writes, where that is planned."""
        if path not in self.blobs:
            self._meanwhile()
            raise PermanentError("BlobNotFound", path)
        found = self.blobs[path]
        self._meanwhile()
        return found, _etag(found)

    def write_once(self, path: str, content: bytes, *, content_type: str) -> bool:
        """Unless one is there."""
        assert content_type == "application/json"
        if path in self.blobs:
            return False
        self.blobs[path], self.writes = content, self.writes + 1
        return True

    def replace(self, path: str, content: bytes, etag: str, *, content_type: str) -> bool:
        """If it is still that one."""
        assert content_type == "application/json"
        if path not in self.blobs or _etag(self.blobs[path]) != etag:
            return False
        self.blobs[path], self.writes = content, self.writes + 1
        return True

    def _meanwhile(self) -> None:
        if self.others:
            self.others.pop(0)()

    def read_deployment(self, endpoint: str, deployment: str) -> DeploymentState | None:
        """All are the model's."""
        found = DeploymentState(endpoint=endpoint, deployment=deployment, status="Succeeded", model="m")
        return found if deployment in self.deployed else None

    def delete_deployment(self, _endpoint: str, deployment: str) -> None:
        """Absent is fine."""
        self.deployed.discard(deployment)

    @property
    def told(self) -> dict[str, Any]:
        """What a client reads."""
        found: dict[str, Any] = json.loads(self.blobs[ROUTE])
        return found


def _etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """What the activities reach."""
    found = Outside()
    for name in ("data", "fleets", "platform"):
        monkeypatch.setattr(adapters, name, lambda: found)
    return found


def _routed_by(outside: Outside, order: RouteModelInput) -> None:
    """What another writer leaves behind."""
    current = ModelRoute.model_validate_json(outside.blobs[ROUTE]) if ROUTE in outside.blobs else None
    outside.blobs[ROUTE] = routed(current, order).model_dump_json().encode()


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


@pytest.mark.parametrize("before", [None, FIRST], ids=["the first one", "another one"])
async def test_of_two_writers_the_later_order_wins(outside: Outside, before: RouteModelInput | None) -> None:
    """Whoever was overtaken between reading and writing reads and decides again, and overwrites nothing newer."""
    if before is not None:
        await route_model(before)
    third = SECOND.model_copy(update={"at": at(120), "attempt": 3})
    outside.others = [lambda: _routed_by(outside, third)]
    with pytest.raises(PermanentError) as caught:
        await route_model(SECOND)
    assert caught.value.code == "RouteSuperseded"
    assert outside.told["attempt"] == 3


async def test_whoever_orders_later_writes_over_what_came_between(outside: Outside) -> None:
    """The route before is the one that it found in the end: undoing goes back to that."""
    outside.others = [lambda: _routed_by(outside, FIRST)]
    assert (await route_model(SECOND)).previous == FIRST.target
    assert outside.told["before"]["deployment"] == "v1-1-m"


async def test_a_write_whose_answer_was_lost_recognizes_its_own(outside: Outside) -> None:
    """The SDK has tried again, and was told that the route is another one by now: it is, and it is this one."""
    await route_model(FIRST)
    outside.others = [lambda: _routed_by(outside, SECOND)]
    assert (await route_model(SECOND)).previous == FIRST.target
    assert outside.told["deployment"] == "v2-2-m"


async def test_a_route_that_changes_all_the_time_is_tried_again_later(outside: Outside) -> None:
    """A person's loop must not keep an activity for ever."""
    outside.others = [partial(outside.blobs.update, {ROUTE: str(number).encode()}) for number in range(9)]
    with pytest.raises(TransientError, match=r"serving/m\.json was written by others"):
        await withdraw_route(WithdrawRouteInput(model="m", at=at(60), attempt=1))
    assert outside.writes == 0


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


async def test_a_route_that_cannot_be_read_stays_and_stops_a_release(outside: Outside) -> None:
    """Neither the release nor its undoing takes it for none, and the message says what to do."""
    outside.blobs[ROUTE] = b"{"
    for write in (route_model(SECOND), restore_route(RestoreRouteInput(model="m", at=at(60), attempt=2))):
        with pytest.raises(PermanentError, match="Put an earlier version of the blob back, or delete it") as caught:
            await write
        assert caught.value.code == "RouteUnreadable"
    assert outside.blobs[ROUTE] == b"{"


@pytest.mark.parametrize("there", [None, b"{"], ids=["none", "unreadable"])
async def test_a_retired_model_has_a_route_that_leads_nowhere(outside: Outside, there: bytes | None) -> None:
    """Also where there was none, or none that can be read: a late write of a release finds it decided."""
    outside.blobs = {} if there is None else {ROUTE: there}
    assert (await withdraw_route(WithdrawRouteInput(model="m", at=at(60), attempt=1))).previous is None
    assert outside.told["deployment"] is None
    with pytest.raises(PermanentError, match="goes nowhere"):
        await route_model(FIRST)


async def test_a_deployment_to_which_the_route_leads_stays(outside: Outside) -> None:
    """Its model's route is read at the moment of the deletion; other deployments of the model go, twice if asked."""
    await route_model(FIRST)
    served, other = (DeploymentKey(endpoint="shared", deployment=name) for name in ("v1-1-m", "qa-v1-1-m"))
    outside.deployed = {"v1-1-m", "qa-v1-1-m"}
    for _ in range(2):
        await delete_deployment(other)
    with pytest.raises(PermanentError, match=r"delete serving/m\.json") as caught:
        await delete_deployment(served)
    assert (caught.value.code, outside.deployed) == ("HasRoute", {"v1-1-m"})
    outside.blobs[ROUTE] = b"{"
    with pytest.raises(PermanentError, match="nobody can tell"):
        await delete_deployment(served)
    await withdraw_route(WithdrawRouteInput(model="m", at=at(60), attempt=1))
    await delete_deployment(served)
    assert not outside.deployed


async def test_a_deployment_of_a_baseline_is_looked_up_by_the_model_that_it_serves_for(outside: Outside) -> None:
    """The platform tells the baseline's name, of which there is no route."""
    target = RouteTarget(endpoint="shared", deployment="b1-1-n", version="1")
    await route_model(RouteModelInput(model="n", at=at(), attempt=1, target=target))
    outside.deployed = {"b1-1-n"}
    with pytest.raises(PermanentError, match=r"delete serving/n\.json"):
        await delete_deployment(DeploymentKey(endpoint="shared", deployment="b1-1-n", model="n"))
    assert outside.deployed == {"b1-1-n"}


async def test_a_retired_model_is_routed_nowhere(outside: Outside) -> None:
    """The route tells where requests went last, also when it is withdrawn again."""
    order = WithdrawRouteInput(model="m", at=at(60), attempt=1)
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
