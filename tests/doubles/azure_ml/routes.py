"""Which part of the double answers what."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tests.doubles.azure_ml import autoscale, metrics
from tests.doubles.azure_ml.assets import KINDS, Assets
from tests.doubles.azure_ml.batch_endpoints import BatchEndpoints
from tests.doubles.azure_ml.history import History
from tests.doubles.azure_ml.jobs import Jobs
from tests.doubles.azure_ml.messages import Answer, Refusal, Request, UnknownRoute
from tests.doubles.azure_ml.online_endpoints import OnlineEndpoints
from tests.doubles.azure_ml.operations import Operations
from tests.doubles.azure_ml.scoring import Scoring
from tests.doubles.azure_ml.tokens import AML_AUDIENCE, bearer, require_token
from tests.doubles.azure_ml.world import PROVIDER, World

_WORKSPACE: Final = re.compile(
    rf"^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/{re.escape(PROVIDER)}/workspaces/[^/]+", re.I
)
#: The versions of the API that azure-ai-ml 1.35.2 speaks.
API_VERSIONS: Final = frozenset(
    {
        "2022-02-01-preview",
        "2022-05-01",
        "2022-10-01",
        "2022-10-01-preview",
        "2023-02-01-preview",
        "2023-04-01",
        "2023-04-01-preview",
        "2023-06-01-preview",
        "2023-08-01-preview",
        "2023-10-01",
        "2024-01-01-preview",
        "2024-04-01-preview",
        "2024-10-01-preview",
        "2025-01-01-preview",
        "2025-12-01",
    }
)
_DISCOVERED: Final = ("api", "experimentation", "history", "modelmanagement", "registry", "pipelines", "studio")


@dataclass(frozen=True)
class Routes:
    """All of the double's https side, one request at a time."""

    world: World
    operations: Operations
    jobs: Jobs
    assets: Assets
    online: OnlineEndpoints
    batch: BatchEndpoints
    scoring: Scoring
    history: History
    autoscale: autoscale.AutoscaleSettings
    metrics: metrics.Metrics

    def __call__(self, request: Request) -> Answer:
        """Serve a request."""
        with self.world.lock:
            answer = self._answer(request)
            # what is answered is as it was at this moment, however long it takes to send
            return replace(answer, body=copy.deepcopy(answer.body))

    def _answer(self, request: Request) -> Answer:
        parts: dict[str, Callable[[Request], Answer]] = {
            "score": self.scoring.answer,
            "batch": self.batch.invoke,
            "discovery": self._discovery,
            "history": self._data_plane(self.history.answer_history),
            "mlflow": self._data_plane(self.history.answer_mlflow),
            "subscriptions": self._resource_manager,
        }
        part = parts.get(request.path.split("/")[1])
        if part is None:
            raise UnknownRoute
        return part(request)

    def _discovery(self, request: Request) -> Answer:
        return Answer(200, dict.fromkeys(_DISCOVERED, self.world.base))

    def _data_plane(self, part: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
        def with_token(request: Request) -> Answer:
            self._require_token(request, data_plane=True)
            return part(request)

        return with_token

    def _resource_manager(self, request: Request) -> Answer:
        self._require_token(request, data_plane=False)
        if setting := autoscale.PLACE.match(request.path):
            return self.autoscale.answer(request, setting)
        if endpoint := metrics.PLACE.match(request.path):
            return self.metrics.answer(request, endpoint)
        version = request.query.get("api-version")
        if not version:
            raise Refusal(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        if version not in API_VERSIONS:
            message = f"The api-version {version!r} is not supported: {', '.join(sorted(API_VERSIONS))} are."
            raise Refusal(400, "InvalidApiVersionParameter", message)
        if "/locations/" in request.path:
            return self.operations.answer(request)
        match = _WORKSPACE.match(request.path)
        if match is None:
            raise UnknownRoute
        if match[0].lower() != self.world.workspace_id.lower():
            raise Refusal(404, "ResourceNotFound", f"The workspace {match[0]} was not found.")
        names = [part for part in request.path[match.end() :].split("/") if part]
        return self._in_workspace(request, names)

    def _in_workspace(self, request: Request, names: list[str]) -> Answer:
        parts: dict[str, Callable[[Request, list[str]], Answer]] = {
            **dict.fromkeys(KINDS, self.assets.answer),
            "jobs": self.jobs.answer,
            "onlineEndpoints": self.online.answer,
            "batchEndpoints": self.batch.answer,
            "computes": self._only_read,
            "datastores": self._only_read,
        }
        if not names and request.method == "GET":
            return Answer(200, self.world.workspace())
        if not names or names[0] not in parts:
            raise UnknownRoute
        return parts[names[0]](request, names)

    def _only_read(self, request: Request, names: list[str]) -> Answer:
        match (request.method, names):
            case ("GET", [kind]):
                return Answer(200, {"value": self.world.children(f"/{kind}")})
            case ("GET", [kind, name]):
                return Answer(200, self.world.get(f"/{kind}/{name}"))
        raise UnknownRoute

    def _require_token(self, request: Request, *, data_plane: bool) -> None:
        audiences = frozenset({self.world.base, *([AML_AUDIENCE] if data_plane else [])})
        require_token(bearer(request.headers.get("authorization")), audiences, "the Authorization header")
