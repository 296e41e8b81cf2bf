"""A version that a person registered is judged as one of our own is, and its interlock learns how that ended."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from functions import adapters
from functions.activities.versions import hash_version
from shared import names
from shared.contracts.evaluation import ChampionRef
from shared.contracts.policy import BaselinePolicy, GatePolicy, ModelPolicy
from shared.contracts.registry import HashVersionInput
from shared.contracts.training import EvaluateVersionInput, EvaluationOutcome
from shared.registry.artifact import artifact_sha256
from tests.functions.conftest import App
from tests.functions.killed import run_killed
from tests.functions.stores import Blobs
from tests.functions.world import Fault, World
from tests.shared.interlock.builders import MODEL, POLICY, at, batch, dataset

FAULTS: tuple[Fault, ...] = ("permanent", "outage", "lost")
STEPS = (
    names.HASH_VERSION,
    names.SUBMIT_JOB,
    names.READ_JOB,
    names.EVALUATE_MODEL,
    names.REGISTER_BASELINE,
    names.APPEND_LEDGER,
)
BETTER = (GatePolicy(name="better", metric="mape", better_than="baseline"),)
POLICY_WITH_BASELINE = batch(baseline=BaselinePolicy(model="the-baseline", pipeline="b.yml"), gates=BETTER)


def _order(policy: ModelPolicy | None = None, **changes: Any) -> EvaluateVersionInput:
    order = EvaluateVersionInput(
        model=MODEL, version="7", attempt=4, policy=policy or batch(), dataset=dataset(), at=at()
    )
    return order.model_copy(update=changes)


async def _evaluate(app: App, order: EvaluateVersionInput) -> EvaluationOutcome:
    state = await app.run(names.EVALUATE_VERSION, order, "judge")
    assert state.runtime_status.name == "COMPLETED", state.failure_details
    return EvaluationOutcome.from_wire(state.get_output())


async def test_a_version_that_passes_has_its_figures_in_the_ledger(app: App) -> None:
    """The scoring pipeline is asked for the evaluation of the dataset's test period, by that version."""
    outcome = await _evaluate(app, _order())
    assert outcome.outcome == "passed"
    assert outcome.evaluation is not None
    assert outcome.verdict is not None
    job = app.world.jobs["judge"]["inputs"]
    assert (job["rows"], job["data"]["path"]) == ("evaluation", "datasets/d1/")
    assert job["model"] == {"type": "mlflow_model", "model": MODEL, "version": "7"}
    facts = app.world.facts["judge/VersionEvaluated"]
    assert (facts["version"], facts["dataset"], facts["job"]) == ("7", "d1", "judge")
    assert facts["evaluation"]["model"]["mape"] == 0.1
    assert facts["gates"][0]["passed"]
    assert facts["origin"]["artifact_sha256"] == "c" * 64


async def test_a_version_that_fails_a_gate_is_rejected(app: App) -> None:
    """Its figures are kept all the same."""
    app.world.mape = 0.9
    outcome = await _evaluate(app, _order())
    assert outcome.outcome == "rejected"
    assert outcome.reason.startswith("Version 7 was rejected. ")
    assert app.world.effects == ["VersionEvaluated"]


async def test_it_is_held_against_the_baseline_of_the_same_data(app: App) -> None:
    """The baseline's job is the one that a training on the same dataset version has, or would have."""
    outcome = await _evaluate(app, _order(POLICY_WITH_BASELINE))
    assert outcome.outcome == "passed"
    facts = app.world.facts["judge/VersionEvaluated"]["baseline"]
    assert (facts["model"], facts["version"]) == ("the-baseline", "1")
    assert facts["job"] in app.world.jobs


async def test_a_gate_that_compares_with_the_champion_has_its_predictions(app: App) -> None:
    """The pipeline is given the version in production; while there is none, it is given nothing."""
    await _evaluate(app, _order(champion=ChampionRef(version="3")))
    assert app.world.jobs["judge"]["inputs"]["champion"] == {"type": "mlflow_model", "model": MODEL, "version": "3"}
    app.world.jobs.clear()
    await app.run(names.EVALUATE_VERSION, _order(champion=ChampionRef(version=None)), "first")
    assert "champion" not in app.world.jobs["first"]["inputs"]


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (_order(POLICY), "is served online, so it has no scoring pipeline"),
        (_order(dataset=None), "the dataset departures has no version to evaluate it on"),
    ],
)
async def test_what_cannot_be_evaluated_says_what_would_make_it_possible(
    app: App, order: EvaluateVersionInput, told: str
) -> None:
    """No job is submitted, and none is cancelled."""
    outcome = await _evaluate(app, order)
    assert outcome.outcome == "failed"
    assert told in outcome.reason
    assert "docs/evaluating-versions.md" in outcome.reason
    assert (app.world.jobs, app.world.canceled) == ({}, [])
    assert app.world.effects == ["EvaluationFailed"]


async def test_a_job_that_is_somebody_elses_is_left_alone(app: App) -> None:
    """Its name is taken: nothing is cancelled."""
    app.world.jobs["judge"] = {"pipeline": "x", "experiment": "x", "inputs": {}, "tags": {}}
    assert (await _evaluate(app, _order())).outcome == "failed"
    assert app.world.canceled == []


async def test_a_pipeline_that_does_not_know_how_fails(app: App) -> None:
    """Its own message is in the reason."""
    app.world.job_status = "Failed"
    outcome = await _evaluate(app, _order())
    assert (outcome.outcome, outcome.verdict) == ("failed", None)
    assert "ended as Failed: boom" in outcome.reason


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", STEPS)
async def test_any_step_may_fail(app: App, step: str, fault: Fault) -> None:
    """Broken for good, down for an hour, or its answer lost: the evaluation has failed, and says where."""
    app.world.faults = {step: fault}
    outcome = await _evaluate(app, _order(POLICY_WITH_BASELINE))
    assert outcome.outcome == "failed"
    assert step in outcome.reason
    assert outcome.verdict is None


async def test_killed_after_any_effect(tmp_path: Path) -> None:
    """Opened again on the same database, it ends as if nothing had happened, and the verdict is told once."""
    killed, number = True, 0
    while killed:
        number += 1
        world, folder = World(), tmp_path / str(number)
        folder.mkdir()
        order = _order(POLICY_WITH_BASELINE)
        killed, output = await run_killed(names.EVALUATE_VERSION, order, world, folder, number)
        assert EvaluationOutcome.from_wire(output).outcome == "passed"
        assert world.effects == ["VersionEvaluated"]
        assert len(world.jobs) == 2
    assert number > 6, "it has more effects than this"


class _Registry:
    """Downloads a version of one file."""

    def download(self, model: str, version: str, folder: Path) -> None:
        """The file says which version it is."""
        (folder / "MLmodel").write_text(f"{model} {version}")


async def test_the_files_are_hashed_as_they_are_now(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the hash that a release compares with."""
    monkeypatch.setattr(adapters, "registry", _Registry)
    (tmp_path / "MLmodel").write_text(f"{MODEL} 7")
    found = await hash_version(HashVersionInput(model=MODEL, version="7"))
    assert (found.artifact_sha256, found.manifest) == (artifact_sha256(tmp_path), None)


async def test_the_manifest_of_what_it_is_evaluated_on_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its hash, as of a version that is trained here: a release holds it against what lies there then."""
    data = Blobs("signalbox")
    data.land("datasets/d1/manifest.json", b"{}")
    monkeypatch.setattr(adapters, "registry", _Registry)
    monkeypatch.setattr(adapters, "data", lambda: data)
    found = await hash_version(HashVersionInput(model=MODEL, version="7", dataset=dataset()))
    assert (found.manifest, found.manifest_sha256) == ("datasets/d1/manifest.json", hashlib.sha256(b"{}").hexdigest())
