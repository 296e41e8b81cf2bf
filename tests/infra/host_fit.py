"""Whether `host.json`, the settings and the instance fit together: figures that are right alone, and wrong together.

Sources: wire-contracts and durable facts of this project; Microsoft Learn on `host.json` of Durable Functions 2.x,
"Flex Consumption plan" and "Python worker settings".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Self

from shared.blocking import THREADS
from shared.settings_checks import SCHEDULER

#: What every package of the app takes once it is loaded, MLflow and azure-ai-ml included: 309 MiB were measured.
LOADED_MIB: Final = 512
#: What one piece of a raw file takes while it is conditioned (`peak_mib` of benchmarks/results.md, for two).
PIECE_MIB: Final = 256
#: Where Azure's load balancer gives up on an HTTP function, in seconds.
HTTP_SECONDS: Final = 230.0
#: Azure Storage makes tables and queues of it; the scheduler takes more.
_HUB: Final = re.compile("[A-Za-z][A-Za-z0-9]{2,44}")
BUNDLE: Final = {"id": "Microsoft.Azure.Functions.ExtensionBundle.Preview", "version": "[4.*, 5.0.0)"}
TRACED: Final = "PYTHON_ENABLE_OPENTELEMETRY"
TRACED_TWICE: Final = "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY"
THREAD_COUNT: Final = "PYTHON_THREADPOOL_THREAD_COUNT"


@dataclass(frozen=True)
class Deployment:
    """What has to fit together.

    Attributes:
        host: `host.json`.
        settings: The app's settings, as far as they are written out.
        task_hub: The hub that is made.
        memory_mib: Of an instance.
        conditioning_at_once: Pieces that are conditioned at once there.
        http_at_once: Requests that an instance gets at once.
        always_ready: The scale group that always has an instance.
        activity_seconds: How long each activity may take, by its own deadlines.
        door_seconds: How long each HTTP function may wait, likewise.
    """

    host: Mapping[str, Any]
    settings: Mapping[str, str]
    task_hub: str
    memory_mib: int
    conditioning_at_once: int
    http_at_once: int
    always_ready: str
    activity_seconds: Mapping[str, float]
    door_seconds: Mapping[str, float]

    def with_host(self, **changed: Any) -> Self:
        """The same with other keys in `host.json`."""
        return replace(self, host={**self.host, **changed})

    def with_durable(self, **changed: Any) -> Self:
        """The same with other keys of the durable extension."""
        return self.with_host(extensions={**self.host["extensions"], "durableTask": {**_durable(self), **changed}})

    def with_settings(self, **changed: str) -> Self:
        """The same with other settings."""
        return replace(self, settings={**self.settings, **changed})


def problems(one: Deployment) -> list[str]:
    """What does not fit, a sentence each."""
    return [*_durable_problems(one), *_tracing(one), *_at_once(one), *_deadlines(one)]


def seconds_of(span: str) -> float:
    """A time span of `host.json`, `hh:mm:ss`."""
    hours, minutes, seconds = map(int, span.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def _durable_problems(one: Deployment) -> Iterator[str]:
    durable = _durable(one)
    if durable["hubName"] != one.task_hub:
        yield f"host.json has the task hub {durable['hubName']!r}, and {one.task_hub!r} is made"
    if _HUB.fullmatch(one.task_hub) is None:
        yield f"{one.task_hub!r} is no task hub for Azure Storage: 3 to 45 letters and digits, a letter first"
    if durable["storageProvider"] != {"type": "azureManaged", "connectionStringName": SCHEDULER}:
        yield f"the storage provider is not Durable Task Scheduler by {SCHEDULER}"
    if one.host["extensionBundle"] != BUNDLE:
        yield f"the extension bundle is not the one that azure-functions-durable 2 documents: {BUNDLE}"
    if one.always_ready != "durable":
        yield f"always ready is the scale group {one.always_ready!r}, and orchestrators are in 'durable'"


def _tracing(one: Deployment) -> Iterator[str]:
    if one.host.get("telemetryMode") != "OpenTelemetry":
        yield "the host does not send OpenTelemetry: telemetryMode"
    tracing = _durable(one).get("tracing", {})
    if not tracing.get("distributedTracingEnabled") or tracing.get("version") != "V2":
        yield "only version V2 of the durable extension's tracing is OpenTelemetry's"
    if one.settings.get(TRACED) != "true":
        yield f"the host's traces end at the worker, which goes on with them by {TRACED}=true"
    if TRACED_TWICE in one.settings:
        yield f"{TRACED_TWICE} lets the worker send what the app sends itself"


def _at_once(one: Deployment) -> Iterator[str]:
    durable = _durable(one)
    activities = durable["maxConcurrentActivityFunctions"]
    turns = durable["maxConcurrentOrchestratorFunctions"] + durable["maxConcurrentEntityFunctions"]
    threads = int(one.settings.get(THREAD_COUNT, "0"))
    if activities > THREADS:
        yield f"{activities} activities at once share {THREADS} threads for blocking calls"
    if turns > threads:
        yield f"{turns} turns at once share {threads} threads of the worker ({THREAD_COUNT})"
    if one.http_at_once > THREADS:
        yield f"{one.http_at_once} requests at once share {THREADS} threads for blocking calls"
    if one.conditioning_at_once > activities:
        yield f"{one.conditioning_at_once} pieces are never conditioned by {activities} activities"
    needed = LOADED_MIB + PIECE_MIB * one.conditioning_at_once
    if needed > one.memory_mib:
        yield f"{one.conditioning_at_once} pieces at once need {needed} MiB, and an instance has {one.memory_mib}"


def _deadlines(one: Deployment) -> Iterator[str]:
    """A function that the host ends takes the worker with it, and with that everything else that runs there."""
    most = seconds_of(one.host["functionTimeout"])
    for name, seconds in one.activity_seconds.items():
        if seconds >= most:
            yield f"the activity {name} may take {seconds:g} s, and the host ends it after {most:g} s (functionTimeout)"
    for name, seconds in one.door_seconds.items():
        if seconds >= HTTP_SECONDS:
            yield f"the HTTP function {name} may wait {seconds:g} s, and is cut off after {HTTP_SECONDS:g} s"


def _durable(one: Deployment) -> dict[str, Any]:
    return dict(one.host["extensions"]["durableTask"])
