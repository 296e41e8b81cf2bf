"""What every HTTP door does alike: read JSON within bounds, answer JSON, and say what was wrong (RFC 9457)."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import azure.functions as func

#: Larger bodies are refused: what comes in are references and events, never data.
BODY_LIMIT: Final = 1_000_000


PROBLEM: Final = "application/problem+json"


class Fault(NamedTuple):
    """One thing that is wrong with a body.

    Attributes:
        place: Names of fields and numbers of items, from the body down.
        detail: What is wrong there.
    """

    place: tuple[str | int, ...]
    detail: str

    def to_json(self) -> dict[str, str]:
        """With the place as a JSON pointer in a URI fragment (RFC 6901, section 6), as RFC 9457 shows it."""
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in self.place)
        return {"pointer": "#" + "".join(f"/{quote(step, safe='~')}" for step in steps), "detail": self.detail}


class BadRequestError(Exception):
    """The request cannot be used; carries the answer."""

    def __init__(self, status: int, code: str, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.answer = problem(status, code, detail, faults)


def answer(status: int, body: Mapping[str, Any]) -> func.HttpResponse:
    """A JSON answer."""
    return func.HttpResponse(json.dumps(body, ensure_ascii=False), status_code=status, mimetype="application/json")


def problem(status: int, code: str, detail: str, faults: Sequence[Fault] = ()) -> func.HttpResponse:
    """What was wrong and what would be right, as `application/problem+json`.

    What it was about, `instance` and `correlation_id`, is added where every answer passes: `functions.triggers.door`.
    """
    title = code.replace("-", " ").capitalize().replace("json", "JSON")
    body: dict[str, Any] = {"type": f"urn:signalbox:{code}", "title": title, "status": status, "detail": detail}
    if faults:
        body["errors"] = [fault.to_json() for fault in faults]
    return func.HttpResponse(json.dumps(body, ensure_ascii=False), status_code=status, mimetype=PROBLEM)


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
    value = parse_json(body)
    if not isinstance(value, dict):
        raise BadRequestError(400, "not-an-object", f"The body is a JSON {type(value).__name__}; an object is needed.")
    return value


def parse_json(body: bytes) -> Any:
    """A body as whatever JSON says.

    Raises:
        BadRequestError: It is no JSON.
    """
    try:
        value = json.loads(body)
        json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is JSON, but no text
    except ValueError as error:
        raise BadRequestError(400, "not-json", f"The body is no JSON: {error}") from error
    except RecursionError as error:
        raise BadRequestError(400, "not-json", "The body is nested too deeply to be read.") from error
    return value


def read_flag(request: func.HttpRequest, name: str) -> bool:
    """Whether a parameter of the query says yes; it does not when it is absent.

    Raises:
        BadRequestError: It is neither `true` nor `false`.
    """
    text = request.params.get(name, "false")
    if text not in ("true", "false"):
        raise BadRequestError(400, "bad-request", f"`{name}` is {text!r}; give true or false.")
    return bool(text == "true")


def read_limit(request: func.HttpRequest, *, usual: int, most: int) -> int:
    """How many things `?limit=` asks for.

    Raises:
        BadRequestError: It is no whole number from 1 to `most`.
    """
    text = request.params.get("limit", str(usual))
    if not (re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= most):
        raise BadRequestError(400, "bad-request", f"`limit` is {text!r}; give a whole number from 1 to {most}.")
    return int(text)
