"""Holding answers against the app's OpenAPI document."""

import json
import re
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from jsonschema import Draft202012Validator

from functions.api.document import document
from functions.index import ROUTES

EVERY_ROUTE: Final = [route for found in ROUTES.values() for route in found]
_HEADERS: Final = ("x-correlation-id", "traceresponse")
_WITH_REST: Final = [route.path for route in EVERY_ROUTE if "{*" in route.path]
_PLACE: Final = re.compile(r"\\\{\w+\\\}")


@cache
def described() -> dict[str, Any]:
    """The document, as whoever asks for it gets it."""
    found: dict[str, Any] = json.loads(json.dumps(document()))
    return found


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """What of a value is not as a schema of the document says."""
    whole = {"allOf": [schema], "components": described()["components"]}
    checker = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message[:300]}" for error in checker.iter_errors(value)]


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """The operation that answers a path below `/api`; the most literal one."""
    rest = path.removeprefix("/api")
    found = [
        (template.count("{"), item[method.lower()])
        for template, item in described()["paths"].items()
        if method.lower() in item and re.fullmatch(_pattern(template), rest)
    ]
    best: dict[str, Any] | None = min(found, key=lambda one: one[0])[1] if found else None
    return best


def _pattern(template: str) -> str:
    """A parameter is one segment of a path, or, where the route says so, all that are left."""
    rest = any(re.sub(r"\{\*(\w+)\}", r"{\1}", f"/{path}") == template for path in _WITH_REST)
    return _PLACE.sub(".+" if rest else "[^/]+", re.escape(template))


def check_answer(answer: httpx.Response) -> None:
    """Fail unless an answer of the app is one that the document describes: status, headers, form and content."""
    request = answer.request
    told = f"{request.method} {request.url} answered {answer.status_code} {answer.text[:500]}"
    operation = operation_of(request.method, urlsplit(str(request.url)).path)
    assert operation is not None, f"not described: {told}"
    assert str(answer.status_code) in operation["responses"], f"a status that is not described: {told}"
    response = operation["responses"][str(answer.status_code)]
    form = answer.headers["content-type"].partition(";")[0]
    assert form in response["content"], f"a form that is not described: {told}"
    missing = [name for name in _HEADERS if name not in answer.headers]
    assert not missing, f"without {missing}: {told}"
    if form.endswith("json"):
        assert not (wrong := faults(response["content"][form].get("schema", {}), answer.json())), f"{wrong}: {told}"
