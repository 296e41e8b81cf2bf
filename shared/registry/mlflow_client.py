"""MLflow's client: made once per server, with deadlines, and with its errors mapped to ours in one place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from shared.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from mlflow import MlflowClient

#: MLflow takes these from the environment only; whoever runs the app may set others. By default it would try for
#: minutes, tell its vendor about our use, and print run URLs to the standard output.
_ENVIRONMENT: Final = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
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
_MESSAGE_LIMIT: Final = 2000


@cache
def mlflow_client(uri: str) -> "MlflowClient":
    """The client of a server; the first one of a process takes seconds, since MLflow is loaded."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient  # noqa: PLC0415 - 3 s to load, and it reads the environment then

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def mlflow_errors(uri: str, operation: str) -> Iterator[None]:
    """Map what MLflow raises to our errors.

    Args:
        uri: The server, for the message.
        operation: What was tried: `promote version 3 of 'm'`.
    """
    mlflow_client(uri)  # loads MLflow under the environment above, before its exceptions are imported
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - vendor SDKs are loaded at first use
    from requests import RequestException  # noqa: PLC0415 - what MLflow's artifact upload lets through

    try:
        yield
    except MlflowException as error:
        if error.error_code in _TRANSIENT:
            raise _unavailable(uri, operation, error) from error
        code = "".join(part.title() for part in error.error_code.split("_"))
        raise PermanentError(code, f"MLflow refused to {operation}: {error.message[:_MESSAGE_LIMIT]}") from error
    except RequestException as error:
        status = error.response.status_code if error.response is not None else None
        if status is None or status >= 500 or status in (408, 429):
            raise _unavailable(uri, operation, error) from error
        raise PermanentError("MlflowRefused", f"MLflow refused to {operation}: {error}"[:_MESSAGE_LIMIT]) from error


def _unavailable(uri: str, operation: str, error: Exception) -> TransientError:
    return TransientError(f"MLflow at {uri} could not {operation}: {str(error)[:_MESSAGE_LIMIT]}")
