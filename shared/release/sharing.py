"""How many models one endpoint has room for."""

from collections.abc import Iterable
from typing import Final

from shared.contracts.deployments import DeploymentState
from shared.errors import PermanentError

#: Azure ML's limit per endpoint, and what a model has there while it is released: the old, the tested and the new one.
MOST_DEPLOYMENTS: Final = 20
WHILE_RELEASED: Final = 3
MOST_MODELS: Final = MOST_DEPLOYMENTS // WHILE_RELEASED
#: Why a deployment is not made: other models have all the room.
ENDPOINT_FULL: Final = "EndpointFull"


def require_room(endpoint: str, deployment: str, model: str, there: Iterable[DeploymentState]) -> None:
    """Refuse a deployment where other models have all the room already: no single fleet file shows that.

    The same deployment once more is adopted, whoever has come meanwhile. Two models that come at the same moment both
    see room for one; then Azure ML's own limit decides.

    Args:
        endpoint: Its name, for the message.
        deployment: Its name there.
        model: What it is of.
        there: The endpoint's deployments.

    Raises:
        PermanentError: `EndpointFull`.
    """
    known = list(there)
    others = sorted({one.model for one in known if one.model is not None} - {model})
    if len(others) < MOST_MODELS or any((one.deployment, one.model) == (deployment, model) for one in known):
        return
    told = f"The endpoint {endpoint} answers for {len(others)} models already: {', '.join(others)}."
    why = f"of {MOST_DEPLOYMENTS} deployments a model needs {WHILE_RELEASED} at times"
    remedy = f"Name another endpoint for {model} in `serve.online` of its fleet file, or retire one of them."
    raise PermanentError(ENDPOINT_FULL, f"{told} It has room for {MOST_MODELS}: {why}. {remedy}")
