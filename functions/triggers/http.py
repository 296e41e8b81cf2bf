"""What every HTTP door does alike: read JSON within bounds, answer JSON, and say what was wrong (RFC 9457)."""

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import azure.functions as func

#: Larger bodies are refused: what comes in are references and events, never data.
BODY_LIMIT: Final = 1_000_000


class BadRequestError(Exception):
    """The request cannot be used; carries the answer."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.answer = problem(status, code, detail)


def answer(status: int, body: Mapping[str, Any]) -> func.HttpResponse:
    """A JSON answer."""
    return func.HttpResponse(json.dumps(body, ensure_ascii=False), status_code=status, mimetype="application/json")


def problem(status: int, code: str, detail: str) -> func.HttpResponse:
    """What was wrong and what would be right, as `application/problem+json`."""
    body = {"type": f"urn:signalbox:{code}", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return func.HttpResponse(
        json.dumps(body, ensure_ascii=False), status_code=status, mimetype="application/problem+json"
    )


def read_body(request: func.HttpRequest) -> bytes:
    """The raw body.

    Raises:
        BadRequestError: It is larger than `BODY_LIMIT`.
    """
    body = request.get_body() or b""
    if len(body) > BODY_LIMIT:
        raise BadRequestError(
            413,
            "body-too-large",
            f"The body has {len(body)} bytes; at most {BODY_LIMIT} are read. Send references, not data.",
        )
    return body


def read_object(request: func.HttpRequest) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        BadRequestError: It is too large, no JSON, or no object.
    """
    return parse_object(read_body(request))


def parse_object(body: bytes) -> dict[str, Any]:
    """A body as a JSON object.

    Raises:
        BadRequestError: It is no JSON, or no object.
    """
    try:
        value = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is JSON, but no text
    except ValueError as error:
        raise BadRequestError(400, "not-json", f"The body is no JSON: {error}") from error
    except RecursionError as error:
        raise BadRequestError(400, "not-json", "The body is nested too deeply to be read.") from error
    if not isinstance(value, dict):
        raise BadRequestError(400, "not-an-object", f"The body is a JSON {type(value).__name__}; an object is needed.")
    return value


def read_limit(request: func.HttpRequest, *, usual: int, most: int) -> int:
    """How many things `?limit=` asks for.

    Raises:
        BadRequestError: It is no whole number from 1 to `most`.
    """
    text = request.params.get("limit", str(usual))
    if not (re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= most):
        raise BadRequestError(400, "bad-request", f"`limit` is {text!r}; give a whole number from 1 to {most}.")
    return int(text)
