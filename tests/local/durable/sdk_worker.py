"""The test kit's function worker, and what the engine's own tests add to it: recording, and gates."""

import asyncio
import base64
from dataclasses import dataclass
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb

from local.testing.functions import Functions
from local.testing.sdk_worker import SdkWorker

__all__ = ["Functions", "GatedWorker", "Recorded", "RecordingWorker", "SdkWorker"]


@dataclass
class Recorded:
    """One turn: what the engine sent, and what the SDK answered, as protobuf messages."""

    request: Any
    response: Any


class RecordingWorker(SdkWorker):
    """Keeps what passes between the engine and the SDK."""

    def __init__(self, functions: Functions) -> None:
        super().__init__(functions)
        self.turns: dict[str, list[Recorded]] = {}
        self.batches: dict[str, list[Recorded]] = {}

    async def run_orchestrator(self, name: str, request: str) -> str:
        """Run a turn and keep it under the orchestrator's name."""
        answer = await super().run_orchestrator(name, request)
        turn = Recorded(_parsed(pb.OrchestratorRequest(), request), _parsed(pb.OrchestratorResponse(), answer))
        self.turns.setdefault(name, []).append(turn)
        return answer

    async def run_entity(self, name: str, request: str) -> str:
        """Run a batch and keep it under the entity's name."""
        answer = await super().run_entity(name, request)
        batch = Recorded(_parsed(pb.EntityBatchRequest(), request), _parsed(pb.EntityBatchResult(), answer))
        self.batches.setdefault(name, []).append(batch)
        return answer


class GatedWorker(SdkWorker):
    """A worker whose batches of one entity run at once, and answer when the test opens the gate."""

    def __init__(self, functions: Functions, name: str) -> None:
        super().__init__(functions)
        self.name = name
        self.begun = 0
        self.gate = asyncio.Event()

    async def run_entity(self, name: str, request: str) -> str:
        """Run a batch, and keep the answer back until the gate is open."""
        answer = await super().run_entity(name, request)
        if name == self.name:
            self.begun += 1
            await self.gate.wait()
        return answer


def _parsed(message: Any, text: str) -> Any:
    message.ParseFromString(base64.b64decode(text))
    return message
