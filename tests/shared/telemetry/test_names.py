"""Names of spans' attributes and of metrics: documented, and few enough."""

import re
from pathlib import Path

import pytest

from shared.telemetry import names, record
from shared.telemetry.names import ATTRIBUTES, METRICS, described

_DOCS = (Path(__file__).parents[3] / "docs" / "telemetry.md").read_text()


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = re.split(r"^## ", _DOCS, flags=re.MULTILINE)
    (text,) = (part for part in section if part.startswith(heading))
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_page_lists_every_attribute() -> None:
    """In order, with its meaning word for word."""
    assert _rows("Attributes") == [[f"`signalbox.{name}`", meaning] for name, meaning in ATTRIBUTES.items()]


def test_the_page_lists_every_metric() -> None:
    """In order, with kind, unit, attributes and meaning word for word."""
    expected = [
        [
            f"`{name}`",
            metric.kind,
            metric.unit,
            ", ".join(f"`signalbox.{one}`" for one in metric.attributes),
            metric.meaning,
        ]
        for name, metric in METRICS.items()
    ]
    assert _rows("Metrics") == expected


def test_metrics_have_no_attribute_that_grows_without_end() -> None:
    """Versions, runs, jobs, files and instances are told by spans: each would be a new series."""
    endless = {"version", "run", "job", "path", "instance", "attempt", "key", "trace"}
    assert not [name for name, metric in METRICS.items() if endless & set(metric.attributes)]


def test_another_attribute_is_refused() -> None:
    """What is recorded has exactly the attributes that are documented."""
    with pytest.raises(ValueError, match="has the attributes channel, outcome"):
        record(names.DELIVERIES, 1, channel="mlflow")
    with pytest.raises(ValueError, match="has the attributes outcome"):
        record(names.RELEASES, 1, outcome="released", model="m")


def test_a_payload_is_described_by_names_and_never_by_data() -> None:
    """Of a dataset its version; nothing that is no name, and nothing long."""
    payload = {
        "model": "m",
        "dataset": {"dataset": "departures", "version": "d-1", "rows": 5},
        "policy": {"fleet": "flights"},
        "attempt": 2,
        "job": None,
        "body": "secret",
        "path": "x" * 1000,
        "endpoint": ["a"],
        "run": True,
    }
    assert described(payload) == {
        "signalbox.model": "m",
        "signalbox.dataset": "d-1",
        "signalbox.fleet": "flights",
        "signalbox.attempt": "2",
        "signalbox.path": "x" * 200,
    }
