"""What an online endpoint is asked, and what its answers mean."""

import json
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.errors import PermanentError, TransientError
from shared.platforms.azureml import scoring
from shared.platforms.azureml.connection import Connection
from shared.platforms.azureml.scoring import Scorer, predictions, requests

_VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_infinity=False) | st.text(max_size=8)
_ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "ü"]), _VALUES, max_size=3), min_size=1, max_size=12)


def _rows(body: bytes) -> list[dict[str, Any]]:
    data = json.loads(body)["input_data"]
    assert data["index"] == list(range(len(data["data"])))
    return [dict(zip(data["columns"], values, strict=True)) for values in data["data"]]


@given(_ROWS, st.integers(min_value=1, max_value=400))
def test_every_row_is_asked_once_in_order(rows: list[dict[str, Any]], limit: int) -> None:
    """However small a request may be, the rows arrive whole; a missing value and NaN are null."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scoring, "REQUEST_BYTES", limit)
        made = list(requests(rows))
    sent = [row for _, body in made for row in _rows(body)]
    assert [count for count, _ in made] == [len(_rows(body)) for _, body in made]
    assert len(sent) == len(rows)
    for row, asked in zip(sent, rows, strict=True):
        for column, value in row.items():
            wanted = asked.get(column)
            assert value == (None if isinstance(wanted, float) and math.isnan(wanted) else wanted)
    assert all(len(body) <= limit or count == 1 for count, body in made)


@pytest.mark.parametrize("value", [object(), float("inf"), {1, 2}])
def test_a_value_without_a_json_form_is_refused(value: object) -> None:
    """The row is named; nothing is sent in part."""
    with pytest.raises(PermanentError, match="row 2 cannot be sent") as caught:
        list(requests([{"a": 1}, {"a": value}]))
    assert caught.value.code == "BadRows"


@pytest.mark.parametrize("text", ["[1, 2.5]", '{"predictions": [1, 2.5]}', '"[1, 2.5]"', "[[1], [2.5]]"])
def test_the_forms_of_an_answer(text: str) -> None:
    """A list is read bare, named, encoded twice by a scoring script, or as a column."""
    assert predictions(text, 2, "departures") == [1.0, 2.5]


def test_null_is_not_a_number() -> None:
    """MLflow answers null where the model has no number."""
    assert math.isnan(predictions("[null]", 1, "departures")[0])


@pytest.mark.parametrize("text", ["", "<html>", "[1]", "{}", '{"predictions": 3}', '["a", "b"]', "[true, 1]", '"x"'])
def test_an_answer_that_is_not_one_number_per_row_is_refused(text: str) -> None:
    """A prediction is never made up."""
    with pytest.raises(PermanentError) as caught:
        predictions(text, 2, "departures")
    assert caught.value.code == "BadPredictions"


class _Endpoint:
    """An endpoint without a network."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.requests: list[httpx.Request] = []
        self._answer = answer
        endpoints = SimpleNamespace(
            get=lambda name: SimpleNamespace(scoring_uri=f"https://{name}.example/score"),
            get_keys=lambda name: SimpleNamespace(primary_key="key-1"),
        )
        self.http = httpx.Client(transport=httpx.MockTransport(self._handle))
        self.client = SimpleNamespace(online_endpoints=endpoints)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self._answer(request)

    def score(self, rows: list[dict[str, Any]], deployment: str | None = None) -> list[float]:
        """Ask it."""
        return Scorer(cast("Connection", self)).score("departures", rows, deployment)


def test_headers_of_one_call_are_not_those_of_the_next() -> None:
    """The deployment that one caller picks does not answer the next one, as it would with the SDK's invoke."""
    endpoint = _Endpoint(lambda _: httpx.Response(200, json=[1.0]))
    endpoint.score([{"a": 1}], "green")
    endpoint.score([{"a": 1}])
    picked, free = endpoint.requests
    assert picked.headers["azureml-model-deployment"] == "green"
    assert "azureml-model-deployment" not in free.headers
    assert {one.headers["authorization"] for one in endpoint.requests} == {"Bearer key-1"}


def test_many_rows_are_asked_in_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers are put together in the rows' order."""
    monkeypatch.setattr(scoring, "REQUEST_BYTES", 90)
    endpoint = _Endpoint(
        lambda request: httpx.Response(200, json=[row["a"] for row in _rows(request.content)]),
    )
    assert endpoint.score([{"a": number} for number in range(20)]) == [float(number) for number in range(20)]
    assert len(endpoint.requests) > 1


@pytest.mark.parametrize(
    ("status", "headers", "kind", "said"),
    [
        (424, {"ms-azureml-model-error-statuscode": "500"}, PermanentError, "no such column"),
        (424, {"ms-azureml-model-error-statuscode": "503"}, TransientError, "no such column"),
        (429, {}, TransientError, "no such column"),
        (503, {}, TransientError, "no such column"),
        (400, {}, PermanentError, "no such column"),
        (404, {}, TransientError, "no deployment with traffic"),
        (401, {}, PermanentError, "no such column"),
    ],
)
def test_failures_are_told_apart(status: int, headers: dict[str, str], kind: type[Exception], said: str) -> None:
    """A model whose code fails is permanent, one that is overloaded or not up is transient; both in their own words."""
    body = {"error": {"code": "Wrong", "message": "no such column"}}
    with pytest.raises(kind, match=said):
        _Endpoint(lambda _: httpx.Response(status, headers=headers, json=body)).score([{"a": 1}])


def test_an_endpoint_that_does_not_answer_is_transient() -> None:
    """A connection that is refused may be taken later."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(TransientError, match="connection refused"):
        _Endpoint(refuse).score([{"a": 1}])
