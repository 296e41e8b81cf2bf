"""Alerts: each asks a query of the workbook, within what Azure Monitor allows, and has its entry in the handbook."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from infra.workbook.build import FOLDER
from tests.infra.alert_rules import Rule, descriptions, other_alerts, parameters, rules

_PAGE = (Path(__file__).parents[2] / "docs" / "operate.md").read_text()
_ALERTS = _PAGE.split("\n## Alerts\n")[1].split("\n## ")[0]
_TOLD = ("Means.", "Look.", "Do.", "Goes away")
#: What Azure Monitor takes for rules that ask a query.
_WINDOWS = {"PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D", "P2D"}
_FREQUENCIES = {"PT1M", *_WINDOWS} - {"P2D"}
_EACH = pytest.mark.parametrize("rule", rules().values(), ids=rules())


def _time(iso: str) -> timedelta:
    days, hours, minutes = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", iso).groups("0")  # type: ignore[union-attr]
    return timedelta(days=int(days), hours=int(hours), minutes=int(minutes))


def _entries() -> dict[str, str]:
    """The page's entries by the names of their alerts."""
    return {name: text for name, _, text in (part.partition("\n") for part in _ALERTS.split("\n### ")[1:])}


def test_each_alert_has_its_entry_and_the_reverse() -> None:
    """In the table of alerts, too, with a link to the entry."""
    alerts = {*rules(), *other_alerts()}
    assert set(_entries()) == alerts
    assert set(re.findall(r"^\| \[([a-z-]+)\]\(#\1\)", _ALERTS, re.MULTILINE)) == alerts


@pytest.mark.parametrize("name", _entries())
def test_an_entry_tells_all_that_is_needed(name: str) -> None:
    """What it means, where to look, what to do, and when it goes away: in this order."""
    entry = _entries()[name]
    places = [entry.find(f"**{told}") for told in _TOLD]
    assert -1 not in places
    assert places == sorted(places)


def test_each_description_leads_to_the_entry() -> None:
    """By the alert's own name, behind the address of the handbook."""
    links = [one.partition("see {handbook}#")[2] for one in descriptions()]
    assert sorted(links) == sorted(["{name}", *other_alerts()])


@_EACH
def test_a_rule_is_one_that_azure_monitor_takes(rule: Rule) -> None:
    """Windows and frequencies out of its lists, and never looked at more seldom than the window is long."""
    assert rule.window in _WINDOWS
    assert rule.frequency in _FREQUENCIES
    assert _time(rule.frequency) <= _time(rule.window)
    assert rule.severity in range(5)
    assert rule.operator in ("GreaterThan", "LessThan")
    assert rule.aggregation in ("Total", "Maximum")


@_EACH
def test_a_rule_asks_a_query_of_the_workbook(rule: Rule) -> None:
    """The file itself is loaded, so that both ask the same."""
    assert rule.query.parent == FOLDER / "queries"
    assert rule.query.exists()
    assert re.search(rf"\b{rule.measure}\b", rule.query.read_text())


@_EACH
def test_the_table_of_the_page_tells_the_severity(rule: Rule) -> None:
    """As it stands in the template."""
    (row,) = re.findall(rf"^\| \[{rule.name}\].*$", _ALERTS, re.MULTILINE)
    assert row.strip("| ").split("|")[-1].strip() == str(rule.severity)


@pytest.mark.parametrize(
    ("alert", "threshold"),
    [
        ("stale-models", "60 days"),
        ("error-rate", "5 %"),
        ("queue-age", "5 minutes"),
        ("lost-telemetry", "100 spans"),
    ],
)
def test_the_table_of_the_page_tells_the_threshold(alert: str, threshold: str) -> None:
    """The default of the template's parameter."""
    (row,) = re.findall(rf"^\| \[{alert}\].*$", _ALERTS, re.MULTILINE)
    assert threshold in row
    number = rules()[alert].threshold
    assert str(number // 60 if threshold.endswith("minutes") else number) == threshold.split(maxsplit=1)[0]


def test_what_the_template_has_to_be_given() -> None:
    """The names that `main.bicep` gives; all else has a default that is safe."""
    needed = {name for name, one in parameters().items() if one.default is None}
    assert needed == {
        "name",
        "location",
        "tags",
        "applicationInsightsId",
        "emails",
        "storageTopicId",
        "workspaceTopicId",
        "functionAppId",
        "deadLetterStorageId",
    }
