"""`host.json`, settings and infrastructure fit together, and each rule notices when they do not."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from infra.checks.bicep.declarations import Parameter
from infra.checks.bicep.tree import Call, Expression, Number, Record, Text, walk
from shared.settings_of_others import on_laptop
from tests.infra import deadlines
from tests.infra.bicep_values import INFRA, literals, parsed, resource, settings
from tests.infra.host_fit import BUNDLE, Deployment, problems

ROOT = INFRA.parent


@cache
def deployed(memory: int = 2048) -> Deployment:
    """What is deployed, as it is in the repository, on an instance of so many MiB."""
    body = resource("function_app.bicep", "Microsoft.Web/sites")
    ready = next(node for node in _records(body) if node.get("instanceCount") is not None)
    hub = resource("durable.bicep", "Microsoft.DurableTask/schedulers/taskHubs")
    at_once = [found for node in _records(body) if (found := node.get("perInstanceConcurrency")) is not None]
    return Deployment(
        host=json.loads((ROOT / "host.json").read_text()),
        settings=literals(),
        task_hub=_text(hub.get("name")),
        memory_mib=memory,
        conditioning_at_once=_conditioning_at_once(memory),
        http_at_once=_number(at_once[0]),
        always_ready=_text(ready.get("name")),
        activity_seconds=deadlines.of_activities(),
        door_seconds=deadlines.of_doors(),
    )


def test_what_is_deployed_fits_together() -> None:
    """Concurrency, threads, memory, time limits, hub name, tracing and bundle, on each size of an instance."""
    assert {memory: problems(deployed(memory)) for memory in _sizes()} == {2048: [], 4096: []}


def test_so_does_the_example_for_a_laptop() -> None:
    """The same host.json, with the settings of Core Tools."""
    one = deployed()
    laptop = {name: value for name, value in on_laptop().items() if value}
    assert problems(replace(one, settings=laptop)) == []


def test_the_figures_are_read_from_the_repository() -> None:
    """The rules hold something: hub, memory and the longest activity are those of today."""
    one = deployed()
    assert (one.task_hub, one.always_ready) == ("signalbox", "durable")
    assert [deployed(memory).conditioning_at_once for memory in _sizes()] == [2, 4]
    assert one.activity_seconds["condition_range"] > 3 * 1500
    assert one.door_seconds["ledger.verify_ledgers"] > 200


WRONG: dict[str, tuple[Callable[[Deployment], Deployment], str]] = {
    "hub": (lambda one: one.with_durable(hubName="other"), "task hub 'other', and 'signalbox' is made"),
    "name": (lambda one: replace(one.with_durable(hubName="my-hub"), task_hub="my-hub"), "'my-hub' is no task hub"),
    "provider": (lambda one: one.with_durable(storageProvider={"type": "mssql"}), "is not Durable Task Scheduler"),
    "bundle": (lambda one: one.with_host(extensionBundle={**BUNDLE, "version": "[3.*, 4.0.0)"}), "extension bundle"),
    "telemetry": (lambda one: one.with_host(telemetryMode="ApplicationInsights"), "telemetryMode"),
    "tracing": (lambda one: one.with_durable(tracing={"distributedTracingEnabled": True}), "only version V2"),
    "worker": (lambda one: one.with_settings(PYTHON_ENABLE_OPENTELEMETRY="false"), "end at the worker"),
    "twice": (lambda one: one.with_settings(PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY="true"), "itself"),
    "activities": (lambda one: one.with_durable(maxConcurrentActivityFunctions=64), "64 activities at once share 16"),
    "turns": (lambda one: one.with_durable(maxConcurrentOrchestratorFunctions=20), "28 turns at once share 16"),
    "requests": (lambda one: replace(one, http_at_once=100), "100 requests at once share"),
    "memory": (lambda one: replace(one, memory_mib=512), "need 1024 MiB, and an instance has 512"),
    "ready": (lambda one: replace(one, always_ready="http"), "'http', and orchestrators are in"),
    "time": (lambda one: one.with_host(functionTimeout="00:30:00"), "verify_version may take 2400 s"),
    "door": (lambda one: replace(one, door_seconds={"slow": 240.0}), "cut off after 230 s"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_each_rule_notices(fault: str) -> None:
    """A figure that does not fit is told, with the other one."""
    change, message = WRONG[fault]
    assert message in "\n".join(problems(change(deployed())))


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sizes() -> list[int]:
    parameter = next(one for one in parsed(INFRA / "main.bicep").of(Parameter) if one.name == "instanceMemory")
    allowed = parameter.decorated("allowed")
    assert allowed is not None
    return sorted(node.value for node in walk(allowed.arguments) if isinstance(node, Number))


def _conditioning_at_once(memory: int) -> int:
    """It is written as a share of the memory: `string(instanceMemory / MIB)`."""
    value = settings()["SIGNALBOX_CONDITIONING_AT_ONCE"]
    assert isinstance(value, Call)
    return memory // next(node.value for node in walk(value) if isinstance(node, Number))


def _records(body: Record) -> list[Record]:
    return [node for node in walk(body) if isinstance(node, Record)]


def _text(value: Expression | None) -> str:
    assert isinstance(value, Text)
    assert value.literal is not None
    return value.literal


def _number(value: Expression | None) -> int:
    assert isinstance(value, Number)
    return value.value
