"""From what a fleet file says of releases and of its team to what one model's policy says."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from shared.contracts.release_policy import (
    AnalysisPolicy,
    ApprovalPolicy,
    CanaryStep,
    Freeze,
    ReleasePolicy,
    RollbackPolicy,
    Strategy,
    WorseThan,
)
from shared.fleet.draft import Draft
from shared.fleet.local_days import end_of, start_of
from shared.fleet.model_schema import ModelSpec
from shared.fleet.release_schema import CanarySpec, FreezeSpec, ReleaseSpec
from shared.fleet.rollback_schema import ConditionSpec
from shared.fleet.team_schema import GroupSpec

#: Days of a period of each label; a month counts as the shortest, so that a figure is not looked at for too short.
_DAYS: Final = {"date": 1, "week": 7, "month": 28, "year": 365}
_UNITS: Final = {"d": 1, "w": 7}


def release_policy(spec: ModelSpec, draft: Draft) -> ReleasePolicy:
    """How versions of a model come into production: what is of endpoints is left out where none serves it."""
    said = draft.release
    strategy = strategy_of(spec, said)
    return ReleasePolicy(
        strategy=strategy,
        steps=_steps(said) if strategy == "canary" else (),
        analysis=_analysis(said) if spec.serve.online else AnalysisPolicy(),
        shadow=said.shadow_policy(),
        approval=_approval(said),
        freezes=tuple(freeze_of(one, draft.timezone) for one in said.freeze),
        rollback=_rollback(spec, draft),
        grace_minutes=(said.grace or 0) if spec.serve.online else 0,
        archive_previous=said.archive_previous,
    )


def strategy_of(spec: ModelSpec, said: ReleaseSpec) -> Strategy:
    """The strategy as far as the model can follow it: shares of traffic need an endpoint of its own.

    Behind a shared endpoint a version that would be looked at by shares is looked at beside the champion instead.
    """
    if said.strategy == "canary" and spec.serve.online and spec.serve.shared:
        return "blue_green"
    if said.strategy in ("canary", "blue_green") and not spec.serve.online:
        return "all_at_once"
    return said.strategy


def groups_of(groups: Iterable[GroupSpec], labels: Mapping[str, str]) -> tuple[str, ...]:
    """The groups that a model with these labels is concern of, each once."""
    return tuple(dict.fromkeys(one.group for one in groups if one.concerns(labels)))


def periods_of(condition: ConditionSpec, label: str | None) -> int | None:
    """How many periods in a row: a time is as many as cover it; `None` where there are no periods to count.

    Args:
        condition: A figure that is worse than its reference.
        label: The label that says the period of what is observed: `week`.
    """
    number, unit = condition.lasting
    if unit == "period":
        return number
    return None if label is None else max(1, math.ceil(number * _UNITS[unit] / _DAYS[label]))


def period_label_of(spec: ModelSpec, draft: Draft) -> str | None:
    """The period of what a model scores, or, served by an endpoint, is trained on."""
    data = draft.datasets.specs.get(spec.serve.data or spec.train.data)
    return next((label for label in data.per if label in _DAYS and label not in draft.matrix), None) if data else None


def freeze_of(spec: FreezeSpec, timezone: str) -> Freeze:
    """Days of the fleet's zone as moments: from the first one's midnight to the end of the last one."""
    return Freeze(start=start_of(spec.start, timezone), end=end_of(spec.end, timezone), reason=spec.reason)


def _steps(said: ReleaseSpec) -> tuple[CanaryStep, ...]:
    canary = said.canary or CanarySpec()
    return tuple(CanaryStep(percent=percent, bake_minutes=canary.bake) for percent in canary.steps)


def _analysis(said: ReleaseSpec) -> AnalysisPolicy:
    if said.analysis is None:
        return AnalysisPolicy()
    return AnalysisPolicy(
        max_errors=said.analysis.max_errors,
        max_latency_seconds=said.analysis.max_latency,
        max_shift=said.analysis.max_shift,
        min_requests=said.analysis.min_requests,
    )


def _approval(said: ReleaseSpec) -> ApprovalPolicy | None:
    if said.approval is None:
        return None
    reasons = tuple(dict.fromkeys(said.approval.reasons))
    return ApprovalPolicy(reasons=reasons, within_minutes=said.approval.within, by=said.approval.by)


def _rollback(spec: ModelSpec, draft: Draft) -> RollbackPolicy | None:
    said = draft.release.rollback
    if said is None:
        return None
    label = period_label_of(spec, draft)
    return RollbackPolicy(
        events=tuple(dict.fromkeys(one.event for one in said.conditions if one.event)),
        worse=tuple(
            WorseThan(metric=one.metric, periods=periods_of(one, label) or 1) for one in said.conditions if one.metric
        ),
        failover=said.otherwise == "baseline",
        window_minutes=said.window,
    )
