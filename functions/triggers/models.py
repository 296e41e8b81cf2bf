"""The model that a path names, and the fleet that a query does."""

from collections.abc import Iterable
from typing import Final

import azure.functions as func

from functions import adapters
from functions.triggers.http import BadRequestError
from shared.contracts.policy import ModelPolicy
from shared.near_names import nearest, similar

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


def read_fleet(request: func.HttpRequest, others: Iterable[str] = ()) -> str | None:
    """The fleet that `?fleet=` asks for; `None` where it asks for none.

    Args:
        request: What was asked.
        others: Fleets that no file has any more, of which something is left.

    Raises:
        BadRequestError: There is none of that name; the one that was probably meant is named.
    """
    fleet: str | None = request.params.get("fleet")
    known = {*others, *(one.name for one in adapters.fleets().all)}
    if fleet is None or fleet in known:
        return fleet
    raise BadRequestError(404, "unknown-fleet", f"There is no fleet {fleet}; {nearest(fleet, known)}")
