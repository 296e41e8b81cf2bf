"""`storage_events`: raw files that land, as Event Grid tells of them."""

import json
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

import azure.durable_functions as df
import azure.functions as func

from functions import adapters, metering, tracing
from functions.arrivals import conditioning_orders
from functions.triggers.starting import start_once, utc_now
from shared import names
from shared.blocking import run_blocking
from shared.contracts.conditioning import BlobArrival
from shared.contracts.deliveries import Delivery
from shared.errors import PermanentError
from shared.settings import settings

_SUBJECT_PREFIX = "blobServices/default/containers/"
#: Ids that a record keeps; a file may concern hundreds of cells.
_STARTED_KEPT: Final = 50


class _Handed(NamedTuple):
    """What became of an arrival.

    Attributes:
        outcome: As in a delivery.
        reason: Why, for a person.
        started: The orchestrations that it was handed to.
    """

    outcome: Literal["accepted", "ignored", "dead"]
    reason: str
    started: tuple[str, ...] = ()


async def storage_events(event: func.EventGridEvent, client: df.DurableFunctionsClient) -> None:
    """Parse, start the conditioning of every dataset that the file belongs to, record.

    What can never be used is recorded as dead with its reason, and the delivery succeeds: Event Grid need not repeat
    it. What fails for now raises, and Event Grid sends it again.
    """
    body = _body(event)
    with tracing.span("storage_events", None):
        try:
            arrival = read_arrival(body)
        except PermanentError as error:
            key = f"unreadable:{names.content_hash(body)}"
            await _record(key, str(body.get("subject", "")), _Handed("dead", error.message), body)
            return
        if arrival is not None:
            tracing.note(path=arrival.path)
        if arrival is None or arrival.container != settings().landing_container:
            return
        before = await run_blocking(adapters.inbox().get, "storage", arrival.key)
        if before is not None and before.outcome != "ignored":
            return
        handed = await _hand_on(client, arrival)
        # Recorded after it was handed on: a crash in between makes Event Grid send it again, and starts are unique.
        await _record(arrival.key, arrival.path, handed, body)


def read_arrival(event: dict[str, Any]) -> BlobArrival | None:
    """The file that a BlobCreated event tells of; `None` for events that tell of no finished file.

    On ADLS Gen2 `CreateFile` comes first, with no content; the file is finished with `FlushWithClose`.

    Raises:
        PermanentError: The event lacks what makes it one.
    """
    if event.get("eventType") != "Microsoft.Storage.BlobCreated":
        return None
    data = event.get("data")
    if not isinstance(data, dict):
        code = "EventUnreadable"
        raise PermanentError(code, "The event has no `data`.")
    if data.get("api") == "CreateFile" and not data.get("contentLength"):
        return None
    subject = str(event.get("subject", "")).lstrip("/")
    container, separator, path = subject.removeprefix(_SUBJECT_PREFIX).partition("/blobs/")
    if not subject.startswith(_SUBJECT_PREFIX) or not separator:
        container, path = _from_url(str(data.get("url", "")))
    etag = str(data.get("eTag") or data.get("etag") or "").strip('"')
    if not (container and path and etag):
        code = "EventUnreadable"
        raise PermanentError(code, f"The event names no container, blob and eTag: subject {subject!r}.")
    return BlobArrival(
        container=container,
        path=path,
        etag=etag,
        size=_size(data.get("contentLength")),
        at=_instant(event.get("eventTime")),
    )


async def _hand_on(client: df.DurableFunctionsClient, arrival: BlobArrival) -> _Handed:
    if not adapters.fleets().claims(arrival.path):
        told = "No source of any fleet wants this path. Compare it with `sources` in the fleet file."
        return _Handed("ignored", told)
    if not arrival.size:
        return _Handed("dead", "The file is empty. Land it again with content.")
    orders = await run_blocking(conditioning_orders, arrival, utc_now(), tracing.traceparent())
    if not orders:
        return _Handed("accepted", "No cell needs it yet; it is taken when files with a period land.")
    started: list[str] = []
    for order in orders:
        instance = names.instance_id(f"condition {order.dataset}", order.fleet, order.cell, arrival.key)
        await start_once(client, names.CONDITION_DATASET, order, instance)
        started.append(instance)
    told = "Conditioning was asked for: " + ", ".join(sorted({order.dataset for order in orders})) + "."
    return _Handed("accepted", told, tuple(started[:_STARTED_KEPT]))


async def _record(key: str, subject: str, handed: _Handed, body: dict[str, Any]) -> None:
    delivery = Delivery(
        channel="storage",
        key=key,
        subject=subject,
        received_at=utc_now(),
        outcome=handed.outcome,
        reason=handed.reason,
        body=json.dumps(body, default=str)[:16_000],
        trace=tracing.traceparent(),
        started=handed.started,
    )
    if await run_blocking(adapters.inbox().record, delivery):
        metering.count_delivery(delivery)


def _body(event: Any) -> dict[str, Any]:
    """Event Grid and CloudEvents schema alike, in Event Grid's words.

    A function annotated with EventGridEvent receives a CloudEvent when the body has `specversion`.
    """
    data = event.get_json()
    if isinstance(event, func.EventGridEvent):
        kind, at, subject = event.event_type, event.event_time, event.subject
    else:
        kind, at, subject = event.type, event.time, event.subject
    return {"eventType": kind, "eventTime": at, "subject": subject, "data": data}


def _size(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError) as error:
        code = "EventUnreadable"
        raise PermanentError(code, f"The event's contentLength {value!r} is no number.") from error


def _from_url(url: str) -> tuple[str, str]:
    """Container and path of a blob's URL; the emulator has the account's name in front."""
    parts = urlsplit(url)
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    if parts.hostname in ("127.0.0.1", "localhost"):
        segments = segments[1:]
    return (segments[0], "/".join(segments[1:])) if len(segments) > 1 else ("", "")


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return utc_now()
    if not isinstance(value, datetime):
        return utc_now()
    return value if value.tzinfo else value.replace(tzinfo=UTC)
