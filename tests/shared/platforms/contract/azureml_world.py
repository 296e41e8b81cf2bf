"""Azure ML: the unmodified SDK against the double, whose jobs only pretend."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest.mock import patch

from shared.contracts.jobs import JobState
from shared.platforms.azureml.connection import Connection, Workspace
from shared.platforms.azureml.platform import AzureMlPlatform
from shared.storage.blobs import AzureBlobStore
from tests.doubles.azure_ml import AzureMlDouble
from tests.shared.platforms.contract.world import CONTAINER, FILES, PREDICTIONS, ROWS, TRAINED, Left, ended


class AzureMlWorld:
    """A workspace. Implements `World`.

    Args:
        platform: The adapter.
        connection: Its own, for what an administrator does beside it.
        double: Stands in for Azure.
    """

    def __init__(self, platform: AzureMlPlatform, connection: Connection, double: AzureMlDouble) -> None:
        self.platform = platform
        self.double = double
        self._connection = connection

    def verdict(self, job: str) -> str:
        """Any text: nothing runs."""
        return f"of {job}"

    def finish(self, job: str, left: Left = TRAINED) -> JobState:
        """Let the job leave these files and metrics."""
        self.double.plan(job, outputs=left.outputs, metrics=left.metrics, hang="Running")
        self.double.set_job(job, "Completed")
        return ended(self.platform, job)

    def fail(self, job: str, message: str) -> JobState:
        """Let run history tell the message."""
        self.double.set_job(job, "Failed", message)
        return ended(self.platform, job)

    def add_batch_endpoint(self, endpoint: str, deployment: str, model: str, version: str) -> None:
        """As an administrator does it, with the SDK."""
        from azure.ai.ml.entities import BatchEndpoint, ModelBatchDeployment, ModelBatchDeploymentSettings

        client = self._connection.client
        client.batch_endpoints.begin_create_or_update(BatchEndpoint(name=endpoint)).result()
        made = ModelBatchDeployment(
            name=deployment,
            endpoint_name=endpoint,
            model=f"azureml:{model}:{version}",
            compute="batch-cluster",
            settings=ModelBatchDeploymentSettings(instance_count=1, mini_batch_size=10),
        )
        client.batch_deployments.begin_create_or_update(made).result()
        with_default = client.batch_endpoints.get(endpoint)
        with_default.defaults = {"deployment_name": deployment}
        client.batch_endpoints.begin_create_or_update(with_default).result()


@contextmanager
def azureml_world(storage: str) -> Iterator[AzureMlWorld]:
    """A world over a double of its own."""
    for name, content in FILES.items():
        AzureBlobStore(storage, CONTAINER).write(name, content)
    with (
        AzureMlDouble(storage=storage, data_container=CONTAINER) as double,
        patch.dict("os.environ", double.environment),
    ):
        double.plan("*", hang="Running")
        double.scoring.scorer = _multiplies
        connection = Connection(
            Workspace.parse(double.workspace_id),
            url=double.url,
            ca=double.ca,
            datastore=CONTAINER,
            container=CONTAINER,
            storage=storage,
        )
        with closing(AzureMlPlatform(connection)) as platform:
            yield AzureMlWorld(platform, connection, double)


def _multiplies(_endpoint: str, _deployment: str, body: Any) -> list[float]:
    """What the model would answer."""
    factor = PREDICTIONS[0] / ROWS[0]["x"]
    rows = body["input_data"]
    return [factor * float(dict(zip(rows["columns"], row, strict=True))["x"]) for row in rows["data"]]
