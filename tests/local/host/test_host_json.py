"""What is read of host.json, its defaults, and what is refused."""

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.host.errors import HostError
from local.host.host_json import Concurrency, HostSettings, QueueSettings, read_host_settings
from local.host.retries import RetryPolicy
from local.host.timespans import parse_span, show_span


def read(directory: Path, **document: Any) -> HostSettings:
    """Read such a host.json."""
    (directory / "host.json").write_text(json.dumps({"version": "2.0", **document}))
    return read_host_settings(directory, {})


def test_without_settings_all_is_as_in_the_real_host(tmp_path: Path) -> None:
    """Thirty minutes for a function, five tries for a message, 16 messages at once, no retry."""
    settings = read(tmp_path)
    assert settings == HostSettings()
    assert settings.timeout == timedelta(minutes=30)
    assert (settings.queues.batch_size, settings.queues.max_dequeue_count) == (16, 5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("00:05:00", timedelta(minutes=5)), ("-1", None), (None, None), ("01:30:00", timedelta(hours=1.5))],
)
def test_the_function_timeout(tmp_path: Path, value: str | None, expected: timedelta | None) -> None:
    """A time span; -1 and null mean no limit."""
    assert read(tmp_path, functionTimeout=value).timeout == expected


def test_extensions_are_read(tmp_path: Path) -> None:
    """Queues, blobs, durable concurrency and HTTP limits; the batch threshold follows from the batch."""
    settings = read(
        tmp_path,
        functions=["a"],
        extensions={
            "http": {"maxConcurrentRequests": 5, "maxOutstandingRequests": -1, "customHeaders": {"X-A": "b"}},
            "queues": {"batchSize": 8, "visibilityTimeout": "00:00:30", "messageEncoding": "none"},
            "blobs": {"poisonBlobThreshold": 2},
            "durableTask": {"maxConcurrentActivityFunctions": 3, "maxConcurrentEntityFunctions": 1},
        },
    )
    assert (settings.max_requests, settings.max_outstanding, settings.functions) == (5, None, ("a",))
    assert settings.queues == QueueSettings(
        batch_size=8, new_batch_threshold=4, visibility_timeout=timedelta(seconds=30), encoding="none"
    )
    assert settings.blobs.poison_blob_threshold == 2
    assert settings.concurrency == Concurrency(activities=3, entities=1)
    assert settings.response_headers == {"X-A": "b"}


def test_retry_policies_are_read(tmp_path: Path) -> None:
    """Fixed delay and exponential backoff."""
    fixed = read(tmp_path, retry={"strategy": "fixedDelay", "maxRetryCount": 2, "delayInterval": "00:00:03"})
    grown = {"strategy": "exponentialBackoff", "maxRetryCount": -1, "minimumInterval": "00:00:01"}
    growing = read(tmp_path, retry={**grown, "maximumInterval": "00:01:00"})
    assert fixed.retry == RetryPolicy(2, timedelta(seconds=3), timedelta(seconds=3))
    assert growing.retry == RetryPolicy(-1, timedelta(seconds=1), timedelta(minutes=1))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"functionTimeout": "5 minutes"}, "functionTimeout: '5 minutes' is not a time span: write hh:mm:ss"),
        ({"functions": "a"}, "functions must be a list"),
        ({"extensions": {"queues": {"batchSize": 33}}}, "batchSize must be between 1 and 32, and is 33"),
        ({"extensions": {"queues": {"messageEncoding": "hex"}}}, "messageEncoding must be base64 or none"),
        ({"extensions": {"durableTask": {"maxConcurrentActivityFunctions": "many"}}}, "must be a whole number"),
        ({"retry": {"strategy": "never", "maxRetryCount": 1}}, "retry.strategy must be"),
        ({"retry": {"strategy": "fixedDelay", "maxRetryCount": 1}}, "retry.delayInterval is missing"),
    ],
)
def test_what_cannot_be_is_refused_with_file_and_reason(tmp_path: Path, document: Any, reason: str) -> None:
    """The host does not start on a guess."""
    with pytest.raises(HostError) as caught:
        read(tmp_path, **document)
    assert reason in str(caught.value)
    assert str(tmp_path / "host.json") in str(caught.value)


def test_unknown_keys_are_told_and_known_ones_are_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At every depth, with the nearest known key where there is one; what other extensions have is their business."""
    with caplog.at_level(logging.WARNING):
        read(
            tmp_path,
            extensionBundle={"id": "x", "version": "y"},
            logging={"logLevel": {"default": "Information"}},
            extensions={"queues": {"batchsize": 4}, "eventHubs": {"anything": 1}, "cosmos": {}},
            zebra=1,
        )
    assert [record.getMessage() for record in caplog.records] == [
        "host.json: extensions.queues.batchsize is not a known setting and has no effect; did you mean batchSize?",
        "host.json: extensions.cosmos is not a known setting and has no effect; did you mean cosmosDB?",
        "host.json: zebra is not a known setting and has no effect",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:01", 1), ("1.02:00:00", 93_600), ("00:00:00.500", 0.5), ("00:00:00.0000001", 0), ("2", 172_800)],
)
def test_time_spans_are_read_as_dotnet_reads_them(text: str, seconds: float) -> None:
    """Days before a point, fractions behind one, and a bare number of days."""
    assert parse_span(text).total_seconds() == seconds


def test_time_spans_are_shown_as_dotnet_shows_them() -> None:
    """For the messages that people search the web for."""
    spans = (timedelta(minutes=5), timedelta(days=1, seconds=1), timedelta(milliseconds=1500))
    assert [show_span(span) for span in spans] == ["00:05:00", "1.00:00:01", "00:00:01.5000000"]


def test_an_exponential_pause_doubles_up_to_its_limit() -> None:
    """With a spread of 20 %; a fixed one stays the same; a count of -1 has no end."""
    policy = RetryPolicy(3, timedelta(seconds=1), timedelta(seconds=10))
    pauses = [policy.pause(retry) for retry in range(1, 9)]
    assert all(0.8 * 2**n <= pause or pause == 1 for n, pause in enumerate(pauses[:4]))
    assert pauses[-1] == 10
    assert RetryPolicy(1, timedelta(seconds=2), timedelta(seconds=2)).pause(7) == 2
    assert [policy.allows(3), policy.allows(4)] == [True, False]
    assert RetryPolicy(-1, timedelta(0), timedelta(0)).allows(10**6)


def test_the_hubs_name_may_refer_to_a_setting(tmp_path: Path) -> None:
    """It is filled in; one that does not exist is named, rather than served as the text with its percent signs."""
    document = {"version": "2.0", "extensions": {"durableTask": {"hubName": "hub%STAGE%"}}}
    (tmp_path / "host.json").write_text(json.dumps(document))
    assert read_host_settings(tmp_path, {"STAGE": "Dev"}).hub_name == "hubDev"
    with pytest.raises(HostError, match="hubName: %STAGE% refers to a setting that does not exist; add STAGE"):
        read_host_settings(tmp_path, {})


def test_durable_settings_without_effect_are_told_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """All that are set, and none that is served; the storage provider is what the local engine stands in for."""
    durable = {
        "hubName": "h",
        "defaultVersion": "1",
        "versionMatchStrategy": "Strict",
        "maxEntityOperationBatchSize": 3,
        "maxConcurrentActivityFunctions": 2,
        "overridableExistingInstanceStates": "anyState",
        "storageProvider": {"type": "mssql"},
    }
    with caplog.at_level(logging.INFO):
        assert read(tmp_path, extensions={"durableTask": durable}).replace_running
    told = [record.getMessage() for record in caplog.records]
    idle = "defaultVersion, versionMatchStrategy, maxEntityOperationBatchSize"
    assert told[:2] == [
        "host.json: the local durable engine stands in for the storageProvider mssql",
        f"host.json: no effect on the local host, of extensions.durableTask: {idle}",
    ]
    with pytest.raises(HostError, match="must be NonRunningStates or AnyState, and is 'Some'"):
        read(tmp_path, extensions={"durableTask": {"overridableExistingInstanceStates": "Some"}})
