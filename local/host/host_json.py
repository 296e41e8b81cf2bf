"""host.json: what the host reads of it, with the defaults of the real host."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from local.host.errors import HostError
from local.host.host_json_keys import DURABLE_KEYS_SERVED, unknown_keys
from local.host.retries import RetryPolicy, read_retry
from local.host.settings import read_object, resolve_references, section
from local.host.timespans import parse_span

DEFAULT_BODY_LIMIT = 104_857_600  # bytes; what the real host takes when FUNCTIONS_REQUEST_BODY_SIZE_LIMIT is not set
DEFAULT_TIMEOUT = timedelta(minutes=30)  # of every plan but Consumption, and of `func start`
DURABLE_CONCURRENCY = 32  # the engine's own; Azure's is ten times the number of processors

log = logging.getLogger("local.host")


@dataclass(frozen=True)
class QueueSettings:
    """``extensions.queues``.

    Attributes:
        batch_size: messages fetched at once, 1-32.
        new_batch_threshold: more are fetched once no more than so many run.
        max_dequeue_count: tries, before a message goes to the poison queue.
        visibility_timeout: between the tries of one message.
        max_polling_interval: the longest pause between polls of an empty queue.
        encoding: how a message's text travels.
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    max_polling_interval: timedelta = timedelta(seconds=2)  # the real host's, in the Development environment
    encoding: Literal["base64", "none"] = "base64"


@dataclass(frozen=True)
class BlobSettings:
    """``extensions.blobs``: blobs of one function that run at once, and tries before a blob counts as poison."""

    max_degree_of_parallelism: int = 16
    poison_blob_threshold: int = 5


@dataclass(frozen=True)
class Concurrency:
    """Durable functions of a kind that run at once."""

    orchestrators: int = DURABLE_CONCURRENCY
    activities: int = DURABLE_CONCURRENCY
    entities: int = DURABLE_CONCURRENCY


@dataclass(frozen=True)
class HostSettings:
    """What the host reads from host.json and from the application settings.

    Attributes:
        route_prefix: first segments of every function's URL, without slashes; may be empty.
        hub_name: task hub of the durable extension.
        replace_running: whether an HTTP start replaces an instance that has not ended (``AnyState``).
        body_limit: largest request body in bytes.
        timeout: longest invocation; None means no limit.
        functions: names of the only functions to load; empty means all.
        max_requests: HTTP requests that run at once; None means no limit.
        max_outstanding: HTTP requests that run or wait; more are answered 429; None means no limit.
        response_headers: added to each response of an HTTP trigger.
        retry: policy of functions that have none of their own.
    """

    route_prefix: str = "api"
    hub_name: str = "TestHubName"
    replace_running: bool = False
    body_limit: int = DEFAULT_BODY_LIMIT
    timeout: timedelta | None = DEFAULT_TIMEOUT
    functions: tuple[str, ...] = ()
    max_requests: int | None = None
    max_outstanding: int | None = None
    response_headers: Mapping[str, str] = field(default_factory=dict)
    queues: QueueSettings = field(default_factory=QueueSettings)
    blobs: BlobSettings = field(default_factory=BlobSettings)
    concurrency: Concurrency = field(default_factory=Concurrency)
    retry: RetryPolicy | None = None


def read_host_settings(directory: Path, values: Mapping[str, str]) -> HostSettings:
    """Read host.json of the app in ``directory``; ``values`` are the application settings. Unknown keys are logged.

    Raises:
        HostError: host.json is missing or is not what it should be.
    """
    path = directory / "host.json"
    document = read_object(path)
    if document is None:
        raise HostError(f'{path} not found: a function app needs one, at least {{"version": "2.0"}}')
    for sentence in unknown_keys(document):
        log.warning("host.json: %s", sentence)
    try:
        settings = _read(document, values)
    except ValueError as error:
        raise HostError(f"{path}: {error}") from error
    _tell_of_durable(section(section(document, "extensions"), "durableTask"), settings)
    return settings


def _read(document: Mapping[str, Any], values: Mapping[str, str]) -> HostSettings:
    extensions = section(document, "extensions")
    http, durable = section(extensions, "http"), section(extensions, "durableTask")
    prefix, hub = str(http.get("routePrefix", "api")), str(durable.get("hubName", "TestHubName"))
    retry = section(document, "retry")
    return HostSettings(
        route_prefix=resolve_references(prefix, values, where="host.json routePrefix").strip("/"),
        hub_name=resolve_references(hub, values, where="host.json hubName"),
        replace_running=_replaces_running(durable),
        body_limit=_body_limit(values),
        timeout=_timeout(document),
        functions=_names(document),
        max_requests=_limit(http, "maxConcurrentRequests"),
        max_outstanding=_limit(http, "maxOutstandingRequests"),
        response_headers={str(k): str(v) for k, v in section(http, "customHeaders").items()},
        queues=_queues(section(extensions, "queues")),
        blobs=_blobs(section(extensions, "blobs")),
        concurrency=Concurrency(
            orchestrators=_number(durable, "maxConcurrentOrchestratorFunctions", DURABLE_CONCURRENCY, low=1),
            activities=_number(durable, "maxConcurrentActivityFunctions", DURABLE_CONCURRENCY, low=1),
            entities=_number(durable, "maxConcurrentEntityFunctions", DURABLE_CONCURRENCY, low=1),
        ),
        retry=read_retry(retry) if retry else None,
    )


def _tell_of_durable(durable: Mapping[str, Any], settings: HostSettings) -> None:
    """Log what is set of the durable extension and has no effect here."""
    if provider := section(durable, "storageProvider").get("type"):
        log.info("host.json: the local durable engine stands in for the storageProvider %s", provider)
    if idle := [key for key in durable if key not in DURABLE_KEYS_SERVED]:
        log.info("host.json: no effect on the local host, of extensions.durableTask: %s", ", ".join(idle))
    if settings.replace_running:
        log.warning(
            "host.json: overridableExistingInstanceStates holds for HTTP starts (orchestrators/{name}/{id}); a start "
            "by the durable client replaces what has ended, unless it passes a policy of its own"
        )


def _replaces_running(durable: Mapping[str, Any]) -> bool:
    # The extension's enumeration, read without case as .NET reads it.
    states = {"nonrunningstates": False, "anystate": True}
    given = str(durable.get("overridableExistingInstanceStates", "NonRunningStates"))
    if given.lower() not in states:
        raise ValueError(f"overridableExistingInstanceStates must be NonRunningStates or AnyState, and is {given!r}")
    return states[given.lower()]


def _queues(queues: Mapping[str, Any]) -> QueueSettings:
    usual = QueueSettings()
    size = _number(queues, "batchSize", usual.batch_size, low=1, high=32)
    encoding = str(queues.get("messageEncoding", usual.encoding)).lower()
    if encoding not in {"base64", "none"}:
        raise ValueError(f"messageEncoding must be base64 or none, and is {encoding!r}")
    return QueueSettings(
        batch_size=size,
        new_batch_threshold=_number(queues, "newBatchThreshold", size // 2, low=0),
        max_dequeue_count=_number(queues, "maxDequeueCount", usual.max_dequeue_count, low=1),
        visibility_timeout=_span(queues, "visibilityTimeout", usual.visibility_timeout),
        max_polling_interval=_span(queues, "maxPollingInterval", usual.max_polling_interval),
        encoding="none" if encoding == "none" else "base64",
    )


def _blobs(blobs: Mapping[str, Any]) -> BlobSettings:
    usual = BlobSettings()
    return BlobSettings(
        max_degree_of_parallelism=_number(blobs, "maxDegreeOfParallelism", usual.max_degree_of_parallelism, low=1),
        poison_blob_threshold=_number(blobs, "poisonBlobThreshold", usual.poison_blob_threshold, low=1),
    )


def _timeout(document: Mapping[str, Any]) -> timedelta | None:
    given = document.get("functionTimeout", DEFAULT_TIMEOUT)
    if isinstance(given, timedelta):
        return given
    if given is None or str(given).startswith("-1"):
        return None
    return _span(document, "functionTimeout", DEFAULT_TIMEOUT)


def _names(document: Mapping[str, Any]) -> tuple[str, ...]:
    names = document.get("functions") or []
    if not isinstance(names, list):
        raise ValueError("functions must be a list of function names")  # noqa: TRY004 - a value of the file is wrong
    return tuple(str(name) for name in names)


def _limit(holder: Mapping[str, Any], name: str) -> int | None:
    """A limit, where -1 and absence mean none."""
    number = _number(holder, name, -1, low=-1)
    return number if number > 0 else None


def _number(holder: Mapping[str, Any], name: str, usual: int, *, low: int, high: int | None = None) -> int:
    number = holder.get(name, usual)
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError(f"{name} must be a whole number, and is {number!r}")  # noqa: TRY004 - as above
    if number < low or (high is not None and number > high):
        bounds = f"between {low} and {high}" if high is not None else f"at least {low}"
        raise ValueError(f"{name} must be {bounds}, and is {number}")
    return number


def _span(holder: Mapping[str, Any], name: str, usual: timedelta) -> timedelta:
    if name not in holder:
        return usual
    try:
        return parse_span(str(holder[name]))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _body_limit(values: Mapping[str, str]) -> int:
    name = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
    text = values.get(name, str(DEFAULT_BODY_LIMIT))
    if not text.isdecimal():
        raise HostError(f"{name} must be a number of bytes, and is {text!r}")
    return int(text)
