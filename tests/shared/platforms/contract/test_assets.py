"""What every Platform does with the versions that jobs and endpoints refer to."""

import pytest

from shared.errors import PermanentError
from shared.platforms.base import Platform
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
