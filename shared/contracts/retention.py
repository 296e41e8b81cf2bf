"""What expires by policy: found and written down first, deleted then, a bounded number at a time."""

from typing import Literal

from shared.contracts.base import Contract, Instant

ExpiredKind = Literal[
    "run", "fleet_run", "deployment", "version", "quarantine", "dataset", "conditioned", "observation"
]


class Expired(Contract):
    """One thing that goes.

    Attributes:
        name: `FLEET/RUN`, `ENDPOINT/DEPLOYMENT`, `MODEL@VERSION`, or a path in the data container; a dataset version's
            path is its folder.
        reason: Why, for a person.
    """

    kind: ExpiredKind
    name: str
    reason: str


class ExpiredCount(Contract):
    """One line of a report.

    Attributes:
        found: Things that have expired.
        going: Those of them that this run takes; the others wait for the next one.
        gone: Those that were deleted.
    """

    kind: ExpiredKind
    found: int
    going: int
    gone: int = 0


class ApplyRetentionInput(Contract):
    """Input of `apply_retention`.

    Attributes:
        dry_run: Only write down what would go.
        runs: Finished runs, which only a trigger's client can delete, and has.
    """

    at: Instant
    requested_by: str
    dry_run: bool = True
    runs: ExpiredCount
    trace: str | None = None


class PlanRetentionInput(Contract):
    """Input of `plan_retention`.

    Attributes:
        path: Where the plan is written, once: whoever repeats this gets the same plan.
    """

    path: str
    at: Instant
    trace: str | None = None


class RetentionPlan(Contract):
    """What goes, in full: the content of the plan's blob."""

    at: Instant
    things: tuple[Expired, ...]
    counts: tuple[ExpiredCount, ...]


class RetentionPlanned(Contract):
    """Result of `plan_retention`: how long the plan is; the plan itself stays in its blob."""

    path: str
    things: int
    counts: tuple[ExpiredCount, ...]


class DeleteExpiredInput(Contract):
    """Input of `delete_expired`: a few things of a plan, from `first` on."""

    path: str
    first: int
    count: int
    trace: str | None = None


class ExpiredDeleted(Contract):
    """Result of `delete_expired`.

    Attributes:
        gone: Kinds of what is gone, in the plan's order.
        kept: Things that could not be deleted, each with the reason; at most a few.
    """

    gone: tuple[ExpiredKind, ...]
    kept: tuple[str, ...]


class RetentionOutcome(Contract):
    """Result of `apply_retention`, and what `GET /api/operations/retention` shows.

    Attributes:
        plan: The blob with every thing and its reason.
    """

    at: Instant
    requested_by: str
    dry_run: bool
    plan: str
    counts: tuple[ExpiredCount, ...]
    kept: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One sentence for a person."""
        told = [f"{self._amount(line)} {_WORDS[line.kind]}" for line in self.counts if line.found]
        what = ", ".join(told) or "nothing has expired"
        return f"{'Would delete' if self.dry_run and told else 'Deleted' if told else 'No change'}: {what}."

    def _amount(self, line: ExpiredCount) -> str:
        amount = line.going if self.dry_run else line.gone
        return str(amount) if amount == line.found else f"{amount} of {line.found}"


_WORDS: dict[str, str] = {
    "run": "finished runs",
    "fleet_run": "records of fleet runs",
    "deployment": "deployments for testing",
    "version": "model versions",
    "quarantine": "quarantined files",
    "dataset": "dataset versions",
    "conditioned": "conditioned files",
    "observation": "observed periods",
}
