"""The double, and the SDK as it comes, talking to it as a managed identity."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.doubles.azure_ml import AzureMlDouble

if TYPE_CHECKING:
    from azure.ai.ml import MLClient


@pytest.fixture(scope="module")
def double() -> Iterator[AzureMlDouble]:
    """One without storage; ends the module with an error when it was asked for what it does not know."""
    with AzureMlDouble() as double:
        yield double


@pytest.fixture(scope="module")
def client(double: AzureMlDouble) -> "Iterator[MLClient]":
    """The SDK's client of a module's double."""
    yield from sdk_client(double)


def sdk_client(double: AzureMlDouble) -> "Iterator[MLClient]":
    """An unmodified client; it tries once, so that a fault is seen by the test that planned it."""
    from azure.ai.ml import MLClient
    from azure.identity import ManagedIdentityCredential

    _, _, subscription, _, group, *_, workspace = double.workspace_id.split("/")
    cloud = {
        "azure_portal": "https://portal.azure.com/",
        "resource_manager": double.url,
        "active_directory": double.url,
        "aml_resource_id": "https://ml.azure.com/",
        "storage_endpoint": "core.windows.net",
        "registry_discovery_endpoint": f"{double.url}/",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in double.environment.items():
            patch.setenv(name, value)
        patch.setenv("AZUREML_CURRENT_CLOUD", "AzureCloud")  # the client sets it: it has to be gone afterwards
        with ManagedIdentityCredential() as credential:
            yield MLClient(
                credential,
                subscription,
                group,
                workspace,
                cloud=f"double at {double.url}",
                cloud_metadata=cloud,
                connection_verify=double.ca,
                retry_total=0,
                show_progress=False,
                enable_telemetry=False,
            )
