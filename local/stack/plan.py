"""What a stack is made of: each service's command, what must be ready before it, and what is done around its start."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from local.services.azurite import AzuritePorts, azurite_service, connection_string, create_resources
from local.services.azurite.install import DEFAULT_TOOLS
from local.services.mlflow_server import finish_start, mlflow_service, prepare_database, tracking_uri
from local.services.mlflow_webhooks import ensure_webhook, remove_webhooks
from local.services.process import HOST, Service
from local.stack.ports import Ports
from local.stack.state import StateDirectory

REPOSITORY = Path(__file__).resolve().parents[2]
LANDING, DATA = "landing", "signalbox"
TABLES = ("deliveries", "ledger", "models")
EXPERIMENT = "signalbox"
#: Of the double of Azure ML: nothing of it is anywhere else.
AZUREML_WORKSPACE = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/signalbox"
    "/providers/Microsoft.MachineLearningServices/workspaces/signalbox"
)
BLOB_EVENTS_FUNCTION = "storage_events"
JOB_EVENTS_FUNCTION = "azureml_events"
READY_TIMEOUT_SECONDS = 120.0
RECONCILE_SCHEDULE = "0 */5 * * * *"
RETENTION_SCHEDULE = "0 30 3 * * *"
ANCHOR_SCHEDULE = "0 0 * * * *"
TICK_SCHEDULE = "0 * * * * *"
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def nothing() -> None:
    """Do nothing before or after a start."""


@dataclass(frozen=True)
class Step:
    """One service of the plan.

    ``after`` names the services that must be ready first. ``prepare`` runs before its start, ``finish`` once it is
    ready; both can be repeated.
    """

    service: Service
    after: tuple[str, ...] = ()
    prepare: Callable[[], None] = field(default=nothing)
    finish: Callable[[], None] = field(default=nothing)


class Plan:
    """All services of one stack, for its state directory, ports and settings."""

    def __init__(self, state: StateDirectory, ports: Ports, *, lock: int, tools: Path = DEFAULT_TOOLS) -> None:
        self._state = state
        self._ports = ports
        self._tools = tools
        self._holds = (lock,)

    def azurite(self) -> Step:
        """Storage; its containers and tables are made as soon as it is ready."""
        ports = self._ports
        three = AzuritePorts(ports.port("azurite_blob"), ports.port("azurite_queue"), ports.port("azurite_table"))
        directory, log = self._state.root / "azurite", self._log("azurite")
        service = azurite_service(directory, three, log, tools=self._tools, holds=self._holds)
        return Step(service, finish=lambda: create_resources(storage(ports), (LANDING, DATA), TABLES))

    def mlflow(self) -> Step:
        """The registry; the experiment is made before parallel writers come."""
        directory = self._state.root / "mlflow"
        service = mlflow_service(directory, self._ports.port("mlflow"), self._log("mlflow"), holds=self._holds)
        return Step(
            service,
            prepare=lambda: prepare_database(directory),
            finish=lambda: finish_start(directory, tracking_uri(self._ports.mlflow), EXPERIMENT),
        )

    def jobs(self) -> Step:
        """The service that runs Azure ML pipelines."""
        options = {
            "--port": str(self._ports.jobs),
            "--state": str(self._state.root / "jobs"),
            "--storage": storage(self._ports),
            "--mlflow": tracking_uri(self._ports.mlflow),
            "--events-url": event_grid_url(self._ports, JOB_EVENTS_FUNCTION),
        }
        return Step(self._module("jobs", "local.services.jobs", options, "/health"), after=("azurite",))

    def scoring(self) -> Step:
        """The service that holds online deployments."""
        options = {
            "--port": str(self._ports.scoring),
            "--state": str(self._state.root / "scoring"),
            "--mlflow": tracking_uri(self._ports.mlflow),
        }
        return Step(self._module("scoring", "local.services.scoring", options, "/health"))

    def azureml(self) -> Step:
        """The double of Azure Resource Manager and Azure ML: jobs and models are real, run by the local services."""
        options = {
            "--port": str(self._ports.azureml),
            "--identity-port": str(self._ports.azureml_identity),
            "--state": str(azureml_folder(self._state)),
            "--storage": storage(self._ports),
            "--data-container": DATA,
            "--jobs-url": base_url(self._ports.jobs),
            "--scoring-url": base_url(self._ports.scoring),
        }
        identity = self._ports.port("azureml_identity")
        service = self._module("azureml", "tests.doubles.azure_ml", options, "/health")
        service = replace(service, ports=(*service.ports, identity), health=f"{base_url(identity.number)}/health")
        return Step(service, after=("azurite", "jobs", "scoring"))

    def host(self, app: Path, settings: Mapping[str, str], *, webhooks: bool | None) -> Step:
        """The app on the Functions host, after all that it calls.

        Then MLflow's webhook is registered with it (True), removed (False) or left alone (None).
        """
        (self._state.root / "host").mkdir(exist_ok=True)
        options = {
            "--app": str(app),
            "--port": str(self._ports.host),
            "--state": str(self._state.root / "host" / "durable.db"),
        }
        service = self._module("host", "local.host", options, "/admin/host/status", settings)
        return Step(
            service,
            after=("azurite", "mlflow", "jobs", "scoring", "azureml"),
            finish=lambda: self._connect_registry(webhooks),
        )

    def blob_events(self) -> Step:
        """Event Grid's part: arrivals in the landing container become events at the host."""
        options = {
            "--port": str(self._ports.blob_events),
            "--state": str(self._state.root / "blob_events" / "events.db"),
            "--connection": storage(self._ports),
            "--container": LANDING,
            "--target": event_grid_url(self._ports, BLOB_EVENTS_FUNCTION),
        }
        service = self._module("blob_events", "local.services.blob_events", options, "/health")
        return Step(service, after=("azurite", "host"))

    def _connect_registry(self, webhooks: bool | None) -> None:
        uri = tracking_uri(self._ports.mlflow)
        if webhooks:
            ensure_webhook(uri, f"{base_url(self._ports.host)}/api/webhooks/mlflow", self._state.webhook_secret())
        elif webhooks is False:
            remove_webhooks(uri)

    def _module(
        self, name: str, module: str, options: Mapping[str, str], health: str, env: Mapping[str, str] | None = None
    ) -> Service:
        """A service of this repository, run as a Python module."""
        port = self._ports.port(name)
        return Service(
            name=name,
            argv=(sys.executable, "-m", module, *(part for option in options.items() for part in option)),
            log=self._log(name),
            health=f"{base_url(port.number)}{health}",
            ports=(port,),
            env=QUIET | dict(env or {}),
            cwd=REPOSITORY,
            ready_timeout=READY_TIMEOUT_SECONDS,
            holds=self._holds,
        )

    def _log(self, name: str) -> Path:
        return self._state.logs / f"{name}.log"


def storage(ports: Ports) -> str:
    """The connection string of the stack's Azurite."""
    return connection_string(ports.azurite_blob, ports.azurite_queue, ports.azurite_table)


def base_url(port: int) -> str:
    """The address of a service on a loopback port."""
    return f"http://{HOST}:{port}"


def event_grid_url(ports: Ports, function: str) -> str:
    """Where the Functions host takes Event Grid's deliveries for a function."""
    return f"{base_url(ports.host)}/runtime/webhooks/eventgrid?functionName={function}"


def azureml_folder(state: StateDirectory) -> Path:
    """Where the double of Azure ML keeps its certificate."""
    return state.root / "azureml"


def azureml_settings(state: StateDirectory, ports: Ports) -> dict[str, str]:
    """What the app needs beside its other settings to work with the double of Azure ML, its identity included."""
    return {
        "SIGNALBOX_PLATFORM": "azureml",
        "SIGNALBOX_AZUREML_WORKSPACE": AZUREML_WORKSPACE,
        "SIGNALBOX_AZUREML_URL": f"https://{HOST}:{ports.azureml}",
        "SIGNALBOX_AZUREML_CA": str(azureml_folder(state) / "ca.pem"),
        "IDENTITY_ENDPOINT": f"{base_url(ports.azureml_identity)}/msi/token",
        "IDENTITY_HEADER": "double",
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
    }


def app_settings(state: StateDirectory, ports: Ports) -> dict[str, str]:
    """The environment that the app reads its settings from."""
    return {
        "SIGNALBOX_FLEET": str(REPOSITORY / "examples" / "flights" / "fleet.yaml"),
        "SIGNALBOX_STORAGE": storage(ports),
        "SIGNALBOX_LANDING_CONTAINER": LANDING,
        "SIGNALBOX_DATA_CONTAINER": DATA,
        "SIGNALBOX_PLATFORM": "local",
        "SIGNALBOX_JOBS_URL": base_url(ports.jobs),
        "SIGNALBOX_SCORING_URL": base_url(ports.scoring),
        "SIGNALBOX_REGISTRY_URI": tracking_uri(ports.mlflow),
        "SIGNALBOX_WEBHOOK_SECRET": state.webhook_secret(),
        "SIGNALBOX_RECONCILE_SCHEDULE": RECONCILE_SCHEDULE,
        "SIGNALBOX_RETENTION_SCHEDULE": RETENTION_SCHEDULE,
        "SIGNALBOX_ANCHOR_SCHEDULE": ANCHOR_SCHEDULE,
        "SIGNALBOX_TICK_SCHEDULE": TICK_SCHEDULE,
        "SIGNALBOX_TELEMETRY": f"file:{state.root / 'traces.jsonl'}",
        "OPENBLAS_NUM_THREADS": "1",  # nothing here multiplies matrices, and its threads take 0.1 s to start
        "MALLOC_ARENA_MAX": "1",  # glibc would keep what a thread has freed for that thread alone: 90 MiB more
        "MALLOC_MMAP_THRESHOLD_": str(64 << 20),  # and these give the system no buffer that the next piece needs again:
        "MALLOC_TRIM_THRESHOLD_": str(256 << 20),  # 2 % of what conditioning takes
    }
