"""A release on Azure ML that fails, behind an endpoint or in batch, is undone, and says what the service said."""

from typing import Any, Final

import pytest

from shared import names
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome, Serving
from shared.contracts.release_policy import CanaryStep, ReleasePolicy, ShadowPolicy
from shared.platforms.azureml.starting import start_only
from tests.functions.azureml.workspace import Site
from tests.functions.conftest import registered
from tests.shared.interlock.builders import MODEL, POLICY, at, batch, dataset

_CRASHED: Final = "ResourceNotReady: User container has crashed: no module named lightgbm."
_NO_IDENTITY: Final = "IdentityNotFound: the endpoint's identity was deleted."
_ORDER: Final = ReleaseModelInput(
    model=MODEL,
    version="2",
    attempt=2,
    policy=POLICY.model_copy(update={"serve": ServePolicy(mode="online", endpoint=MODEL)}),
    dataset=dataset(),
    at=at(),
    replaces=Serving(mode="online", endpoint=MODEL, deployment="v1-1"),
)


async def _released(site: Site, order: ReleaseModelInput = _ORDER) -> tuple[ReleaseOutcome, str]:
    """How it ended, and what its status shows."""
    state = await site.app.run(names.RELEASE_MODEL, order, "release-1")
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return ReleaseOutcome.from_wire(state.get_output()), state.get_custom_status()["reason"]


def _deployments(site: Site) -> list[str]:
    return [one.deployment for one in site.platform.list_deployments(MODEL)]


def _touch(site: Site) -> None:
    """Change the endpoint by hand, beside Signalbox."""
    endpoints = start_only(site.connection.client).online_endpoints
    endpoint = endpoints.get(MODEL)
    endpoint.description = "touched"
    endpoints.begin_create_or_update(endpoint)


@pytest.fixture
def first(site: Site) -> None:
    """Version 1 in production, behind an endpoint that is well."""
    site.app.world.champion = "1"
    site.double.plan_provisioning("*", reads=0)
    site.platform.create_deployment(MODEL, "v1-1", MODEL, "1")
    assert site.platform.read_deployment(MODEL, "v1-1")
    site.platform.set_traffic(MODEL, {"v1-1": 100})
    assert site.platform.read_traffic(MODEL) == {"v1-1": 100}


@pytest.mark.usefixtures("first")
async def test_a_release_that_nothing_disturbs(site: Site) -> None:
    """The new version has the traffic, and what served before is gone."""
    outcome, _ = await _released(site)
    assert outcome.released, outcome.reason
    assert (site.platform.read_traffic(MODEL), _deployments(site)) == ({"v2-2": 100}, ["v2-2"])


@pytest.mark.parametrize("deployment", ["qa-v2-2", "v2-2"])
@pytest.mark.usefixtures("first")
async def test_a_deployment_that_fails(site: Site, deployment: str) -> None:
    """QA or production: version 1 goes on to serve and is champion, and nothing of the new one is left."""
    site.double.plan_provisioning(f"{MODEL}/{deployment}", end="Failed", error=_CRASHED)
    outcome, status = await _released(site)
    assert not outcome.released
    assert "failed and was undone" in outcome.reason
    assert f"The deployment {deployment} of {MODEL} failed" in outcome.reason
    assert _CRASHED in outcome.reason
    assert status == outcome.reason
    assert (site.platform.read_traffic(MODEL), _deployments(site)) == ({"v1-1": 100}, ["v1-1"])
    assert site.app.world.champion == "1"


async def test_an_endpoint_that_cannot_be_made(site: Site) -> None:
    """Nothing is deployed to it, and the reason says what can be done."""
    site.double.plan_provisioning(MODEL, end="Failed", error=_NO_IDENTITY)
    outcome, status = await _released(site)
    assert not outcome.released
    assert f"was undone: the endpoint {MODEL} has failed: " in outcome.reason
    assert _NO_IDENTITY in outcome.reason
    assert "Repair it, or delete it" in outcome.reason
    assert status == outcome.reason
    assert _deployments(site) == []
    assert site.codes[0] == "EndpointFailed"


@pytest.mark.usefixtures("first")
async def test_an_endpoint_that_fails_in_the_shift(site: Site) -> None:
    """And stays so: the release does not count, the champion is as it was, and a person is called."""
    site.double.plan_provisioning(MODEL, end="Failed", error=_NO_IDENTITY)
    outcome, status = await _released(site)
    assert not outcome.released
    assert "so a person has to look" in outcome.reason
    assert _NO_IDENTITY in outcome.reason
    assert status == outcome.reason
    assert site.app.world.champion == "1"
    assert "v1-1" in _deployments(site)


@pytest.mark.usefixtures("first")
async def test_an_endpoint_that_keeps_its_traffic_in_the_shift(site: Site) -> None:
    """A version that Azure ML never gave the traffic is not released, and the one before goes on to serve."""
    site.double.plan_provisioning(MODEL, end="Failed", error=_NO_IDENTITY, keeps_traffic=True)
    outcome, _ = await _released(site)
    assert not outcome.released
    assert f"The endpoint {MODEL} was told 3 times to route its traffic otherwise" in outcome.reason
    assert site.platform.read_traffic(MODEL) == {"v1-1": 100}
    assert _deployments(site) == ["v1-1"]
    assert site.app.world.champion == "1"


@pytest.mark.usefixtures("first")
async def test_an_endpoint_that_had_failed_before(site: Site) -> None:
    """Nothing is deployed to it: version 1 keeps what it has."""
    site.double.plan_provisioning(MODEL, reads=0, end="Failed", error=_NO_IDENTITY)
    _touch(site)
    outcome, _ = await _released(site)
    assert not outcome.released
    assert f"was undone: the endpoint {MODEL} has failed: " in outcome.reason
    assert (site.platform.read_traffic(MODEL), _deployments(site)) == ({"v1-1": 100}, ["v1-1"])


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"end": "Failed", "error": _CRASHED}, _CRASHED),
        ({"queue_seconds": 0, "run_seconds": 1e9}, "was Running after 120 minutes, and was cancelled"),
        ({"statuses": ("Running",), "vanish_after": 2}, "it was Running, and has vanished"),
    ],
    ids=["fails", "never ends", "vanishes"],
)
@pytest.mark.parametrize("job", names.release_jobs("release-1"), ids=["golden set", "period"])
async def test_a_scoring_job_that_does_not_complete(site: Site, job: str, plan: dict[str, Any], told: str) -> None:
    """In batch: the champion and what readers see are as they were, and no job goes on."""
    before = Serving(mode="batch", published="predictions/v1.csv")
    site.app.world.champion, site.app.world.published = "1", before.published
    site.double.plan(job, **plan)
    outcome, status = await _released(site, _ORDER.model_copy(update={"policy": batch(), "replaces": before}))
    assert not outcome.released
    assert "failed and was undone" in outcome.reason
    assert told in outcome.reason
    assert status == outcome.reason
    assert (site.app.world.champion, site.app.world.published) == ("1", before.published)
    assert site.double.job_status(job) not in ("Running", "CancelRequested")


@pytest.mark.parametrize("job", names.release_jobs("release-1"), ids=["golden set", "period"])
async def test_a_scoring_job_of_somebody_else(site: Site, job: str) -> None:
    """It has the name that the release's own would have: the release is undone, and the other job goes on."""
    site.double.plan(job, hang="Running")
    site.platform.submit_job(job, site.pipeline, "theirs", {}, {})
    outcome, _ = await _released(site, _ORDER.model_copy(update={"policy": batch()}))
    assert not outcome.released
    assert "already exists and is another one" in outcome.reason
    assert site.double.job_status(job) != "Canceled"
    assert site.times("POST", f"/jobs/{job}/cancel") == 0


@pytest.mark.usefixtures("first")
async def test_a_shadow_and_a_canary(site: Site) -> None:
    """Azure ML is asked for each share once, mirror and traffic never for the same deployment, and the mirror ends."""
    golden = site.folder / POLICY.golden
    golden.parent.mkdir()
    golden.write_text("x,expected,tolerance\n1,1,0\n")
    site.app.engine_functions[names.ANALYSE_CHALLENGER] = registered().activities[names.ANALYSE_CHALLENGER]
    strategy = ReleasePolicy(
        strategy="canary",
        steps=(CanaryStep(percent=5, bake_minutes=30), CanaryStep(percent=50, bake_minutes=60)),
        shadow=ShadowPolicy(percent=20, max_disagreement=0),
        grace_minutes=30,
    )
    before = len(site.double.log)
    order = _ORDER.model_copy(update={"policy": _ORDER.policy.model_copy(update={"release": strategy})})
    outcome, _ = await _released(site, order)
    assert outcome.released, outcome.reason
    puts = [one for one in site.double.log[before:] if one.method == "PUT" and one.path.endswith(f"/{MODEL}")]
    asked = [(one.body["properties"]["traffic"], one.body["properties"].get("mirrorTraffic") or {}) for one in puts]
    assert asked == [
        ({"v1-1": 100}, {"v2-2": 20}),
        ({"v1-1": 100}, {}),
        ({"v2-2": 5, "v1-1": 95}, {}),
        ({"v2-2": 50, "v1-1": 50}, {}),
        ({"v2-2": 100}, {}),
    ]
    assert (site.platform.read_traffic(MODEL), _deployments(site)) == ({"v2-2": 100}, ["v2-2"])
    looks = [facts for key, facts in site.app.world.facts.items() if "ChallengerAnalysed" in key]
    assert [look["shift"] for look in looks] == [0] * 5
    assert looks[0]["requests"]["unknown"] == "Azure Monitor has no RequestsPerMinute of v2-2 for that time"
    looked = site.double.scoring.scored
    assert looked[MODEL, "v1-1"] == looked[MODEL, "v2-2"] == 2 * 5
