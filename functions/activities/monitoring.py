"""Looking after what serves, and after the code that models are trained with."""

from datetime import UTC, datetime
from typing import Final

from functions import adapters, metering
from functions.boundary import activity
from shared.blocking import run_blocking
from shared.contracts.monitoring import CheckServingInput, CodeModels, CodeModelsInput, LostServing, LostServings
from shared.contracts.read_model import ModelRow

#: In one answer: a payload stays below 16 KB.
_AT_ONCE: Final = 6
#: Seconds: two reads of the platform for each online model.
_TIMEOUT: Final = 600.0
#: Runs that change what serves themselves, and the phases of a release that do.
_CHANGING: Final = frozenset({"rollback", "retirement"})
_SHIFTING: Final = frozenset({"shifting", "watching", "undoing"})


@activity
async def find_lost_servings(order: CheckServingInput) -> LostServings:
    """Versions in production whose deployment is gone, has failed, or is asked by nobody any more."""
    if not order.after:  # the timer's own word; later pages are ordered by the look itself
        metering.note_queue(order.at, datetime.now(UTC))
    return await run_blocking(_find_lost, order.after, order.at, timeout=_TIMEOUT)


@activity
async def find_code_models(order: CodeModelsInput) -> CodeModels:
    """Models that are trained again when the code changes, a page of them."""
    models = [policy for policy in adapters.policies() if "code" in policy.retrain_when]
    following = order.first + _AT_ONCE
    return CodeModels(
        policies=tuple(models[order.first : following]), following=following if following < len(models) else None
    )


def _find_lost(after: str, at: datetime) -> LostServings:
    lost: list[LostServing] = []
    looked = 0
    rows = sorted(adapters.read_model().all(), key=lambda row: row.model)
    if not after:  # once per look, whose pages follow each other
        metering.note_staleness(rows, at)
        metering.note_waiting(rows)
    for row in rows:
        if row.model <= after:
            continue
        policy = adapters.fleets().model(row.model)
        if policy is None or row.champion is None or not row.serving.get("deployment"):
            continue
        if _changes(row):
            continue
        looked += 1
        reason = _why_lost(row)
        if reason is not None:
            lost.append(LostServing(policy=policy, version=row.champion, reason=reason))
        if len(lost) == _AT_ONCE:
            return LostServings(lost=tuple(lost), looked=looked, last=row.model)
    return LostServings(lost=tuple(lost), looked=looked)


def _changes(row: ModelRow) -> bool:
    """Whether something moves the traffic just now; a release that runs in the shadow, or waits, does not."""
    kinds = {run.kind for run in row.in_flight}
    return bool(kinds & _CHANGING) or ("release" in kinds and row.phase in _SHIFTING)


def _why_lost(row: ModelRow) -> str | None:
    """What is wrong with where a model serves; `None` where nothing is."""
    endpoint, deployment = str(row.serving["endpoint"]), str(row.serving["deployment"])
    state = adapters.platform().read_deployment(endpoint, deployment)
    if state is None:
        return f"The endpoint {endpoint} has no deployment {deployment} any more."
    if state.status == "Failed":
        return f"The deployment {deployment} of {endpoint} has failed: {state.error or 'no message'}"[:500]
    routed = row.serving.get("route") is not None
    if not routed and state.status == "Succeeded" and not adapters.platform().read_traffic(endpoint).get(deployment):
        return f"The endpoint {endpoint} sends no traffic to {deployment} any more."
    return None
