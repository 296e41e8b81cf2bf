"""Online endpoints that answer: by traffic or by deployment, with copies to whom traffic is mirrored."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from tests.doubles.azure_ml.backends import Serving
from tests.doubles.azure_ml.messages import Answer, Refusal, Request, UnknownRoute
from tests.doubles.azure_ml.online_endpoints import deployment_path, endpoint_path, keys
from tests.doubles.azure_ml.tokens import AML_AUDIENCE, bearer, require_token
from tests.doubles.azure_ml.world import World

_HEADER: Final = "azureml-model-deployment"

type Scorer = Callable[[str, str, Any], Any]


class Scoring:
    """`POST /score/{endpoint}/score`.

    Args:
        world: Where the endpoints are.
        serving: Really answers, instead of `scorer`.

    Attributes:
        scorer: From endpoint, deployment and body to the answer's body, or to a whole `Answer`; 1.0 for each row at
            first.
        scored: Requests answered, by endpoint and deployment.
        mirrored: Copies sent, by endpoint and deployment.
    """

    def __init__(self, world: World, serving: Serving | None = None) -> None:
        self._world = world
        self._serving = serving
        self._asked: Counter[str] = Counter()
        self.scorer: Scorer = lambda _endpoint, _deployment, body: [1.0] * count_rows(body)
        self.scored: Counter[tuple[str, str]] = Counter()
        self.mirrored: Counter[tuple[str, str]] = Counter()

    def answer(self, request: Request) -> Answer:
        """Serve a request to an endpoint."""
        parts = request.path.strip("/").split("/")
        if request.method != "POST" or len(parts) != 3 or parts[2] != "score":
            raise UnknownRoute
        endpoint = parts[1]
        resource = self._world.get(endpoint_path(endpoint))
        self._require_key(request, endpoint, resource["properties"]["authMode"])
        if not isinstance(request.body, dict):
            raise Refusal(400, "BadRequest", "The body must be a JSON object.")
        if self._serving is not None:
            who, told = self._serving.score(endpoint, request.headers.get(_HEADER), request.body)
            self.scored[endpoint, who] += 1
            return Answer(200, told, {_HEADER: who})
        deployment = request.headers.get(_HEADER) or self._by_traffic(endpoint, resource["properties"]["traffic"])
        self._require_ready(endpoint, deployment)
        self._mirror(endpoint, resource["properties"]["mirrorTraffic"], request.body)
        self.scored[endpoint, deployment] += 1
        answer = self.scorer(endpoint, deployment, request.body)
        return answer if isinstance(answer, Answer) else Answer(200, answer, {_HEADER: deployment})

    def _require_key(self, request: Request, endpoint: str, mode: str) -> None:
        header = request.headers.get("authorization")
        if mode in ("AADToken", "AMLToken"):
            audience = AML_AUDIENCE if mode == "AADToken" else endpoint
            require_token(bearer(header), frozenset({audience}), "the Authorization header")
        elif bearer(header) not in keys(endpoint).values():
            raise Refusal(401, "Unauthorized", "The key of the endpoint is missing or wrong.")

    def _by_traffic(self, endpoint: str, traffic: dict[str, int]) -> str:
        """Who is next: of each hundred requests, each deployment gets its share."""
        number = self._asked[endpoint] * 37 % 100  # 37 and 100 have no common divisor: the shares are mixed
        self._asked[endpoint] += 1
        for deployment, share in sorted(traffic.items()):
            if number < share:
                return deployment
            number -= share
        raise Refusal(404, "NoTraffic", f"No deployment of {endpoint} has traffic.")

    def _require_ready(self, endpoint: str, deployment: str) -> None:
        found = self._world.find(deployment_path(endpoint, deployment))
        if found is None:
            raise Refusal(404, "NotFound", f"The endpoint {endpoint} has no deployment {deployment}.")
        if found["properties"]["provisioningState"] in ("Creating", "Failed", "Deleting"):
            raise Refusal(503, "NotReady", f"The deployment {deployment} is not ready.")

    def _mirror(self, endpoint: str, mirror: dict[str, int], body: Any) -> None:
        for deployment, share in mirror.items():
            if (self._asked[endpoint] * 37) % 100 < share:
                self.mirrored[endpoint, deployment] += 1
                self.scorer(endpoint, deployment, body)


def count_rows(body: Any) -> int:
    """Rows of a request to an MLflow model, in any of the forms that its server takes."""
    for name in ("input_data", "dataframe_split"):
        if name in body:
            rows = body[name]
            return len(rows["data"] if isinstance(rows, dict) else rows)
    for name in ("dataframe_records", "inputs", "instances", "data"):
        if name in body:
            return len(body[name])
    raise Refusal(400, "BadRequest", f"No rows in {sorted(body)}: input_data is missing.")
