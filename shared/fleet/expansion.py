"""Model patterns times the matrix: one policy per model."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.contracts.jobs import AS_OF
from shared.contracts.policy import (
    MIN_ROWS,
    BaselinePolicy,
    GatePolicy,
    ModelPolicy,
    RetrainReason,
    Scalar,
    ServePolicy,
    TrainPolicy,
)
from shared.fleet.draft import Draft
from shared.fleet.gate_schema import GateSpec
from shared.fleet.model_names import ModelName, baseline_name, read_model_name
from shared.fleet.model_schema import ModelSpec
from shared.fleet.patterns import fill, fill_name
from shared.fleet.release_expansion import groups_of, release_policy


@dataclass(frozen=True)
class Expanded:
    """A model, and the key under `models` that it comes from."""

    policy: ModelPolicy
    key: str


def expand_model(key: str, spec: ModelSpec, draft: Draft) -> Iterator[Expanded]:
    """The models of one pattern that has been found right."""
    name = read_model_name(key)
    gates = tuple(_gate(gate, rule) for gate, rule in draft.gates.specs.items())
    retrain_when = retrain_reasons(draft)
    team = draft.team
    owner = {"owner": team.owner} if team else {}
    release = release_policy(spec, draft)
    for labels in name.cells(draft.matrix):
        policy = ModelPolicy(
            fleet=draft.name,
            revision=draft.revision,
            model=name.filled(labels),
            labels=labels,
            train=TrainPolicy(
                pipeline=fill(spec.train.pipeline, labels),
                dataset=spec.train.data,
                parameters=_filled(spec.train.parameters, labels),
                timeout_minutes=spec.train.timeout,
                queue_timeout_minutes=spec.train.queue_timeout,
            ),
            serve=_serve(spec, labels),
            gates=gates,
            golden=fill_name(golden_of(spec, draft), labels),
            baseline=_baseline(name, spec, labels),
            level=draft.level,
            at_once=draft.retrain.at_once,
            stale_days=spec.stale,
            retrain_when=retrain_when,
            tags=owner | {tag: fill(value, labels) for tag, value in spec.tags.items()},
            release=release,
            park_after=draft.retrain.park_after,
            cooldown_days=draft.retrain.cooldown,
            operators=groups_of(team.operate, labels) if team else (),
            approvers=groups_of(team.approve, labels) if team else (),
            notify=tuple(dict.fromkeys(team.notify)) if team else (),
        )
        yield Expanded(policy, key)


def golden_of(spec: ModelSpec, draft: Draft) -> str:
    """A model's golden set, its own or that of all; empty when there is none."""
    return spec.golden or draft.release.golden or ""


def retrain_reasons(draft: Draft) -> tuple[RetrainReason, ...]:
    """What lets a training begin by itself: new data, unless the file says otherwise or trains by the clock."""
    if draft.retrain.when is not None:
        return tuple(dict.fromkeys(draft.retrain.when))
    return () if draft.schedule.train else ("data",)


def _gate(name: str, rule: GateSpec) -> GatePolicy:
    return GatePolicy(
        name=name,
        metric=rule.metric,
        max=rule.max,
        min=rule.min,
        better_than=rule.better_than,
        not_worse_than=rule.not_worse_than,
        by=rule.by,
        confidence=rule.confidence,
        segments=tuple(rule.segments or ()),
        min_rows=MIN_ROWS if rule.min_rows is None else rule.min_rows,
        max_age_days=rule.max_age,
    )


def _serve(spec: ModelSpec, labels: dict[str, str]) -> ServePolicy:
    if spec.serve.online is not None:
        deployment = fill(spec.serve.deployment, labels) if spec.serve.deployment else None
        return ServePolicy(
            mode="online",
            endpoint=fill_name(spec.serve.online, labels),
            shared=spec.serve.shared,
            deployment=deployment,
        )
    return ServePolicy(
        mode="batch",
        pipeline=fill(spec.serve.batch or "", labels),
        parameters=_filled(spec.serve.parameters, labels),
        dataset=spec.serve.data,
    )


def _baseline(name: ModelName, spec: ModelSpec, labels: dict[str, str]) -> BaselinePolicy | None:
    if spec.baseline is None:
        return None
    pattern = spec.baseline.name or baseline_name(name, spec.baseline.per)
    return BaselinePolicy(
        model=fill_name(pattern, labels),
        pipeline=fill(spec.baseline.pipeline, labels),
        parameters=_filled(spec.baseline.parameters, labels),
    )


def _filled(parameters: dict[str, Scalar], labels: dict[str, str]) -> dict[str, Scalar]:
    known = labels | {AS_OF.strip("{}"): AS_OF}  # filled when the job begins
    return {key: fill(value, known) if isinstance(value, str) else value for key, value in parameters.items()}
