"""What every Platform does with the versions that jobs and endpoints refer to."""

from pathlib import Path

import pytest

from shared.errors import PermanentError
from shared.platforms.base import Platform
from shared.registry.artifact import file_hashes
from tests.shared.platforms.contract.world import BATCH, DATASET, new

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


def test_a_jobs_output_becomes_a_version_of_a_model(platform: Platform, trained: str) -> None:
    """It is read back with its place and its tags."""
    name = new("model")
    made = platform.register_model(name, "3", trained, "model", {"dataset": "v1"})
    assert (made.model, made.version) == (name, "3")
    assert made.path
    assert made.tags.items() >= {"dataset": "v1"}.items()
    assert platform.read_model(name, "3") == made


def test_what_a_platform_has_of_a_version_is_what_the_job_has_left(
    platform: Platform, trained: str, tmp_path: Path
) -> None:
    """File by file, so that it can be held against what was registered; of an unknown version it has nothing."""
    name, model = new("model"), tmp_path / "model"
    for folder in (model, job := tmp_path / "job"):
        folder.mkdir()
    platform.register_model(name, "3", trained, "model", {})
    assert not platform.download_model(name, "4", model)
    assert not list(model.iterdir())
    assert platform.download_model(name, "3", model)
    platform.download_job_folder(trained, "model", job)
    assert file_hashes(model) == file_hashes(job)
    assert "MLmodel" in file_hashes(model)


def test_what_steps_run_in_is_told(platform: Platform) -> None:
    """An image and its version, or the interpreter; of an environment that it does not know the platform says so."""
    told = platform.read_images(["azureml:signalbox-no-such:1"])
    assert len(told) == 1
    assert told[0] == "unknown" or told[0].startswith("python 3.")
    assert platform.read_images(["azureml:signalbox-no-such:1"]) == told


def test_the_same_model_version_is_adopted(platform: Platform, trained: str) -> None:
    """A repeated activity registers nothing."""
    name = new("model")
    first, second = (platform.register_model(name, "1", trained, "model", {"k": "v"}) for _ in range(2))
    assert first == second


def test_a_model_version_never_becomes_something_else(platform: Platform, trained: str) -> None:
    """Another output under its name is refused, and it stays as it was."""
    name = new("model")
    made = platform.register_model(name, "1", trained, "model", {})
    with pytest.raises(PermanentError) as caught:
        platform.register_model(name, "1", trained, "evaluation", {})
    assert caught.value.code == "ModelVersionTaken"
    assert platform.read_model(name, "1") == made


def test_a_model_of_an_unknown_job_is_permanent(platform: Platform) -> None:
    """Nothing is registered."""
    name = new("model")
    with pytest.raises(PermanentError):
        platform.register_model(name, "1", "unknown", "model", {})
    assert platform.read_model(name, "1") is None


def test_versions_that_are_absent_are_none(platform: Platform, model: str) -> None:
    """Of an unknown name, and of a known one."""
    assert platform.read_model(new("model"), "1") is None
    assert platform.read_model(model, "99") is None
    assert platform.read_data(new("data"), "1") is None


def test_a_folder_becomes_a_version_of_a_data_asset(platform: Platform) -> None:
    """It is read back as it was given, and another version is another folder."""
    name = new("data")
    platform.register_data(name, "1", DATASET.path, {"recipe": "r1"})
    platform.register_data(name, "2", BATCH.path, {})
    assert platform.read_data(name, "1") == DATASET.path
    assert platform.read_data(name, "2") == BATCH.path
    assert platform.read_data(name, "3") is None


def test_a_data_version_never_becomes_another_folder(platform: Platform) -> None:
    """The same folder again is adopted, another one refused."""
    name = new("data")
    for _ in range(2):
        platform.register_data(name, "1", DATASET.path, {})
    with pytest.raises(PermanentError) as caught:
        platform.register_data(name, "1", BATCH.path, {})
    assert caught.value.code == "DataVersionTaken"
    assert platform.read_data(name, "1") == DATASET.path
