"""What an online endpoint has to be before it is changed: neither in another change nor broken."""

from collections.abc import Mapping

from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.deployments import failure
from shared.platforms.azureml.provisioning import BUSY, FAILED


def require_ready(connection: Connection, endpoint: str, state: str, properties: Mapping[str, str] | None) -> None:
    """Refuse an endpoint that is being changed, or has failed.

    Raises:
        PermanentError: `EndpointFailed`, with the reason that the service keeps.
        TransientError: It is being changed; ask again.
    """
    if state in BUSY:
        raise changing(endpoint, state)
    if state == FAILED:
        reason = failure(connection, endpoint, properties) or "Azure ML keeps no reason any more"
        msg = f"the endpoint {endpoint} has failed: {reason}. Repair it, or delete it, so that it is made anew"
        raise PermanentError("EndpointFailed", msg)


def changing(endpoint: str, state: str) -> TransientError:
    """What is told of an endpoint that another change has not left yet."""
    return TransientError(f"the endpoint {endpoint} is {state}: ask again in a minute")
