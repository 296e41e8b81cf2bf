"""Jobs: submitted, read, cancelled; each goes its planned way."""

import copy
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.doubles.azure_ml.backends import JobEngine
from tests.doubles.azure_ml.input_types import require_types
from tests.doubles.azure_ml.messages import Answer, Request, UnknownRoute, absent, wrong
from tests.doubles.azure_ml.operations import Operations
from tests.doubles.azure_ml.plans import FINAL, JobPlan
from tests.doubles.azure_ml.references import require_asset, require_uri, split_datastore
from tests.doubles.azure_ml.storage import Storage
from tests.doubles.azure_ml.tokens import AML_AUDIENCE, require_token
from tests.doubles.azure_ml.validation import require_fit
from tests.doubles.azure_ml.world import RETRY, World, written

_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$")
#: What may be different when a job is put again: the rest is its definition.
_CHANGEABLE: Final = ("tags", "description", "displayName", "isArchived", "properties", "services", "status")

type OnChange = Callable[[str, str, Mapping[str, str]], None]


@dataclass
class Job:
    """What is known of a job beside what Resource Manager answers.

    Attributes:
        definition: What another job of its name is held against.
        submitted: Seconds since 1970.
        reads: How often it was read.
        cancelled_at: The number of reads when it was asked to stop.
        decided: The status that a test has set; no plan moves it any more.
        error: Why it failed.
        metrics: What it has logged.
        driven: Whether the engine runs it, where there is one; one that its plan lets fail, hang or vanish is not run.
    """

    name: str
    definition: dict[str, Any]
    submitted: float
    reads: int = 0
    cancelled_at: int | None = None
    decided: str | None = None
    error: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    driven: bool = True


class Jobs:
    """`/jobs/{name}`.

    Args:
        world: Where they are kept.
        operations: Of cancelling.
        storage: Where outputs are written; nowhere without it.
        on_change: Called with a job's name, status and tags at each change.
        engine: Runs the jobs; a plan says of one how long it takes at least, or that it does not complete.
        clock: Seconds since 1970, by which jobs go.
    """

    def __init__(
        self,
        world: World,
        operations: Operations,
        storage: Storage | None,
        on_change: OnChange,
        engine: JobEngine | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._world = world
        self._operations = operations
        self._storage = storage
        self._on_change = on_change
        self._engine = engine
        self._clock = clock
        self.plans: list[JobPlan] = []
        self.known: dict[str, Job] = {}

    def answer(self, request: Request, names: list[str]) -> Answer:
        """Serve a request; `names` are the parts of its path inside the workspace."""
        match (request.method, names):
            case ("GET", ["jobs"]):
                return Answer(200, {"value": self._world.children("/jobs")})
            case ("GET", ["jobs", name]):
                return Answer(200, self.read(name))
            case ("PUT", ["jobs", name]):
                require_token(request.headers.get("x-azureml-token"), frozenset({AML_AUDIENCE}), "x-azureml-token")
                require_fit("JobBase", request.body)
                if not any(request.body["properties"].get(key) for key in ("jobs", "componentId")):
                    raise wrong("A pipeline needs jobs or a componentId.")
                return self.submit(name, request.body)
            case ("POST", ["jobs", name, "cancel"]):
                return self._cancel(name)
        raise UnknownRoute

    def submit(self, name: str, body: dict[str, Any]) -> Answer:
        """Start a job, or adopt the same one; `Refusal` when its name is taken or it refers to what is not there."""
        if not _NAME.match(name):
            raise wrong(f"{name!r} is not the name of a job.", inner="InvalidName")
        properties = copy.deepcopy(body["properties"])
        definition = {key: value for key, value in properties.items() if key not in _CHANGEABLE}
        if (known := self.known.get(name)) is not None:
            if known.definition != definition:
                raise wrong(f"A job with this name already exists: {name}.", inner="JobNameTaken")
            return Answer(200, self._world.get(f"/jobs/{name}"))
        self._require_references(properties)
        driven = self._engine is not None and self.plan_of(name).completes
        if self._engine is not None and driven:
            self._engine.start(name, properties)
        self.known[name] = Job(name, definition, self._clock(), driven=driven)
        kept = self._world.put(f"/jobs/{name}", {"properties": self._completed(name, properties)})
        self._report(name)
        return Answer(201, kept)

    def read(self, name: str) -> dict[str, Any]:
        """A job as Resource Manager answers it, one read further."""
        job = self._job(name)
        job.reads += 1
        self.advance(job)
        return self._world.get(f"/jobs/{name}")

    def advance(self, job: Job) -> None:
        """Bring a job to where it stands by now."""
        resource = self._world.get(f"/jobs/{job.name}")
        if resource["properties"]["status"] in FINAL:
            return
        plan = self.plan_of(job.name)
        if plan.vanish_after is not None and job.reads > plan.vanish_after:
            self._world.remove(f"/jobs/{job.name}")
            del self.known[job.name]
            raise absent(f"The job {job.name}")
        status, error = self._standing(job, plan)
        self._change(job, status, error)

    def plan_of(self, name: str) -> JobPlan:
        """The latest plan for a job; where there is none, one read sees it run, or the engine says how it goes."""
        return self._planned(name) or JobPlan(name)

    def _planned(self, name: str) -> JobPlan | None:
        return next((plan for plan in reversed(self.plans) if plan.fits(name)), None)

    def decide(self, name: str, status: str, error: str | None = None) -> None:
        """Bring a job to a status at once, whatever its plan says; it stays there."""
        job = self._job(name)
        job.decided = status
        self._change(job, status, error)

    def _standing(self, job: Job, plan: JobPlan) -> tuple[str, str | None]:
        if job.decided is not None:
            return job.decided, job.error
        if self._engine is not None and job.driven:
            return self._run(job, self._engine)
        if job.cancelled_at is not None and not plan.stubborn:
            seen = job.reads - job.cancelled_at
            return ("Canceled" if seen > plan.cancel else "CancelRequested"), None
        status = plan.status(job.reads, self._clock() - job.submitted)
        if job.cancelled_at is not None and status not in FINAL:
            return "CancelRequested", None
        return status, plan.error if status == "Failed" else None

    def _run(self, job: Job, engine: JobEngine) -> tuple[str, str | None]:
        """Where a job that is really run stands, and no further than its plan, if it has one."""
        plan = self._planned(job.name)
        if plan is None or job.cancelled_at is not None:
            return engine.read(job.name)
        status = plan.status(job.reads, self._clock() - job.submitted)
        if status == "Completed":
            return engine.read(job.name)
        return status, plan.error if status == "Failed" else None

    def _change(self, job: Job, status: str, error: str | None) -> None:
        properties = self._world.get(f"/jobs/{job.name}")["properties"]
        if properties["status"] == status:
            return
        if status == "Completed":
            status, error = self._finish(job, properties)
        properties["status"], job.error = status, error
        if status == "Running" and job.started_at is None:
            job.started_at = written(self._clock())
        if status in FINAL:
            job.ended_at = written(self._clock())
            job.started_at = job.started_at or job.ended_at
        self._report(job.name)

    def _finish(self, job: Job, properties: dict[str, Any]) -> tuple[str, str | None]:
        """Write what a completed job leaves behind."""
        if self._engine is not None and job.driven:
            job.metrics |= self._engine.metrics(job.name)
            for name, made in self._engine.outputs(job.name).items():
                properties["outputs"].setdefault(
                    name, {"jobOutputType": "uri_folder", "uri": _default_uri(job.name, name)}
                )
                self._write(properties["outputs"][name], made)
            return "Completed", None
        plan = self.plan_of(job.name)
        job.metrics |= plan.metrics
        for name, files in plan.outputs.items():
            if name not in properties["outputs"]:
                return "Failed", f"the plan of {job.name} writes an output {name!r} that the pipeline does not have"
            self._write(properties["outputs"][name], files)
        return "Completed", None

    def _write(self, output: dict[str, Any], files: Mapping[str, bytes]) -> None:
        if self._storage is None:
            return
        container, path = split_datastore(self._world, output["uri"])
        for file, content in files.items():
            single = output["jobOutputType"] == "uri_file" and not path.endswith("/")
            self._storage.write(container, path if single else f"{path.rstrip('/')}/{file}", content)

    def _cancel(self, name: str) -> Answer:
        job = self._job(name)
        status = self._world.get(f"/jobs/{name}")["properties"]["status"]
        if status in FINAL:
            raise wrong(f"The job {name} is {status}: it cannot be cancelled any more.")
        if job.cancelled_at is None:
            job.cancelled_at = job.reads
        if self._engine is not None and job.driven:
            self._engine.cancel(name)
        self._change(job, "CancelRequested", None)

        def settle() -> None:
            if name in self.known:
                self.advance(job)

        location = self._operations.start(settle)
        return Answer(202, None, {"Location": location.results, **RETRY})

    def _job(self, name: str) -> Job:
        job = self.known.get(name)
        if job is None:
            raise absent(f"The job {name}")
        return job

    def _require_references(self, properties: dict[str, Any]) -> None:
        world = self._world
        if properties["jobType"] != "Pipeline":
            raise wrong(f"The double runs pipelines only, not {properties['jobType']}.")
        for place, kind, reference in _named(properties):
            require_asset(world, kind, reference, place)
        for name, value in (properties.get("inputs") or {}).items():
            if value["jobInputType"] != "literal":
                require_uri(world, value["uri"], f"inputs.{name}.uri")
        for name, value in (properties.get("outputs") or {}).items():
            if value.get("uri"):
                require_uri(world, value["uri"], f"outputs.{name}.uri")
        require_types(world, properties)

    def _completed(self, name: str, properties: dict[str, Any]) -> dict[str, Any]:
        """A job's properties with what the service fills in."""
        artifacts = f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{name}"
        outputs = {
            key: value if value.get("uri") else value | {"uri": _default_uri(name, key)}
            for key, value in (properties.get("outputs") or {}).items()
        }
        outputs.setdefault("default", {"jobOutputType": "uri_folder", "mode": "ReadWriteMount", "uri": artifacts})
        studio = f"https://ml.azure.com/runs/{name}?wsid={self._world.workspace_id}"
        services = {"Studio": {"jobServiceType": "Studio", "endpoint": studio}}
        filled = {"status": "NotStarted", "services": services, "outputs": outputs}
        return {"experimentName": "Default", "tags": {}, "properties": {}} | properties | filled

    def _report(self, name: str) -> None:
        properties = self._world.get(f"/jobs/{name}")["properties"]
        self._on_change(name, properties["status"], dict(properties.get("tags") or {}))


def _default_uri(job: str, output: str) -> str:
    return f"azureml://datastores/workspaceblobstore/paths/azureml/{job}/{output}/"


def _named(properties: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Where a pipeline names what: place, kind, reference."""
    kinds = (("componentId", "component"), ("computeId", "compute"))
    found: list[tuple[str, str, Any]] = [(key, kind, properties[key]) for key, kind in kinds if properties.get(key)]
    compute = (properties.get("settings") or {}).get("default_compute")
    if compute:
        found.append(("settings.default_compute", "compute", compute))
    for name, node in (properties.get("jobs") or {}).items():
        found += [(f"jobs.{name}.{key}", kind, node[key]) for key, kind in kinds if node.get(key)]
    return found
