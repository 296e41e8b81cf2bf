"""Which registry the app has, by its setting."""

import re
from typing import TYPE_CHECKING, Final

from shared.errors import ConfigurationError

if TYPE_CHECKING:
    from shared.platforms.azureml.connection import Connection
    from shared.registry.base import Registry

#: `azureml`, or an address of Azure ML as `az ml workspace show` tells it.
_AZURE_ML: Final = re.compile(r"azureml(://.*)?")


def is_workspaces(uri: str) -> bool:
    """Whether it is the registry of the app's Azure ML workspace, which is where an Azure ML platform deploys from."""
    return _AZURE_ML.fullmatch(uri) is not None


def make_registry(uri: str, connection: "Connection | None" = None) -> "Registry":
    """The registry that `SIGNALBOX_REGISTRY_URI` means.

    Args:
        uri: `azureml` or `azureml://...`: the workspace's own. `databricks-uc` or `databricks`, either with
            `://PROFILE`: Databricks'. Anything else: an MLflow server's URL.
        connection: To the Azure ML workspace, if the app has one.

    Raises:
        ConfigurationError: The workspace's registry without a workspace; or Databricks' with a URI that it has not.
    """
    if not is_workspaces(uri):
        from shared.registry.mlflow import MlflowRegistry  # noqa: PLC0415 - one vendor's code for who uses it

        return MlflowRegistry(uri)
    if connection is None:
        msg = (
            f"SIGNALBOX_REGISTRY_URI={uri!r} is the registry of an Azure ML workspace, but none is set: "
            "name it in SIGNALBOX_AZUREML_WORKSPACE, or give the URL of an MLflow server"
        )
        raise ConfigurationError(msg)
    from shared.registry.azureml import AzureMlRegistry  # noqa: PLC0415 - one vendor's code for who uses it

    return AzureMlRegistry(connection)
