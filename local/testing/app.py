"""`TestApp`: an app's durable functions on the embedded engine, in the process of a test, with time under control."""

import asyncio
import json
import tempfile
import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from azure.durable_functions import DurableFunctionsClient

from local.durable.clock import SkippingClock, SystemClock, to_datetime, to_micros
from local.durable.engine import Engine
from local.durable.limits import Limits
from local.durable.records import TERMINAL, HistoryRecord, Instance, NewInstance, Status
from local.durable.servicer import serve
from local.durable.worker import FunctionWorker
from local.testing.chaos import Chaos, ChaosWorker, Mail
from local.testing.functions import Source, functions_of
from local.testing.sdk_worker import SdkWorker

_HUB = "TestHub"
PATIENCE_SECONDS = 30.0
"""Real seconds that a test waits for something that should take milliseconds."""


class RunFailedError(AssertionError):
    """An orchestration did not complete, or not in time; the message says how it stands."""


class TestApp:
    """One app, running. Use as ``async with TestApp(source) as app``.

    Args:
        source: the app's folder, its `DFApp`, or `Functions`.
        clock: `skipping` jumps over idle time while somebody waits, and by `advance_to`; `real` is the system's.
        chaos: faults to inject. An error that leaves the block then carries the seed as a note.
        database: the engine's file, to be found again by a later `TestApp`; a temporary one by default.
        max_payload_mb: largest input, output or event, in MB of 2^20 bytes; 0 means no limit. Azure's is 1.
        options: passed to the `Engine`.

    Attributes:
        functions: what the app registers.
        engine: the engine, for what this class does not offer.
        client: the SDK's own durable client, to be given to the app's starters.
        client_address: host and port of the engine's gRPC service.
        client_binding: the JSON text that a durable client binding carries.
    """

    engine: Engine
    client: DurableFunctionsClient
    client_address: str
    client_binding: str

    __test__ = False  # it is not a test class, whatever pytest may think of its name

    def __init__(
        self,
        source: Source,
        *,
        clock: Literal["skipping", "real"] = "skipping",
        chaos: Chaos | None = None,
        database: Path | None = None,
        max_payload_mb: int = 1,
        **options: Any,
    ) -> None:
        self.functions = functions_of(source)
        self.chaos = chaos
        self._clock = SkippingClock() if clock == "skipping" else SystemClock()
        self._worker = SdkWorker(self.functions)
        self._database = database
        # A test's file need not outlive a power cut, so nothing waits for the disk.
        limits = Limits(max_payload=max_payload_mb * 2**20 or None)
        self._options = {"synchronous": "NORMAL", "limits": limits, **options}
        self._mail = Mail(chaos)
        self._started: Counter[str] = Counter()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()
        if error is not None and self.chaos is not None:
            error.add_note(self.chaos.note())

    @property
    def now(self) -> datetime:
        """The engine's time, in UTC."""
        return to_datetime(self.engine.now)

    @property
    def calls(self) -> Counter[str]:
        """How often each activity was run, repetitions included."""
        return self._worker.calls

    async def start(
        self,
        name: str,
        value: Any = None,
        *,
        instance_id: str | None = None,
        at: datetime | None = None,
        version: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> str:
        """Start an orchestration, as an operator would; gives its id, which is `<name>-<number>` by default."""
        self._started[name] += 1
        new = NewInstance(
            id=instance_id or f"{name}-{self._started[name]}",
            name=name,
            input=None if value is None else json.dumps(value),
            version=version,
            start_at=to_micros(at) if at else 0,
            tags=tags or {},
        )
        return await self.engine.start_instance(new)

    async def raise_event(self, instance_id: str, name: str, value: Any = None) -> None:
        """Send an external event; under chaos it may be overtaken by the next message."""
        payload = json.dumps(value)
        await self._mail.send(f"{instance_id} {name}", lambda: self.engine.raise_event(instance_id, name, payload))

    async def signal(
        self, entity: str, key: str, operation: str, value: Any = None, *, at: datetime | None = None
    ) -> None:
        """Send an operation to an entity; under chaos it may be overtaken by the next message."""
        entity_id, payload = f"@{entity.lower()}@{key}", None if value is None else json.dumps(value)
        moment = to_micros(at) if at else 0
        await self._mail.send(
            f"{entity_id} {operation}",
            lambda: self.engine.signal_entity(entity_id, operation, payload, at=moment),
        )

    async def run(self, name: str, value: Any = None, **options: Any) -> Any:
        """Run an orchestration to its output; see `start` and `output`."""
        return await self.output(await self.start(name, value, **options))

    async def output(self, instance_id: str) -> Any:
        """Wait for the output of an orchestration that must complete.

        Raises:
            RunFailedError: it ended otherwise, or not in time.
        """
        ended = await self.finish(instance_id)
        if ended.status is not Status.COMPLETED:
            why = f": {ended.failure.type}: {ended.failure.message}" if ended.failure else ""
            raise RunFailedError(f"{ended.name} '{instance_id}' ended as {ended.status.label}{why}")
        return json.loads(ended.output) if ended.output else None

    async def finish(self, instance_id: str, seconds: float = PATIENCE_SECONDS) -> Instance:
        """Wait until an orchestration has ended, however it did; a skipping clock jumps to what it waits for.

        Raises:
            RunFailedError: there is no such instance, or it has not ended in so many real seconds.
        """
        await self._mail.deliver()
        try:
            async with asyncio.timeout(seconds):
                ended = await self.engine.wait_for_completion(instance_id)
        except TimeoutError:
            raise RunFailedError(self._stuck(instance_id, seconds)) from None
        if ended is None:
            raise RunFailedError(f"There is no orchestration '{instance_id}'.")
        return ended

    async def run_until_idle(self) -> None:
        """Wait until all that can be done now is done. Time is not skipped: what waits for it goes on waiting."""
        await self._mail.deliver()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.engine.run_until_idle()

    async def advance(self, by: timedelta) -> None:
        """Let so much time pass at once; all that becomes due in it happens, in order. Only with the skipping clock."""
        await self._mail.deliver()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.engine.advance(by)

    async def advance_to(self, moment: datetime) -> None:
        """Let time pass up to a moment, as `advance`; a naive one is UTC, and the past is no time at all."""
        await self._mail.deliver()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.engine.advance_to(moment)

    def instance(self, instance_id: str) -> Instance:
        """An instance as it stands.

        Raises:
            RunFailedError: there is none.
        """
        found = self.engine.get_instance(instance_id)
        if found is None:
            raise RunFailedError(f"There is no orchestration '{instance_id}'.")
        return found

    def custom_status(self, instance_id: str) -> Any:
        """What an orchestration has set as its custom status, None when nothing."""
        status = self.instance(instance_id).custom_status
        return None if status is None else json.loads(status)

    def entity(self, entity: str, key: str) -> Any:
        """The state of an entity, None when it has none."""
        found = self.engine.get_entity(f"@{entity.lower()}@{key}")
        return json.loads(found.state) if found and found.state else None

    def history(self, instance_id: str) -> Sequence[HistoryRecord]:
        """The events of an instance's present generation."""
        return self.engine.history(instance_id)

    async def _start(self) -> None:
        # The SDK's converter warns of every payload without a declared type; where warnings are errors, that is fatal.
        warnings.filterwarnings("ignore", message="azure.functions df_loads", category=DeprecationWarning)
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        worker: FunctionWorker = ChaosWorker(self._worker, self.chaos) if self.chaos else self._worker
        database = self._database or Path(folder) / "durable.db"
        self.engine = Engine(worker, database, clock=self._clock, **self._options)
        await self.engine.start()
        self._stack.push_async_callback(self.engine.stop)
        server = await serve(self.engine, task_hub=_HUB)
        self._stack.push_async_callback(server.stop)
        self.client_address = f"127.0.0.1:{server.port}"
        self.client_binding = _binding(self.client_address)
        self.client = DurableFunctionsClient(self.client_binding)
        self._stack.push_async_callback(self.client.close)

    def _stuck(self, instance_id: str, seconds: float) -> str:
        found = self.instance(instance_id)
        if found.status in TERMINAL:
            return f"{found.name} '{instance_id}' has just ended as {found.status.label}."
        last = [f"{record.kind} {record.attributes}" for record in self.history(instance_id)[-3:]]
        tail = "; ".join(last) or "nothing"
        stands = f"{found.name} '{instance_id}' is still {found.status.label} after {seconds:g} s"
        return f"{stands}; its history ends with: {tail}"


def _binding(address: str) -> str:
    """What a durable client binding carries, for calling an app's own starters."""
    binding = {
        "taskHubName": _HUB,
        "rpcBaseUrl": address,
        "baseUrl": "http://127.0.0.1/runtime/webhooks/durabletask",
        "requiredQueryStringParameters": "",
        "managementUrls": {},
        "creationUrls": {},
        "maxGrpcMessageSizeInBytes": 2**31 - 1,
    }
    return json.dumps(binding)
