"""How a caller follows what was begun: by the platform's own URLs, or by ours where roles say who may do what.

The platform's carry a key that ends, purges and sends events to any orchestration of the hub. Whoever holds a function
key is trusted with that. Whoever comes with a token is not: an operator could approve what they trained themselves.
"""

import json
from typing import Final
from urllib.parse import urlsplit

import azure.durable_functions as df
import azure.functions as func

from functions.triggers.callers import knows_people

#: Seconds until an answer that it goes on is worth asking for again.
RETRY_AFTER: Final = "10"


def begun(client: df.DurableFunctionsClient, req: func.HttpRequest, instance: str) -> func.HttpResponse:
    """202 with the URL that tells how an orchestration stands; of one that failed it answers 500."""
    if not knows_people():
        return client.create_check_status_response(req, instance, return_internal_server_error_on_failure=True)
    parts = urlsplit(req.url)
    url = f"{parts.scheme}://{parts.netloc}/api/status/{instance}"
    return func.HttpResponse(
        json.dumps({"id": instance, "statusQueryGetUri": url}),
        status_code=202,
        mimetype="application/json",
        headers={"Location": url, "Retry-After": RETRY_AFTER},
    )
