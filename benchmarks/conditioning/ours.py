"""Ours: `python -m benchmarks.conditioning.ours FLEET BLOB`, the app's own activities without an engine."""

import asyncio
import json
import sys
import time

from benchmarks.conditioning.containers import only_required
from benchmarks.conditioning.peers import used
from functions import adapters
from functions.activities.conditioning import commit_file, condition_range, plan_file
from shared.contracts.conditioning import SourceFile
from shared.contracts.ranges import CommitFileInput, ConditionRangeInput, FilePlan, PlanFileInput, RangeDone


def main() -> None:
    """Condition a blob, and print what it took as JSON."""
    fleet, blob = sys.argv[1:]
    only_required()
    started = time.perf_counter()
    result = asyncio.run(_condition(fleet, blob))
    print(json.dumps({**result, **used(), "wall_s": time.perf_counter() - started}))


async def _condition(fleet: str, blob: str) -> dict[str, int]:
    (found,) = adapters.landing().list(blob)
    file = SourceFile(source="sales", path=found.path, etag=found.etag, size=found.size)
    plan = PlanFileInput(fleet=fleet, cell={}, file=file, run=f"bench{time.time_ns():011x}"[-16:])
    cut = await plan_file(plan)
    orders = (ConditionRangeInput(plan=plan, cut=cut, index=index) for index in range(cut.ranges))
    ranges = list(await asyncio.gather(*map(condition_range, orders)))
    again = await _mend(plan, cut, ranges)
    done = await commit_file(CommitFileInput(plan=plan, cut=cut))
    return {"rows_in": done.rows_in, "rows_out": done.rows_out, "ranges": cut.ranges, "guessed_wrong": again}


async def _mend(plan: PlanFileInput, cut: FilePlan, ranges: list[RangeDone]) -> int:
    """Check the seams, as `condition_file` does; how many ranges had to be done again."""
    again, place = 0, cut.body
    for index, one in enumerate(ranges):
        if one.start != place:
            order = ConditionRangeInput(plan=plan, cut=cut, index=index, start=place)
            ranges[index] = await condition_range(order)
            again += 1
        place = ranges[index].end
    return again


if __name__ == "__main__":
    main()
