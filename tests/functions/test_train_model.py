"""A training always tells its interlock how it ended, and every way to fail has its own words."""

import pytest

from shared import names
from shared.contracts.training import TrainingOutcome, TrainModelInput, TrainOnRequestInput
from tests.functions.conftest import App
from tests.functions.world import Fault
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset, published, registered

ORDER = TrainModelInput(model=MODEL, attempt=1, policy=POLICY, dataset=dataset(), at=at())
STEPS = (names.SUBMIT_JOB, names.READ_JOB, names.EVALUATE_MODEL, names.REGISTER_VERSION, names.APPEND_LEDGER)


async def _train(app: App) -> TrainingOutcome:
    state = await app.run(names.TRAIN_MODEL, ORDER)
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return TrainingOutcome.from_wire(state.get_output())


async def test_a_model_that_passes_is_registered(app: App) -> None:
    """Submitted, judged, registered, written down; the outcome carries version and verdict."""
    outcome = await _train(app)
    assert (outcome.outcome, outcome.version) == ("passed", "1")
    assert app.world.effects == ["TrainingStarted", "ModelRegistered"]


async def test_a_model_that_is_rejected_is_registered_too(app: App) -> None:
    """The registry is the memory; the reason names gate, figure and requirement."""
    app.world.mape = 0.465
    outcome = await _train(app)
    assert (outcome.outcome, outcome.version) == ("rejected", "1")
    assert "accuracy: MAPE 46.5 % is above 45.0 %" in outcome.reason


@pytest.mark.parametrize("fault", ["permanent", "outage", "lost"])
@pytest.mark.parametrize("step", STEPS)
async def test_any_step_may_fail(app: App, step: str, fault: Fault) -> None:
    """It ends as failed, the job is asked to stop, and the interlock learns of it and takes the next dataset."""
    app.world.faults = {step: fault}
    await app.tell(published("d1"))
    state = await app.until_summary("failed")
    assert step in state.reason
    assert app.world.canceled == [state.trainings[0].instance]
    app.world.faults = {}
    await app.tell(published("d1", 1))
    state = await app.until_summary("registered")
    assert [training.outcome for training in state.trainings] == ["failed", "passed"]


async def test_a_job_that_failed_says_why(app: App) -> None:
    """The platform's own message is in the reason."""
    app.world.job_status = "Failed"
    outcome = await _train(app)
    assert outcome.outcome == "failed"
    assert "ended as Failed: boom" in outcome.reason


async def test_a_job_that_never_ends_is_cancelled(app: App) -> None:
    """After its budget the job is asked to stop; the reads in between are few and sparse."""
    app.world.job_status = "Running"
    outcome = await _train(app)
    assert outcome.outcome == "failed"
    assert "was Running after 120 minutes" in outcome.reason
    assert app.world.canceled
    assert app.world.calls[names.READ_JOB] < 25


async def test_the_whole_way_from_dataset_to_production(app: App) -> None:
    """Dataset, training, registration, release: driven by the interlock alone, with every row of the read model."""
    await app.tell(published("d1"))
    await app.until_summary("registered")
    await app.tell(registered("1"))
    state = await app.until_summary("released")
    assert state.champion is not None
    assert state.champion.serving is not None
    assert state.champion.serving.deployment == "v1-1"
    assert {row["state"] for row in app.world.rows} >= {"training", "registered", "releasing", "released"}


class TestTrainOnRequest:
    """Somebody asks for a training, and waits for its end."""

    def _request(self, request_id: str = "r1", version: str = "d1") -> TrainOnRequestInput:
        return TrainOnRequestInput(
            policy=POLICY, dataset=version, requested_by="Data Factory", request_id=request_id, at=at()
        )

    async def test_it_ends_as_the_training_ends(self, app: App) -> None:
        """A training that passed completes the request."""
        state = await app.run(names.TRAIN_ON_REQUEST, self._request())
        assert state.runtime_status.name == "COMPLETED"
        assert TrainingOutcome.from_wire(state.get_output()).version == "1"

    async def test_a_rejected_model_fails_the_request(self, app: App) -> None:
        """Data Factory must see a failure as a failure, with its reason."""
        app.world.mape = 0.9
        state = await app.run(names.TRAIN_ON_REQUEST, self._request())
        assert state.runtime_status.name == "FAILED"
        assert state.failure_details is not None
        assert "MAPE 90.0 % is above 45.0 %" in state.failure_details.message

    async def test_two_requests_are_two_trainings_and_a_repeated_one_is_one(self, app: App) -> None:
        """The second waits for the first; asking again under the same id starts nothing."""
        first = await app.client.schedule_new_orchestration(
            names.TRAIN_ON_REQUEST, input=self._request("r1", "d1").to_wire()
        )
        second = await app.client.schedule_new_orchestration(
            names.TRAIN_ON_REQUEST, input=self._request("r2", "d2").to_wire()
        )
        again = await app.client.schedule_new_orchestration(
            names.TRAIN_ON_REQUEST, input=self._request("r2", "d2").to_wire()
        )
        ends = [TrainingOutcome.from_wire((await app.finish(one)).get_output()) for one in (first, second, again)]
        assert sorted({end.attempt for end in ends}) == [1, 2]
        assert ends[1].attempt == ends[2].attempt
        assert len(app.world.versions) == 2
