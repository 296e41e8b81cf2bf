"""The model that a path names."""

from functions import adapters
from functions.triggers.http import BadRequestError
from shared.contracts.policy import ModelPolicy
from shared.located_validation import nearest


def find_model(name: str) -> ModelPolicy:
    """What the fleet files say of it.

    Raises:
        BadRequestError: No fleet file has it; the one that was probably meant is named.
    """
    policy = adapters.fleets().model(name)
    if policy is None:
        known = nearest(name, (one.model for one in adapters.policies()))
        raise BadRequestError(404, "unknown-model", f"No fleet of this app has a model {name}; {known}")
    return policy
