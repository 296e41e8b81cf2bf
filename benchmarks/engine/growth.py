"""What 100,000 finished instances do to the engine: the time per thousand more, and the size of the file."""

import asyncio
import base64
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb

from local.durable.engine import Engine
from local.durable.records import NewInstance, Status
from local.durable.worker import FunctionNotFound, TraceContext

BATCH = 1_000
WINDOW = 10
"""Batches that are compared: the first ones with the last."""


class CannedWorker:
    """Answers as an orchestrator of one activity would, without running any: the time is the engine's own."""

    def __init__(self) -> None:
        self._schedule = _response(pb.OrchestratorAction(id=1, scheduleTask=pb.ScheduleTaskAction(name="step")))
        done = pb.CompleteOrchestrationAction(orchestrationStatus=pb.ORCHESTRATION_STATUS_COMPLETED)
        self._complete = _response(pb.OrchestratorAction(id=2, completeOrchestration=done))

    async def run_orchestrator(self, name: str, request: str) -> str:  # noqa: ARG002 - the protocol's signature
        """Schedule one activity in the first turn, and complete in the second."""
        turn = pb.OrchestratorRequest()
        turn.ParseFromString(base64.b64decode(request))
        return self._complete if turn.pastEvents else self._schedule

    async def run_activity(self, name: str, payload: str, trace: TraceContext | None) -> str | None:  # noqa: ARG002 - as above
        """A small result."""
        return "1"

    async def run_entity(self, name: str, request: str) -> str:  # noqa: ARG002 - as above
        """None is asked for."""
        raise FunctionNotFound("entity", name)


async def growth(path: Path, total: int, progress: Callable[[str], None]) -> dict[str, float]:
    """Finish `total` instances on a fresh file, and compare the last tenth with the first.

    NORMAL, since a wait for the disk would hide what grows.
    """
    engine = Engine(CannedWorker(), path, synchronous="NORMAL")
    await engine.start()
    try:
        await _finish_batch(engine)  # warm, and the file has its first pages
        seconds, sizes = [], [_size(path)]
        for number in range(total // BATCH):
            seconds.append(await _finish_batch(engine))
            sizes.append(_size(path))
            if (number + 1) % WINDOW == 0:
                recent = statistics.median(seconds[-WINDOW:])
                progress(f"growth: {(number + 1) * BATCH:,} finished, {recent:.2f} s per 1,000")
    finally:
        await engine.stop()
    return _compared(seconds, sizes)


def _compared(seconds: list[float], sizes: list[int]) -> dict[str, float]:
    window = max(1, min(WINDOW, len(seconds) // 2))
    first, last = statistics.median(seconds[:window]), statistics.median(seconds[-window:])
    return {
        "growth_time": round(last / first, 3),
        "growth_size": round((sizes[-1] - sizes[-1 - window]) / (sizes[window] - sizes[0]), 3),
        "growth_instances": len(seconds) * BATCH,
        "growth_ms_per_instance": round(last / BATCH * 1e3, 3),
        "growth_bytes_per_instance": round((sizes[-1] - sizes[0]) / (len(seconds) * BATCH)),
    }


async def _finish_batch(engine: Engine) -> float:
    began = time.perf_counter()
    started = await asyncio.gather(*(engine.start_instance(NewInstance(id="", name="steps")) for _ in range(BATCH)))
    for instance_id in started:
        found = await engine.wait_for_completion(instance_id, payloads=False)
        if found is None or found.status is not Status.COMPLETED:
            raise RuntimeError(f"An instance ended as {found}.")
    return time.perf_counter() - began


def _size(path: Path) -> int:
    """Bytes on disk: the database and its write-ahead log."""
    return sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))


def _response(action: Any) -> str:
    return base64.b64encode(pb.OrchestratorResponse(actions=[action]).SerializeToString()).decode()
