"""Whatever comes in over HTTP is answered as described, and never by a failure of the app.

The keys are not looked at here, as on a laptop; unsupported methods are the host's to answer, with 404 as on Azure.
"""

import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.generation.modes import GenerationMode

from functions.index import Route
from functions.triggers.signatures import mlflow_signature
from tests.api.description import EVERY_ROUTE, check_answer, described, faults, operation_of
from tests.api.seeded import MODEL, PLACES

pytestmark = [pytest.mark.stack, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

_CHECKS: Final = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
#: The model registry is asked, which is away: of a model that there is, the answer comes when patience has ended.
_ASK_OTHERS: Final = ("/models/{name}/adopt",)
#: The same examples every time; few of each, since there are many operations.
_FEW: Final = settings(max_examples=3, derandomize=True, database=None, deadline=None, phases=[Phase.generate])


@pytest.fixture(scope="module")
def operations() -> dict[str, list[Any]]:
    """The described operations, by the route that they are of."""
    schema = schemathesis.openapi.from_dict(described())
    found: dict[str, list[Any]] = {route.name: [] for route in EVERY_ROUTE}
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]  # an operation that cannot be read raises
        name = operation.definition.raw["operationId"]
        found[max((one for one in found if name.startswith(one)), key=len)].append(operation)
    return found


@pytest.mark.parametrize("route", EVERY_ROUTE, ids=lambda route: route.name)
def test_any_request_is_answered_as_described(
    api: httpx.Client, operations: dict[str, list[Any]], route: Route
) -> None:
    """What fits the description and what does not: no failure, no answer that is not described, nothing wrong taken."""
    assert operations[route.name]
    # Asked of what there is, where something is: for what is not there `test_odd_paths_are_answered` asks.
    known = PLACES.get(route.name) or ({"name": MODEL} if "{name}" in route.path else None)
    for operation in operations[route.name]:
        for mode in GenerationMode:
            _try(api, operation, mode, known if operation.path not in _ASK_OTHERS else None)


def _try(api: httpx.Client, operation: Any, mode: GenerationMode, places: dict[str, Any] | None) -> None:
    @_FEW
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=places))
    def ask(case: Any) -> None:
        # The host leaves out parameters without a value, as Azure does: nobody sees that they were there.
        left_out = any(value in ("", None, []) for value in (case.query or {}).values())
        wanted = [check for check in _CHECKS if not (left_out and check is checks.negative_data_rejection)]
        case.call_and_validate(base_url=f"{api.base_url}/api", checks=wanted)

    ask()


_NAMES: Final = (
    "%00", "%2e%2e", "..%2f..%2fetc", "%20", "%FF%FE", "%F0%9F%9A%86", "%27%20or%201%20eq%201", "%0D%0AX-Evil:%201",
    "@model_interlock@x", "{}", "x" * 8000,
)  # fmt: skip
_BODIES: Final = (
    b"\x00", b"\xff\xfe", b'{"a": "\\ud800"}', b'{"reason": 1e999}', b'{"request_id": ' + b"9" * 5000 + b"}",
    b"[" * 50_000, b'{"a":' * 50_000, b"null", b"NaN", b'"text"', b"[]", b'{"reason": "x"', b"x" * 1_100_000,
    b'{"request_id": "r", "select": {"a": [[[]]]}}', b'{"figures": {"a": Infinity}}',
)  # fmt: skip


@pytest.mark.parametrize("route", [route for route in EVERY_ROUTE if "{" in route.path], ids=lambda route: route.name)
def test_odd_paths_are_answered(api: httpx.Client, route: Route) -> None:
    """Null bytes, dots, quotes, line ends, signs outside of any alphabet and overlong names are refused or unknown."""
    begin, _, rest = route.path.partition("{")
    after = rest.partition("}")[2].replace("{order}", "hold").replace("{version}", "1")
    for name in _NAMES:
        answer = api.request(route.method, f"/api/{begin}{name}{after}")
        assert answer.status_code in (200, 202, 400, 404, 414), f"{route.path} {name}: {answer.status_code}"
        if "x-correlation-id" not in answer.headers:  # it is the host's
            assert answer.status_code == 404
        elif operation_of(route.method, urlsplit(str(answer.request.url)).path) is None:
            # No order and no operation has such a name.
            assert not faults({"$ref": "#/components/schemas/Problem"}, answer.json())
        else:
            check_answer(answer)


@pytest.mark.parametrize(
    "route", [route for route in EVERY_ROUTE if route.method == "POST"], ids=lambda route: route.name
)
def test_odd_bodies_are_refused(api: httpx.Client, route: Route) -> None:
    """No JSON, other encodings, half of a text, numbers beyond any size, and deep nests are refused with the reason."""
    path = route.path.replace("{name}", MODEL).replace("{order}", "hold").replace("{operation}", "train")
    path = path.replace("{version}", "1").replace("{id}", "run-1")
    free = route.name == "reconcile_now"  # it takes no body, and looks at none
    for body in _BODIES[:2] if free else _BODIES:
        answer = api.request(route.method, f"/api/{path}", content=body)
        check_answer(answer)
        assert answer.status_code in ((202,) if free else (400, 401, 404, 413)), f"{body[:40]!r}: {answer.text[:300]}"


@_FEW
@given(
    body=st.dictionaries(
        st.sampled_from(["entity", "action", "data", "timestamp"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda one: st.dictionaries(st.sampled_from(["name", "version", "key", "value", "alias"]), one),
        ),
    )
)
def test_any_signed_webhook_is_answered_as_described(api: httpx.Client, body: dict[str, Any]) -> None:
    """Whoever has the secret may send anything, and gets no failure for it."""
    content, stamp = json.dumps(body).encode(), str(int(time.time()))
    answer = api.post(
        "/api/webhooks/mlflow",
        content=content,
        headers={
            "x-mlflow-delivery-id": "d",
            "x-mlflow-timestamp": stamp,
            "x-mlflow-signature": mlflow_signature("0123456789abcdef", "d", stamp, content),
        },
    )
    assert answer.status_code in (200, 400), answer.text
    check_answer(answer)
