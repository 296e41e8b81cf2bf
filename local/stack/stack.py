"""Start the local services in order, keep them together, and end them in order."""

import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from local.services.azurite.install import DEFAULT_TOOLS
from local.services.mlflow_server import tracking_uri
from local.services.process import HOST, RunningService, check_ports, describe_exit
from local.stack.plan import REPOSITORY, Plan, Step, app_settings, azureml_settings, base_url, storage
from local.stack.ports import Ports
from local.stack.state import StateDirectory
from shared.fleet.loader import load_fleets
from shared.settings import read_settings

type ServiceName = Literal["azurite", "mlflow", "jobs", "scoring", "azureml", "host", "blob_events"]
type Change = Literal["starting", "ready", "failed", "stopping", "stopped", "killed"]

NAMES: tuple[ServiceName, ...] = ("azurite", "mlflow", "jobs", "scoring", "host", "blob_events")  # in start order
DEFAULT_STATE = REPOSITORY / ".signalbox"


class Stack:
    """All local services of one state directory, as a context manager or between ``up()`` and ``down()``.

    Args:
        state_dir: Where everything is kept; ``.signalbox`` of the repository by default. One stack at a time.
        ports: The ports of a new state directory (default: the fixed ones); an old one keeps those it has.
        webhooks: Whether MLflow's webhook is registered with the host; without it, MLflow tells the app nothing.
        settings: Added to the app's settings, or replacing them.
        only: The services to start; all by default. Others' URLs are given all the same.
        azureml: Whether the app works with the double of Azure ML, which then is one more service, instead of with the
            local services themselves.
        app: The directory of ``function_app.py``.
        tools: Where Azurite is installed.
        on_event: Told of every change of a service, from several threads.
    """

    def __init__(
        self,
        state_dir: Path | None = None,
        *,
        ports: Ports | None = None,
        webhooks: bool = True,
        settings: Mapping[str, str] | None = None,
        only: Collection[ServiceName] = NAMES,
        azureml: bool = False,
        app: Path = REPOSITORY,
        tools: Path = DEFAULT_TOOLS,
        on_event: Callable[[ServiceName, Change], None] = lambda _name, _change: None,
    ) -> None:
        self.state = StateDirectory(state_dir or DEFAULT_STATE)
        self.ports = Ports.of_state(self.state.ports_file, ports)
        self._settings = dict(settings or {})
        self._webhooks = webhooks
        self._only = (*only, "azureml") if azureml else only
        self._azureml = azureml
        self._app = app
        self._tools = tools
        self._on_event = on_event
        self._steps: dict[ServiceName, Step] = {}
        self._running: dict[ServiceName, RunningService] = {}
        self._ending = threading.Event()

    def up(self) -> Self:
        """Start everything and wait until it is ready; after an error nothing is left running.

        Raises:
            StackRunning: Another stack has the state directory.
            PortInUse: A port is taken; nothing was started.
            ServiceFailed: A service ended or was not ready in time.
            AzuriteMissing: Azurite has not been installed.
            ConfigurationError: The app's settings or its fleet file are wrong; nothing was started.
        """
        if "host" in self._only:
            self._check_app()
        lock = self.state.acquire()
        try:
            self._steps = self._make_steps(lock)
            self._running = {name: RunningService(step.service) for name, step in self._steps.items()}
            for step in self._steps.values():
                check_ports(step.service)
            self.ports.save(self.state.ports_file)
            self._ending.clear()
            self._start_all()
        except BaseException:
            self.down()
            raise
        return self

    def down(self) -> None:
        """End all services, those that depend on others first."""
        self._ending.set()
        for layer in (("blob_events", "jobs"), ("host", "scoring"), ("azureml",), ("azurite", "mlflow")):
            present = [name for name in layer if name in self._running]
            if present:
                with ThreadPoolExecutor(len(present)) as pool:
                    list(pool.map(self._stop_one, present))
        self.state.release()

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def host_url(self) -> str:
        """The Functions host."""
        return base_url(self.ports.host)

    @property
    def mlflow_url(self) -> str:
        """The MLflow server: tracking and registry."""
        return tracking_uri(self.ports.mlflow)

    @property
    def jobs_url(self) -> str:
        """The job service."""
        return base_url(self.ports.jobs)

    @property
    def scoring_url(self) -> str:
        """The scoring service."""
        return base_url(self.ports.scoring)

    @property
    def azureml_url(self) -> str | None:
        """The double of Azure Resource Manager and Azure ML; `None` where the app works with the local services."""
        return f"https://{HOST}:{self.ports.azureml}" if self._azureml else None

    @property
    def azureml_door_url(self) -> str:
        """The door of that double: its requests, and what shall go wrong."""
        return f"{base_url(self.ports.azureml_identity)}/double/"

    @property
    def blob_events_url(self) -> str:
        """The control port of the blob events: ``/health``, ``/pause``, ``/resume``, ``/dead-letters``."""
        return base_url(self.ports.blob_events)

    @property
    def blob_url(self) -> str:
        """Azurite's blob endpoint."""
        return base_url(self.ports.azurite_blob)

    @property
    def storage(self) -> str:
        """The connection string of Azurite."""
        return storage(self.ports)

    def settings(self) -> dict[str, str]:
        """The app's settings as environment variables, with the caller's own."""
        double = azureml_settings(self.state, self.ports) if self._azureml else {}
        return app_settings(self.state, self.ports) | double | self._settings

    def service(self, name: ServiceName) -> RunningService:
        """One service of this stack; ``KeyError`` if it is not part of it, or the stack is not up."""
        return self._running[name]

    def has(self, name: ServiceName) -> bool:
        """Whether a service is part of this stack."""
        return name in self._only

    def kill(self, name: ServiceName) -> None:
        """Kill one service with SIGKILL, as a crash would."""
        self.service(name).kill()
        self._on_event(name, "killed")

    def restart(self, name: ServiceName) -> None:
        """Stop one service if it runs, start it again on the same port and state, and wait until it is ready."""
        self._stop_one(name)
        self._bring_up(name)

    def restart_host(self, settings: Mapping[str, str] | None = None) -> None:
        """Start the Functions host again, from now on with these settings of the app added or replaced."""
        self._stop_one("host")
        if settings:
            self._settings |= settings
            step = self._steps["host"]
            changed = replace(step.service, env={**step.service.env, **settings})
            self._steps["host"] = replace(step, service=changed)
            self._running["host"] = RunningService(changed)
        self._bring_up("host")

    def check(self) -> None:
        """Raise ``ServiceFailed`` if a service has ended by itself."""
        for name, running in self._running.items():
            if not running.alive:
                self._on_event(name, "failed")
                raise running.failure(f"ended by itself ({describe_exit(running.exit_code)})")

    def _check_app(self) -> None:
        """Read what the app will read, so that a mistake is told at once and not by its first event."""
        settings = read_settings(self.settings())
        load_fleets(settings.fleet_files, settings.environment)

    def _make_steps(self, lock: int) -> dict[ServiceName, Step]:
        plan = Plan(self.state, self.ports, lock=lock, tools=self._tools)
        makers: dict[ServiceName, Callable[[], Step]] = {
            "azurite": plan.azurite,
            "mlflow": plan.mlflow,
            "jobs": plan.jobs,
            "scoring": plan.scoring,
            "azureml": plan.azureml,
            "host": lambda: plan.host(
                self._app, self.settings(), webhooks=self._webhooks if "mlflow" in self._only else None
            ),
            "blob_events": plan.blob_events,
        }
        return {name: make() for name, make in makers.items() if name in self._only}

    def _start_all(self) -> None:
        """Start each service in a thread of its own as soon as those it comes after are ready."""
        started: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(len(self._steps) or 1) as pool:
            try:
                for name, step in self._steps.items():
                    first = [started[other] for other in step.after if other in started]
                    started[name] = pool.submit(self._start_after, name, first)
                done, _ = wait(started.values(), return_when=FIRST_EXCEPTION)
                for one in done:
                    one.result()
            except BaseException:
                self._ending.set()  # releases the threads that wait for a service, or for their turn
                for running in self._running.values():
                    running.stop()
                raise

    def _start_after(self, name: ServiceName, first: list[Future[None]]) -> None:
        wait(first)
        if not self._ending.is_set() and not any(one.exception() for one in first):
            self._bring_up(name)

    def _bring_up(self, name: ServiceName) -> None:
        step, running = self._steps[name], self._running[name]
        self._on_event(name, "starting")
        try:
            step.prepare()
            running.start()
            if self._ending.is_set():  # the others have been stopped already, before this one was there
                running.stop()
            running.wait_ready()
            step.finish()
        except Exception:
            self._on_event(name, "failed")
            raise
        self._on_event(name, "ready")

    def _stop_one(self, name: ServiceName) -> None:
        running = self._running[name]
        was_alive = running.alive
        if was_alive:
            self._on_event(name, "stopping")
        running.stop()
        if was_alive:
            self._on_event(name, "stopped")
