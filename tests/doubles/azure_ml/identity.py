"""The managed identity of an app, as App Service and Functions serve it to a process on loopback."""

import time

from tests.doubles.azure_ml.messages import Answer, Refusal, Request, UnknownRoute
from tests.doubles.azure_ml.tokens import LIFETIME_SECONDS, make_token

#: The secret of the process's environment; the local stack knows it too.
HEADER = "double"


def answer_identity(request: Request) -> Answer:
    """`GET /msi/token?resource=...` with the header of the process's environment, and `GET /health`."""
    if request.method != "GET" or request.path not in ("/msi/token", "/health"):
        raise UnknownRoute
    if request.path == "/health":
        return Answer(200, {"status": "ok"})
    if request.headers.get("x-identity-header") != HEADER:
        raise Refusal(401, "Unauthorized", "X-IDENTITY-HEADER is missing or wrong.")
    resource = request.query.get("resource")
    if not resource or "api-version" not in request.query:
        raise Refusal(400, "BadRequest", "resource and api-version are required.")
    return Answer(
        200,
        {
            "access_token": make_token(resource),
            "expires_on": str(int(time.time()) + LIFETIME_SECONDS),
            "resource": resource,
            "token_type": "Bearer",
        },
    )
