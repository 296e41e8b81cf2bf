"""Asking an online endpoint for predictions.

The request is what Azure ML's inference server takes for MLflow models: `input_data` in pandas' split orientation. The
SDK's own `invoke` is not used: it keeps the headers of one call, the key among them, for the next ones.
"""

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.contracts.platform_models import Answered
from shared.errors import PermanentError, TransientError
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.errors import azureml_errors, found, shown
from shared.platforms.probing import probed

if TYPE_CHECKING:
    import httpx

#: What Azure must allow: an endpoint is called with its key, or with a token that it gives.
PERMISSIONS: Final = (
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys/action",
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/token/action",
)
#: Header that picks a deployment whatever the traffic says.
DEPLOYMENT_HEADER: Final = "azureml-model-deployment"
#: Bytes of a request. A managed endpoint takes 1.5 MB and refuses more.
REQUEST_BYTES: Final = 1_000_000
#: What a model's container answered, where the endpoint itself answers 424.
_MODEL_STATUS: Final = "ms-azureml-model-error-statuscode"
_MODEL_ERROR: Final = 424
_BUSY: Final = frozenset({"408", "429", "502", "503", "504"})


class Scorer:
    """Asks endpoints of a workspace. Instances are thread-safe."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def score(self, endpoint: str, rows: Sequence[dict[str, Any]], deployment: str | None) -> list[float]:
        """Predictions, one per row; from the deployment, or by traffic.

        Raises:
            PermanentError: `NotFound`; `BadRows`; `BadPredictions`; `ModelError`; the service's own refusal.
            TransientError: The endpoint or the model is busy, or not up.
        """
        bodies = list(requests(rows))
        return self._ask(self._way(endpoint, deployment), bodies)

    def probe(self, endpoint: str, each: Sequence[list[dict[str, Any]]], deployment: str) -> list[Answered]:
        """Ask requests one after the other, each timed by itself: where to ask is found once, before the first.

        Raises:
            PermanentError: `NotFound`: there is no such endpoint.
            TransientError: The endpoint is not up.
        """
        way = self._way(endpoint, deployment)
        return probed(lambda rows: self._ask(way, list(requests(rows))), each)

    def _ask(self, way: "_Way", bodies: Sequence[tuple[int, bytes]]) -> list[float]:
        answers: list[float] = []
        for count, body in bodies:
            with azureml_errors(f"ask {way.endpoint} for predictions"):
                answer = self._connection.http.post(way.url, content=body, headers=way.headers)
                _raise_model_error(way.endpoint, answer)
                if answer.status_code == 404 and DEPLOYMENT_HEADER not in way.headers:
                    told = f"the endpoint {way.endpoint} has no deployment with traffic, and so no answer"
                    raise TransientError(told)
                answer.raise_for_status()
            answers += predictions(answer.text, count, way.endpoint)
        return answers

    def _way(self, endpoint: str, deployment: str | None) -> "_Way":
        """Where to ask, and what to show: a key, or a token, as the endpoint's auth mode is."""
        endpoints = self._connection.client.online_endpoints
        there = found(f"read the endpoint {endpoint}", lambda: endpoints.get(endpoint))
        if there is None:
            raise PermanentError("NotFound", f"there is no endpoint {endpoint}")
        if not there.scoring_uri:
            raise TransientError(f"the endpoint {endpoint} has no scoring URI yet")
        with azureml_errors(f"read the key of {endpoint}"):
            keys = endpoints.get_keys(endpoint)
        secret = getattr(keys, "primary_key", None) or keys.access_token
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        return _Way(endpoint, there.scoring_uri, headers | ({DEPLOYMENT_HEADER: deployment} if deployment else {}))


class _Way(NamedTuple):
    """How an endpoint is asked."""

    endpoint: str
    url: str
    headers: dict[str, str]


def requests(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[int, bytes]]:
    """Number of rows and body of each request that together ask for all rows, in their order.

    Args:
        rows: Values by column; a column that a row lacks, and NaN, is null.

    Raises:
        PermanentError: `BadRows`: a value that JSON has no form for.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    head = len(_body(columns, []))
    batch: list[str] = []
    size = head
    for number, row in enumerate(rows, 1):
        line = _line(number, row, columns)
        length = len(line.encode()) + 2 + len(str(number)) + 2  # its separators, and its place in the index
        if batch and size + length > REQUEST_BYTES:
            yield len(batch), _body(columns, batch)
            batch, size = [], head
        batch.append(line)
        size += length
    if batch:
        yield len(batch), _body(columns, batch)


def predictions(text: str, rows: int, endpoint: str) -> list[float]:
    """Read an answer: a list of numbers, bare or as `predictions`, or a text that holds one.

    Raises:
        PermanentError: `BadPredictions`: not one number per row.
    """
    answer = _parsed(text, endpoint)
    if isinstance(answer, str):  # a scoring script that returns `json.dumps(...)` has its answer encoded twice
        answer = _parsed(answer, endpoint)
    if isinstance(answer, dict):
        answer = answer.get("predictions")
    if not isinstance(answer, list) or len(answer) != rows:
        got = f"{len(answer)} predictions" if isinstance(answer, list) else "no list of predictions"
        raise PermanentError("BadPredictions", f"endpoint {endpoint!r} answered {got} to {rows} rows")
    return [_number(one, endpoint) for one in answer]


def _line(number: int, row: dict[str, Any], columns: Sequence[str]) -> str:
    values = [row.get(column) for column in columns]
    plain = [None if isinstance(value, float) and math.isnan(value) else value for value in values]
    try:
        return json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        msg = f"row {number} cannot be sent as JSON ({error}): use numbers, texts, true, false or null"
        raise PermanentError("BadRows", msg) from error


def _body(columns: Sequence[str], lines: Sequence[str]) -> bytes:
    index = json.dumps(list(range(len(lines))))
    split = f'{{"columns": {json.dumps(columns)}, "index": {index}, "data": [{", ".join(lines)}]}}'
    return f'{{"input_data": {split}}}'.encode()


def _raise_model_error(endpoint: str, answer: "httpx.Response") -> None:
    """Tell a model that fails from an endpoint that fails; the endpoint answers 424 for whatever a model answers."""
    if answer.status_code != _MODEL_ERROR:
        return
    status = answer.headers.get(_MODEL_STATUS, "")
    msg = f"the model behind {endpoint} failed ({status or 'no status'}): {shown(answer.text)}"
    if status in _BUSY:
        raise TransientError(msg)
    raise PermanentError("ModelError", msg)


def _parsed(text: str, endpoint: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        msg = f"endpoint {endpoint!r} did not answer with JSON but with {shown(text)[:100]!r}"
        raise PermanentError("BadPredictions", msg) from error


def _number(prediction: Any, endpoint: str) -> float:
    """A prediction as a number; `null` is NaN, and so is a row of one number that number."""
    if isinstance(prediction, list) and len(prediction) == 1:
        prediction = prediction[0]
    if prediction is None:
        return float("nan")
    if isinstance(prediction, bool) or not isinstance(prediction, int | float):
        raise PermanentError("BadPredictions", f"endpoint {endpoint!r} answered {prediction!r} in place of a number")
    return float(prediction)
