"""What a run has come to: one row for a list, and one digest with every cell."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from shared.contracts.fleet_runs import (
    FailOn,
    PlanRunInput,
    RunCells,
    RunDigest,
    RunFleetInput,
    RunLook,
    RunOutcome,
    RunRow,
)
from shared.fleet_runs.standing import FAILED, seen

#: Outcomes in the order in which a person wants to hear of them.
_ORDER: Final = (
    "passed", "scored", "published", "unchanged", "rejected", "incomplete", "skipped", "refused", "failed",
    "running", "waiting", "asked",
)  # fmt: skip
#: What nothing has come of.
_NOTHING: Final = frozenset({*FAILED, "skipped"})


def first_row(order: PlanRunInput) -> RunRow:
    """The row of a run that begins."""
    return _row(order.run, order.order, "running", "The cells are looked for.", order.order.at)


def refused_row(order: PlanRunInput, reason: str, at: datetime) -> RunRow:
    """The row of a run that cannot be planned."""
    return _row(order.run, order.order, "failed", reason, at, ended_at=at)


def running_row(run: str, order: RunFleetInput, look: RunLook, at: datetime) -> RunRow:
    """The row of a run under way."""
    return _row(run, order, "running", sentence(look.counts), at, counts=look.counts)


def conclude(run: str, order: RunFleetInput, cells: RunCells, at: datetime) -> RunDigest:
    """The digest of a run whose cells are all final."""
    figures = seen(cells).counts
    state: Literal["done", "failed"] = "failed" if set(figures) <= _NOTHING else "done"
    row = _row(run, order, state, sentence(figures), at, counts=figures, ended_at=at)
    return RunDigest(row=row, cells=cells.cells, seconds=round((at - order.at).total_seconds(), 1))


def outcome_of(digest: RunDigest, path: str) -> RunOutcome:
    """A digest in figures, with its place."""
    row = digest.row
    return RunOutcome(run=row.run, state=row.state, reason=row.reason, counts=row.counts, digest=path)


def is_failure(outcome: RunOutcome, fail_on: FailOn) -> bool:
    """Whether whoever started the run is told of a failure. Rejected by its gates is one only where they say so."""
    if fail_on in ("any", "rejected"):
        counted = (*FAILED, "rejected") if fail_on == "rejected" else FAILED
        return outcome.state == "failed" or any(outcome.counts.get(name) for name in counted)
    return fail_on == "all" and outcome.state == "failed"


def sentence(counts: Mapping[str, int]) -> str:
    """The figures for a person: `12 cells: 9 passed, 3 rejected`, and a full stop."""
    total = sum(counts.values())
    told = ", ".join(f"{counts[name]} {name}" for name in _ORDER if counts.get(name))
    return f"{total} {'cell' if total == 1 else 'cells'}: {told}."


def _row(
    run: str,
    order: RunFleetInput,
    state: Literal["running", "done", "failed"],
    reason: str,
    at: datetime,
    *,
    counts: Mapping[str, int] | None = None,
    ended_at: datetime | None = None,
) -> RunRow:
    return RunRow(
        run=run,
        **order.model_dump(exclude={"at", "stage", "followed"}),
        state=state,
        reason=reason,
        counts=dict(counts or {}),
        started_at=order.at,
        updated_at=at,
        ended_at=ended_at,
    )
