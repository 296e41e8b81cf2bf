"""The HTTP face of the scoring service: the control plane, and the scoring address of each endpoint."""

import random
from pathlib import Path
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.scoring.asking import Question, timed
from local.services.scoring.control import Control
from local.services.scoring.definitions import Deployment, Endpoint, Wanted, model_reference
from local.services.scoring.mirror import Mirror
from local.services.scoring.settings import Settings, SettingsError, read_settings
from local.services.scoring.store import ScoringStore
from local.services.scoring.summary import summary
from local.services.scoring.supervisor import Supervisor
from local.services.web import ServiceError, read_body, read_object

DEPLOYMENT_HEADER = "azureml-model-deployment"
"""Azure's header: in a request it selects the deployment, in an answer it names the one that answered."""

_BODY_LIMIT = 10_000_000


class Api:
    """The routes."""

    def __init__(
        self, store: ScoringStore, control: Control, supervisor: Supervisor, mirror: Mirror, client: httpx.AsyncClient
    ) -> None:
        self._store = store
        self._control = control
        self._supervisor = supervisor
        self._mirror = mirror
        self._client = client

    def routes(self) -> list[Route]:
        """All routes."""
        endpoint, deployment = "/endpoints/{endpoint}", "/endpoints/{endpoint}/deployments/{deployment}"
        return [
            Route("/health", self.health),
            Route("/log", self.get_log),
            Route("/endpoints", self.list_endpoints),
            Route(endpoint, self.get_endpoint),
            Route(endpoint, self.put_endpoint, methods=["PUT"]),
            Route(endpoint, self.delete_endpoint, methods=["DELETE"]),
            Route(f"{endpoint}/traffic", self.put_traffic, methods=["PUT"]),
            Route(f"{endpoint}/score", self.score, methods=["POST"]),
            Route(deployment, self.get_deployment),
            Route(deployment, self.put_deployment, methods=["PUT"]),
            Route(deployment, self.delete_deployment, methods=["DELETE"]),
            Route(f"{deployment}/requests", self.get_requests),
        ]

    async def health(self, _request: Request) -> Response:
        """``GET /health``."""
        return JSONResponse({"status": "ok"})

    async def get_log(self, _request: Request) -> Response:
        """``GET /log``: every change that was carried out; a repeated request is none."""
        return JSONResponse({"effects": self._store.effects()})

    async def list_endpoints(self, request: Request) -> Response:
        """``GET /endpoints``."""
        return JSONResponse({"endpoints": [self._describe(request, one) for one in self._store.endpoints()]})

    async def get_endpoint(self, request: Request) -> Response:
        """``GET /endpoints/{endpoint}``."""
        return JSONResponse(self._describe(request, self._control.endpoint(request.path_params["endpoint"])))

    async def put_endpoint(self, request: Request) -> Response:
        """``PUT /endpoints/{endpoint}``: 201 for a new one, 200 for a known one."""
        name = request.path_params["endpoint"]
        is_new = self._control.put_endpoint(name, _tags(await read_object(request)))
        return JSONResponse(self._describe(request, self._control.endpoint(name)), status_code=201 if is_new else 200)

    async def delete_endpoint(self, request: Request) -> Response:
        """``DELETE /endpoints/{endpoint}``, with its deployments: 202, or 204 when there is none."""
        found = await self._control.delete_endpoint(request.path_params["endpoint"])
        return Response(status_code=202 if found else 204)

    async def put_traffic(self, request: Request) -> Response:
        """``PUT /endpoints/{endpoint}/traffic``: ``traffic`` and ``mirror``, in percent by deployment."""
        routes = self._control.put_traffic(request.path_params["endpoint"], await read_object(request))
        return JSONResponse({"traffic": routes.traffic, "mirror": routes.mirror})

    async def get_deployment(self, request: Request) -> Response:
        """``GET /endpoints/{endpoint}/deployments/{deployment}``."""
        return JSONResponse(self._deployment(request).describe())

    async def put_deployment(self, request: Request) -> Response:
        """``PUT …/deployments/{deployment}``: 201 for a new one, 200 for a known one that is the same.

        The body has ``model``, and perhaps ``folder`` (the model's files on this machine), ``definition`` (the file of
        a deployment's YAML) and ``tags``.
        """
        body = await read_object(request)
        names = request.path_params["endpoint"], request.path_params["deployment"]
        deployment, is_new = self._control.put_deployment(*names, _wanted(body))
        return JSONResponse(deployment.describe(), status_code=201 if is_new else 200)

    async def delete_deployment(self, request: Request) -> Response:
        """``DELETE …/deployments/{deployment}``: 202, or 204 when there is none."""
        names = request.path_params["endpoint"], request.path_params["deployment"]
        return Response(status_code=202 if await self._control.delete_deployment(*names) else 204)

    async def get_requests(self, request: Request) -> Response:
        """``GET …/deployments/{deployment}/requests?since=&until=``, in seconds since 1970: how they have fared."""
        since, until = (_moment(request, name) for name in ("since", "until"))
        return JSONResponse(summary(self._store.answers(self._deployment(request).id, since, until)))

    async def score(self, request: Request) -> Response:
        """``POST /endpoints/{endpoint}/score``: hand the body to a deployment, and its answer back."""
        endpoint = self._control.endpoint(request.path_params["endpoint"])
        name = request.headers.get(DEPLOYMENT_HEADER)
        deployment = self._control.deployment(endpoint.name, name) if name else self._draw(endpoint)
        content_type = request.headers.get("content-type", "application/json")
        question = Question(self._client, await read_body(request, _BODY_LIMIT), content_type)
        if not name:
            self._mirror.copy(endpoint, question)
        answer = await timed(self._store, deployment, self._supervisor.port(deployment.id), question)
        self._store.count_request(deployment.id)
        kind = answer.headers.get("content-type", "application/json")
        return Response(answer.content, answer.status_code, {DEPLOYMENT_HEADER: deployment.name}, kind)

    def _draw(self, endpoint: Endpoint) -> Deployment:
        """A deployment by its share of the traffic."""
        if not any(endpoint.traffic.values()):
            remedy = f"set its traffic, or name a deployment in the header {DEPLOYMENT_HEADER}"
            raise ServiceError(503, "NoTraffic", f"endpoint {endpoint.name!r} has no traffic: {remedy}")
        names, shares = list(endpoint.traffic), list(endpoint.traffic.values())
        return self._control.deployment(endpoint.name, random.choices(names, shares)[0])  # noqa: S311 - a load split

    def _deployment(self, request: Request) -> Deployment:
        return self._control.deployment(request.path_params["endpoint"], request.path_params["deployment"])

    def _describe(self, request: Request, endpoint: Endpoint) -> dict[str, Any]:
        return {
            "name": endpoint.name,
            "provisioning_state": "Succeeded",
            "tags": endpoint.tags,
            "traffic": endpoint.traffic,
            "mirror": endpoint.mirror,
            "deployments": {one.name: one.describe() for one in self._store.deployments(endpoint.name)},
            "scoring_uri": str(request.base_url.replace(path=f"/endpoints/{endpoint.name}/score")),
        }


def _wanted(body: dict[str, Any]) -> Wanted:
    model, folder, definition = (body.get(key) for key in ("model", "folder", "definition"))
    reference = model_reference(str(model or ""))
    if reference is None:
        raise ServiceError(400, "InvalidModel", f"model {model!r}: use models:/name/version or azureml:name:version")
    for key, value in (("folder", folder), ("definition", definition)):
        if value is not None and not (isinstance(value, str) and Path(value).is_absolute()):
            raise ServiceError(400, "InvalidRequest", f"{key} must be an absolute path on this machine")
    try:
        settings = read_settings(Path(definition)) if definition else Settings()
    except SettingsError as error:
        raise ServiceError(400, error.code, str(error)) from error
    return Wanted(f"models:/{reference[0]}/{reference[1]}", folder, settings, _tags(body))


def _moment(request: Request, name: str) -> float:
    try:
        return float(request.query_params[name])
    except (KeyError, ValueError) as error:
        raise ServiceError(400, "InvalidRequest", f"{name} must be a moment in seconds since 1970") from error


def _tags(body: dict[str, Any]) -> dict[str, str]:
    tags = body.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise ServiceError(400, "InvalidRequest", "tags must be an object of strings")
    return tags
