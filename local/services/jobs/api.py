"""The HTTP face of the job service."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.services.jobs.definitions import Data, Job, JobError, JobRequest, Output, Status
from local.services.jobs.runner import Runner
from local.services.jobs.store import JobStore
from local.services.jobs.submission import ConflictError, Submission
from local.services.web import ServiceError, read_object

_LIST_LIMIT = 100


class Api:
    """The routes, over the parts that do the work."""

    def __init__(self, store: JobStore, runner: Runner, submission: Submission) -> None:
        self._store = store
        self._runner = runner
        self._submission = submission

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/health", self.health),
            Route("/jobs", self.list_jobs),
            Route("/jobs/{name}", self.put_job, methods=["PUT"]),
            Route("/jobs/{name}", self.get_job),
            Route("/jobs/{name}/cancel", self.cancel_job, methods=["POST"]),
            Route("/jobs/{name}/outputs", self.list_outputs),
            Route("/jobs/{name}/outputs/{output}/{path:path}", self.get_output),
            Route("/jobs/{name}/logs/{step}", self.get_log),
        ]

    async def health(self, _request: Request) -> Response:
        """``GET /health``."""
        return JSONResponse({"status": "ok", "undelivered_events": self._store.undelivered()})

    async def put_job(self, request: Request) -> Response:
        """``PUT /jobs/{name}``: 201 for a new job, 200 for a known one, 409 for another of this name, 400."""
        try:
            wanted = JobRequest.model_validate(await read_object(request))
        except ValidationError as error:
            raise ServiceError(400, "InvalidRequest", _first_problem(error)) from error
        try:
            job, is_new = await self._submission.submit(request.path_params["name"], wanted)
        except JobError as error:
            raise ServiceError(400, error.code, error.message) from error
        except ConflictError as error:
            raise ServiceError(409, "UserError", str(error)) from error
        return JSONResponse(self._describe(job), status_code=201 if is_new else 200)

    async def get_job(self, request: Request) -> Response:
        """``GET /jobs/{name}``."""
        return JSONResponse(self._describe(self._job(request)))

    async def list_jobs(self, request: Request) -> Response:
        """``GET /jobs?limit=N``: the newest first."""
        text = request.query_params.get("limit", str(_LIST_LIMIT))
        if not text.isdecimal():
            raise ServiceError(400, "InvalidRequest", "limit must be a number")
        return JSONResponse({"jobs": [self._describe(job) for job in self._store.newest(min(int(text), 1000))]})

    async def cancel_job(self, request: Request) -> Response:
        """``POST /jobs/{name}/cancel``: asks the job to end; without effect on one that has."""
        return JSONResponse(self._describe(self._runner.cancel(self._job(request).name)), status_code=202)

    async def list_outputs(self, request: Request) -> Response:
        """``GET /jobs/{name}/outputs``: the files of the pipeline's outputs."""
        job = self._completed(request)
        outputs = {
            name: {"type": output.type, "files": _files(name, self._output_path(job, output))}
            for name, output in job.plan.outputs.items()
        }
        return JSONResponse({"outputs": outputs})

    async def get_output(self, request: Request) -> Response:
        """``GET /jobs/{name}/outputs/{output}/{path}``: the bytes of one file."""
        job, name = self._completed(request), request.path_params["output"]
        if name not in job.plan.outputs:
            raise ServiceError(404, "NotFound", f"job {job.name!r} has no output {name!r}")
        root = self._output_path(job, job.plan.outputs[name]).resolve()
        path = request.path_params["path"]
        file = root if root.is_file() and path == name else (root / path).resolve()
        if not file.is_relative_to(root) or not file.is_file():
            raise ServiceError(404, "NotFound", f"output {name!r} has no file {path!r}")
        return FileResponse(file, media_type="application/octet-stream")

    async def get_log(self, request: Request) -> Response:
        """``GET /jobs/{name}/logs/{step}``: what the step has written so far; ``_inputs`` is the download."""
        job, step = self._job(request), request.path_params["step"]
        log = self._runner.files(job.name).log(step)
        if log.is_file() and log.parent == self._runner.files(job.name).log("any").parent:
            return FileResponse(log, media_type="text/plain; charset=utf-8")
        if step not in {one.name for one in job.plan.steps}:
            raise ServiceError(404, "NotFound", f"job {job.name!r} has no step {step!r}")
        return PlainTextResponse("")

    def _job(self, request: Request) -> Job:
        name = request.path_params["name"]
        job = self._store.find(name)
        if job is None:
            raise ServiceError(404, "NotFound", f"there is no job {name!r}")
        return job

    def _completed(self, request: Request) -> Job:
        job = self._job(request)
        if job.status != Status.COMPLETED:
            raise ServiceError(409, "NotCompleted", f"job {job.name!r} is {job.status}: it has outputs once Completed")
        return job

    def _output_path(self, job: Job, output: Output) -> Path:
        attempt = self._store.step(job.name, output.step).attempt
        return self._runner.files(job.name).output(output.step, attempt, output.output)

    def _describe(self, job: Job) -> dict[str, Any]:
        states = self._store.steps(job.name)
        return {
            "name": job.name,
            "status": job.status,
            "display_name": job.plan.display_name,
            "experiment_name": job.plan.experiment_name,
            "tags": job.plan.tags,
            "inputs": {
                name: value.model_dump(mode="json") if isinstance(value, Data) else value
                for name, value in job.plan.inputs.items()
            },
            "created_at": job.created_at,
            "started_at": job.started_at,
            "ended_at": job.ended_at,
            "steps": [state.model_dump(mode="json") for state in states],
            "error": job.error,
        }


def _first_problem(error: ValidationError) -> str:
    problem = max(error.errors(), key=lambda one: len(one["loc"]))  # of a union's many, the one that got furthest
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def _files(name: str, root: Path) -> list[dict[str, Any]]:
    """The files of an output, with paths relative to it; the one file of a ``uri_file`` has the output's name."""
    if root.is_file():
        return [{"path": name, "size": root.stat().st_size}]
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return [{"path": path.relative_to(root).as_posix(), "size": path.stat().st_size} for path in found]
