"""Events of one model, with defaults that a test need not repeat."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal

from shared.contracts.datasets import DatasetRef
from shared.contracts.evaluation import Evaluation, Figures, GateResult, Verdict
from shared.contracts.interlock import (
    DatasetPublished,
    ReleaseFinished,
    RetirementFinished,
    RetirementRequested,
    ScoringFinished,
    ScoringRequested,
    SlotGranted,
    TrainingFinished,
    TrainingRequested,
    VersionRegistered,
)
from shared.contracts.policy import GatePolicy, ModelPolicy, ServePolicy, TrainPolicy
from shared.contracts.release import ReleaseOutcome, Serving
from shared.contracts.retirement import RetirementOutcome
from shared.contracts.scoring import ScoringOutcome
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


def policy(**changes: object) -> ModelPolicy:
    """The fleet file says something else."""
    return POLICY.model_copy(update=changes)


def batch(**changes: object) -> ModelPolicy:
    """A model that scores whole periods."""
    return policy(serve=ServePolicy(mode="batch", pipeline="pipelines/score.yml"), **changes)


def dataset(version: str = "d1", ends: date | None = None, name: str = "departures") -> DatasetRef:
    """A published dataset version."""
    return DatasetRef(
        dataset=name,
        version=version,
        cell={"origin": "JFK"},
        path=f"datasets/{version}/",
        rows=9,
        rejected=0,
        ends=ends,
    )


def published(
    version: str = "d1", minutes: int = 0, says: ModelPolicy = POLICY, ends: date | None = None
) -> DatasetPublished:
    """The dataset is there."""
    return DatasetPublished(model=MODEL, at=at(minutes), policy=says, dataset=dataset(version, ends))


def requested(
    version: str = "d1",
    request_id: str = "r1",
    minutes: int = 0,
    *,
    says: ModelPolicy = POLICY,
    again: bool = True,
    ends: date | None = None,
) -> TrainingRequested:
    """Somebody asks for a training."""
    return TrainingRequested(
        model=MODEL,
        at=at(minutes),
        policy=says,
        dataset=dataset(version, ends),
        requested_by="ana",
        request_id=request_id,
        again=again,
    )


def scoring_requested(
    version: str = "d1",
    request_id: str = "s1",
    minutes: int = 0,
    *,
    says: ModelPolicy | None = None,
    ends: date | None = None,
    as_of: datetime | None = None,
) -> ScoringRequested:
    """Somebody asks for a period's predictions."""
    return ScoringRequested(
        model=MODEL,
        at=at(minutes),
        policy=says or batch(),
        dataset=dataset(version, ends),
        requested_by="ana",
        request_id=request_id,
        as_of=as_of,
    )


def scored(
    attempt: int, version: str, success: bool = True, minutes: int = 0, *, job_failed: bool = True
) -> ScoringFinished:
    """A scoring has ended; where it did not succeed, because of its job or of something else."""
    return ScoringFinished(
        model=MODEL,
        at=at(minutes),
        outcome=ScoringOutcome(
            model=MODEL,
            attempt=attempt,
            outcome="scored" if success else "failed",
            reason="scored" if success else "the job failed",
            version=version,
            dataset="d1",
            published=f"predictions/{attempt}.csv" if success else None,
            rows=7 if success else None,
            job_failed=job_failed and not success,
        ),
    )


def granted(key: str, minutes: int = 0, fleet: str = "flights") -> SlotGranted:
    """The fleet has a slot."""
    return SlotGranted(model=MODEL, at=at(minutes), fleet=fleet, key=key)


def retirement(minutes: int = 0, request_id: str = "x1") -> RetirementRequested:
    """Somebody confirmed that the model goes out of service."""
    return RetirementRequested(model=MODEL, at=at(minutes), requested_by="ana", request_id=request_id)


def retired(attempt: int = 1, success: bool = True, minutes: int = 0, *, back: bool = False) -> RetirementFinished:
    """A retirement has ended."""
    reason = "out of service" if success else "the endpoint is locked"
    outcome = RetirementOutcome(model=MODEL, attempt=attempt, retired=success, reason=reason, back=back)
    return RetirementFinished(model=MODEL, at=at(minutes), outcome=outcome)


def given_up(
    attempt: int, outcome: Literal["superseded", "unwanted"] = "superseded", minutes: int = 0
) -> TrainingFinished:
    """A training whose job was cancelled because nobody wants it any more."""
    ended = TrainingOutcome(model=MODEL, attempt=attempt, outcome=outcome, reason=f"{outcome}, and was cancelled")
    return TrainingFinished(model=MODEL, at=at(minutes), outcome=ended)


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


def registered(version: str, minutes: int = 0, says: ModelPolicy = POLICY) -> VersionRegistered:
    """The registry tells of a version."""
    return VersionRegistered(model=MODEL, at=at(minutes), policy=says, version=version, seen_by="webhook")


def released(
    attempt: int, version: str, success: bool = True, minutes: int = 0, mode: Literal["online", "batch"] = "online"
) -> ReleaseFinished:
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
            serving=_serving(mode, version) if success else None,
        ),
    )


def _serving(mode: Literal["online", "batch"], version: str) -> Serving:
    if mode == "batch":
        return Serving(mode="batch", published=f"predictions/v{version}.csv", rows=3)
    return Serving(mode="online", endpoint=MODEL, deployment=f"v{version}")
