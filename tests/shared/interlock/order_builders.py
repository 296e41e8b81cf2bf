"""Orders of people, and what releases, rollbacks, evaluations and the world tell, with defaults."""

from datetime import datetime
from typing import Literal

from shared.contracts.evaluation import Evaluation, Figures, GateResult, Verdict
from shared.contracts.health import HealthObserved, ServingLost
from shared.contracts.interlock import (
    CodeChanged,
    HoldsFound,
    LedgerAdvanced,
    ReleaseFinished,
    ReleaseStepped,
    RollbackFinished,
    VersionEvaluated,
    Woken,
)
from shared.contracts.orders import (
    ApprovalAnswered,
    Evidence,
    ForgetOrdered,
    HoldOrdered,
    OverrideOrdered,
    ParkOrdered,
    ReleaseOrdered,
    ResumeOrdered,
    RollbackOrdered,
)
from shared.contracts.policy import BaselinePolicy, ModelPolicy
from shared.contracts.read_model import Hold
from shared.contracts.release import ReleaseEnd, ReleaseOutcome, ReleasePhase, Serving, SlotNeed
from shared.contracts.release_policy import (
    Freeze,
    ReleasePolicy,
    RollbackPolicy,
    WorseThan,
)
from shared.contracts.rollback import GoodVersion, RollbackOutcome
from shared.contracts.training import EvaluationOutcome
from tests.shared.interlock.builders import MODEL, POLICY, at, dataset

BASELINE = BaselinePolicy(model=f"{MODEL}-baseline", pipeline="pipelines/baseline.yml")
#: Rolls back by itself for anything, and lets the baseline stand in.
WATCHFUL = ReleasePolicy(
    rollback=RollbackPolicy(
        events=("scoring_failed", "endpoint_unhealthy"),
        worse=(WorseThan(metric="mape", periods=2),),
        failover=True,
        window_minutes=0,
    )
)
FILES, REPORT = "a" * 64, "b" * 64


def frozen(start: int, end: int, release: ReleasePolicy | None = None) -> ReleasePolicy:
    """A change freeze, in minutes after the start."""
    freeze = Freeze(start=at(start), end=at(end), reason="the end of the year")
    return (release or ReleasePolicy()).model_copy(update={"freezes": (freeze,)})


def held(
    minutes: int = 0,
    *,
    scope: str = "model",
    until: datetime | None = None,
    request_id: str = "h1",
    says: ModelPolicy = POLICY,
) -> HoldOrdered:
    """Somebody holds the model."""
    return HoldOrdered(
        model=MODEL, at=at(minutes), policy=says, by="ben", reason="an audit", request_id=request_id, scope=scope,
        until=until,
    )  # fmt: skip


def resumed(
    minutes: int = 1, *, scope: str = "model", request_id: str = "u1", says: ModelPolicy = POLICY
) -> ResumeOrdered:
    """Somebody lifts a hold."""
    return ResumeOrdered(
        model=MODEL, at=at(minutes), policy=says, by="ben", reason="all is well", request_id=request_id, scope=scope
    )


def park(minutes: int = 0, request_id: str = "p1", says: ModelPolicy = POLICY) -> ParkOrdered:
    """Somebody parks the model."""
    return ParkOrdered(model=MODEL, at=at(minutes), policy=says, by="ben", reason="it is odd", request_id=request_id)


def release_ordered(
    version: str, minutes: int = 0, request_id: str = "o1", says: ModelPolicy = POLICY
) -> ReleaseOrdered:
    """Somebody wants a version in production."""
    return ReleaseOrdered(
        model=MODEL, at=at(minutes), policy=says, by="ben", reason="I know it", request_id=request_id, version=version
    )


def rollback_ordered(minutes: int = 0, request_id: str = "b1", says: ModelPolicy = POLICY) -> RollbackOrdered:
    """Somebody wants the version in production away."""
    return RollbackOrdered(
        model=MODEL, at=at(minutes), policy=says, by="ben", reason="it is wrong", request_id=request_id
    )


def override(
    version: str, minutes: int = 0, *, until: int = 999, gate: str = "accuracy", request_id: str = "w1",
    says: ModelPolicy = POLICY,
) -> OverrideOrdered:  # fmt: skip
    """Somebody lets a version pass a gate."""
    return OverrideOrdered(
        model=MODEL, at=at(minutes), policy=says, by="ben", reason="a strike", request_id=request_id, version=version,
        gate=gate, until=at(until),
    )  # fmt: skip


def answered(
    version: str, minutes: int = 0, *, approved: bool = True, by: str = "ben", report: str = REPORT,
    request_id: str = "a1", says: ModelPolicy = POLICY,
) -> ApprovalAnswered:  # fmt: skip
    """Somebody says yes or no."""
    return ApprovalAnswered(
        model=MODEL, at=at(minutes), policy=says, by=by, reason="I looked at it", request_id=request_id,
        version=version, approved=approved, artifact_sha256=FILES, report_sha256=report,
    )  # fmt: skip


def forget(minutes: int = 0, request_id: str = "f1", says: ModelPolicy = POLICY) -> ForgetOrdered:
    """Somebody wants the past forgotten."""
    return ForgetOrdered(
        model=MODEL, at=at(minutes), policy=says, by="ben", reason="a new start", request_id=request_id
    )


def evidence(version: str, deadline: int = 999, author: str | None = None) -> Evidence:
    """What an approval has to name."""
    return Evidence(version=version, artifact_sha256=FILES, report_sha256=REPORT, author=author, deadline=at(deadline))


def stepped(
    attempt: int, phase: ReleasePhase, minutes: int = 0, told: Evidence | None = None, *, needs: SlotNeed = "job",
    turn: int = 0,
) -> ReleaseStepped:  # fmt: skip
    """Where a release stands, and what it needs of its fleet's slots."""
    return ReleaseStepped(
        model=MODEL, at=at(minutes), attempt=attempt, phase=phase, reason=f"It is {phase}.", evidence=told,
        needs=needs, turn=turn,
    )  # fmt: skip


def release_ended(attempt: int, version: str, ended: ReleaseEnd, minutes: int = 0) -> ReleaseFinished:
    """A release has ended that is not done and has not failed."""
    outcome = ReleaseOutcome(
        model=MODEL, version=version, attempt=attempt, released=False, reason=f"It was {ended}.", ended=ended
    )
    return ReleaseFinished(model=MODEL, at=at(minutes), outcome=outcome)


def rolled_back(
    attempt: int,
    version: str | None,
    minutes: int = 0,
    *,
    outcome: Literal["rolled_back", "failed_over", "failed"] = "rolled_back",
) -> RollbackFinished:
    """A rollback has ended."""
    model = BASELINE.model if outcome == "failed_over" else MODEL
    serves = version and GoodVersion(model=model, version=version, serving=Serving(mode="batch", published="old.csv"))
    ended = RollbackOutcome(model=MODEL, attempt=attempt, outcome=outcome, reason=f"{outcome}.", serves=serves or None)
    return RollbackFinished(model=MODEL, at=at(minutes), outcome=ended)


def evaluated(attempt: int, version: str, passed: bool | None, minutes: int = 0) -> VersionEvaluated:
    """An evaluation has ended; `passed` is None when it failed."""
    word: Literal["passed", "rejected", "failed"] = "failed" if passed is None else "passed" if passed else "rejected"
    gate = GateResult(gate="accuracy", metric="mape", passed=bool(passed), got=0.1, required=0.45, reason="accuracy: …")
    known = passed is not None
    outcome = EvaluationOutcome(
        model=MODEL, version=version, attempt=attempt, outcome=word, reason=word,
        evaluation=Evaluation(model=Figures(rows=1, zeros=0, mape=0.1)) if known else None,
        verdict=Verdict(passed=bool(passed), gates=(gate,)) if known else None,
    )  # fmt: skip
    return VersionEvaluated(model=MODEL, at=at(minutes), outcome=outcome)


def code(commit: str, minutes: int = 0, version: str | None = "d1", says: ModelPolicy = POLICY) -> CodeChanged:
    """Other training code is deployed."""
    newest = dataset(version) if version else None
    return CodeChanged(model=MODEL, at=at(minutes), policy=says, commit=commit, dataset=newest)


def lost(version: str, minutes: int = 0, says: ModelPolicy = POLICY) -> ServingLost:
    """Nothing answers for the model."""
    return ServingLost(model=MODEL, at=at(minutes), policy=says, version=version, reason="The endpoint is gone.")


def health(version: str, period: str, mape: float, minutes: int = 0, says: ModelPolicy = POLICY) -> HealthObserved:
    """How the champion did, beside a baseline of 0.5."""
    return HealthObserved(
        model=MODEL, at=at(minutes), policy=says, version=version, period=period, figures={"mape": mape},
        reference={"mape": 0.5},
    )  # fmt: skip


def woken(minutes: int, says: ModelPolicy | None = None) -> Woken:
    """A time has come; what the fleet file says then, where it has the model still."""
    return Woken(model=MODEL, at=at(minutes), policy=says)


def holds_found(minutes: int = 1, *holds: Hold) -> HoldsFound:
    """It is known who holds the fleet."""
    return HoldsFound(model=MODEL, at=at(minutes), holds=holds)


def ledger(sequence: int, digest: str, minutes: int = 0) -> LedgerAdvanced:
    """The ledger has a head."""
    return LedgerAdvanced(model=MODEL, at=at(minutes), sequence=sequence, hash=digest)
