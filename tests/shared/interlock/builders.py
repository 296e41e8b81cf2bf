"""Events of one model, with defaults that a test need not repeat."""

from datetime import UTC, datetime, timedelta

from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Figures, GateResult, Verdict
from shared.contracts.interlock import (
    DatasetPublished,
    ReleaseFinished,
    TrainingFinished,
    TrainingRequested,
    VersionRegistered,
)
from shared.contracts.policy import GatePolicy, ModelPolicy, ServePolicy, TrainPolicy
from shared.contracts.release import ReleaseOutcome, Serving
from shared.contracts.training import TrainingOutcome

MODEL = "departures-jfk-mainline-fast"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)

POLICY = ModelPolicy(
    fleet="flights",
    revision="abc123",
    model=MODEL,
    labels={"origin": "JFK", "format": "mainline"},
    train=TrainPolicy(pipeline="pipelines/train.yml", dataset="departures"),
    serve=ServePolicy(mode="online", endpoint=MODEL),
    gates=(GatePolicy(name="accuracy", metric="mape", max=0.45),),
    golden="golden/jfk-mainline-fast.csv",
)


def at(minutes: int = 0) -> datetime:
    """Minutes after the start."""
    return START + timedelta(minutes=minutes)


def dataset(version: str = "d1") -> DatasetRef:
    """A published dataset version."""
    return DatasetRef(
        dataset="departures", version=version, cell={"origin": "JFK"}, path=f"datasets/{version}/", rows=9, rejected=0
    )


def published(version: str = "d1", minutes: int = 0) -> DatasetPublished:
    """The dataset is there."""
    return DatasetPublished(model=MODEL, at=at(minutes), policy=POLICY, dataset=dataset(version))


def requested(version: str = "d1", request_id: str = "r1", minutes: int = 0) -> TrainingRequested:
    """Somebody asks."""
    return TrainingRequested(
        model=MODEL, at=at(minutes), policy=POLICY, dataset=dataset(version), requested_by="ana", request_id=request_id
    )


def trained(attempt: int, version: str | None, passed: bool | None, minutes: int = 0) -> TrainingFinished:
    """A training has ended; `passed` is None when it failed."""
    outcome = "failed" if passed is None else "passed" if passed else "rejected"
    gate = GateResult(gate="accuracy", metric="mape", passed=bool(passed), got=0.1, required=0.45, reason="accuracy: …")
    judged = {} if passed is None else {
        "evaluation": Evaluation(model=Figures(rows=1, zeros=0, mape=0.1)),
        "verdict": Verdict(passed=passed, gates=(gate,)),
    }  # fmt: skip
    return TrainingFinished(
        model=MODEL,
        at=at(minutes),
        outcome=TrainingOutcome.model_validate(
            {"model": MODEL, "attempt": attempt, "outcome": outcome, "reason": outcome, "version": version, **judged}
        ),
    )


def registered(version: str, minutes: int = 0) -> VersionRegistered:
    """The registry tells of a version."""
    return VersionRegistered(model=MODEL, at=at(minutes), policy=POLICY, version=version, seen_by="webhook")


def released(attempt: int, version: str, success: bool = True, minutes: int = 0) -> ReleaseFinished:
    """A release has ended."""
    return ReleaseFinished(
        model=MODEL,
        at=at(minutes),
        outcome=ReleaseOutcome(
            model=MODEL,
            version=version,
            attempt=attempt,
            released=success,
            reason="done" if success else "golden set failed",
            serving=Serving(mode="online", endpoint=MODEL, deployment=f"v{version}") if success else None,
        ),
    )
