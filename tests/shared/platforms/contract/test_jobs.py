"""What every Platform does with jobs."""

import json
import shutil
from pathlib import Path

import pytest

from shared.contracts.jobs import NAME_TAKEN, JobInput, ModelInput
from shared.errors import PermanentError
from shared.platforms.base import Platform
from tests.shared.platforms.contract.world import (
    EVALUATION,
    FOUND,
    METRICS,
    PIPELINES,
    TRAINING,
    World,
    ended,
    new,
    submit,
    training,
    until,
)

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


def test_an_unknown_job_is_an_answer_or_an_error(platform: Platform, tmp_path: Path) -> None:
    """There is no state and nothing to cancel; what it left cannot be had, and never will."""
    assert platform.read_job("unknown") is None
    platform.cancel_job("unknown")
    with pytest.raises(PermanentError) as caught:
        platform.read_job_metrics("unknown")
    assert caught.value.code == "JobNotFound"
    with pytest.raises(PermanentError):
        platform.read_job_file("unknown", "evaluation")
    with pytest.raises(PermanentError):
        platform.download_job_folder("unknown", "model", tmp_path)


def test_a_job_reads_its_dataset_and_gives_its_outputs(platform: Platform, trained: str, tmp_path: Path) -> None:
    """The dataset came from blob storage, the parameter from the call, and both outputs can be had."""
    assert json.loads(platform.read_job_file(trained, "evaluation")) == EVALUATION
    platform.download_job_folder(trained, "model", tmp_path)
    assert (tmp_path / "MLmodel").is_file()
    state = platform.read_job(trained)
    assert state is not None
    assert state.started_at is not None
    assert state.ended_at is not None
    assert state.started_at <= state.ended_at


def test_an_output_that_is_not_there_is_permanent(platform: Platform, trained: str, tmp_path: Path) -> None:
    """Neither a file nor a folder of that name can be had of a completed job."""
    for read in (
        lambda: platform.read_job_file(trained, "unknown"),
        lambda: platform.download_job_folder(trained, "unknown", tmp_path),
    ):
        with pytest.raises(PermanentError) as caught:
            read()
        assert caught.value.code == "OutputNotFound"
    assert list(tmp_path.iterdir()) == []


def test_the_same_job_is_adopted(world: World, trained: str) -> None:
    """A repeated activity starts nothing."""
    assert submit(world, trained) == world.platform.read_job(trained)


def test_a_job_under_way_is_adopted(world: World) -> None:
    """Submitted twice while it runs it is one job, which comes to one end."""
    name = new("twice")
    assert [submit(world, name).name for _ in range(2)] == [name, name]
    assert world.finish(name).status == "Completed"
    assert submit(world, name).status == "Completed"


@pytest.mark.parametrize("run", ["another", None])
@pytest.mark.parametrize("times", [2, 7])
def test_another_runs_job_is_refused(world: World, trained: str, run: str | None, times: int) -> None:
    """A name clash is permanent, however alike the two are defined, and the job stays as it is."""
    before = world.platform.read_job(trained)
    with pytest.raises(PermanentError) as caught:
        submit(world, trained, times, run=run)
    assert caught.value.code == NAME_TAKEN
    assert world.platform.read_job(trained) == before


def test_a_runs_own_job_is_adopted_whatever_has_become_of_its_definition(world: World, tmp_path: Path) -> None:
    """Its pipeline changed after it was submitted, was broken, and is gone: it is the job that runs."""
    folder = shutil.copytree(PIPELINES, tmp_path / "pipelines")
    name, file = new("changed"), folder / TRAINING.name
    submit(world, name, pipeline=file)
    for change in (
        lambda: file.write_text(file.read_text().replace("times: 1", "times: 5")),
        lambda: file.write_text("type: pipeline\njobs: {a: {type"),
        file.unlink,
    ):
        change()
        assert submit(world, name, pipeline=file).name == name
    with pytest.raises(PermanentError):
        submit(world, name, pipeline=file, run="another")
    assert world.finish(name).status == "Completed"
    assert submit(world, name, times=7, pipeline=file) == world.platform.read_job(name)


def test_a_job_of_several_is_known_by_its_definition(world: World) -> None:
    """It names no run: the same is adopted, whoever asks; a run's own of that name, and another one, are refused."""
    name = new("shared")
    submit(world, name, run=None)
    assert submit(world, name, run=None).name == name
    for times, run in ((7, None), (2, "i")):
        with pytest.raises(PermanentError) as caught:
            submit(world, name, times, run=run)
        assert caught.value.code == NAME_TAKEN
    world.platform.cancel_job(name)


def test_metrics_are_the_last_of_each_name(platform: Platform, trained: str) -> None:
    """What the steps of a job logged is read under the job's name."""
    assert platform.read_job_metrics(trained) == METRICS


def test_a_job_that_has_logged_nothing_has_no_metrics(world: World) -> None:
    """That is an answer, not an error, while it runs and after it has failed."""
    name = new("silent")
    submit(world, name)
    assert world.platform.read_job_metrics(name) == {}
    world.fail(name, "it said nothing")
    assert world.platform.read_job_metrics(name) == {}


def test_a_failed_job_tells_why_and_has_no_outputs(world: World) -> None:
    """The step's own words are part of the error."""
    name = new("fails")
    submit(world, name)
    state = world.fail(name, "no such carrier")
    assert state.status == "Failed"
    assert state.error is not None
    assert "no such carrier" in state.error
    with pytest.raises(PermanentError):
        world.platform.read_job_file(name, "evaluation")


def test_a_long_error_is_capped(world: World) -> None:
    """However much a job has to say of its failure, what travels stays small."""
    name = new("chatters")
    submit(world, name)
    state = world.fail(name, "why " * 2500)
    assert state.error is not None
    assert 100 < len(state.error) <= 2048


def test_a_running_job_can_be_cancelled(world: World) -> None:
    """Twice is once, and a final job stays as it is."""
    name, platform = new("waits"), world.platform
    submit(world, name)
    platform.cancel_job(name)
    platform.cancel_job(name)
    assert ended(platform, name).status == "Canceled"
    platform.cancel_job(name)
    state = platform.read_job(name)
    assert state is not None
    assert state.status == "Canceled"


def test_a_completed_job_cannot_be_cancelled_any_more(platform: Platform, trained: str) -> None:
    """It came too late: nothing happens, and the outputs stay."""
    before = platform.read_job(trained)
    platform.cancel_job(trained)
    assert platform.read_job(trained) == before
    assert platform.read_job_file(trained, "evaluation")


@pytest.mark.parametrize("pipeline", ["missing.yml", "steps/train.py"])
def test_a_pipeline_that_cannot_be_read_is_permanent(platform: Platform, pipeline: str) -> None:
    """Nothing is started, and the message names the file."""
    name = new("bad")
    with pytest.raises(PermanentError, match=Path(pipeline).name):
        platform.submit_job(name, PIPELINES / pipeline, "contract", {}, {})
    assert platform.read_job(name) is None


def test_an_input_that_the_pipeline_does_not_have_is_permanent(world: World) -> None:
    """Nothing is started, and the message names the input and those that there are."""
    name = new("bad")
    inputs: dict[str, JobInput] = {**training(world, name), "tines": 2}
    with pytest.raises(PermanentError, match=r"tines(.|\n)*times"):
        world.platform.submit_job(name, TRAINING, "contract", inputs, {})
    assert world.platform.read_job(name) is None


def test_a_registered_model_can_be_a_jobs_input(world: World, model: str) -> None:
    """That is how batch scoring gets its champion."""
    name = new("score")
    inputs: dict[str, JobInput] = {"model": ModelInput(model=model, version="1")}
    world.platform.submit_job(name, PIPELINES / "score.yml", "contract", inputs, {})
    assert world.finish(name, FOUND).status == "Completed"
    assert world.platform.read_job_file(name, "found").strip() == b"MLmodel"


def test_a_job_goes_through_statuses_that_are_not_final(world: World) -> None:
    """It is not final when it was just submitted, and final once and for all at its end."""
    name = new("goes")
    assert not submit(world, name).final
    state = until(lambda: world.platform.read_job(name), lambda one: one is not None and one.status == "Running")
    assert state is not None
    assert not state.final
    assert world.finish(name) == world.platform.read_job(name)
