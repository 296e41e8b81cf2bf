"""What the worker makes of failures and of the app's metadata, without an app."""

import json
from collections.abc import Mapping
from typing import Any, cast

import pytest

from local.durable.worker import FunctionFailed, FunctionNotFound
from local.host.bindings import StorageBindings, blob_data
from local.host.calls import Call
from local.host.errors import AppLoadError
from local.host.functions import Function, read_function
from local.host.invocation import split_failure
from local.host.wire import ParameterBinding, TypedData
from local.host.worker import FunctionsWorker


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ValueError: boom", ("ValueError", "boom")),
        ("ValueError: a: b", ("ValueError", "a: b")),
        ("ValueError: ", ("ValueError", "ValueError")),
        ("ValueError:   ", ("ValueError", "ValueError")),
        ("no colon", ("no colon", "no colon")),
        ("", ("Exception", "Exception")),
    ],
)
def test_a_failure_is_split_and_never_empty(text: str, expected: tuple[str, str]) -> None:
    """An activity that fails with an empty message can be recorded as a success."""
    assert split_failure(text) == expected


def durable(trigger: str, name: str, **alias: str) -> Function:
    """A durable function."""
    return Function(name, name, {"type": trigger, "name": "context", **alias}, ())


async def test_durable_names_are_found_by_alias_and_without_case() -> None:
    """The registered name counts, which may differ from the function's."""
    function = durable("entityTrigger", "ModelInterlock", entityName="Interlock")
    worker = FunctionsWorker([function])
    assert worker.find("entityTrigger", "interlock") is function
    assert worker.find("entityTrigger", "modelinterlock") is None


async def test_an_unknown_name_is_said_by_kind() -> None:
    """The engine fails such an instance with this error."""
    with pytest.raises(FunctionNotFound, match="activity 'nope'"):
        await FunctionsWorker([]).run_activity("nope", "null", None)


async def test_two_functions_of_one_name_are_refused() -> None:
    """Otherwise one of them would silently never run."""
    with pytest.raises(AppLoadError, match="activityTrigger same"):
        FunctionsWorker([durable("activityTrigger", "a", activity="same"), durable("activityTrigger", "same")])


def test_bindings_are_read_from_their_raw_form() -> None:
    """The trigger's parameter name, the client's parameter, and what is not served; settings are filled in."""
    raw = [
        {"type": "timerTrigger", "name": "_input", "direction": "IN", "schedule": "%WHEN%"},
        {"type": "durableClient", "name": "client", "direction": "IN"},
        {"type": "blob", "name": "data", "direction": "IN"},
        {"type": "table", "name": "rows", "direction": "IN"},
        {"type": "queue", "name": "message", "direction": "OUT"},
    ]
    function = read_function("f", "id", [json.dumps(binding) for binding in raw], {"WHEN": "0 0 * * * *"})
    assert (function.kind, function.parameter, function.trigger["schedule"]) == (
        "timerTrigger",
        "_input",
        "0 0 * * * *",
    )
    assert (function.client_parameters, function.unserved) == (("client",), ("table",))


def test_a_function_needs_exactly_one_trigger() -> None:
    """Metadata without one is refused by name."""
    with pytest.raises(AppLoadError, match="function f has 0 triggers"):
        read_function("f", "id", ['{"type": "http", "name": "$return"}'], {})


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("AzureWebJobs.nightly.Disabled", "true", True),
        ("AzureWebJobs.nightly.Disabled", "1", True),
        ("AzureWebJobs.nightly.Disabled", "false", False),
        ("AzureWebJobs__nightly__Disabled", "True", True),
        ("AzureWebJobs.other.Disabled", "true", False),
    ],
)
async def test_a_setting_disables_a_function(setting: str, value: str, *, expected: bool) -> None:
    """By the name that Azure uses, in both spellings; nothing finds the function then."""
    function = read_function("nightly", "1", ['{"type": "eventGridTrigger", "name": "event"}'], {setting: value})
    worker = FunctionsWorker([function])
    assert function.disabled is expected
    assert (worker.find("eventGridTrigger", "nightly") is None) is expected
    assert (worker.of_kind("eventGridTrigger") == ()) is expected


class Unreadable:
    """Bindings whose reading fails in a way that nobody foresaw."""

    async def read(self, function: Function, values: Mapping[str, Any]) -> list[ParameterBinding]:
        """Fail."""
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


def reads_a_blob(kind: str) -> Function:
    """A function with a blob input."""
    return Function("f", "1", {"type": kind, "name": "x"}, ({"type": "blob", "name": "b", "path": "c/b"},))


@pytest.mark.parametrize("kind", ["queueTrigger", "timerTrigger", "httpTrigger", "activityTrigger"])
async def test_any_error_of_an_invocation_is_a_failure(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """Triggers know one way to fail; the log has type and reason."""
    worker = FunctionsWorker([reads_a_blob(kind)])
    worker.bind_storage(cast("StorageBindings", Unreadable()))
    with pytest.raises(FunctionFailed) as caught:
        await worker.invoke(worker.functions[0], Call(TypedData(string="x")))
    assert caught.value.error_type == "UnicodeDecodeError"
    assert "Unreadable" in caught.value.stack or "in read" in caught.value.stack
    assert "f failed" in caplog.text


async def test_an_error_of_the_host_is_left_to_the_engine_for_orchestrators() -> None:
    """The engine runs the turn again, rather than fail the instance for good."""
    worker = FunctionsWorker([reads_a_blob("orchestrationTrigger")])
    worker.bind_storage(cast("StorageBindings", Unreadable()))
    with pytest.raises(UnicodeDecodeError):
        await worker.run_orchestrator("f", "")


def test_a_blob_that_is_no_text_is_told() -> None:
    """With the place, and what to change."""
    with pytest.raises(ValueError, match=r"not UTF-8 text .* bind it as BINARY"):
        blob_data({"name": "b", "dataType": "STRING"}, b"caf\xe9!")
