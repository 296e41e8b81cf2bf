"""The HTTP face of the job service: its jobs. Models, data and batch endpoints have modules of their own."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.services.jobs.definitions import Job, JobRequest
from local.services.jobs.describe import describe_job
from local.services.jobs.interpreter import describe_interpreter
from local.services.jobs.metrics import read_metrics
from local.services.jobs.outputs import Outputs
from local.services.jobs.requests import read_model, refusals
from local.services.jobs.runner import Runner
from local.services.jobs.store import JobStore
from local.services.jobs.submission import Submission
from local.services.process import LocalServiceError
from local.services.web import ServiceError

_LIST_LIMIT = 100


class Api:
    """The routes, over the parts that do the work."""

    def __init__(
        self, store: JobStore, runner: Runner, submission: Submission, outputs: Outputs, mlflow_uri: str
    ) -> None:
        self._store = store
        self._runner = runner
        self._submission = submission
        self._outputs = outputs
        self._mlflow_uri = mlflow_uri

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/health", self.health),
            Route("/environment", self.get_environment),
            Route("/jobs", self.list_jobs),
            Route("/jobs/{name}", self.put_job, methods=["PUT"]),
            Route("/jobs/{name}", self.get_job),
            Route("/jobs/{name}/cancel", self.cancel_job, methods=["POST"]),
            Route("/jobs/{name}/metrics", self.get_metrics),
            Route("/jobs/{name}/outputs", self.list_outputs),
            Route("/jobs/{name}/outputs/{output}/{path:path}", self.get_output),
            Route("/jobs/{name}/logs/{step}", self.get_log),
        ]

    async def health(self, _request: Request) -> Response:
        """``GET /health``."""
        return JSONResponse({"status": "ok", "undelivered_events": self._store.undelivered()})

    async def get_environment(self, _request: Request) -> Response:
        """``GET /environment``: what steps run in, whatever environment their pipeline names."""
        return JSONResponse(await asyncio.to_thread(describe_interpreter))

    async def put_job(self, request: Request) -> Response:
        """``PUT /jobs/{name}``: 201 for a new job, 200 for a known one, 409 for another of this name, 400."""
        wanted = await read_model(request, JobRequest)
        with refusals():
            job, is_new = await self._submission.submit(request.path_params["name"], wanted)
        return JSONResponse(self.describe(job), status_code=201 if is_new else 200)

    async def get_job(self, request: Request) -> Response:
        """``GET /jobs/{name}``."""
        return JSONResponse(self.describe(self._job(request)))

    async def list_jobs(self, request: Request) -> Response:
        """``GET /jobs?limit=N``: the newest first."""
        text = request.query_params.get("limit", str(_LIST_LIMIT))
        if not text.isdecimal():
            raise ServiceError(400, "InvalidRequest", "limit must be a number")
        return JSONResponse({"jobs": [self.describe(job) for job in self._store.newest(min(int(text), 1000))]})

    async def cancel_job(self, request: Request) -> Response:
        """``POST /jobs/{name}/cancel``: asks the job to end; without effect on one that has."""
        return JSONResponse(self.describe(self._runner.cancel(self._job(request).name)), status_code=202)

    async def get_metrics(self, request: Request) -> Response:
        """``GET /jobs/{name}/metrics``: the last value of each metric that the job's steps have logged to MLflow."""
        job = self._job(request)
        try:
            metrics = await asyncio.to_thread(read_metrics, self._mlflow_uri, job.plan.experiment_name, job.name)
        except LocalServiceError as error:
            raise ServiceError(503, "MlflowUnavailable", str(error)) from error
        return JSONResponse({"metrics": metrics})

    async def list_outputs(self, request: Request) -> Response:
        """``GET /jobs/{name}/outputs``: the files of the pipeline's outputs."""
        return JSONResponse({"outputs": self._outputs.describe(request.path_params["name"])})

    async def get_output(self, request: Request) -> Response:
        """``GET /jobs/{name}/outputs/{output}/{path}``: the bytes of one file."""
        wanted = (request.path_params[key] for key in ("name", "output", "path"))
        return FileResponse(self._outputs.file(*wanted), media_type="application/octet-stream")

    async def get_log(self, request: Request) -> Response:
        """``GET /jobs/{name}/logs/{step}``: what the step has written so far; ``_inputs`` is the download."""
        job, step = self._job(request), request.path_params["step"]
        log = self._runner.files(job.name).log(step)
        if log.is_file() and log.parent == self._runner.files(job.name).log("any").parent:
            return FileResponse(log, media_type="text/plain; charset=utf-8")
        if step not in {one.name for one in job.plan.steps}:
            raise ServiceError(404, "NotFound", f"job {job.name!r} has no step {step!r}")
        return PlainTextResponse("")

    def describe(self, job: Job) -> dict[str, Any]:
        """A job as the API shows it."""
        return describe_job(job, self._store.steps(job.name))

    def _job(self, request: Request) -> Job:
        return self._outputs.job(request.path_params["name"])
