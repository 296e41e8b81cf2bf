"""MLflow's client: made once per server, with deadlines, and with its errors mapped to ours in one place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from shared.errors import PermanentError, TransientError
from shared.registry.mlflow_flavors import Flavor

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: MLflow takes these from the environment only; whoever runs the app may set others. By default it would try for
#: minutes, tell its vendor about our use, and print run URLs to the standard output.
_ENVIRONMENT: Final = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DATABRICKS_ENDPOINT_HTTP_RETRY_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
#: Error codes after which a later attempt may succeed. A server that cannot be reached is an INTERNAL_ERROR, too.
_TRANSIENT: Final = frozenset(
    {
        "INTERNAL_ERROR",
        "TEMPORARILY_UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "REQUEST_LIMIT_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "RESOURCE_CONFLICT",
        "ABORTED",
        "CANCELLED",
    }
)
#: What MLflow says where its client for Databricks gives up before it has asked: our code and the remedy.
_REFUSALS: Final = {
    "Databricks credential configuration": (
        "DatabricksCredentials",
        "set DATABRICKS_HOST and DATABRICKS_TOKEN, or ARM_USE_MSI=true and its like, or name a profile",
    ),
    "model signature": (
        "SignatureMissing",
        "Unity Catalog takes only models with a signature of inputs and outputs: log the model with one",
    ),
}
_MESSAGE_LIMIT: Final = 2000


@cache
def mlflow_client(flavor: Flavor) -> "MlflowClient":
    """The client of a registry; the first one of a process takes seconds, since MLflow is loaded."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient  # noqa: PLC0415 - 3 s to load, and it reads the environment then

    return MlflowClient(tracking_uri=flavor.tracking_uri, registry_uri=flavor.registry_uri)


@contextmanager
def mlflow_errors(flavor: Flavor, operation: str) -> Iterator[None]:
    """Map what MLflow raises to our errors.

    Args:
        flavor: The registry, for the message.
        operation: What was tried: `promote version 3 of 'm'`.
    """
    mlflow_client(flavor)  # loads MLflow under the environment above, before its exceptions are imported
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - vendor SDKs are loaded at first use
    from requests import RequestException  # noqa: PLC0415 - what MLflow's artifact upload lets through

    try:
        yield
    except MlflowException as error:
        # What MLflow's own code refuses has the same error code as a server's failure.
        for phrase, (code, remedy) in _REFUSALS.items():
            if flavor.databricks and phrase in error.message:
                raise PermanentError(code, f"Databricks could not {operation}: {remedy}") from error
        if error.error_code in _TRANSIENT:
            raise _unavailable(flavor, operation, error) from error
        code = "".join(part.title() for part in error.error_code.split("_"))
        raise PermanentError(code, f"MLflow refused to {operation}: {error.message[:_MESSAGE_LIMIT]}") from error
    except RequestException as error:
        status = error.response.status_code if error.response is not None else None
        if status is None or status >= 500 or status in (408, 429):
            raise _unavailable(flavor, operation, error) from error
        raise PermanentError("MlflowRefused", f"MLflow refused to {operation}: {error}"[:_MESSAGE_LIMIT]) from error


def _unavailable(flavor: Flavor, operation: str, error: Exception) -> TransientError:
    return TransientError(f"MLflow at {flavor.registry_uri} could not {operation}: {str(error)[:_MESSAGE_LIMIT]}")
