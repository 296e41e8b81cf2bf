"""Whose story an id tells: an orchestration's, a delivery's, or a trace's."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import azure.durable_functions as df

from functions import adapters
from functions.trace_pages import ids_like, lately
from functions.trace_steps import Signal, Step
from functions.traces import Walk, read_trace, trace_id
from shared import names
from shared.blocking import run_blocking
from shared.contracts.deliveries import CHANNELS, Channel, Delivery
from shared.contracts.traces import TraceKind, TraceNode
from shared.near_names import several
from shared.settings import settings
from shared.telemetry.names import PREFIX
from shared.telemetry.setting import parse_telemetry, set_aside

_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_TRACEPARENT: Final = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
#: What an orchestration's id may be; whatever else would be refused by the backend, if it were asked.
_INSTANCE: Final = re.compile(r"[!-~]{1,100}")
#: Channels whose deliveries carry a trace and lead to something; and how many of each are searched, newest first: each
#: may hold a body of 16 KB.
_TRACED: Final[tuple[Channel, ...]] = ("storage", "mlflow", "schedule")
_SEARCHED: Final = 100
#: Orchestrations that are looked through for a trace, newest first.
_LOOKED_THROUGH: Final = 500
#: Spans of one trace that are shown, and bytes of the file that are read, from its end.
_SPANS: Final = 2000
_FILE_BYTES: Final = 64 * 1024 * 1024
_MODEL: Final = f"{PREFIX}model"
#: Ids of each kind that one is compared with.
_COMPARED: Final = 200


async def find_trace(client: df.DurableFunctionsClient, wanted: str) -> TraceNode | None:
    """The story that an id tells; `None` where nobody knows it.

    Args:
        client: The durable client.
        wanted: An orchestration's instance id, a delivery's key, a W3C trace id or a traceparent.
    """
    if (parent := _TRACEPARENT.fullmatch(wanted)) is not None:
        wanted = parent[1]
    if _TRACE_ID.fullmatch(wanted):
        return await _of_trace(client, wanted)
    told = await read_trace(client, wanted) if _INSTANCE.fullmatch(wanted) else None
    return told or await _of_delivery(client, await run_blocking(_delivery, wanted))


def models_of(root: TraceNode) -> frozenset[str]:
    """The models that a story tells of, whichever of its steps does.

    An empty name is among them where a cell of a dataset was looked at that no model was told of: it may be one that
    others work with.
    """
    found = frozenset[str]().union(*map(models_of, root.children))
    if (model := root.attributes.get(_MODEL)) is not None:
        found |= {model}
    return found or (frozenset({""}) if root.name == names.CONDITION_DATASET else found)


async def nearest(client: df.DurableFunctionsClient, wanted: str) -> tuple[str, ...]:
    """Ids that resemble one that nobody knows, the best first."""
    known: list[str] = []
    if _INSTANCE.fullmatch(wanted):
        known += await ids_like(client, wanted[:3], _COMPARED)
    known += [state.instance_id for state in await lately(client, _COMPARED)]
    return await run_blocking(_nearest, wanted, known)


def _nearest(wanted: str, known: Sequence[str]) -> tuple[str, ...]:
    """It blocks: it reads deliveries, and compares letter by letter."""
    deliveries = (delivery.key for delivery in adapters.inbox().recent(None, _SEARCHED))
    return tuple(several(wanted, dict.fromkeys((*known, *deliveries))))


async def _of_trace(client: df.DurableFunctionsClient, wanted: str) -> TraceNode | None:
    """By what came in with this trace, else by what began with it, else by the spans, where they go to a file."""
    found = await run_blocking(_delivery_of, wanted)
    if found is not None:
        return await _of_delivery(client, found)
    return await _of_orchestrations(client, wanted) or await run_blocking(_of_spans, wanted)


async def _of_orchestrations(client: df.DurableFunctionsClient, wanted: str) -> TraceNode | None:
    """What a request began that is no delivery: an order, a run of a fleet."""
    found = await lately(client, _LOOKED_THROUGH, inputs=True)
    states = [one for one in found if wanted in (one.serialized_input or "")]
    walk = Walk(client)
    for first in sorted(states, key=lambda one: one.created_at):
        root = await walk.run(first.instance_id)
        if root is not None and trace_id(root.trace) == wanted:
            return (await walk.grown(root, [one.instance_id for one in states])).node()
    return None


def _delivery_of(trace: str) -> Delivery | None:
    """The newest delivery of a trace; a channel is read only where those before it have none."""
    for channel in _TRACED:
        for one in adapters.inbox().recent(channel, _SEARCHED):
            if trace_id(one.trace) == trace:
                return one
    return None


def _delivery(key: str) -> Delivery | None:
    for channel in CHANNELS:
        if (found := adapters.inbox().get(channel, key)) is not None:
            return found
    return None


async def _of_delivery(client: df.DurableFunctionsClient, delivery: Delivery | None) -> TraceNode | None:
    if delivery is None:
        return None
    root = Step(delivery.channel, "delivery", "", delivery.received_at)
    unusable = delivery.outcome in ("dead", "failed")
    root.end(delivery.received_at, "failed" if unusable else "ok", delivery.reason)
    root.attributes = {"signalbox.path" if delivery.channel == "storage" else "signalbox.subject": delivery.subject}
    root.attributes["signalbox.outcome"] = delivery.outcome
    root.trace = delivery.trace
    walk = Walk(client)
    for instance in delivery.started:
        if (run := await walk.run(instance)) is not None:
            child = Step(run.name, "orchestration", instance, run.started_at, leads_to=instance)
            root.children.append(child)
    if (told := _told(delivery)) is not None:
        root.children.append(told)
    return (await walk.grown(root)).node()


def _told(delivery: Delivery) -> Step | None:
    """The model that a delivery of the registry was handed to."""
    if delivery.channel != "mlflow" or delivery.outcome != "accepted":
        return None
    model, _, rest = delivery.subject.partition(" ")
    registered = delivery.key == names.version_key(model, rest.partition(" ")[0])  # whichever registry has told it
    kind = "version_registered" if registered else "registry_changed"
    step = Step(kind, "entity", "", delivery.received_at, attributes={"signalbox.model": model})
    step.end(delivery.received_at, "ok")
    step.signal = Signal(model, kind, delivery.trace)
    return step


# ── From spans ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_spans(wanted: str) -> TraceNode | None:
    """A trace by its spans in the local file, where there is one; it blocks."""
    path = next((one.where for one in parse_telemetry(settings().telemetry) if one.kind == "file"), None)
    lines = _lines(Path(path), wanted) if path else []
    steps = {line["span"]: _span_step(line) for line in lines}
    roots: list[Step] = []
    for line in lines:
        siblings = steps[line["parent"]].children if line["parent"] in steps else roots
        siblings.append(steps[line["span"]])
    if not roots:
        return None
    if len(roots) == 1:
        return roots[0].node()
    first = min(roots, key=lambda step: step.started_at)
    root = Step("trace", "delivery", "", first.started_at, children=roots)
    root.end(max(step.ended_at or step.started_at for step in roots), "ok", "What began it wrote no span here.")
    return root.node()


def _lines(path: Path, wanted: str) -> list[dict[str, Any]]:
    """The spans of a trace, by their beginning; a line that is torn is passed over."""
    found = [*_found_in(set_aside(path), wanted), *_found_in(path, wanted)]
    spans: dict[str, dict[str, Any]] = {}
    for text in found[:_SPANS]:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if line.get("trace") == wanted:
            spans[line["span"]] = line  # a job's span is written by each that looks: the last one counts
    return sorted(spans.values(), key=lambda line: str(line["start"]))


def _found_in(path: Path, wanted: str) -> list[bytes]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - _FILE_BYTES, 0))
            return [line for line in file if wanted.encode() in line]
    except OSError:
        return []


def _span_step(line: dict[str, Any]) -> Step:
    attributes = {name: str(value) for name, value in line["attributes"].items()}
    kind: TraceKind = "job" if line["name"] == "job" else "delivery" if line.get("kind") == "server" else "activity"
    step = Step(line["name"], kind, "", _moment(line["start"]), attributes=attributes)
    error = line["error"] or {}
    failed = line["status"] == "ERROR" or "signalbox.error" in attributes
    step.end(_moment(line["end"]), "failed" if failed else "ok", str(error.get("message", "")))
    return step


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
