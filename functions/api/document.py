"""The OpenAPI document of the app (version 3.1): made of the table of routes, the rooms' docstrings, and the contracts.

It is made once per process, at the first call, since it imports every room.
"""

import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from functions.api.answers.orchestrations import Begun
from functions.api.answers.problems import Problem
from functions.api.operations.operation import HTML, Body, Operation, Parameter, Schema
from functions.api.operations.table import HEADINGS, OPERATIONS
from functions.api.shapes import Components
from functions.index import ROUTES, Route
from functions.triggers.http import PROBLEM
from shared.authorization import APP_ROLES
from shared.version import VERSION

_JSON: Final = "application/json"
_ABOUT: Final = """\
What people, the command line, Data Factory and the model registry ask of a Signalbox app.

Every answer of the app has the header `x-correlation-id`: the id of the request's trace. The app's log has it beside
what was refused or has failed. `GET /api/traces/{id}` tells the trace where telemetry goes to a file, as on a laptop;
elsewhere only what a request has begun is found by it, for two days at most. A request that has a `traceparent` (W3C
Trace Context) continues its trace. What is wrong is told as a problem (RFC 9457) that says what would be right. Where
the Functions host itself answers, there is no body: 404 for a path or a method that nothing takes, and 401 without a
function key. What a browser sends by a page of another site is refused (403), unless it is a `GET` or a webhook.
"""
_SECURITY: Final = {
    "functionKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A function key of the app. On a laptop none is needed.",
    },
    "entra": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": f"A token of Entra ID for the app, with one of its roles: {', '.join(APP_ROLES.values())}.",
    },
    "mlflowSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-MLflow-Signature",
        "description": "Of the delivery, its `X-MLflow-Delivery-Id` and `X-MLflow-Timestamp`, as MLflow makes it.",
    },
    "databricksSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Databricks-Signature",
        "description": "Of the body, as Databricks makes it.",
    },
}
#: How a registry proves that a webhook is its own, by the room's function.
_SIGNATURES: Final = {"mlflow_webhook": "mlflowSignature", "databricks_webhook": "databricksSignature"}
_HEADERS: Final = {
    "x-correlation-id": {
        "description": "The trace of the request.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    "traceresponse": {
        "description": "The same with the span (W3C Trace Context).",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
    },
}
_AGAIN: Final = {
    "Retry-After": {"description": "After how many seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
}
#: Of what goes on.
_FOLLOWED: Final = {
    "Location": {"description": "Where to look how it stands.", "schema": {"type": "string"}},
    **_AGAIN,
}
_PROBLEMS: Final = {
    401: "No function key, or a token that names nobody.",
    403: "The caller's role does not allow it.",
    500: "The app is at fault; its log has the reason under the correlation id.",
    503: "Something that the app needs does not answer for now.",
}
_TOO_LARGE: Final = {413: "The body is larger than 1 MB: references are taken, not data."}
_PLACE: Final = re.compile(r"\{\*?(\w+)\}")


@cache
def written() -> bytes:
    """The document as JSON."""
    return json.dumps(document(), ensure_ascii=False).encode()


def document() -> dict[str, Any]:
    """The document.

    Raises:
        LookupError: A route is not described in `functions.api.operations.table`.
    """
    routes = [(room, route) for room, found in ROUTES.items() for route in found]
    told = [shape for one in OPERATIONS.values() for shapes in one.answers.values() for shape in shapes]
    asked = [shape for one in OPERATIONS.values() for body in _bodies(one) for shape in body.shapes]
    components = Components(asked, [*told, Problem])
    paths: dict[str, dict[str, Any]] = {}
    for room, route in routes:
        for path, name, body in _variants(route, OPERATIONS[route.name]):
            described = _described(room, route, components, path, body)
            paths.setdefault(path, {})[route.method.lower()] = {"operationId": name, **described}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Signalbox", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": "/api"}],
        "tags": [{"name": heading.name, "description": heading.about} for heading in HEADINGS],
        "security": [{"functionKey": []}, {"entra": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components.schemas,
            "securitySchemes": _SECURITY,
            "headers": {**_HEADERS, **_FOLLOWED},
        },
    }


def _bodies(operation: Operation) -> Iterator[Body]:
    yield from operation.variants.values()
    if operation.body is not None:
        yield operation.body


def _variants(route: Route, operation: Operation) -> Iterator[tuple[str, str, Body | None]]:
    """Path, id and body of each operation that a route is described as."""
    path = "/" + _PLACE.sub(r"{\1}", route.path)
    if not operation.variants:
        yield path, route.name, operation.body
    for name, body in operation.variants.items():
        yield f"{path.rpartition('/')[0]}/{name}", f"{route.name}_{name}", body


def _described(room: str, route: Route, components: Components, path: str, body: Body | None) -> dict[str, Any]:
    operation = OPERATIONS[route.name]
    summary, description = _docstring(room, route)
    if body is not None and body.about:
        summary, description = body.about, f"{summary}. {description}".strip()
    made: dict[str, Any] = {"tags": [_heading(route)], "summary": summary}
    if about := " ".join(part for part in (description, _who(route, body)) if part):
        made["description"] = about
    if route.anonymous:
        made["security"] = [{_SIGNATURES[route.name]: []}]
    parameters = [_parameter(one, "path", operation.path[one]) for one in _PLACE.findall(path)]
    parameters += [_parameter(name, "query", one) for name, one in operation.query.items()]
    if parameters:
        made["parameters"] = parameters
    if body is not None:
        content = {"schema": components.asked(body), "example": dict(body.example)}
        made["requestBody"] = {"required": body.required, "content": {_JSON: content}}
    made["responses"] = _responses(operation, components, has_body=body is not None)
    return made


def _heading(route: Route) -> str:
    return next(heading.name for heading in HEADINGS if route.name in heading.operations)


def _docstring(room: str, route: Route) -> tuple[str, str]:
    """The first sentence of what a room's function says of itself, without its full stop, and the rest."""
    function = getattr(importlib.import_module(f"functions.triggers.{room}"), route.name)
    text = " ".join((inspect.getdoc(function) or "").split())
    summary, _, rest = text.partition(". ")
    return summary.rstrip("."), rest


def _who(route: Route, body: Body | None) -> str:
    """Which role the caller needs, where callers have some."""
    if route.anonymous:
        return ""
    role = route.role or (body.role if body is not None else "") or "reader"
    return f"With Entra ID the caller needs the role {role}."


def _parameter(name: str, place: str, parameter: Parameter) -> Schema:
    made: Schema = {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": parameter.about,
        "schema": {**({"minLength": 1} if place == "path" else {}), **parameter.schema},
    }
    return made if parameter.example is None else {**made, "example": parameter.example}


def _responses(operation: Operation, components: Components, *, has_body: bool) -> dict[str, Any]:
    problems: Mapping[int, str] = {**_PROBLEMS, **(_TOO_LARGE if has_body else {}), **operation.problems}
    found: dict[str, Any] = {}
    for status in sorted({*operation.answers, *problems}):
        content = {}
        if status in operation.answers:
            shapes = operation.answers[status]
            content[operation.form] = {"schema": components.told(shapes)} if shapes else {}
        if status in problems:
            content[PROBLEM] = {"schema": components.told((Problem,))}
            if operation.form != _JSON:  # whoever looks at a page is told on one
                content[HTML] = {}
        named = [*_HEADERS]
        if operation.answers.get(status) == (Begun,):
            named += _FOLLOWED
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            named += _AGAIN
        headers = {name: {"$ref": f"#/components/headers/{name}"} for name in named}
        found[str(status)] = {
            "description": problems.get(status) or HTTPStatus(status).phrase,
            "headers": headers,
            "content": content,
        }
    return found
