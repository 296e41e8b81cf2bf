"""Judging and registering what jobs have made: from their outputs to figures, verdicts and versions."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from functions import adapters, origins
from functions.activities.evaluation import evaluate_model
from functions.activities.registry import register_baseline, register_version
from functions.activities.training import submit_job
from shared.contracts.evaluation import (
    BaselineJob,
    ChampionRef,
    EvaluateModelInput,
    Evaluation,
    Figures,
    Verdict,
)
from shared.contracts.jobs import JobInput, JobState, SubmitJobInput
from shared.contracts.platform_models import PlatformModel
from shared.contracts.policy import GatePolicy
from shared.contracts.registry import RegisterBaselineInput, RegisteredVersion, RegisterVersionInput, VersionOrigin
from shared.errors import PermanentError
from tests.functions.stores import Blobs
from tests.shared.interlock.builders import MODEL, POLICY, dataset

BASELINE = "departures-jfk-mainline-baseline"
GATES = (GatePolicy(name="beats_average", metric="mape", better_than="baseline"),)
MANIFEST = b'{"sources": []}'
#: Of a model whose one file, `MLmodel`, holds the letter m.
ARTIFACT = hashlib.sha256(f"{hashlib.sha256(b'm').hexdigest()}  MLmodel\n".encode()).hexdigest()
MODEL_ROWS = b"route,actual,prediction,dataset_version\nA,10,9,d1\n"
BASELINE_ROWS = b"route,actual,prediction\nA,10,5\nB,1,1\n"


@dataclass
class Outputs:
    """A platform on which all jobs have completed, with their outputs by `JOB/OUTPUT`."""

    files: dict[str, bytes] = field(default_factory=dict)
    models: dict[tuple[str, str], str] = field(default_factory=dict)
    logged: dict[str, float] = field(default_factory=dict)

    def read_job_metrics(self, name: str) -> dict[str, float]:
        """What the one job that logs has logged."""
        assert name == "job"
        return self.logged

    def submit_job(
        self, name: str, pipeline: Path, experiment: str, inputs: Mapping[str, JobInput], tags: Mapping[str, str]
    ) -> JobState:
        """Finds the job."""
        return JobState(name=name, status="Completed")

    def read_job_file(self, name: str, output: str) -> bytes:
        """As the platform does it."""
        if f"{name}/{output}" not in self.files:
            raise PermanentError("OutputNotFound", f"job {name} has no output {output!r}; it has none")
        return self.files[f"{name}/{output}"]

    def read_images(self, environments: Sequence[str]) -> tuple[str, ...]:
        """One for each."""
        return tuple(f"image of {name}" for name in environments)

    def download_job_folder(self, name: str, output: str, target: Path) -> None:
        """As the platform does it."""
        (target / "MLmodel").write_bytes(self.read_job_file(name, output))

    def register_model(self, model: str, version: str, job: str, output: str, tags: Mapping[str, str]) -> PlatformModel:
        """Of one version there is one job."""
        assert self.models.setdefault((model, version), job) == job
        return PlatformModel(model=model, version=version, path=f"{job}/{output}", tags=dict(tags))


@dataclass
class Versions:
    """A registry that takes every version in, once per job."""

    made: list[RegisteredVersion] = field(default_factory=list)
    metrics: list[dict[str, float]] = field(default_factory=list)

    def find_by_job(self, model: str, job: str) -> RegisteredVersion | None:
        """By its tag."""
        return next((one for one in self.made if one.model == model and one.tags["job"] == job), None)

    def register(
        self, model: str, job: str, folder: Path, tags: Mapping[str, str], metrics: Mapping[str, float]
    ) -> RegisteredVersion:
        """The next number."""
        assert (folder / "MLmodel").is_file()
        self.made.append(RegisteredVersion(model=model, version=str(len(self.made) + 1), tags={**tags, "job": job}))
        self.metrics.append(dict(metrics))
        return self.made[-1]


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    """A model's job and a baseline's, both with everything."""
    platform = Outputs(
        {"job/evaluation": MODEL_ROWS, "job/model": b"m", "base/evaluation": BASELINE_ROWS, "base/model": b"b"}
    )
    monkeypatch.setattr(adapters, "platform", lambda: platform)
    return platform


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> Versions:
    """An empty registry."""
    registry = Versions()
    monkeypatch.setattr(adapters, "registry", lambda: registry)
    return registry


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    """What a model comes from: a dataset's manifest, a pipeline, and a deployment that knows its commit."""
    known, stored = SimpleNamespace(platform="azureml"), Blobs("signalbox")
    stored.land("datasets/d1/manifest.json", MANIFEST)
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines/train.yml").write_text("jobs: {train: {environment: 'azureml:forecast:1'}}")
    monkeypatch.setattr(adapters, "data", lambda: stored)
    monkeypatch.setattr(adapters, "fleets", lambda: SimpleNamespace(model={MODEL: POLICY}.get))
    monkeypatch.setattr(adapters, "fleet_file", lambda _fleet, relative: tmp_path / relative)
    monkeypatch.setattr(origins, "settings", lambda: known)
    monkeypatch.setattr(origins, "deployed_commit", lambda: "abc1234")
    return stored


def _evaluate(**changes: Any) -> EvaluateModelInput:
    order = EvaluateModelInput(job="job", gates=GATES, dataset="d1", baseline=BaselineJob(model=BASELINE, job="base"))
    return order.model_copy(update=changes)


def _register(**changes: Any) -> RegisterVersionInput:
    order = RegisterVersionInput(
        model=MODEL,
        fleet="flights",
        revision=POLICY.revision,
        job="job",
        attempt=1,
        dataset=dataset(),
        evaluation=Evaluation(model=Figures(rows=1, zeros=0, mape=0.1), baseline=Figures(rows=1, zeros=0, mape=0.2)),
        verdict=Verdict(passed=True, gates=()),
    )
    return order.model_copy(update=changes)


async def test_a_model_is_judged_beside_the_baselines_job(outputs: Outputs) -> None:
    """Both evaluations are read from their jobs, and compared on the model's rows."""
    judged = await evaluate_model(_evaluate())
    assert judged.verdict.passed
    assert judged.evaluation.baseline is not None
    assert (judged.evaluation.baseline.rows, judged.evaluation.baseline.mape) == (1, 0.5)


async def test_a_model_is_judged_beside_the_champion(outputs: Outputs) -> None:
    """Its predictions are a column of the model's own evaluation; which version it is, the order says."""
    outputs.files["job/evaluation"] = b"route,actual,prediction,champion,dataset_version\nA,10,9,8,d1\n"
    gates = (GatePolicy(name="beats_champion", metric="mape", better_than="champion"),)
    judged = await evaluate_model(_evaluate(gates=gates, champion=ChampionRef(version="3")))
    assert judged.verdict.gates[0].reason == (
        "beats_champion: MAPE 10.0 % is better than 20.0 % of the champion (version 3)"
    )
    assert not (await evaluate_model(_evaluate(gates=gates))).verdict.passed


async def test_a_metric_of_the_run_is_read_where_a_gate_looks_at_it(outputs: Outputs) -> None:
    """Only those that are asked for are kept; what is not finite is missing."""
    outputs.logged = {"pinball": 0.2, "epoch": 60.0, "loss": math.nan}
    gates = tuple(GatePolicy(name=name, metric=f"run.{name}", max=1) for name in ("pinball", "loss"))
    judged = await evaluate_model(_evaluate(gates=gates))
    assert judged.evaluation.run == {"pinball": 0.2}
    assert [gate.passed for gate in judged.verdict.gates] == [True, False]


@pytest.mark.parametrize("job", ["job", "base"])
async def test_a_lost_evaluation_says_whose_it_was(outputs: Outputs, job: str) -> None:
    """A person reads which job to look at, and in which words its pipeline has to be mended."""
    del outputs.files[f"{job}/evaluation"]
    with pytest.raises(PermanentError) as error:
        await evaluate_model(_evaluate())
    assert error.value.code == "OutputMissing"
    assert error.value.message.startswith(f"The job {job} completed, but its output `evaluation` cannot be read: ")


async def test_an_evaluation_of_another_dataset_is_refused(outputs: Outputs) -> None:
    """It says nothing of the model that was trained: neither passed nor rejected."""
    with pytest.raises(PermanentError) as error:
        await evaluate_model(_evaluate(dataset="d2"))
    assert error.value.code == "EvaluationOfOtherDataset"


async def test_a_version_carries_the_files_tags_and_none_instead_of_ours(outputs: Outputs, versions: Versions) -> None:
    """Tags of the fleet file come as they are; those of Signalbox's own names are left out."""
    made = await register_version(
        _register(tags={"cost-center": "4711", "signalbox.verdict": "mine", "signalbox.x": ""})
    )
    assert (made.tags["cost-center"], made.tags["signalbox.verdict"]) == ("4711", "passed")
    assert "signalbox.x" not in made.tags
    assert versions.metrics[0]["baseline_mape"] == 0.2


async def test_a_version_says_where_it_comes_from(outputs: Outputs, versions: Versions) -> None:
    """Files, manifest, commit, platform and environments, as they are when it is registered."""
    made = await register_version(_register())
    assert made.origin == VersionOrigin(
        artifact_sha256=ARTIFACT,
        git_commit="abc1234",
        platform="azureml",
        environments=("azureml:forecast:1",),
        images=("image of azureml:forecast:1",),
        manifest="datasets/d1/manifest.json",
        manifest_sha256=hashlib.sha256(MANIFEST).hexdigest(),
    )


async def test_a_version_that_is_adopted_says_the_same(outputs: Outputs, versions: Versions) -> None:
    """From the job's files, not from tags; when these are gone, that alone is not known."""
    first = await register_version(_register())
    assert await register_version(_register()) == first
    del outputs.files["job/model"]
    again = await register_version(_register())
    assert first.origin is not None
    assert again.origin == first.origin.model_copy(update={"artifact_sha256": None})
    assert len(versions.made) == 1


@pytest.mark.usefixtures("outputs", "versions")
@pytest.mark.parametrize(
    ("lost", "field"),
    [("manifest", "manifest_sha256"), ("pipeline", "environments"), ("yaml", "environments"), ("file", "environments")],
)
async def test_what_is_not_known_keeps_no_version_out(lost: str, field: str, data: Blobs, tmp_path: Path) -> None:
    """A manifest that is gone, a pipeline that is gone or broken, a fleet file that has changed since."""
    pipeline, order = tmp_path / "pipelines/train.yml", _register()
    match lost:
        case "manifest":
            data.delete("datasets/d1/manifest.json")
        case "pipeline":
            pipeline.unlink()
        case "yaml":
            pipeline.write_text("{")
        case _:
            order = _register(revision="older")
    made = await register_version(order)
    assert made.origin is not None
    assert not getattr(made.origin, field)
    assert made.origin.artifact_sha256 == ARTIFACT


def test_versions_of_before_travel_as_before() -> None:
    """Recorded histories know nothing of an origin, so none is on the wire where there is none."""
    version = RegisteredVersion(model=MODEL, version="1")
    assert "origin" not in version.to_wire()
    assert RegisteredVersion.from_wire(version.to_wire()) == version


async def test_a_baseline_is_registered_once_however_often_it_is_asked(outputs: Outputs, versions: Versions) -> None:
    """Every model of its group asks; it is marked as what is never released."""
    order = RegisterBaselineInput(model=BASELINE, fleet="flights", job="base", dataset=dataset())
    first = await register_baseline(order)
    assert await register_baseline(order) == first
    assert len(versions.made) == 1
    assert first.tags == {
        "job": "base",
        "signalbox.kind": "baseline",
        "signalbox.fleet": "flights",
        "signalbox.dataset": "d1",
    }


@pytest.mark.parametrize(("needs", "status"), [(None, "Completed"), ("evaluation", "Failed")])
async def test_a_job_that_has_lost_what_is_needed_of_it_counts_as_failed(
    needs: str | None, status: str, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found completed with its output it is completed; without it, failed, if that output is asked for."""
    monkeypatch.setattr(adapters, "fleet_file", lambda _fleet, path: Path(path))
    order = SubmitJobInput(name="base", fleet="flights", pipeline="p.yml", experiment="e", inputs={}, needs=needs)
    assert (await submit_job(order)).status == "Completed"
    del outputs.files["base/evaluation"]
    state = await submit_job(order)
    assert state.status == status
    assert state.error is None or state.error.startswith("its output `evaluation` is gone: ")


async def test_a_lost_model_registers_nothing(outputs: Outputs, versions: Versions) -> None:
    """The message names job and output, and nothing is registered half."""
    del outputs.files["job/model"], outputs.files["base/model"]
    with pytest.raises(PermanentError, match="The job job completed, but its output `model` cannot be read: "):
        await register_version(_register())
    with pytest.raises(PermanentError, match="The job base completed, but its output `model` cannot be read: "):
        await register_baseline(RegisterBaselineInput(model=BASELINE, fleet="flights", job="base", dataset=dataset()))
    assert versions.made == []
