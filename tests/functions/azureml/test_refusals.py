"""What Azure ML refuses, and what it should never be asked: one attempt, and the status has the service's own words."""

from collections.abc import Callable

import pytest

from shared import names
from shared.contracts.base import Contract
from shared.contracts.jobs import NAME_TAKEN
from shared.contracts.training import TrainingOutcome
from tests.functions.azureml.workspace import JOB, TRAIN, Site
from tests.functions.test_score_model import ORDER as SCORING
from tests.functions.test_train_model import ORDER
from tests.shared.interlock.builders import batch

_QUOTA = "The cluster cpu-cluster needs 32 cores of Standard_D, and 4 are left."
_BINDING = '{data: "${{parent.inputs.dataset}}"}'
_RIGHTS = "The client does not have authorization to perform action 'workspaces/jobs/write'."


async def _trained(site: Site) -> str:
    """Why it failed, which its status shows as well."""
    state = await site.app.run(names.TRAIN_MODEL, ORDER, JOB)
    outcome = TrainingOutcome.from_wire(state.get_output())
    assert outcome.outcome == "failed"
    assert state.get_custom_status()["reason"] == outcome.reason
    return outcome.reason


class TestTaken:
    """The name of a job is another one's."""

    async def test_the_training_says_so(self, site: Site) -> None:
        """And what a person can do; nothing is submitted over it."""
        site.platform.submit_job(JOB, site.pipeline, "theirs", {}, {})
        reason = await _trained(site)
        assert f"A job with this name already exists and is another one: {JOB}. Give the run another" in reason
        assert site.codes[0] == NAME_TAKEN
        assert site.submitted() == 1

    @pytest.mark.parametrize(
        ("kind", "order"),
        [
            (names.TRAIN_MODEL, ORDER),
            (names.SCORE_MODEL, SCORING.model_copy(update={"policy": batch(), "version": "2"})),
        ],
        ids=["training", "scoring"],
    )
    async def test_the_other_one_goes_on(self, site: Site, kind: str, order: Contract) -> None:
        """It is not ours: what fails because of it does not cancel it."""
        site.double.plan(JOB, hang="Running")
        site.platform.submit_job(JOB, site.pipeline, "theirs", {}, {})
        state = await site.app.run(kind, order, JOB)
        assert "already exists and is another one" in state.get_output()["reason"]
        assert site.double.job_status(JOB) != "Canceled"
        assert site.times("POST", "/cancel") == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("type: command", "type: commando"), "commando"),
        (lambda text: text + "  - broken", "pipelines/train.yml"),
        (lambda _: "type: command\n", "is not an Azure ML pipeline: a YAML mapping with `type: pipeline`"),
        (lambda text: text.replace("step:1", "step:9"), "step"),
        (lambda text: text.replace("cpu-cluster", "gpu-cluster"), "gpu-cluster"),
        (lambda text: text.replace("dataset: {", "data: {").replace("inputs.dataset", "inputs.data"), "dataset"),
        (lambda text: text.replace("azureml:step:1", "../step.yml").replace(_BINDING, "{}"), "data"),
    ],
    ids=["step type", "no YAML", "no pipeline", "no component", "no cluster", "no input", "no value"],
)
async def test_a_definition_that_is_refused(site: Site, change: Callable[[str], str], told: str) -> None:
    """By the SDK or by the service: the reason names what is wrong, no second attempt is made, and no job is there."""
    site.pipeline.write_text(change(TRAIN))
    reason = await _trained(site)
    assert told in reason
    assert [name for name, _ in site.answers].count(names.SUBMIT_JOB) == 1
    assert site.submitted() == 0


@pytest.mark.parametrize(
    ("refusal", "known_as", "told"),
    [
        ((403, "QuotaExceeded", _QUOTA), "QuotaExceeded", "ask Azure for more quota"),
        ((400, "ClusterCoreQuotaReached", _QUOTA), "ClusterCoreQuotaReached", "ask Azure for more quota"),
        ((403, "AuthorizationFailed", _RIGHTS), "AzureMlForbidden", "the role AzureML Data Scientist"),
        ((401, "InvalidAuthenticationToken", _RIGHTS), "AzureMlForbidden", "the role AzureML Data Scientist"),
        ((404, "ResourceGroupNotFound", "There is no group."), "ResourceGroupNotFound", "There is no group."),
    ],
    ids=["quota", "quota of a cluster", "no right", "no token", "no group"],
)
async def test_a_refusal_is_typed_and_says_what_to_do(
    site: Site, refusal: tuple[int, str, str], known_as: str, told: str
) -> None:
    """The service's words, and ours beside them."""
    status, code, message = refusal
    site.double.fail_once("PUT", f"/jobs/{JOB}$", status, code=code, message=message)
    reason = await _trained(site)
    assert f"Azure ML could not submit job {JOB} of {site.pipeline}: {message}" in reason
    assert told in reason
    assert site.codes[0] == known_as
    assert site.submitted() == 0


async def test_rights_that_are_lost_while_it_runs(site: Site) -> None:
    """The job cannot be read any more: the wait ends with the service's reason, and does not go on for days."""
    site.double.plan(JOB, hang="Running")
    await site.begin()
    await site.app.engine.run_until_idle()
    for _ in range(9):
        site.double.fail_once("GET", f"/jobs/{JOB}$", 403, code="AuthorizationFailed", message=_RIGHTS)
    outcome, status = await site.trained()
    assert f"The job {JOB} cannot be read: Azure ML could not read job {JOB}: {_RIGHTS}" in outcome.reason
    assert _RIGHTS in status
