"""An app of queue and blob triggers and bindings."""

import json
import time
from typing import Any, List  # noqa: UP035 - the worker library takes no list[str] here

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
SEEN: list[dict[str, Any]] = []
STORAGE = "AzureWebJobsStorage"


@app.queue_trigger(arg_name="message", queue_name="orders", connection=STORAGE)
def on_order(message: func.QueueMessage) -> None:
    """Record a message, and fail when it says so."""
    body = message.get_body()
    SEEN.append(
        {
            "function": "on_order",
            "body": body.decode("latin-1"),
            "id": message.id,
            "tries": message.dequeue_count,
            "times": [message.insertion_time is not None, message.expiration_time is not None],
            "at": time.time(),
        }
    )
    if body.startswith(b"fail") and (message.dequeue_count or 0) < 9:
        raise ValueError("cannot take this order")
    if body.startswith(b"once") and message.dequeue_count == 1:
        raise ValueError("not the first time")


@app.queue_trigger(arg_name="message", queue_name="jobs", connection=STORAGE)
@app.blob_input(arg_name="source", path="inbox/{job.name}.txt", connection=STORAGE)
@app.blob_output(arg_name="target", path="outbox/{job.name}.txt", connection=STORAGE)
@app.queue_output(arg_name="note", queue_name="notes", connection=STORAGE)
def on_job(message: str, source: str, target: func.Out[str], note: func.Out[List[str]]) -> None:  # noqa: UP006 - as above
    """Copy a blob in capitals, and tell of it in two messages."""
    text = source if isinstance(source, str) else bytes(source).decode() if source is not None else "nothing"
    target.set(text.upper())
    note.set([f"copied {json.loads(message)['job']['name']}", "and done"])


@app.blob_trigger(arg_name="blob", path="landing/{folder}/{name}.csv", connection=STORAGE)
def on_blob(blob: func.InputStream) -> None:
    """Record a blob that a scan found."""
    SEEN.append(
        {
            "function": "on_blob",
            "name": blob.name,
            "uri": blob.uri,
            "length": blob.length,
            "content": blob.read().decode(),
            "metadata": vars(blob)["_metadata"],
        }
    )


@app.blob_trigger(arg_name="blob", path="poisoned/{name}", connection=STORAGE)
def on_poison(blob: func.InputStream) -> None:
    """Never succeed."""
    SEEN.append({"function": "on_poison", "name": blob.name})
    raise ValueError("cannot take this blob")


@app.blob_trigger(arg_name="blob", path="pushed/{name}", connection=STORAGE, source=func.BlobSource.EVENT_GRID)
def on_event(blob: func.InputStream) -> None:
    """Record a blob that Event Grid told of."""
    SEEN.append({"function": "on_event", "name": blob.name, "content": blob.read().decode()})


@app.queue_trigger(arg_name="message", queue_name="lost", connection="NoSuchConnection")
def on_lost(message: func.QueueMessage) -> None:
    """Must never run: its connection does not exist."""


@app.route(route="order", methods=["POST"])
@app.queue_output(arg_name="message", queue_name="orders", connection=STORAGE)
def order(req: func.HttpRequest, message: func.Out[bytes]) -> func.HttpResponse:
    """Put the body into the queue."""
    message.set(req.get_body())
    return func.HttpResponse(json.dumps(time.time()), status_code=202)


@app.route(route="read/{name}", methods=["GET"])
@app.blob_input(arg_name="source", path="inbox/{name}.txt", connection=STORAGE)
def read(req: func.HttpRequest, source: func.InputStream) -> func.HttpResponse:
    """Give a blob, or 404."""
    return func.HttpResponse(source.read()) if source else func.HttpResponse(status_code=404)


@app.route(route="seen", methods=["GET"])
def seen(req: func.HttpRequest) -> func.HttpResponse:
    """Show what was recorded."""
    return func.HttpResponse(json.dumps(SEEN), mimetype="application/json")
