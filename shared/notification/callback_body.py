"""What a callback says: `Output`, `Error` and `StatusCode`, as a Webhook activity of Data Factory reads them.

(Source: Microsoft Learn, "Webhook activity in Azure Data Factory", additional notes.) `StatusCode` from 400 on fails an
activity that has `reportStatusOnCallBack`; pipelines read `Output` as `@activity('NAME').output`.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from shared.contracts.callbacks import Follower, RunEnd
from shared.contracts.fleet_runs import CellState, RunDigest, RunRow
from shared.fleet_runs.need import by_need

#: Cells that are told of one by one; failed ones first. The digest has them all.
_MOST_CELLS: Final = 50
_REASON: Final = 300

type Link = Callable[[str], str | None]


def callback_body(end: RunEnd, output: dict[str, Any]) -> dict[str, Any]:
    """A whole callback."""
    if end.state == "completed":
        return {"Output": output, "StatusCode": "200"}
    code, status = _failure(end)
    return {"Output": output, "Error": {"ErrorCode": code, "Message": _cut(end.reason)}, "StatusCode": status}


def training_output(follower: Follower, end: RunEnd, link: str | None) -> dict[str, Any]:
    """What became of one training."""
    training = end.training.to_wire() if end.training is not None else {}
    told = {"model": follower.model, **training, "reason": _cut(end.reason), "link": link}
    return _told(follower, end, told)


def run_output(  # noqa: PLR0917 - what is known of a run, from its row to its links
    follower: Follower,
    end: RunEnd,
    row: RunRow | None,
    digest: RunDigest | None,
    place: str,
    link: Link,
    page: str | None,
) -> dict[str, Any]:
    """What a run over many cells has come to.

    Args:
        follower: Who waits.
        end: How its orchestration ended.
        row: What the run has written down last, if it has.
        digest: Its digest, where it came to one.
        place: Where the digest lies in the data container.
        link: The page of a model.
        page: The run's own page.
    """
    told: dict[str, Any] = {"fleet": follower.fleet, "reason": _cut(row.reason if row else end.reason), "link": page}
    if row is not None:
        told |= {"state": row.state if row.ended_at else "failed", "counts": row.counts}
    if digest is not None:
        cells = sorted(digest.cells, key=lambda cell: by_need(cell.outcome, cell.name))
        told |= {"digest": place, "cells": list(_cells(cells[:_MOST_CELLS], follower, link))}
        told["cells_left_out"] = max(len(cells) - _MOST_CELLS, 0)
    return _told(follower, end, told)


def _told(follower: Follower, end: RunEnd, more: dict[str, Any]) -> dict[str, Any]:
    known = {"instance": follower.run, "operation": follower.operation, "ended": end.state, **more}
    return {name: value for name, value in known.items() if value is not None}


def _cells(cells: Iterable[CellState], follower: Follower, link: Link) -> Iterable[dict[str, Any]]:
    for cell in cells:
        page = link(cell.name) if follower.operation != "condition" else None
        told = {"name": cell.name, "outcome": cell.outcome, "version": cell.version, "link": page}
        yield {name: value for name, value in told.items() if value is not None} | {"reason": _cut(cell.reason)}


def _failure(end: RunEnd) -> tuple[str, str]:
    """Code and status; a model that did not pass is told apart from a run that broke."""
    if end.training is not None and end.training.outcome == "rejected":
        return "Rejected", "422"
    return {"failed": "RunFailed", "terminated": "RunTerminated", "gone": "RunGone"}.get(end.state, "RunFailed"), "500"


def _cut(text: str) -> str:
    return text if len(text) <= _REASON else f"{text[: _REASON - 1]}…"
