"""Keeps each deployment's process running: starts it, tells when it is ready, starts it again when it has crashed."""

import asyncio
import contextlib
import json
import shutil
import sys
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from local.services.scoring.definitions import Deployment, State, model_reference
from local.services.scoring.replica import REGISTRY_UNAVAILABLE, Source, serve_model
from local.services.scoring.store import ScoringStore
from local.services.warm import WarmPool, WarmProcess

_STARTS_AT_ONCE = 2
_BACKOFF_FIRST, _BACKOFF_LIMIT = 0.2, 10.0
_STEADY = 30.0  # seconds after which a crash counts as the first again
_CRASHES_WHILE_LOADING = 3


@dataclass(frozen=True)
class _Report:
    """What a process said of itself: a port, or why it cannot serve."""

    port: int | None
    code: str = ""
    message: str = ""

    @property
    def error(self) -> dict[str, str]:
        """Why it cannot serve, as the API shows it."""
        return {"code": self.code, "message": self.message}


class Supervisor:
    """One task per deployment.

    Args:
        store: where the states go.
        pool: where processes come from.
        folder: for models and logs.
        start_limit: seconds within which a deployment must be ready.
    """

    def __init__(self, store: ScoringStore, pool: WarmPool, folder: Path, start_limit: float) -> None:
        self._store = store
        self._pool = pool
        self._folder = folder
        self._start_limit = start_limit
        self._starting = asyncio.Semaphore(_STARTS_AT_ONCE)
        self._ports: dict[int, int] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def port(self, deployment_id: int) -> int | None:
        """Where the deployment's process listens; None while it does not."""
        return self._ports.get(deployment_id)

    def resume(self) -> None:
        """Start what an earlier life of the service had deployed, and delete models that nobody wants any more."""
        wanted = {str(deployment.id) for deployment in self._store.deployments()}
        for folder in (self._folder / "models").glob("*"):
            if folder.name not in wanted:
                shutil.rmtree(folder, ignore_errors=True)
        for deployment in self._store.deployments():
            if deployment.state == State.SUCCEEDED:
                self._store.set_state(deployment.id, State.UPDATING)
            if deployment.state != State.FAILED:
                self.start(deployment)

    def start(self, deployment: Deployment) -> None:
        """Serve ``deployment`` from now on."""
        task = asyncio.create_task(self._keep(deployment), name=f"{deployment.endpoint}/{deployment.name}")
        self._tasks[deployment.id] = task
        task.add_done_callback(lambda ended: self._on_end(deployment, ended))

    def _on_end(self, deployment: Deployment, task: asyncio.Task[None]) -> None:
        """A fault of the service must show in the deployment."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            sys.stderr.write(f"scoring: {task.get_name()}: {fault!r}\n")
            self._store.set_state(deployment.id, State.FAILED, {"code": "ServiceError", "message": repr(fault)})

    async def end(self, deployment: Deployment) -> None:
        """End the deployment's process and delete its copy of the model."""
        task = self._tasks.pop(deployment.id, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self._model_folder(deployment), ignore_errors=True)

    async def stop(self) -> None:
        """End all processes; the deployments stay in the state."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _model_folder(self, deployment: Deployment) -> Path:
        return self._folder / "models" / str(deployment.id)

    async def _keep(self, deployment: Deployment) -> None:
        """Have a process for ``deployment`` until cancelled, or until it is clear that there cannot be one."""
        clock = asyncio.get_running_loop().time
        wait, give_up, crashes = _BACKOFF_FIRST, clock() + self._start_limit, 0
        while True:
            report, lived = await self._run_once(deployment, give_up)
            if report.port is not None:  # it served, and crashed
                wait, give_up, crashes = (_BACKOFF_FIRST if lived > _STEADY else wait), clock() + self._start_limit, 0
                self._store.note_crash(deployment.id, report.error)
            else:
                crashes += report.code == "Crashed"
                again = report.code in {REGISTRY_UNAVAILABLE, "Crashed"} and crashes < _CRASHES_WHILE_LOADING
                if not again or clock() + wait > give_up:
                    self._store.set_state(deployment.id, State.FAILED, report.error)
                    return
            await asyncio.sleep(wait)
            wait = min(_BACKOFF_LIMIT, wait * 2)

    async def _run_once(self, deployment: Deployment, give_up: float) -> tuple[_Report, float]:
        """Run one process to its end; return its report, completed with how it ended, and how long it served."""
        clock = asyncio.get_running_loop().time
        async with self._starting:
            process, receiver = await self._launch(deployment)
            try:
                report = await _first_report(receiver, process, give_up - clock())
            except asyncio.CancelledError:
                await process.stop()
                raise
        if report.port is None:
            await process.stop()
            return report, 0.0
        since, self._ports[deployment.id] = clock(), report.port
        self._store.set_state(deployment.id, State.SUCCEEDED)
        try:
            code = await process.wait()
        finally:
            del self._ports[deployment.id]
            await process.stop()
        return _Report(report.port, "Crashed", f"its process ended ({code}) and is started again"), clock() - since

    async def _launch(self, deployment: Deployment) -> tuple[WarmProcess, Connection]:
        reference = model_reference(deployment.model)
        assert reference is not None, "checked when the deployment was created"
        log = self._folder / "logs" / f"{deployment.endpoint}.{deployment.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        receiver, sender = Pipe(duplex=False)
        try:
            with sender:  # only the process keeps it: its end is the end of the pipe
                source = Source(*reference, Path(deployment.folder) if deployment.folder else None)
                environment = deployment.settings.environment
                target = (serve_model, source, self._model_folder(deployment), environment, sender)
                return await self._pool.start(*target, log=log), receiver
        except BaseException:
            receiver.close()
            raise


async def _first_report(receiver: Connection, process: WarmProcess, limit: float) -> _Report:
    """Wait for what the process says, at most ``limit`` seconds."""
    loop = asyncio.get_running_loop()
    said = asyncio.Event()
    loop.add_reader(receiver.fileno(), said.set)
    try:
        await asyncio.wait_for(said.wait(), max(0.0, limit))
        content = json.loads(receiver.recv_bytes(maxlength=100_000))
    except TimeoutError:
        return _Report(None, "Timeout", "the model was not ready within its limit")
    except (EOFError, OSError, ValueError):
        with contextlib.suppress(TimeoutError):
            return _Report(
                None, "Crashed", f"its process ended ({await asyncio.wait_for(process.wait(), 5)}) while loading"
            )
        return _Report(None, "Crashed", "its process closed the pipe while it loaded the model")
    finally:
        loop.remove_reader(receiver.fileno())
        receiver.close()
    if "port" in content:
        return _Report(int(content["port"]))
    return _Report(None, str(content.get("code")), str(content.get("message")))
