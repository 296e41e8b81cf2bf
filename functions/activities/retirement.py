"""Taking models and datasets out of service, one effect at a time; each finds what an earlier attempt has done."""

from typing import Final

from pydantic import ValidationError

from functions import adapters
from functions.boundary import activity
from functions.routes import change_route
from shared.blocking import run_blocking
from shared.contracts.deployments import ENDPOINT_TAKEN
from shared.contracts.retirement import (
    BACK_IN_FLEET,
    CellsConcluded,
    ChampionRetired,
    EndpointDeleted,
    EndpointKey,
    PredictionsWithdrawn,
    RetireDatasetInput,
    RetiredModelKey,
    WithdrawnTraffic,
    WithdrawTrafficInput,
)
from shared.contracts.routes import Routed, WithdrawRouteInput
from shared.contracts.scoring import Publication
from shared.errors import PermanentError
from shared.release.routes import withdrawn
from shared.release.traffic import traffic_without

#: Cells concluded by one call: each is a write.
_CELLS_AT_ONCE: Final = 100
#: How a cell can stand that nobody should wait for any more.
_OPEN: Final = frozenset({"waiting", "failed"})
_LISTING_TIMEOUT: Final = 240.0


@activity
async def withdraw_traffic(order: WithdrawTrafficInput) -> WithdrawnTraffic:
    """Begin to send nobody to a model's deployments any more; other models behind the endpoint share what it had.

    Confirming, it asks the platform even if the traffic reads as it should: it does so while a change is under way.
    """
    if order.retiring:
        _refuse_wanted(order.model)
    platform = adapters.platform()
    deployments = await run_blocking(platform.list_deployments, order.endpoint)
    own = tuple(one.deployment for one in deployments if one.model == order.model or one.deployment in order.also)
    traffic = await run_blocking(platform.read_traffic, order.endpoint)
    begun = False
    if order.confirming or any(traffic.get(name) for name in own):
        begun = await run_blocking(platform.set_traffic, order.endpoint, traffic_without(traffic, own))
    others = len(deployments) - len(own)
    return WithdrawnTraffic(endpoint=order.endpoint, deployments=own, others=others, begun=begun)


@activity
async def delete_endpoint(order: EndpointKey) -> EndpointDeleted:
    """Remove an endpoint, unless something is deployed behind it by now, or a model of a fleet file will be."""
    if any(policy.serve.endpoint == order.endpoint for policy in adapters.policies()):
        return EndpointDeleted(endpoint=order.endpoint, deleted=False)
    if await run_blocking(adapters.platform().list_deployments, order.endpoint):
        return EndpointDeleted(endpoint=order.endpoint, deleted=False)
    try:
        await run_blocking(adapters.platform().delete_endpoint, order.endpoint)
    except PermanentError as error:
        if error.code != ENDPOINT_TAKEN:
            raise
        return EndpointDeleted(endpoint=order.endpoint, deleted=False)  # somebody has taken it over meanwhile
    return EndpointDeleted(endpoint=order.endpoint, deleted=True)


@activity
async def withdraw_predictions(order: RetiredModelKey) -> PredictionsWithdrawn:
    """Point readers to no predictions any more. What was published stays, and the pointer tells where."""
    _refuse_wanted(order.model)
    pointer = f"predictions/{order.model}/current.json"
    try:
        last = _last(await run_blocking(adapters.data().read, pointer))
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return PredictionsWithdrawn(last=None)
    text = Publication(model=order.model, path=None, retired=last).model_dump_json()
    await run_blocking(adapters.data().write, pointer, text.encode(), content_type="application/json")
    return PredictionsWithdrawn(last=last)


@activity
async def withdraw_route(order: WithdrawRouteInput) -> Routed:
    """Route requests for the model nowhere any more; the route stays, and tells where they went last.

    Where there is none, or none that can be read, one is written, so that a late write of a release finds it decided.
    """
    _refuse_wanted(order.model)
    return await run_blocking(_withdraw_route, order)


@activity
async def retire_champion(order: RetiredModelKey) -> ChampionRetired:
    """Take alias and stage from the champion; every version stays registered."""
    _refuse_wanted(order.model)
    return ChampionRetired(model=order.model, version=await run_blocking(adapters.registry().retire, order.model))


@activity
async def conclude_waiting_cells(order: RetireDatasetInput) -> CellsConcluded:
    """Let a few of a dataset's cells wait no longer for files, and write down why."""
    inbox = adapters.inbox()
    outcomes = await run_blocking(inbox.outcomes, "conditioning", timeout=_LISTING_TIMEOUT)
    waiting = [key for key, outcome in outcomes.items() if outcome in _OPEN and key.startswith(f"{order.name}/")]
    for key in waiting[:_CELLS_AT_ONCE]:
        delivery = await run_blocking(inbox.get, "conditioning", key)
        if delivery is not None:
            reason = f"The dataset {order.name} was retired by {order.requested_by}."
            ended = delivery.model_copy(update={"outcome": "dead", "reason": reason, "received_at": order.at})
            await run_blocking(inbox.conclude, ended)
    return CellsConcluded(cells=len(waiting[:_CELLS_AT_ONCE]), more=len(waiting) > _CELLS_AT_ONCE)


def _withdraw_route(order: WithdrawRouteInput) -> Routed:
    _, wanted = change_route(order.model, lambda found: withdrawn(found, order), mend=True)
    return Routed(model=order.model, target=None, previous=wanted.before)


def _refuse_wanted(model: str) -> None:
    """Stop where the model is in a fleet file again: a retirement may have waited for hours for a training to end.

    Raises:
        PermanentError: `BackInFleet`.
    """
    if adapters.fleets().model(model) is not None:
        told = f"A fleet file has the model {model} again, so it stays. What is gone comes with its next release."
        raise PermanentError(BACK_IN_FLEET, told)


def _last(pointer: bytes) -> str | None:
    """What a pointer tells to be current, or to have been so; one that cannot be read keeps nothing in service."""
    try:
        current = Publication.model_validate_json(pointer)
    except ValidationError:
        return None
    return current.path or current.retired
