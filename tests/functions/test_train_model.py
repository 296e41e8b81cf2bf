"""A training always tells its interlock how it ended, and every way to fail has its own words."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared import names
from shared.contracts.evaluation import ChampionRef
from shared.contracts.interlock import DatasetPublished
from shared.contracts.jobs import NAME_TAKEN
from shared.contracts.policy import BaselinePolicy, GateOverride, GatePolicy, ModelPolicy
from shared.contracts.training import TrainingOutcome, TrainModelInput, TrainOnRequestInput
from tests.functions.conftest import App
from tests.functions.world import Fault, World
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset, published, registered

ORDER = TrainModelInput(model=MODEL, attempt=1, policy=POLICY, dataset=dataset(), at=at())
STEPS = (names.SUBMIT_JOB, names.READ_JOB, names.EVALUATE_MODEL, names.REGISTER_VERSION, names.APPEND_LEDGER)
BASELINE = BaselinePolicy(
    model="departures-jfk-mainline-baseline", pipeline="pipelines/average.yml", parameters={"until": "{as_of}"}
)
BEATS = GatePolicy(name="beats_average", metric="mape", better_than="baseline")
COMPARED = POLICY.model_copy(update={"baseline": BASELINE, "gates": (*POLICY.gates, BEATS)})


async def _train(app: App, policy: ModelPolicy = POLICY, instance: str | None = None) -> TrainingOutcome:
    order = ORDER.model_copy(update={"policy": policy, "model": policy.model})
    state = await app.run(names.TRAIN_MODEL, order, instance)
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return TrainingOutcome.from_wire(state.get_output())


async def test_a_model_that_passes_is_registered(app: App) -> None:
    """Submitted, judged, registered, written down; the outcome carries version and verdict."""
    outcome = await _train(app)
    assert (outcome.outcome, outcome.version) == ("passed", "1")
    assert app.world.effects == ["TrainingStarted", "ModelRegistered"]


@pytest.mark.parametrize(("code", "ours"), [("UserError", True), (NAME_TAKEN, False)])
async def test_only_a_name_that_is_taken_means_that_the_job_is_another_ones(app: App, code: str, ours: bool) -> None:
    """Any other refusal leaves it ours: it may have been begun with its answer lost, so it is asked to stop."""
    app.engine_functions |= {names.SUBMIT_JOB: lambda _: {"permanent": {"code": code, "message": "not like this"}}}
    assert "not like this" in (await _train(app, instance="train-1")).reason
    assert app.world.canceled == (["train-1"] if ours else [])


async def test_a_model_that_is_rejected_is_registered_too(app: App) -> None:
    """The registry is the memory; the reason names gate, figure and requirement."""
    app.world.mape = 0.465
    outcome = await _train(app)
    assert (outcome.outcome, outcome.version) == ("rejected", "1")
    assert "accuracy: MAPE 46.5 % is above 45.0 %" in outcome.reason


@pytest.mark.parametrize(
    ("champion", "given"),
    [
        (ChampionRef(version="4"), {"type": "mlflow_model", "model": MODEL, "version": "4"}),
        (ChampionRef(version=None), None),
        (None, None),
    ],
)
async def test_the_job_is_given_the_champion(app: App, champion: ChampionRef | None, given: dict[str, str]) -> None:
    """Where a gate compares with it and there is one; the pipeline leaves the input out otherwise."""
    await app.run(names.TRAIN_MODEL, ORDER.model_copy(update={"champion": champion}), "train-1")
    assert app.world.jobs["train-1"]["inputs"].get("champion") == given


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


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"job_status": "Failed"}, "ended as Failed: boom"),
        ({"job_status": "Canceled"}, "ended as Canceled: no message"),
        ({"job_status": "Running"}, "was Running after 120 minutes, and was cancelled"),
        ({"lost_outputs": ("evaluation",)}, "completed, but its output `evaluation` cannot be read"),
        ({"lost_outputs": ("model",)}, "completed, but its output `model` cannot be read"),
        ({"evaluation_of": "d0"}, "`evaluation` is of dataset version d0"),
    ],
)
async def test_a_bad_job_is_a_failed_training_and_the_next_one_is_not(
    app: App, bad: dict[str, Any], reason: str
) -> None:
    """Not a rejected model: the interlock learns why, nothing is registered, and the next dataset is trained on."""
    good = {name: getattr(app.world, name) for name in bad}
    _change(app.world, bad)
    await app.tell(published("d1"))
    state = await app.until_summary("failed")
    assert reason in state.reason
    assert app.world.versions == []
    _change(app.world, good)
    await app.tell(published("d2", 1))
    state = await app.until_summary("registered")
    assert [training.outcome for training in state.trainings] == ["failed", "passed"]


async def test_the_files_tags_are_on_the_job_and_replace_none_of_ours(app: App) -> None:
    """Tags of the fleet file are as they are written there; `signalbox.` is Signalbox's own."""
    tags = {"cost-center": "4711", "signalbox.instance": "mine", "signalbox.other": "mine"}
    await _train(app, POLICY.model_copy(update={"tags": tags}), "train-1")
    found = app.world.jobs["train-1"]["tags"]
    assert (found["cost-center"], found["signalbox.instance"]) == ("4711", "train-1")
    assert "signalbox.other" not in found


async def test_an_override_that_has_not_ended_lets_a_model_pass(app: App) -> None:
    """It is judged at the orchestrator's time, and the reason names the exception."""
    until = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
    override = GateOverride(max=0.5, by="ana", reason="store closures", until=until)
    gate = GatePolicy(name="accuracy", metric="mape", max=0.45, override=override)
    app.world.mape = 0.466
    outcome = await _train(app, POLICY.model_copy(update={"gates": (gate,)}))
    assert outcome.outcome == "passed"
    assert "at most 50.0 % (override by ana: store closures; until 8999-12-31; the gate says 45.0 %)" in outcome.reason
    ended = gate.model_copy(update={"override": override.model_copy(update={"until": at()})})
    assert (await _train(app, POLICY.model_copy(update={"gates": (ended,)}))).outcome == "rejected"


class TestBaseline:
    """What the models of a group have to beat is trained once for all of them."""

    async def test_the_model_is_judged_beside_it(self, app: App) -> None:
        """Both are trained and registered; the ledger names the baseline's model, version, job and figures."""
        outcome = await _train(app, COMPARED, "train-1")
        assert outcome.outcome == "passed"
        assert f"MAPE 10.0 % is better than 20.0 % of the baseline {BASELINE.model}" in outcome.reason
        (job,) = app.world.baselines
        facts = app.world.facts["train-1/ModelRegistered"]
        assert facts["baseline"] == {"model": BASELINE.model, "version": "1", "run": None, "job": job}
        assert facts["evaluation"]["baseline"]["mape"] == 0.2

    async def test_models_of_a_group_share_one_job(self, app: App) -> None:
        """However many start at once, there is one job with one definition, and one version of it."""
        models = [COMPARED.model_copy(update={"model": f"m-{n}", "tags": {"n": str(n)}}) for n in range(3)]
        ends = await asyncio.gather(*(_train(app, one, f"train-{one.model}") for one in models))
        assert {end.outcome for end in ends} == {"passed"}
        assert len(app.world.jobs) == 4
        assert len(app.world.baselines) == 1
        (job,) = (app.world.jobs[name] for name in app.world.baselines)
        assert job["inputs"]["until"] == "latest"
        assert "signalbox.instance" not in job["tags"]

    async def test_another_dataset_version_is_another_job(self, app: App) -> None:
        """Every version has its own baseline, trained on what the model was trained on."""
        await _train(app, COMPARED)
        order = ORDER.model_copy(update={"policy": COMPARED, "dataset": dataset("d2")})
        await app.run(names.TRAIN_MODEL, order)
        folders = [app.world.jobs[name]["inputs"]["dataset"]["path"] for name in app.world.baselines]
        assert folders == ["datasets/d1/", "datasets/d2/"]

    async def test_it_is_registered_before_the_model_and_once(self, app: App) -> None:
        """A second training on the dataset version finds job and version."""
        await _train(app, COMPARED, "train-1")
        await _train(app, COMPARED, "train-2")
        assert len(app.world.baselines) == 1
        assert app.world.versions == ["train-1", "train-2"]
        facts = [app.world.facts[f"train-{n}/ModelRegistered"]["baseline"] for n in (1, 2)]
        assert facts[0] == facts[1]

    async def test_a_model_that_does_not_beat_it_is_rejected(self, app: App) -> None:
        """The reason names gate, figure and requirement."""
        app.world.mape, app.world.baseline_mape = 0.087, 0.081
        outcome = await _train(app, COMPARED)
        assert outcome.outcome == "rejected"
        assert f"beats_average: MAPE 8.7 % is not better than 8.1 % of the baseline {BASELINE.model}" in outcome.reason

    async def test_a_baseline_without_the_figure_fails_the_gate(self, app: App) -> None:
        """What cannot be compared is not beaten."""
        app.world.baseline_mape = None
        outcome = await _train(app, COMPARED)
        assert outcome.outcome == "rejected"
        assert f"MAPE of the baseline {BASELINE.model} is missing" in outcome.reason

    async def test_one_that_fails_is_a_failed_training(self, app: App) -> None:
        """The infrastructure failed, not the model: nothing is registered, and the reason names the baseline's job."""
        app.world.baseline_status = "Failed"
        outcome = await _train(app, COMPARED)
        assert outcome.outcome == "failed"
        assert f"The baseline {BASELINE.model} could not be trained: The job" in outcome.reason
        assert "ended as Failed: boom" in outcome.reason
        assert (app.world.versions, app.world.baselines) == ([], [])

    async def test_after_a_failed_one_the_next_training_submits_another(self, app: App) -> None:
        """The name of a job that failed is not the end of the baseline."""
        app.world.baseline_status = "Failed"
        await app.tell(_published("d1"))
        await app.until_summary("failed")
        app.world.baseline_status = "Completed"
        (failed,) = (name for name, job in app.world.jobs.items() if job["experiment"] == BASELINE.model)
        app.world.job_statuses[failed] = "Failed"
        await app.tell(_published("d1", 1))
        state = await app.until_summary("registered")
        assert [training.outcome for training in state.trainings] == ["failed", "passed"]
        assert app.world.baselines == [failed.removesuffix("-1") + "-2"]

    async def test_after_a_change_of_its_code_another_is_submitted(self, app: App) -> None:
        """The platform refuses the name for another definition, and the next number is taken."""
        await _train(app, COMPARED, "train-1")
        (first,) = app.world.baselines
        app.world.jobs[first] = app.world.jobs[first] | {"pipeline": "as it was before"}
        assert (await _train(app, COMPARED, "train-2")).outcome == "passed"
        assert app.world.baselines == [first, first.removesuffix("-1") + "-2"]

    async def test_one_that_always_fails_is_not_submitted_for_ever(self, app: App) -> None:
        """The training ends as failed, with the platform's words."""
        app.world.baseline_status = "Failed"
        await _train(app, COMPARED)
        (first,) = (job for job in app.world.jobs.values() if job["experiment"] == BASELINE.model)
        for number in range(2, 21):
            name = f"{first['name'].removesuffix('-1')}-{number}"
            app.world.jobs[name] = first | {"name": name}
        submitted = app.world.calls[names.SUBMIT_JOB]
        outcome = await _train(app, COMPARED)
        assert outcome.outcome == "failed"
        assert f"The baseline {BASELINE.model} could not be trained: boom" in outcome.reason
        assert app.world.calls[names.SUBMIT_JOB] - submitted == 20

    async def test_one_that_never_ends_is_cancelled(self, app: App) -> None:
        """Within the same budget as the model's own job."""
        app.world.baseline_status = "Running"
        outcome = await _train(app, COMPARED, "train-1")
        assert outcome.outcome == "failed"
        assert f"The baseline {BASELINE.model} could not be trained: The job" in outcome.reason
        assert "was Running after 120 minutes, and was cancelled" in outcome.reason
        assert set(app.world.canceled) == set(app.world.jobs)
        state = await app.finish("train-1")
        assert timedelta(minutes=119) < state.last_updated_at - state.created_at < timedelta(minutes=125)

    async def test_when_nothing_ends_both_are_cancelled(self, app: App) -> None:
        """A platform that hangs keeps neither job."""
        app.world.job_status = app.world.baseline_status = "Running"
        outcome = await _train(app, COMPARED, "train-1")
        assert outcome.outcome == "failed"
        assert set(app.world.canceled) == set(app.world.jobs)
        assert len(app.world.jobs) == 2

    async def test_it_goes_on_when_one_model_fails(self, app: App) -> None:
        """Other models wait for it."""
        app.world.job_status = "Failed"
        await _train(app, COMPARED, "train-1")
        assert app.world.canceled == ["train-1"]

    async def test_one_that_lost_its_model_is_a_failed_training(self, app: App) -> None:
        """No version of the model is registered without what it was judged by."""
        await _train(app, COMPARED.model_copy(update={"model": "other"}))
        (job,) = app.world.baselines
        app.world.lost_outputs = (f"{job}/model",)
        outcome = await _train(app, COMPARED)
        assert outcome.outcome == "failed"
        assert f"The job {job} completed, but its output `model` cannot be read" in outcome.reason
        assert len(app.world.versions) == 1

    async def test_after_one_lost_its_evaluation_the_next_training_submits_another(self, app: App) -> None:
        """It has completed, and yet nothing can be judged by it: without another, no training would ever pass again."""
        await _train(app, COMPARED, "train-1")
        (lost,) = app.world.baselines
        app.world.lost_outputs = (f"{lost}/evaluation",)
        assert (await _train(app, COMPARED, "train-2")).outcome == "passed"
        assert app.world.baselines == [lost, lost.removesuffix("-1") + "-2"]

    @pytest.mark.parametrize("fault", ["permanent", "outage", "lost"])
    async def test_its_registration_may_fail(self, app: App, fault: Fault) -> None:
        """It ends as failed and the interlock is told; afterwards the job has one version all the same."""
        app.world.faults = {names.REGISTER_BASELINE: fault}
        await app.tell(_published("d1"))
        state = await app.until_summary("failed")
        assert names.REGISTER_BASELINE in state.reason
        assert app.world.versions == []
        app.world.faults = {}
        await app.tell(_published("d1", 1))
        await app.until_summary("registered")
        assert len(app.world.baselines) == 1


def _change(world: World, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        setattr(world, name, value)


def _published(version: str, minutes: int = 0) -> DatasetPublished:
    return published(version, minutes).model_copy(update={"policy": COMPARED})


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
