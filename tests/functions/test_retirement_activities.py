"""Each step of a retirement takes away only what is the model's, and finds its own work done the second time."""

from collections.abc import Awaitable, Callable

import pytest

from functions import adapters
from functions.activities.retirement import delete_endpoint, retire_champion, withdraw_predictions, withdraw_traffic
from shared.contracts.deployments import ENDPOINT_TAKEN, DeploymentState
from shared.contracts.policy import ModelPolicy, ServePolicy
from shared.contracts.retirement import EndpointKey, RetiredModelKey, WithdrawTrafficInput
from shared.contracts.scoring import Publication
from shared.errors import PermanentError, TransientError
from tests.shared.interlock.builders import POLICY

POINTER = "predictions/m/current.json"


class Outside:
    """An endpoint, a container and a registry, in memory."""

    def __init__(self) -> None:
        self.models: dict[str, str] = {}
        self.traffic: dict[str, int] = {}
        self.shifts = 0
        self.under_way = False
        self.deleted: list[str] = []
        self.refusal: PermanentError | None = None
        self.blobs: dict[str, bytes] = {}
        self.champion: str | None = "3"
        self.wanted: dict[str, ModelPolicy] = {}

    def model(self, name: str) -> ModelPolicy | None:
        """What the fleet files say."""
        return self.wanted.get(name)

    def list_deployments(self, endpoint: str) -> list[DeploymentState]:
        """All of the one endpoint."""
        return [
            DeploymentState(endpoint=endpoint, deployment=name, status="Succeeded", model=model, version="1")
            for name, model in self.models.items()
        ]

    def read_traffic(self, endpoint: str) -> dict[str, int]:
        """Percent by deployment."""
        return dict(self.traffic)

    def set_traffic(self, endpoint: str, traffic: dict[str, int], mirror: dict[str, int] | None = None) -> bool:
        """As Azure ML wants it: 100 percent in all, or nothing. What is begun is under way until that is over."""
        assert sum(traffic.values()) in {0, 100}
        if self.under_way:
            raise TransientError("the endpoint is Updating")
        begun = traffic != self.traffic
        self.traffic, self.shifts = traffic, self.shifts + begun
        self.under_way = begun
        return begun

    def delete_endpoint(self, endpoint: str) -> None:
        """Gone, unless it is refused."""
        if self.refusal is not None:
            raise self.refusal
        self.deleted.append(endpoint)

    def read(self, path: str) -> bytes:
        """A blob's bytes."""
        if path not in self.blobs:
            raise PermanentError("BlobNotFound", path)
        return self.blobs[path]

    def write(self, path: str, content: bytes, *, content_type: str) -> None:
        """Replace."""
        assert content_type == "application/json"
        self.blobs[path] = content

    def retire(self, model: str) -> str | None:
        """The alias is gone afterwards."""
        before, self.champion = self.champion, None
        return before


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Outside:
    """What the activities reach."""
    found = Outside()
    for port in ("platform", "data", "registry", "fleets"):
        monkeypatch.setattr(adapters, port, lambda: found)
    monkeypatch.setattr(adapters, "policies", lambda: tuple(found.wanted.values()))
    return found


async def test_others_share_what_the_model_had(outside: Outside) -> None:
    """Their proportions stay, the model's own deployments get nothing, and the second time nothing is shifted."""
    outside.models = {"m-v1": "m", "qa-v2": "m", "a": "other", "b": "another"}
    outside.traffic = {"m-v1": 60, "a": 30, "b": 10}
    order = WithdrawTrafficInput(model="m", endpoint="shared")
    first, second = await withdraw_traffic(order), await withdraw_traffic(order)
    assert (first.begun, second.begun) == (True, False)
    assert first.model_copy(update={"begun": False}) == second
    assert (first.deployments, first.others) == (("m-v1", "qa-v2"), 2)
    assert outside.traffic == {"m-v1": 0, "a": 75, "b": 25}
    assert outside.shifts == 1


async def test_a_change_that_was_begun_is_looked_for(outside: Outside) -> None:
    """Azure ML reads as if it were done while it is under way: whoever confirms is told to come again."""
    outside.models, outside.traffic = {"v1": "m"}, {"v1": 100}
    order = WithdrawTrafficInput(model="m", endpoint="own")
    assert (await withdraw_traffic(order)).begun
    confirm = order.model_copy(update={"confirming": True})
    with pytest.raises(TransientError, match="Updating"):
        await withdraw_traffic(confirm)
    outside.under_way, outside.traffic = False, {"v1": 100}
    assert (await withdraw_traffic(confirm)).begun, "it ended with the traffic as it was, and is begun anew"
    outside.under_way = False
    assert not (await withdraw_traffic(confirm)).begun
    assert (outside.traffic, outside.shifts) == ({"v1": 0}, 2)


async def test_a_baseline_that_stands_in_is_left_too(outside: Outside) -> None:
    """Its deployment is of another model; one that is gone is not told of, and what it does not serve by stays."""
    outside.models = {"m-v1": "m", "m-b1": "m-baseline", "n-b1": "m-baseline"}
    outside.traffic = {"m-b1": 60, "n-b1": 40}
    left = await withdraw_traffic(WithdrawTrafficInput(model="m", endpoint="shared", also=("m-b1", "gone")))
    assert (left.deployments, left.others, left.begun) == (("m-v1", "m-b1"), 1, True)
    assert outside.traffic == {"m-b1": 0, "n-b1": 100}


async def test_an_endpoint_of_its_own_serves_nobody(outside: Outside) -> None:
    """All shares are 0, so that its deployments can be deleted."""
    outside.models, outside.traffic = {"v1": "m"}, {"v1": 100}
    assert (await withdraw_traffic(WithdrawTrafficInput(model="m", endpoint="own"))).others == 0
    assert outside.traffic == {"v1": 0}


async def test_only_an_empty_endpoint_is_deleted(outside: Outside) -> None:
    """Another model may have been deployed behind it in the meantime."""
    outside.models = {"a": "other"}
    assert not (await delete_endpoint(EndpointKey(endpoint="shared"))).deleted
    assert outside.deleted == []
    outside.models = {}
    assert (await delete_endpoint(EndpointKey(endpoint="shared"))).deleted
    assert outside.deleted == ["shared"]


async def test_an_endpoint_of_somebody_else_stays(outside: Outside) -> None:
    """It was handed over for a time, and taken back: the retirement goes on without it."""
    outside.refusal = PermanentError(ENDPOINT_TAKEN, "the endpoint shared is not Signalbox's")
    assert not (await delete_endpoint(EndpointKey(endpoint="shared"))).deleted
    outside.refusal = PermanentError("EndpointInUse", "the endpoint shared still has a")
    with pytest.raises(PermanentError, match="still has a"):
        await delete_endpoint(EndpointKey(endpoint="shared"))


async def test_an_endpoint_that_a_fleet_file_names_stays(outside: Outside) -> None:
    """A release may have made it a moment ago, and deploys behind it next."""
    outside.wanted = {"other": POLICY.model_copy(update={"serve": ServePolicy(mode="online", endpoint="shared")})}
    assert not (await delete_endpoint(EndpointKey(endpoint="shared"))).deleted
    assert outside.deleted == []


@pytest.mark.parametrize("step", [
    lambda: withdraw_traffic(WithdrawTrafficInput(model="m", endpoint="own")),
    lambda: withdraw_predictions(RetiredModelKey(model="m")),
    lambda: retire_champion(RetiredModelKey(model="m")),
])  # fmt: skip
async def test_a_model_that_is_back_in_the_file_stays(outside: Outside, step: Callable[[], Awaitable[object]]) -> None:
    """Hours may pass between the confirmation and the end of a training: whatever step is next, it takes nothing."""
    outside.wanted = {"m": POLICY}
    outside.models, outside.traffic = {"v1": "m"}, {"v1": 100}
    outside.blobs[POINTER] = b"{}"
    with pytest.raises(PermanentError, match="has the model m again"):
        await step()
    assert (outside.traffic, outside.champion, outside.blobs) == ({"v1": 100}, "3", {POINTER: b"{}"})


async def test_a_model_that_serves_by_a_route_now_gives_up_its_traffic(outside: Outside) -> None:
    """It is in the fleet file, and is not being retired: a release asks so before it deletes what served before."""
    outside.wanted = {"m": POLICY}
    outside.models, outside.traffic = {"v1": "m", "a": "other"}, {"v1": 50, "a": 50}
    assert (await withdraw_traffic(WithdrawTrafficInput(model="m", endpoint="shared", retiring=False))).others == 1
    assert outside.traffic == {"v1": 0, "a": 100}


async def test_readers_are_pointed_to_nothing(outside: Outside) -> None:
    """The predictions stay, and the pointer tells which were the last, however often it is withdrawn."""
    published = Publication(model="m", path="predictions/m/d1/v3.csv", version="3")
    outside.blobs[POINTER] = published.model_dump_json().encode()
    for _ in range(2):
        assert (await withdraw_predictions(RetiredModelKey(model="m"))).last == "predictions/m/d1/v3.csv"
    told = Publication.model_validate_json(outside.blobs[POINTER])
    assert told == Publication(model="m", path=None, retired="predictions/m/d1/v3.csv")


async def test_a_pointer_that_cannot_be_read_is_withdrawn(outside: Outside) -> None:
    """Somebody else may have written it; nobody is pointed anywhere afterwards."""
    outside.blobs[POINTER] = b"{"
    assert (await withdraw_predictions(RetiredModelKey(model="m"))).last is None
    assert Publication.model_validate_json(outside.blobs[POINTER]) == Publication(model="m", path=None)


async def test_a_model_without_predictions_gets_no_pointer(outside: Outside) -> None:
    """Nothing is written where nothing was."""
    assert (await withdraw_predictions(RetiredModelKey(model="m"))).last is None
    assert outside.blobs == {}


async def test_the_champion_is_told_once(outside: Outside) -> None:
    """The second time there is none."""
    answers = [(await retire_champion(RetiredModelKey(model="m"))).version for _ in range(2)]
    assert answers == ["3", None]
