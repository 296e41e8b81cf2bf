"""Going back where there is no last good version: to the baseline, which stands in for the model."""

from functions import adapters
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.registry import RegisteredVersion
from shared.contracts.retirement import ChampionRetired
from shared.contracts.rollback import FindBaselineInput, WithdrawChampionInput
from shared.errors import PermanentError


@activity
async def find_baseline_version(order: FindBaselineInput) -> RegisteredVersion:
    """The newest registered version of a baseline."""
    versions = await run_blocking(adapters.registry().versions, order.model)
    if not versions:
        code, what = "BaselineMissing", f"The registry has no version of the baseline {order.model}"
        raise PermanentError(code, f"{what}: it is registered by the first training of a model that it belongs to.")
    return versions[-1]


@activity
async def withdraw_champion(order: WithdrawChampionInput) -> ChampionRetired:
    """Take alias and stage from a model's champion, since it does not serve any more; it stays registered."""
    version = await run_blocking(adapters.registry().retire, order.model)
    return ChampionRetired(model=order.model, version=version)
