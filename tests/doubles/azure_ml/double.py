"""The double as tests use it."""

import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.doubles.azure_ml.assets import Assets
from tests.doubles.azure_ml.autoscale import AutoscaleSettings
from tests.doubles.azure_ml.backends import JobEngine, Serving
from tests.doubles.azure_ml.batch_endpoints import BatchEndpoints
from tests.doubles.azure_ml.certificate import make_certificate
from tests.doubles.azure_ml.control import Control
from tests.doubles.azure_ml.faults import Fault, Faults
from tests.doubles.azure_ml.history import History
from tests.doubles.azure_ml.identity import HEADER
from tests.doubles.azure_ml.jobs import Jobs
from tests.doubles.azure_ml.messages import Refusal, Request
from tests.doubles.azure_ml.metrics import Metrics
from tests.doubles.azure_ml.online_endpoints import OnlineEndpoints
from tests.doubles.azure_ml.operations import Operations
from tests.doubles.azure_ml.plans import JobPlan, ProvisioningPlan
from tests.doubles.azure_ml.provisioning import Provisioning
from tests.doubles.azure_ml.routes import Routes
from tests.doubles.azure_ml.scoring import Scoring
from tests.doubles.azure_ml.server import Journal, LoopbackServer
from tests.doubles.azure_ml.state import StateFile
from tests.doubles.azure_ml.storage import Storage
from tests.doubles.azure_ml.world import LOCATION, World

_TICK_SECONDS: Final = 0.1
_DRIVEN_TICK_SECONDS: Final = 0.5
#: Datastores that every workspace has, with their containers.
_DATASTORES: Final = {"workspaceblobstore": "azureml-blobstore", "workspaceartifactstore": "azureml"}


class AzureMlDouble:
    """Azure Resource Manager, Azure ML and a managed identity on loopback, for one workspace.

    A context manager: what was asked for that it does not know is raised as `AssertionError` at the end.
    It begins with two clusters (`cpu-cluster`, `batch-cluster`), a Kubernetes compute (`k8s`), the environments
    `any:1` and `flights-forecast:1`, and a datastore for the data container, of the same name.

    Args:
        storage: Connection string of an Azurite: code is uploaded to it, outputs are written to it. Without it an
            upload is refused, and outputs are written nowhere.
        data_container: The container that Signalbox keeps its data in.
        port: Of the https side; 0 for any free one.
        identity_port: Of the managed identity, and of the double's own door `/double/`; 0 for any free one.
        folder: Keeps the certificate, and the world from one start to the next; a temporary one, which is removed,
            where it is absent.
        engine: Really runs the jobs; a plan then says of one how long it takes at least, or that it does not complete.
        serving: Really answers for online endpoints; plans and `scoring.scorer` have no say then.
        on_change: Called with a job's name, status and tags whenever its status changes. May be set later.
        clock: Seconds since 1970, by which jobs are submitted, begin and end; a test's own where its time skips.

    Attributes:
        url: Of Azure Resource Manager, https.
        ca: File with the certificate that a client has to trust, PEM.
        identity_url: Of the managed identity, plain http.
        log: Every request to the https side, in order.
        identity_log: Every request to the identity.
        unknown: Requests that the double has no answer for; empty the list to forgive them.
        scoring: Online scoring: `.scorer` may be replaced; `.scored` and `.mirrored` count.
        metrics: Of requests to endpoints: `.measured` is what a test says.
    """

    def __init__(
        self,
        storage: str | None = None,
        data_container: str = "signalbox",
        *,
        port: int = 0,
        identity_port: int = 0,
        folder: Path | None = None,
        engine: JobEngine | None = None,
        serving: Serving | None = None,
        on_change: Callable[[str, str, Mapping[str, str]], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.data_container = data_container
        self.on_change = on_change
        self._storage = Storage(storage) if storage is not None else None
        self._ports = (port, identity_port)
        self._given_folder = folder
        self._world = World()
        self._faults = Faults()
        self._journal, self._identity_journal = Journal(), Journal()
        operations = Operations(self._world)
        self._provisioning = Provisioning(self._world, operations)
        self._jobs = Jobs(self._world, operations, self._storage, self._changed, engine, clock=clock)
        self.scoring = Scoring(self._world, serving)
        self.metrics = Metrics(self._world)
        assets = Assets(self._world, self._storage, engine)
        self._routes = Routes(
            self._world,
            operations,
            self._jobs,
            assets,
            OnlineEndpoints(self._world, self._provisioning, serving),
            BatchEndpoints(self._world, self._provisioning, self._jobs, engine),
            self.scoring,
            History(self._world, self._jobs),
            AutoscaleSettings(self._world),
            self.metrics,
        )
        self._control = Control(self._world, self._jobs, self._faults, self._journal, self._start_clock)
        self._is_driven = engine is not None
        self._state = StateFile(folder / "world.json", self._world, self._jobs, assets) if folder else None
        self._stopped = threading.Event()
        self._clock: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Start to serve."""
        self._folder = self._given_folder or Path(tempfile.mkdtemp(prefix="azure-ml-double-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        certificate = make_certificate(self._folder)
        self.ca = str(certificate[0])
        self._server = LoopbackServer(self._routes, self._journal, self._faults, port=self._ports[0], tls=certificate)
        self._identity = LoopbackServer(self._control, self._identity_journal, Faults(), port=self._ports[1])
        self.url = self._world.base = self._server.url
        self.identity_url = self._identity.url
        self._seed()
        if self._state is not None:
            self._state.load()
        if self._is_driven or self._state is not None:
            self._start_clock()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; `AssertionError` when something unknown was asked for and no other error is on its way."""
        self._stopped.set()
        if self._clock is not None:
            self._clock.join()
        self._server.close()
        self._identity.close()
        if self._state is not None:
            self._state.save()
        if self._storage is not None:
            self._storage.close()
        if self._given_folder is None:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self.unknown and kind is None:
            raise AssertionError("the double was asked for what it does not know:\n" + "\n".join(self.unknown))

    @property
    def workspace_id(self) -> str:
        """The ARM id of the workspace."""
        return self._world.workspace_id

    @property
    def environment(self) -> dict[str, str]:
        """Variables for a process whose managed identity is to be the double's."""
        return {
            "IDENTITY_ENDPOINT": f"{self.identity_url}/msi/token",
            "IDENTITY_HEADER": HEADER,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        }

    @property
    def log(self) -> list[Request]:
        """Every request to the https side, in order."""
        return self._journal.requests

    @property
    def identity_log(self) -> list[Request]:
        """Every request to the managed identity."""
        return self._identity_journal.requests

    @property
    def unknown(self) -> list[str]:
        """Requests that the double has no answer for."""
        return self._journal.unknown

    def plan(
        self,
        pattern: str,
        *,
        statuses: tuple[str, ...] | list[str] = (),
        outputs: Mapping[str, Mapping[str, bytes]] | None = None,
        metrics: Mapping[str, float] | None = None,
        **behaviour: Any,
    ) -> None:
        """Say what jobs of a name, or pattern with `*`, do; the latest plan that fits holds. See `JobPlan`."""
        plan = JobPlan(pattern, tuple(statuses), outputs=outputs or {}, metrics=metrics or {}, **behaviour)
        with self._world.lock:
            self._jobs.plans.append(plan)
        if plan.timed:
            self._start_clock()

    def plan_provisioning(self, pattern: str, **behaviour: Any) -> None:
        """Say how endpoints (`NAME`) and deployments (`ENDPOINT/NAME`) come about. See `ProvisioningPlan`."""
        with self._world.lock:
            self._provisioning.plans.append(ProvisioningPlan(pattern, **behaviour))

    def set_job(self, name: str, status: str, error: str | None = None) -> None:
        """Bring a job to a status at once, whatever its plan says; its outputs are written when that is `Completed`."""
        with self._world.lock:
            self._jobs.decide(name, status, error)

    def job_status(self, name: str) -> str | None:
        """Where a job stands, without counting as a read of it; `None` when there is none."""
        with self._world.lock:
            found = self._world.find(f"/jobs/{name}")
            return found["properties"]["status"] if found else None

    def fail_once(
        self,
        method: str,
        pattern: str,
        status: int | None = None,
        *,
        code: str = "",
        message: str = "The double was asked to fail here.",
        headers: Mapping[str, str] | None = None,
        seconds: float = 0.0,
        drop: str | None = None,
    ) -> None:
        """Let the next request that fits go wrong: a status, a late answer, a dropped connection. See `Fault`."""
        self._faults.add(Fault(method, pattern, status, code, message, headers or {}, seconds, drop))

    @property
    def faults_waiting(self) -> int:
        """Faults that have met nothing yet."""
        return len(self._faults.waiting)

    def requests(self, method: str, ending: str) -> list[Request]:
        """The logged requests of a method whose path ends like this."""
        return [one for one in list(self.log) if one.method == method and one.path.endswith(ending)]

    def resource(self, path: str) -> dict[str, Any] | None:
        """A resource as it is kept, by its path inside the workspace: `/models/m/versions/1`."""
        with self._world.lock:
            return self._world.find(path)

    def add_compute(self, name: str, kind: str = "AmlCompute") -> None:
        """Make a compute known: `AmlCompute` or `Kubernetes`."""
        properties = {"computeType": kind, "provisioningState": "Succeeded", "properties": {}}
        self._put(f"/computes/{name}", {"location": LOCATION, "properties": properties})

    def add_environment(self, name: str, version: str) -> None:
        """Make an environment known."""
        properties = {"image": "example.invalid/image:1", "osType": "Linux", "tags": {}, "properties": {}}
        self._put(f"/environments/{name}/versions/{version}", {"properties": properties})

    def add_datastore(self, name: str, container: str) -> None:
        """Make a datastore known, over a container of the storage account."""
        properties = {
            "datastoreType": "AzureBlob",
            "accountName": "devstoreaccount1",
            "containerName": container,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "isDefault": name == "workspaceblobstore",
            "credentials": {"credentialsType": "None"},
            "tags": {},
            "properties": {},
        }
        self._put(f"/datastores/{name}", {"properties": properties})

    def _put(self, path: str, body: dict[str, Any]) -> None:
        with self._world.lock:
            self._world.put(path, body)

    def _seed(self) -> None:
        for name in ("cpu-cluster", "batch-cluster"):
            self.add_compute(name)
        self.add_compute("k8s", "Kubernetes")
        for name in ("any", "flights-forecast"):
            self.add_environment(name, "1")
        for name, container in {**_DATASTORES, self.data_container: self.data_container}.items():
            self.add_datastore(name, container)

    def _changed(self, name: str, status: str, tags: Mapping[str, str]) -> None:
        if self.on_change is not None:
            self.on_change(name, status, tags)

    def _start_clock(self) -> None:
        if self._clock is None:
            self._clock = threading.Thread(target=self._run_clock, daemon=True)
            self._clock.start()

    def _run_clock(self) -> None:
        """Move the jobs that go by the clock or are really run, whether or not anybody reads them; keep the state."""
        while not self._stopped.wait(_DRIVEN_TICK_SECONDS if self._is_driven else _TICK_SECONDS):
            with self._world.lock:
                for job in list(self._jobs.known.values()):
                    if self._is_driven or self._jobs.plan_of(job.name).timed:
                        with contextlib.suppress(Refusal):  # vanished, or its engine does not answer just now
                            self._jobs.advance(job)
                if self._state is not None:
                    self._state.save()
