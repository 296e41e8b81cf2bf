"""A rollback behind an endpoint of Azure ML: traffic and alias go back together, or neither does."""

from typing import Final

import pytest

from shared import names
from shared.contracts.release import Serving
from shared.contracts.rollback import GoodVersion, RollbackModelInput, RollbackOutcome
from tests.functions.azureml.workspace import Site
from tests.shared.interlock.builders import MODEL, POLICY, at

_CRASHED: Final = "ResourceNotReady: User container has crashed: no module named lightgbm."


def _good(version: str, deployment: str) -> GoodVersion:
    serving = Serving(mode="online", endpoint=MODEL, deployment=deployment)
    return GoodVersion(model=MODEL, version=version, serving=serving)


_ORDER: Final = RollbackModelInput(
    model=MODEL,
    attempt=3,
    policy=POLICY,
    leaves=_good("2", "v2-2"),
    back_to=_good("1", "v1-1"),
    by="policy",
    reason="it is worse than its baseline.",
    at=at(600),
)


@pytest.fixture(autouse=True)
def second(site: Site) -> None:
    """Version 2 in production; what served before is torn down."""
    site.app.world.champion, site.app.world.before = "2", {"1": None, "2": "1"}
    site.double.plan_provisioning("*", reads=0)
    _deploy(site, "2", "v2-2")
    site.platform.set_traffic(MODEL, {"v2-2": 100})
    assert site.platform.read_traffic(MODEL) == {"v2-2": 100}


def _deploy(site: Site, version: str, deployment: str) -> None:
    site.platform.create_deployment(MODEL, deployment, MODEL, version)
    assert site.platform.read_deployment(MODEL, deployment)


def _production(site: Site) -> tuple[dict[str, int], list[str], str | None]:
    deployments = [one.deployment for one in site.platform.list_deployments(MODEL)]
    return site.platform.read_traffic(MODEL), deployments, site.app.world.champion


async def _rolled_back(site: Site) -> RollbackOutcome:
    state = await site.app.run(names.ROLLBACK_MODEL, _ORDER, "rollback-1")
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return RollbackOutcome.from_wire(state.get_output())


async def test_what_was_torn_down_is_deployed_anew(site: Site) -> None:
    """Under a name of its own; what was left is gone."""
    outcome = await _rolled_back(site)
    assert outcome.outcome == "rolled_back", outcome.reason
    assert outcome.serves == _good("1", "v1-3")
    assert _production(site) == ({"v1-3": 100}, ["v1-3"], "1")


async def test_what_is_still_there_is_asked_again(site: Site) -> None:
    """Nothing is deployed."""
    _deploy(site, "1", "v1-1")
    outcome = await _rolled_back(site)
    assert outcome.serves == _good("1", "v1-1"), outcome.reason
    assert _production(site) == ({"v1-1": 100}, ["v1-1"], "1")


async def test_another_version_under_the_recorded_name_is_not_asked(site: Site) -> None:
    """Azure ML tells which version a deployment has."""
    _deploy(site, "2", "v1-1")
    outcome = await _rolled_back(site)
    assert outcome.serves == _good("1", "v1-3"), outcome.reason


async def test_what_cannot_be_deployed_leaves_production_as_it_is(site: Site) -> None:
    """What was half made is removed, and the service's own words are in the reason."""
    site.double.plan_provisioning(f"{MODEL}/v1-3", end="Failed", error=_CRASHED)
    outcome = await _rolled_back(site)
    assert (outcome.outcome, outcome.serves) == ("failed", _ORDER.leaves)
    assert _CRASHED in outcome.reason
    assert _production(site) == ({"v2-2": 100}, ["v2-2"], "2")
