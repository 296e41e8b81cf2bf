"""Two models behind one endpoint of Azure ML: no traffic is shifted, and neither takes anything from the other."""

from typing import Any

from azure.ai.ml.entities import Model

from functions.activities.retirement import withdraw_traffic
from shared import names
from shared.contracts.policy import ServePolicy
from shared.contracts.release import ReleaseModelInput, ReleaseOutcome, Serving
from shared.contracts.retirement import WithdrawTrafficInput
from tests.functions.azureml.workspace import Site
from tests.functions.conftest import registered
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset

_SHARED = ServePolicy(mode="online", endpoint="shared", shared=True)


async def _released(site: Site, model: str, version: str, **changes: Any) -> Serving:
    policy = POLICY.model_copy(update={"model": model, "serve": _SHARED})
    order = ReleaseModelInput(
        model=model, version=version, attempt=int(version), policy=policy, dataset=dataset(), at=at(int(version) * 60)
    )
    state = await site.app.run(names.RELEASE_MODEL, order.model_copy(update=changes))
    outcome = ReleaseOutcome.from_wire(state.get_output())
    assert outcome.serving is not None, outcome.reason
    return outcome.serving


async def test_a_model_that_had_the_endpoint_for_itself(site: Site) -> None:
    """Its traffic is taken away before its old deployment is deleted, which Azure ML would refuse otherwise."""
    functions = site.app.engine_functions
    functions[names.WITHDRAW_TRAFFIC] = registered().activities[names.WITHDRAW_TRAFFIC]
    alone = POLICY.model_copy(update={"serve": ServePolicy(mode="online", endpoint="shared")})
    before = await _released(site, MODEL, "1", policy=alone)
    assert site.platform.read_traffic("shared") == {"v1-1": 100}
    after = await _released(site, MODEL, "2", replaces=before)
    assert not any(site.platform.read_traffic("shared").values())
    assert [one.deployment for one in site.platform.list_deployments("shared")] == [after.deployment]
    assert site.app.world.effects[-1] == "ReplacedTornDown"


async def test_traffic_that_azure_ml_does_not_take_away(site: Site) -> None:
    """What serves is not touched: the old deployment stays, and the ledger says that a person has to look."""
    functions = site.app.engine_functions
    functions[names.WITHDRAW_TRAFFIC] = registered().activities[names.WITHDRAW_TRAFFIC]
    alone = POLICY.model_copy(update={"serve": ServePolicy(mode="online", endpoint="shared")})
    before = await _released(site, MODEL, "1", policy=alone)
    site.double.plan_provisioning("shared", end="Failed", error="no identity", keeps_traffic=True)
    after = await _released(site, MODEL, "2", replaces=before)
    assert {one.deployment for one in site.platform.list_deployments("shared")} == {"v1-1", after.deployment}
    # The last of the changes ends while it is looked at.
    assert [site.platform.read_traffic("shared") for _ in range(3)][-1] == {"v1-1": 100}
    assert site.app.world.effects[-1] == "TearDownFailed"


async def test_two_models_behind_one_endpoint(site: Site) -> None:
    """Each is released, the second version of one replaces its first, and the other's deployment stays untouched."""
    place = "azureml://datastores/signalbox/paths/models/other/"
    site.connection.client.models.create_or_update(Model(name="other", version="1", path=place, type="mlflow_model"))
    site.double.plan_provisioning("*", reads=0)
    before = await _released(site, MODEL, "1")
    other = await _released(site, "other", "1")
    after = await _released(site, MODEL, "2", replaces=before)
    found = {one.deployment: one.model for one in site.platform.list_deployments("shared")}
    assert found == {after.deployment: MODEL, other.deployment: "other"}
    assert {model: route.deployment for model, route in site.app.world.routes.items()} == {
        MODEL: after.deployment,
        "other": other.deployment,
    }
    assert not any(site.platform.read_traffic("shared").values())
    left = await withdraw_traffic(WithdrawTrafficInput(model="other", endpoint="shared", retiring=False))
    assert (left.deployments, left.others) == ((other.deployment,), 1)
