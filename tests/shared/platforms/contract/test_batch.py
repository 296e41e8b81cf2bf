"""What every Platform does with batch endpoints."""

from pathlib import Path

import pytest

from shared.contracts.jobs import NAME_TAKEN
from shared.errors import PermanentError
from tests.shared.platforms.contract.world import BATCH, DATASET, SCORED, World, new

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def endpoint(world: World, model: str) -> str:
    """A batch endpoint that scores with a model."""
    name = new("batch")
    world.add_batch_endpoint(name, "monthly", model, "1")
    return name


def test_a_folder_is_scored_as_a_job(world: World, endpoint: str, tmp_path: Path) -> None:
    """The job has the name that was asked for, is read like any other, and leaves its predictions."""
    name = new("scores")
    state = world.platform.invoke_batch(endpoint, name, BATCH.path)
    assert state.name == name
    assert world.platform.read_job(name) is not None
    assert world.finish(name, SCORED).status == "Completed"
    world.platform.download_job_folder(name, "score", tmp_path)
    assert (tmp_path / "predictions.csv").stat().st_size


def test_the_same_scoring_is_adopted_and_another_of_its_name_refused(world: World, endpoint: str) -> None:
    """A repeated activity starts nothing, whether it names the default or not; another folder is another job."""
    name = new("scores")
    world.platform.invoke_batch(endpoint, name, BATCH.path)
    done = world.finish(name, SCORED)
    assert world.platform.invoke_batch(endpoint, name, BATCH.path) == done
    with pytest.raises(PermanentError) as caught:
        world.platform.invoke_batch(endpoint, name, DATASET.path)
    assert caught.value.code == NAME_TAKEN


def test_what_is_not_there_cannot_be_invoked(world: World, endpoint: str) -> None:
    """An unknown endpoint or deployment is permanent, and no job is started."""
    name = new("scores")
    for where, deployment in ((new("unknown"), None), (endpoint, "unknown")):
        with pytest.raises(PermanentError):
            world.platform.invoke_batch(where, name, BATCH.path, deployment)
    assert world.platform.read_job(name) is None
