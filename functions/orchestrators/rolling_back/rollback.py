"""A rollback under way: where it goes, how far it has come, and what could not be done."""

from dataclasses import dataclass, field
from typing import Any, Final

from durabletask import task

from functions.boundary import Steps, call, explain, schedule, unpack
from functions.orchestrators.scoring_steps import ScoringFailedError
from functions.orchestrators.steps import STEP_FAILED, attempt, now, write_ledger
from functions.orchestrators.waiting import WaitTimeoutError
from shared import names
from shared.contracts.deployments import DeploymentKey
from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.contracts.registry import PromoteVersionInput, Promotion
from shared.contracts.release import Serving
from shared.contracts.retirement import ChampionRetired
from shared.contracts.rollback import (
    ComparedFiles,
    CompareFilesInput,
    GoodVersion,
    RollbackModelInput,
    WithdrawChampionInput,
)

_FAILED: Final = (*STEP_FAILED, WaitTimeoutError, ScoringFailedError)


@dataclass
class Rollback:
    """A rollback that is under way. Rebuilt by every replay.

    Attributes:
        started: Writes down who ordered it; clients do not wait for that, and later records do.
        wanted: What is to serve; a version of the baseline where that stands in.
        begun: Whether clients may be sent there: begun, since a step that failed may have been done.
        made: A deployment that was made for it.
        serving: Where clients get it from; absent until that is certain.
        aliased: Whether alias and stage have followed.
        problems: What could not be done.
        unwritten: What was done and is not in the ledger.
    """

    context: task.OrchestrationContext
    order: RollbackModelInput
    started: Steps[None]
    wanted: GoodVersion
    begun: bool = False
    made: DeploymentKey | None = None
    serving: Serving | None = None
    aliased: bool = False
    problems: list[str] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)

    @property
    def stands_in(self) -> bool:
        """Whether it is the baseline that serves then."""
        return self.wanted.model != self.order.model

    @property
    def told_of(self) -> str:
        """What serves then, for a person."""
        of = f" of the baseline {self.wanted.model}" if self.stands_in else ""
        return f"version {self.wanted.version}{of}"

    def take(self, what: str, step: Steps[Any]) -> Steps[bool]:
        """Take a step; what fails is remembered, and keeps the next ones from nothing."""
        problem = yield from tried(step)
        if problem is not None:
            self.problems.append(f"{what}: {problem}")
        return problem is None

    def note(self, effect: str, reason: str, facts: dict[str, Any] | None = None) -> Steps[None]:
        """Write what was done into the model's ledger, if that can be written.

        A ledger that was down for an hour is not asked again before the end: each further record would take an hour.
        """
        if self.unwritten:
            self.unwritten.append(effect)
            return
        told = {"version": self.wanted.version, "leaves": self.order.leaves.version, **(facts or {})}
        order = self.order
        if (yield from attempt(self.started)) is not None:  # once it is over, this takes nothing
            self.unwritten += ["RollbackStarted", effect]
            return
        try:
            yield from write_ledger(self.context, order.model, effect, reason, told, order.trace)
        except STEP_FAILED:
            self.unwritten.append(effect)


def tried(step: Steps[Any]) -> Steps[str | None]:
    """Take a step whose failure must not keep the next ones from being taken; why it failed, or `None`."""
    try:
        yield from step
    except _FAILED as error:
        return explain(error)
    return None


def require_files(rollback: Rollback) -> Steps[str]:
    """Nothing is deployed, or given to a job, that is not what was registered: better the version that is left.

    That one was compared when it was released; what else is wrong with it, a person knows. The ledger has no hash of a
    baseline's files.

    Returns:
        What to tell beside what is made of them: nothing where they are the registered ones, or nobody asked.

    Raises:
        PermanentFailure: `ArtifactChanged`.
        TaskFailedError: They could not be read.
    """
    order, wanted = rollback.order, rollback.wanted
    if not order.compares or rollback.stands_in:
        return ""
    rollback.context.set_custom_status({"step": "comparing files", "version": wanted.version})
    compare = CompareFilesInput(model=wanted.model, version=wanted.version, trace=order.trace)
    compared = yield from call(rollback.context, names.COMPARE_FILES, compare, ComparedFiles)
    return "" if compared.unknown is None else f" Its files were not compared, since {compared.unknown}."


def begin_note(context: task.OrchestrationContext, order: RollbackModelInput) -> Steps[None]:
    """Begin to write down who ordered it and why; a step that waits for the end of that."""
    entry = LedgerEntry(
        model=order.model,
        effect="RollbackStarted",
        key=f"{context.instance_id}/RollbackStarted",
        at=now(context),
        by=context.instance_id,
        reason=f"{order.by}: {order.reason}",
        facts={
            "by": order.by,
            "leaves": order.leaves.to_wire(),
            "back_to": order.back_to.to_wire() if order.back_to else None,
            "attempt": order.attempt,
        },
        trace=order.trace,
    )
    return _written(schedule(context, names.APPEND_LEDGER, entry))


def _written(begun: task.Task[Any]) -> Steps[None]:
    unpack((yield begun), LedgerRow)


def move_alias(rollback: Rollback) -> Steps[None]:
    """Let alias and stage follow what serves; no version of the model has them where the baseline stands in.

    Not before clients are sent there: the registry would tell of a version that nobody gets.
    """
    if rollback.serving is None or rollback.aliased:
        return
    rollback.context.set_custom_status({"step": "moving the alias", "version": rollback.wanted.version})
    step = _withdraw(rollback) if rollback.stands_in else _promote(rollback)
    # Not tried again later on: whoever reads the outcome sees to it.
    rollback.aliased = True
    yield from rollback.take("alias and stage", step)


def _promote(rollback: Rollback) -> Steps[None]:
    order, version = rollback.order, rollback.wanted.version
    archive = order.policy.release.archive_previous
    back = PromoteVersionInput(model=order.model, version=version, archive=archive, trace=order.trace)
    promotion = yield from call(rollback.context, names.PROMOTE_VERSION, back, Promotion)
    yield from rollback.note("VersionPromoted", f"Version {version} is champion again.", promotion.to_wire())


def _withdraw(rollback: Rollback) -> Steps[None]:
    order = rollback.order
    key = WithdrawChampionInput(model=order.model, trace=order.trace)
    left = yield from call(rollback.context, names.WITHDRAW_CHAMPION, key, ChampionRetired)
    told = f"No version is champion while {rollback.told_of} stands in."
    yield from rollback.note("ChampionWithdrawn", told, left.to_wire())
