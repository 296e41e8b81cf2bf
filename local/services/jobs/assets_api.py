"""The HTTP face of registered models and data."""

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.jobs.assets import Asset, AssetStore, Kind
from local.services.jobs.definitions import Data
from local.services.jobs.outputs import Outputs
from local.services.jobs.requests import read_model, refusals
from local.services.jobs.sources import datastore_path
from local.services.web import ServiceError


class ModelRequest(BaseModel):
    """The body of ``PUT /models/{name}/versions/{version}``: the output of a completed job."""

    model_config = ConfigDict(extra="forbid")

    job: str
    output: str
    tags: dict[str, str] = Field(default_factory=dict)


class DataRequest(BaseModel):
    """The body of ``PUT /data/{name}/versions/{version}``: a folder, as ``azureml://datastores/{c}/paths/{path}``."""

    model_config = ConfigDict(extra="forbid")

    path: str
    tags: dict[str, str] = Field(default_factory=dict)


class AssetsApi:
    """The routes."""

    def __init__(self, assets: AssetStore, outputs: Outputs) -> None:
        self._assets = assets
        self._outputs = outputs

    def routes(self) -> list[Route]:
        """All routes."""
        model, data = "/models/{name}/versions/{version}", "/data/{name}/versions/{version}"
        return [
            Route(model, self.put_model, methods=["PUT"]),
            Route(model, self.get_model),
            Route(data, self.put_data, methods=["PUT"]),
            Route(data, self.get_data),
        ]

    async def put_model(self, request: Request) -> Response:
        """``PUT /models/{name}/versions/{version}``: 201 for a new version, 200 for a known one, 409 for another."""
        wanted, key = await read_model(request, ModelRequest), _key(request)
        path = f"azureml://jobs/{wanted.job}/outputs/{wanted.output}"
        with refusals():
            if known := self._assets.adopt(Kind.MODEL, *key, path):
                return JSONResponse(known.describe())
            folder = self._outputs.path(wanted.job, wanted.output)
            if not (folder / "MLmodel").is_file():
                msg = f"output {wanted.output!r} of job {wanted.job!r} has no file MLmodel at its top"
                raise ServiceError(400, "NotAnMlflowModel", msg)
            created = self._assets.create(Kind.MODEL, Asset(*key, path, str(folder), wanted.tags))
        return JSONResponse(created.describe(), status_code=201)

    async def get_model(self, request: Request) -> Response:
        """``GET /models/{name}/versions/{version}``."""
        return JSONResponse(self._find(Kind.MODEL, request).describe())

    async def put_data(self, request: Request) -> Response:
        """``PUT /data/{name}/versions/{version}``: 201 for a new version, 200 for a known one, 409 for another."""
        wanted, key = await read_model(request, DataRequest), _key(request)
        if datastore_path(Data(type="uri_folder", path=wanted.path)) is None:
            msg = f"{wanted.path}: use azureml://datastores/{{container}}/paths/{{path}}"
            raise ServiceError(400, "InvalidRequest", msg)
        with refusals():
            if known := self._assets.adopt(Kind.DATA, *key, wanted.path):
                return JSONResponse(known.describe())
            created = self._assets.create(Kind.DATA, Asset(*key, wanted.path, None, wanted.tags))
        return JSONResponse(created.describe(), status_code=201)

    async def get_data(self, request: Request) -> Response:
        """``GET /data/{name}/versions/{version}``."""
        return JSONResponse(self._find(Kind.DATA, request).describe())

    def _find(self, kind: Kind, request: Request) -> Asset:
        name, version = _key(request)
        found = self._assets.find(kind, name, version)
        if found is None:
            raise ServiceError(404, "NotFound", f"there is no version {version!r} of the {kind} {name!r}")
        return found


def _key(request: Request) -> tuple[str, str]:
    return request.path_params["name"], request.path_params["version"]
