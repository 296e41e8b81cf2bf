"""`GET /api/openapi.json`: the description of all that the app takes and answers over HTTP."""

import azure.functions as func

from shared.blocking import run_blocking


async def get_openapi(req: func.HttpRequest) -> func.HttpResponse:
    """This description, as OpenAPI 3.1."""
    # It imports every room, and takes a moment the first time.
    from functions.api.document import written  # noqa: PLC0415 - the rooms import what describes them otherwise

    return func.HttpResponse(await run_blocking(written), mimetype="application/json")
