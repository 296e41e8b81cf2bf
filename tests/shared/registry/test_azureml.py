"""What is special about Azure ML's registry: promotions that broke off, numbers that are taken, the platform's view."""

import random
import uuid
from pathlib import Path
from typing import Any

import pytest

from shared.errors import PermanentError, TransientError
from shared.platforms.azureml import models
from shared.platforms.azureml.connection import Connection
from shared.registry.azureml import AzureMlRegistry
from shared.registry.azureml_versions import CHAMPION_TAG
from shared.storage.blobs import AzureBlobStore
from shared.storage.block_writer import BLOCK_BYTES
from tests.doubles.azure_ml import AzureMlDouble

pytestmark = pytest.mark.stack


@pytest.fixture
def model() -> str:
    """A name that no other test uses."""
    return f"azure-{uuid.uuid4().hex[:8]}"


def _champions(registry: AzureMlRegistry, model: str) -> list[str]:
    return [one.version for one in registry.versions(model) if one.aliases]


def test_a_promotion_that_broke_off_has_one_champion(
    connection: Connection, double: AzureMlDouble, model: str, folder: Path
) -> None:
    """Both versions say that they are; the later promotion counts, and the next attempt tidies up."""
    registry = AzureMlRegistry(connection)
    for job in ("job-1", "job-2"):
        registry.register(model, job, folder, {}, {})
    registry.promote(model, "1")
    double.fail_once("PUT", f"/models/{model}/versions/1", 503)
    with pytest.raises(TransientError):
        registry.promote(model, "2")
    assert [one.tags[CHAMPION_TAG] for one in registry.versions(model)] == ["true", "true"]
    assert _champions(registry, model) == ["2"]
    with pytest.raises(PermanentError, match="is champion"):
        registry.delete_version(model, "1")
    assert registry.promote(model, "2").previous == "1"
    assert [one.tags[CHAMPION_TAG] for one in registry.versions(model)] == ["false", "true"]


def test_a_number_that_another_job_took_is_left_to_it(
    connection: Connection, model: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either wrote: the second is refused its number, and takes the next."""
    ours, create = AzureMlRegistry(connection), models.register

    def late(*args: Any) -> Any:
        monkeypatch.setattr(models, "register", create)
        AzureMlRegistry(connection).register(model, "job-2", folder, {}, {})
        return create(*args)

    monkeypatch.setattr(models, "register", late)
    assert ours.register(model, "job-1", folder, {}, {}).version == "2"
    assert [one.tags["signalbox.job"] for one in ours.versions(model)] == ["job-2", "job-1"]


def test_the_platform_knows_the_same_version(connection: Connection, model: str, folder: Path) -> None:
    """What deploys models registers the same folder under the same number, and adopts what is there."""
    version = AzureMlRegistry(connection).register(model, "job-1", folder, {"a": "b"}, {"mape": 0.31})
    adopted = models.register(connection, model, version.version, "jobs/job-1/model", {"a": "b"})
    assert adopted.tags["signalbox.metric.mape"] == "0.31"
    assert version.run_id == "job-1"


def test_a_file_of_several_blocks_arrives_whole(connection: Connection, model: str, folder: Path) -> None:
    """It is copied in blocks, and so is never in memory as a whole; a second attempt leaves it as it is."""
    content = random.Random(1).randbytes(2 * BLOCK_BYTES + 5)
    (folder / "weights.bin").write_bytes(content)
    job = f"job-{model}"
    for _ in range(2):
        assert AzureMlRegistry(connection).register(model, job, folder, {}, {}).version == "1"
    store = AzureBlobStore(connection.storage, connection.container)
    assert store.read(f"jobs/{job}/model/weights.bin") == content
