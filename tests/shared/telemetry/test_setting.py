"""Where telemetry goes, as the setting says it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigurationError
from shared.settings import read_settings
from shared.telemetry.setting import CONNECTION_STRING, EXPECTED, Target, connection_string, parse_telemetry
from tests.doubles.ingestion import KEY

_GOOD = f"IngestionEndpoint=https://x/;InstrumentationKey={KEY}"
_TARGETS = st.lists(
    st.sampled_from(["azure_monitor", "console", "file:spans/a.jsonl", "otlp:https://c:4318/x"]),
    min_size=1,
    unique=True,
)


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("", "'' is not known"),
        ("jaeger", "'jaeger' is not known"),
        ("File:/x", "'File:/x' is not known"),
        ("file:", "file needs its PATH"),
        ("otlp", "otlp needs its URL"),
        ("otlp:collector:4318", "is no http or https URL"),
        ("otlp:http://", "is no http or https URL"),
        ("otlp:http://c:99999", "is no http or https URL"),
        ("otlp:http://c:0x1", "is no http or https URL"),
        ("console:stdout", "console takes nothing behind a colon"),
        ("console,off", "off goes with nothing else"),
        ("off,off", "off goes with nothing else"),
        ("console, console", "console is named twice"),
        ("file:a,file:b", "file is named twice"),
        ("azure_monitor,opencensus", "everything would be double"),
        ("console,", "'' is not known"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_expected(setting: str, why: str) -> None:
    """The message has the setting, what is wrong with it, and what it may be."""
    with pytest.raises(ConfigurationError) as told:
        parse_telemetry(setting)
    assert str(told.value).startswith(f"SIGNALBOX_TELEMETRY is {setting!r}: ")
    assert why in str(told.value)
    assert EXPECTED in str(told.value)


def test_off_is_nowhere() -> None:
    """No place of our own."""
    assert parse_telemetry("off") == ()


@given(_TARGETS)
def test_a_list_is_read_in_its_order(parts: list[str]) -> None:
    """Blanks around a part do not count."""
    found = parse_telemetry(" , ".join(parts))
    assert [target.kind for target in found] == [part.partition(":")[0] for part in parts]
    assert [target.where for target in found] == [part.partition(":")[2] for part in parts]


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(setting: str) -> None:
    """Nothing else is raised."""
    with suppress(ConfigurationError):
        assert all(isinstance(target, Target) for target in parse_telemetry(setting))


def test_the_apps_settings_refuse_it_with_all_else_that_is_wrong() -> None:
    """A deployment hears of it at its start, beside the settings that are missing."""
    with pytest.raises(ConfigurationError) as told:
        read_settings({"SIGNALBOX_TELEMETRY": "jaeger"})
    assert "SIGNALBOX_TELEMETRY" in str(told.value)
    assert "'jaeger' is not known" in str(told.value)
    assert "SIGNALBOX_STORAGE: is not set" in str(told.value)


@pytest.mark.parametrize("value", [None, "", "IngestionEndpoint=https://x", "InstrumentationKey=", KEY])
def test_a_connection_string_is_needed(value: str | None) -> None:
    """The message says where it is found, and never repeats it."""
    with pytest.raises(ConfigurationError, match="APPLICATIONINSIGHTS_CONNECTION_STRING") as told:
        connection_string({} if value is None else {CONNECTION_STRING: value}, "azure_monitor")
    assert KEY not in str(told.value)
    assert connection_string({CONNECTION_STRING: _GOOD}, "opencensus") == _GOOD


def test_the_worker_and_we_do_not_send_to_the_same_place() -> None:
    """Everything would be there twice."""
    environment = {CONNECTION_STRING: _GOOD, "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "True"}
    with pytest.raises(ConfigurationError, match="the worker sends there already"):
        connection_string(environment, "azure_monitor")


def test_the_apps_settings_look_for_the_connection_string() -> None:
    """A deployment hears of it at its start, not at its first event."""
    timers = ("RECONCILE", "RETENTION", "TICK", "ANCHOR")
    environment = {f"SIGNALBOX_{name}_SCHEDULE": "0 * * * * *" for name in timers} | {
        "SIGNALBOX_STORAGE": "UseDevelopmentStorage=true",
        "SIGNALBOX_REGISTRY_URI": "http://r",
        "SIGNALBOX_WEBHOOK_SECRET": "x" * 16,
        "SIGNALBOX_JOBS_URL": "http://j",
        "SIGNALBOX_SCORING_URL": "http://s",
        "SIGNALBOX_TELEMETRY": "console,azure_monitor",
    }
    with pytest.raises(ConfigurationError, match="APPLICATIONINSIGHTS_CONNECTION_STRING is not set"):
        read_settings(environment)
    assert read_settings({**environment, CONNECTION_STRING: _GOOD}).telemetry == "console,azure_monitor"
