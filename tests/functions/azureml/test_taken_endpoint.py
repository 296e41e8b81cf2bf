"""A release to an endpoint that another team has made ends before anything of theirs is touched."""

import pytest

from shared import names
from shared.contracts.deployments import ENDPOINT_TAKEN
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome
from shared.platforms.azureml.starting import start_only
from tests.functions.azureml.workspace import Site
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset


@pytest.mark.parametrize("tags", [{"team": "pricing"}, {}])
async def test_a_release_to_an_endpoint_of_somebody_else(site: Site, tags: dict[str, str]) -> None:
    """The outcome says whose it is and what to do; the endpoint is as it was, and nothing is deployed there."""
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    site.double.plan_provisioning("*", reads=0)
    theirs = ManagedOnlineEndpoint(name=MODEL, auth_mode="key", tags=tags)
    start_only(site.connection.client).online_endpoints.begin_create_or_update(theirs)
    assert site.platform.read_traffic(MODEL) == {}
    order = ReleaseModelInput(
        model=MODEL,
        version="2",
        attempt=2,
        policy=POLICY.model_copy(update={"serve": ServePolicy(mode="online", endpoint=MODEL)}),
        dataset=dataset(),
        at=at(),
    )
    state = await site.app.run(names.RELEASE_MODEL, order, "release-1")
    outcome = ReleaseOutcome.from_wire(state.get_output())
    assert not outcome.released
    assert f"the endpoint {MODEL} is not Signalbox's" in outcome.reason
    assert "tag this one signalbox=managed to hand it over" in outcome.reason
    assert set(site.codes) == {ENDPOINT_TAKEN}
    assert site.platform.list_deployments(MODEL) == []
    assert len(site.double.requests("PUT", f"/onlineEndpoints/{MODEL}")) == 1
    assert site.double.requests("DELETE", f"/onlineEndpoints/{MODEL}") == []
