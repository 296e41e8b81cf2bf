"""`condition_file`: one large file through its recipe, in ranges of bytes that many workers share."""

from datetime import datetime
from typing import Final

from durabletask import task

from functions.boundary import PermanentFailure, Steps, call, orchestrator
from functions.orchestrators.steps import now
from shared import names
from shared.contracts.ranges import (
    CommitFileInput,
    ConditionFileInput,
    ConditionRangeInput,
    ConditionRangesInput,
    FileConditioned,
    FilePlan,
    PlanFileInput,
    RangeDone,
    RangesDone,
    Refusal,
)

#: Ranges of one child: many, so that no history is long, and few, so that progress is seen.
_MOST_PER_CHILD: Final = 50
_CHILDREN: Final = 20
_CHILDREN_AT_ONCE: Final = 8


@orchestrator
def condition_file(context: task.OrchestrationContext, order: ConditionFileInput) -> Steps[FileConditioned]:
    """Condition a file; what can never be done is told as a result, since an exception would lose its code.

    1. Read the header, and cut the file into ranges.
    2. Condition the ranges in children. Each guesses where its first record begins.
    3. Check the seams: a range must begin where the one before it ended. What was guessed wrong is done again.
    4. Commit the ranges as one table.
    """
    run = names.content_hash(context.instance_id, length=16)
    plan = PlanFileInput(fleet=order.fleet, cell=order.cell, file=order.file, run=run, trace=order.trace)
    try:
        cut = yield from call(context, names.PLAN_FILE, plan, FilePlan)
        ranges = yield from _condition(context, plan, cut)
        yield from _mend(context, plan, cut, ranges)
        context.set_custom_status({"step": "committing", "file": order.file.path, "ranges": cut.ranges})
        commit = CommitFileInput(plan=plan, cut=cut, trace=order.trace)
        return (yield from call(context, names.COMMIT_FILE, commit, FileConditioned))
    except PermanentFailure as error:
        return FileConditioned(refused=Refusal(code=error.code, message=error.message))


def _condition(context: task.OrchestrationContext, plan: PlanFileInput, cut: FilePlan) -> Steps[list[RangeDone]]:
    """All ranges, some children at a time; how far it is can be seen from outside."""
    each = min(_MOST_PER_CHILD, -(-cut.ranges // _CHILDREN))
    waiting = list(range(0, cut.ranges, each))
    running: dict[int, task.Task[object]] = {}
    done: dict[int, tuple[RangeDone, ...]] = {}
    since = now(context)
    while waiting or running:
        while waiting and len(running) < _CHILDREN_AT_ONCE:
            first = waiting.pop(0)
            running[first] = _child(context, plan, cut, first, min(each, cut.ranges - first))
        yield task.when_any(list(running.values()))
        for first in [first for first, child in running.items() if child.is_complete]:
            done[first] = _ranges(running.pop(first))
        context.set_custom_status(_progress(plan, cut, done, since, now(context)))
    return [one for first in sorted(done) for one in done[first]]


def _mend(
    context: task.OrchestrationContext, plan: PlanFileInput, cut: FilePlan, ranges: list[RangeDone]
) -> Steps[None]:
    """Do again, with the right place, each range that does not begin where the one before it ended."""
    place = cut.body
    for index, found in enumerate(ranges):
        if found.start != place:
            again = ConditionRangeInput(plan=plan, cut=cut, index=index, start=place, trace=plan.trace)
            ranges[index] = yield from call(context, names.CONDITION_RANGE, again, RangeDone)
        place = ranges[index].end


def _child(
    context: task.OrchestrationContext, plan: PlanFileInput, cut: FilePlan, first: int, count: int
) -> task.Task[object]:
    order = ConditionRangesInput(plan=plan, cut=cut, first=first, count=count, trace=plan.trace)
    child = names.instance_id(f"ranges {plan.file.path}", context.instance_id, first)
    return context.call_sub_orchestrator(names.CONDITION_RANGES, input=order.to_wire(), instance_id=child)


def _ranges(child: task.Task[object]) -> tuple[RangeDone, ...]:
    done = RangesDone.from_wire(child.get_result())
    if done.refused is not None:
        raise PermanentFailure(done.refused.code, done.refused.message)
    return done.ranges


def _progress(
    plan: PlanFileInput, cut: FilePlan, done: dict[int, tuple[RangeDone, ...]], since: datetime, at: datetime
) -> dict[str, object]:
    """How far it is; rates are of this run's own clock, so they are the same on every replay."""
    ranges = sum(map(len, done.values()))
    rows = sum(one.rows for some in done.values() for one in some)
    bytes_done = min(ranges * cut.step, plan.file.size)
    seconds = max((at - since).total_seconds(), 0.001)
    return {
        "step": "conditioning",
        "file": plan.file.path,
        "rows": rows,
        "bytes": bytes_done,
        "of_bytes": plan.file.size,
        "rows_per_s": round(rows / seconds),
        "mb_per_s": round(bytes_done / seconds / 1e6, 1),
        "seconds_left": round((plan.file.size - bytes_done) * seconds / bytes_done) if bytes_done else None,
    }
