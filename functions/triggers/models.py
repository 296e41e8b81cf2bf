"""The model that a path names."""

from typing import Final

from functions import adapters
from functions.triggers.http import BadRequestError
from shared.contracts.policy import ModelPolicy
from shared.located_validation import similar

#: A fleet may have a thousand.
_SHOWN: Final = 20


def find_model(name: str) -> ModelPolicy:
    """What the fleet files say of it.

    Raises:
        BadRequestError: No fleet file has it; the one that was probably meant is named.
    """
    policy = adapters.fleets().model(name)
    if policy is None:
        known = sorted(one.model for one in adapters.policies())
        meant = similar(name, known)
        told = f"did you mean `{meant}`?" if meant else f"Known: {', '.join(known[:_SHOWN])}."
        raise BadRequestError(404, "unknown-model", f"No fleet of this app has a model {name}. {told}")
    return policy
