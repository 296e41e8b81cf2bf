"""What goes wrong, as a page: what it is, what to do about it, and the id under which the log has the rest."""

import json
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

import azure.functions as func

from functions.dashboard.answering import again, make_page

_TITLES: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Sign in to see this page",
    HTTPStatus.FORBIDDEN: "You may not see this page",
    HTTPStatus.INTERNAL_SERVER_ERROR: "This page cannot be shown",
    HTTPStatus.SERVICE_UNAVAILABLE: "This page cannot be shown just now",
}
#: Where App Service authentication signs people in and out; it takes only paths of the app to go on to.
_SIGN_IN: Final = "/.auth/login/aad"
_SIGN_OUT: Final = "/.auth/logout"
_CONTENT: Final = frozenset({"content-type", "content-length"})


def problem_page(request: func.HttpRequest, answer: func.HttpResponse, *, now: datetime) -> func.HttpResponse:
    """A problem (RFC 9457) as a page, with the status and the headers that it has; it blocks.

    Args:
        request: What was asked for.
        answer: The problem; `near` in it are names that resemble one that is not known, with their addresses.
        now: The moment that the page is of.
    """
    told = json.loads(answer.get_body())
    values = {
        "title": _TITLES.get(answer.status_code, told["title"]),
        "detail": told["detail"],
        "status": answer.status_code,
        "phrase": HTTPStatus(answer.status_code).phrase,
        "correlation": told["correlation_id"],
        "near": told.get("near", {}),
        "sign_in": f"{_SIGN_IN}?{urlencode({'post_login_redirect_uri': again(request, without='code')})}",
        "sign_out": f"{_SIGN_OUT}?{urlencode({'post_logout_redirect_uri': again(request, without='code')})}",
    }
    made = make_page(request, "problem.html", values, now=now, status=answer.status_code)
    for name, value in answer.headers.items():
        if name.lower() not in _CONTENT:
            made.headers[name] = value
    return made
