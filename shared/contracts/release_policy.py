"""What the fleet file says of how a version comes into production, and how it leaves it again."""

from typing import Final, Literal

from shared.contracts.base import Contract, Instant

#: How production is reached online: at once, beside the former version until a grace ends, in growing shares of the
#: traffic, or after having answered a copy of it.
Strategy = Literal["all_at_once", "blue_green", "canary", "shadow"]

#: What a release asks a person about: each one, the first of a model, or one that an override let pass.
ApprovalReason = Literal["every_release", "first_release", "override"]

#: What a policy may roll back for, beside a figure that is worse than its reference.
RollbackEvent = Literal["scoring_failed", "endpoint_unhealthy"]

_HOUR: Final = 60


class CanaryStep(Contract):
    """A share of the traffic, and how long it is watched.

    Attributes:
        percent: Of the endpoint's traffic, 1 to 100; a canary ends at 100 whether or not its last step says so.
        bake_minutes: How long the step lasts before it is judged.
    """

    percent: int
    bake_minutes: float


class AnalysisPolicy(Contract):
    """What has to hold of a challenger that answers requests, after each step.

    Attributes:
        max_errors: Share of its requests that may fail.
        max_latency_seconds: The longest that 95 of 100 requests may take; not looked at when absent.
        max_shift: How far its predictions may lie from the champion's for the same rows: mean absolute difference, as
            a share of the mean absolute prediction of the champion; not looked at when absent.
        min_requests: With fewer requests than these, the step is inconclusive: it is watched once more, and then a
            person is asked.
    """

    max_errors: float = 0.01
    max_latency_seconds: float | None = None
    max_shift: float | None = None
    min_requests: int = 0


class ShadowPolicy(Contract):
    """How a challenger runs beside the champion with its output unused.

    Attributes:
        runs: Periods, for batch.
        percent: Of the traffic that is mirrored to it, for online: 1 to 50.
        minutes: How long, for online.
        max_disagreement: How far its predictions may lie from the champion's, as `AnalysisPolicy.max_shift`.
    """

    runs: int = 1
    percent: int = 20
    minutes: int = 30
    max_disagreement: float | None = None


class ApprovalPolicy(Contract):
    """When a person has to agree, how long they have, and who may not.

    Attributes:
        reasons: What is asked about.
        within_minutes: After that, no answer means no.
        by: `not_author`: whoever asked for the training does not approve what came of it.
    """

    reasons: tuple[ApprovalReason, ...]
    within_minutes: int = 48 * _HOUR
    by: Literal["anyone", "not_author"] = "not_author"


class Freeze(Contract):
    """A time in which nothing is released by itself: what is ready waits.

    Attributes:
        start: From then on.
        end: Until then.
    """

    start: Instant
    end: Instant
    reason: str

    def holds(self, at: Instant) -> bool:
        """Whether it is on."""
        return self.start <= at < self.end


class WorseThan(Contract):
    """A figure that rolls back: worse than the reference for several observed periods in a row.

    Attributes:
        metric: As gates name it.
        periods: How many in a row.
    """

    metric: str
    than: Literal["baseline"] = "baseline"
    periods: int = 1


class RollbackPolicy(Contract):
    """When a version leaves production by itself.

    Attributes:
        events: What one occurrence of is enough.
        worse: Figures that are watched.
        failover: Whether the baseline model serves where there is no last good version.
        window_minutes: For so long after a release or a rollback, no figure rolls back.
    """

    events: tuple[RollbackEvent, ...] = ()
    worse: tuple[WorseThan, ...] = ()
    failover: bool = False
    window_minutes: float = 24 * _HOUR


class ReleasePolicy(Contract):
    """How a version comes into production.

    Attributes:
        steps: Of a canary, ascending.
        analysis: After each step of a canary, and after the shadow; whether nothing serves worse than before.
        shadow: Also before another strategy: the challenger then runs in the shadow first.
        approval: Absent where nobody is asked.
        rollback: Absent where only a person rolls back.
        grace_minutes: How long the replaced deployment stays, ready to take over again at once.
        archive_previous: Whether the replaced version moves to the stage Archived.
    """

    strategy: Strategy = "all_at_once"
    steps: tuple[CanaryStep, ...] = ()
    analysis: AnalysisPolicy = AnalysisPolicy()
    shadow: ShadowPolicy | None = None
    approval: ApprovalPolicy | None = None
    freezes: tuple[Freeze, ...] = ()
    rollback: RollbackPolicy | None = None
    grace_minutes: int = 0
    archive_previous: bool = True

    @property
    def plain(self) -> bool:
        """Whether it is what was done before fleet files could say anything about it."""
        return self == ReleasePolicy()
