"""What fleet files and orders of whole fleets say of a model now, for those who cannot read them."""

from functions import adapters
from functions.boundary import activity
from functions.holds_on import holds_on
from shared.blocking import run_blocking
from shared.contracts.holds import FoundHolds, LookForHoldsInput
from shared.contracts.waking import FindPolicyInput, FoundPolicy


@activity
async def find_policy(order: FindPolicyInput) -> FoundPolicy:
    """What the fleet file says of a model now."""
    return FoundPolicy(policy=await run_blocking(lambda: adapters.fleets().model(order.model)))


@activity
async def find_holds(order: LookForHoldsInput) -> FoundHolds:
    """The holds by fleet and label that are on for a model, whenever they were ordered."""
    return FoundHolds(holds=await run_blocking(holds_on, order.policy, order.at))
