"""The HTTP face of the batch endpoints."""

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.jobs.batch import DEPLOYMENT_TAG, ENDPOINT_TAG, BatchDeployment, BatchStore, request_of
from local.services.jobs.definitions import Data, Job, JobRequest
from local.services.jobs.describe import Describe
from local.services.jobs.requests import read_model, refusals
from local.services.jobs.store import JobStore
from local.services.jobs.submission import Submission
from local.services.web import ServiceError


class DeploymentRequest(BaseModel):
    """The body of ``PUT …/deployments/{deployment}``: a model, ``azureml:name:version``, or a pipeline's file."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = None
    pipeline: str | None = None


class DefaultRequest(BaseModel):
    """The body of ``PUT …/default``."""

    model_config = ConfigDict(extra="forbid")

    deployment: str


class InvokeRequest(BaseModel):
    """The body of ``PUT …/jobs/{name}``: the folder to score, as ``azureml://datastores/{container}/paths/{path}``."""

    model_config = ConfigDict(extra="forbid")

    data: str
    deployment: str | None = None


class BatchApi:
    """The routes."""

    def __init__(self, batch: BatchStore, jobs: JobStore, submission: Submission, describe: Describe) -> None:
        self._batch = batch
        self._jobs = jobs
        self._submission = submission
        self._describe = describe

    def routes(self) -> list[Route]:
        """All routes."""
        endpoint, deployment = "/batch-endpoints/{endpoint}", "/batch-endpoints/{endpoint}/deployments/{deployment}"
        return [
            Route(endpoint, self.get_endpoint),
            Route(f"{endpoint}/default", self.put_default, methods=["PUT"]),
            Route(f"{endpoint}/jobs/{{name}}", self.invoke, methods=["PUT"]),
            Route(deployment, self.get_deployment),
            Route(deployment, self.put_deployment, methods=["PUT"]),
            Route(deployment, self.delete_deployment, methods=["DELETE"]),
        ]

    async def get_endpoint(self, request: Request) -> Response:
        """``GET /batch-endpoints/{endpoint}``."""
        name = request.path_params["endpoint"]
        with refusals():
            default = self._batch.chosen(name, None).name
        deployments = {one.name: one.describe() for one in self._batch.deployments(name)}
        return JSONResponse({"name": name, "default": default, "deployments": deployments})

    async def put_default(self, request: Request) -> Response:
        """``PUT /batch-endpoints/{endpoint}/default``: which deployment is asked when a call names none."""
        wanted = await read_model(request, DefaultRequest)
        with refusals():
            self._batch.set_default(request.path_params["endpoint"], wanted.deployment)
        return await self.get_endpoint(request)

    async def get_deployment(self, request: Request) -> Response:
        """``GET …/deployments/{deployment}``."""
        found = self._batch.find(*_names(request))
        if found is None:
            endpoint, name = _names(request)
            raise ServiceError(404, "NotFound", f"the batch endpoint {endpoint!r} has no deployment {name!r}")
        return JSONResponse(found.describe())

    async def put_deployment(self, request: Request) -> Response:
        """``PUT …/deployments/{deployment}``: 201 for a new one, 200 for a known one, 409 for another of its name."""
        wanted = await read_model(request, DeploymentRequest)
        with refusals():
            if wanted.pipeline is not None:
                await self._request(BatchDeployment(*_names(request), None, wanted.pipeline, ""), data="")
            deployment, is_new = self._batch.put(*_names(request), wanted.model, wanted.pipeline)
        return JSONResponse(deployment.describe(), status_code=201 if is_new else 200)

    async def delete_deployment(self, request: Request) -> Response:
        """``DELETE …/deployments/{deployment}``: 202, or 204 for none; the last one takes the endpoint along."""
        with refusals():
            found = self._batch.delete(*_names(request))
        return Response(status_code=202 if found else 204)

    async def invoke(self, request: Request) -> Response:
        """``PUT …/jobs/{name}``: start to score a folder, as a job; answers as ``PUT /jobs/{name}`` does."""
        wanted, endpoint = await read_model(request, InvokeRequest), request.path_params["endpoint"]
        name = request.path_params["name"]
        known = self._jobs.find(name)
        if known is not None and _is_asked_for(known, endpoint, wanted):
            return JSONResponse(self._describe(known))
        with refusals():
            chosen = self._batch.chosen(endpoint, wanted.deployment)
            job, is_new = await self._submission.submit(name, await self._request(chosen, wanted.data))
        return JSONResponse(self._describe(job), status_code=201 if is_new else 200)

    async def _request(self, deployment: BatchDeployment, data: str) -> JobRequest:
        inputs = await self._submission.data_inputs(deployment.pipeline) if deployment.pipeline else {}
        return request_of(deployment, data, inputs)


def _names(request: Request) -> tuple[str, str]:
    return request.path_params["endpoint"], request.path_params["deployment"]


def _is_asked_for(job: Job, endpoint: str, wanted: InvokeRequest) -> bool:
    """Whether a job is the endpoint's over this folder: it stays that, though default or pipeline have changed since.

    A batch job has no tag of a run; Azure ML's is known by the same.
    """
    tags = job.plan.tags
    folders = {value.path for value in job.plan.inputs.values() if isinstance(value, Data)}
    same_deployment = wanted.deployment in (None, tags.get(DEPLOYMENT_TAG))
    return tags.get(ENDPOINT_TAG) == endpoint and same_deployment and wanted.data in folders
