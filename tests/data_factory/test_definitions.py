"""The definitions can be imported as they are: names, references, limits, and no secret in them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.data_factory.executor import FOLDER, KNOWN, check_known, read, span
from tests.data_factory.expressions import ExpressionError, evaluate

PIPELINES = sorted(file.stem for file in (FOLDER / "pipeline").glob("*.json"))
SERVICES = sorted(file.stem for file in (FOLDER / "linkedService").glob("*.json"))


def activities(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All of a pipeline, those within others included."""
    for one in found:
        yield one
        for inner in ("activities", "ifTrueActivities", "ifFalseActivities"):
            yield from activities(one["typeProperties"].get(inner, []))


@pytest.mark.parametrize("name", PIPELINES)
def test_activities_are_as_their_pages_say(name: str) -> None:
    """Known types and properties, names once, dependencies that exist, limits that Data Factory can keep."""
    found = list(activities(read("pipeline", name)["activities"]))
    names = [one["name"] for one in found]
    assert len(names) == len(set(names))
    for one in found:
        check_known(one)
        assert {dep["activity"] for dep in one["dependsOn"]} <= set(names)
        limits = [one.get("policy", {}).get("timeout"), one["typeProperties"].get("timeout")]
        assert all(60 <= span(limit) <= 7 * 86400 for limit in limits if limit is not None)
        assert 60 <= span(one["typeProperties"].get("httpRequestTimeout", "00:01:00")) <= 600
    assert {one["type"] for one in found} <= KNOWN.keys()


@pytest.mark.parametrize("name", PIPELINES)
def test_what_holds_a_key_is_secured(name: str) -> None:
    """A key or a status URL is in no monitored input or output, and the run's id makes a repeated call the same."""
    for one in activities(read("pipeline", name)["activities"]):
        text, policy = json.dumps(one["typeProperties"]), one.get("policy", {})
        if "x-functions-key" in text or "statusQueryGetUri" in text:
            assert "activities" in one["typeProperties"] or policy["secureInput"]
        if "vault" in text or one["type"] == "AzureFunctionActivity":
            assert policy["secureOutput"]
        if one["typeProperties"].get("method") == "POST":
            assert "pipeline().RunId" in text
        if one["type"] == "WebHook":
            assert one["typeProperties"]["reportStatusOnCallBack"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_linked_services_hold_no_secret(name: str) -> None:
    """A key is a reference to Key Vault, whose own linked service is one of these."""
    service = read("linkedService", name)
    assert service["type"] in ("AzureFunction", "AzureKeyVault")
    if service["type"] == "AzureFunction":
        key = service["typeProperties"]["functionKey"]
        assert key["type"] == "AzureKeyVaultSecret"
        assert key["store"]["referenceName"] in SERVICES


def test_one_pipeline_for_each_contract() -> None:
    """All take the same parameters, so that one can take another one's place."""
    assert PIPELINES == ["signalbox_function", "signalbox_web", "signalbox_webhook"]
    common = {"app", "operation", "request"}
    assert all(read("pipeline", name)["parameters"].keys() >= common for name in PIPELINES)
    for name in PIPELINES:
        used = set(re.findall(r"parameters\.(\w+)", json.dumps(read("pipeline", name))))
        assert used == read("pipeline", name)["parameters"].keys()


SCOPE = {"pipeline": lambda: {"RunId": "r'1", "parameters": {"again": True, "request": {"select": {"a": ["b"]}}}}}


@pytest.mark.parametrize(
    ("written", "comes_to"),
    [
        ("plain", "plain"),
        ("@@not", "@not"),
        ("@pipeline().parameters.again", True),
        ("@{pipeline().parameters.again}", "True"),
        ("a @{pipeline().RunId} b", "a r'1 b"),
        ("@concat('it''s ', 1, true)", "it's 1True"),
        ("@pipeline().parameters?.nothing", None),
        ("@pipeline()['RunId']", "r'1"),
        ("@if(not(equals('a', 'b')), createArray(1, -2.5), null)", [1, -2.5]),
        (
            '@union(pipeline().parameters.request, json(\'{"request_id":"1"}\'))',
            {"select": {"a": ["b"]}, "request_id": "1"},
        ),
        ({"value": "@string(json('{\"a\":1}'))", "type": "Expression"}, '{"a": 1}'),
    ],
)
def test_expressions_come_to_what_they_should(written: Any, comes_to: Any) -> None:
    """A whole expression keeps its type; inside of a text it becomes text, and a truth one with a capital letter."""
    assert evaluate(written, SCOPE) == comes_to


@pytest.mark.parametrize(
    "written", ["@nobody()", "@pipeline().nothing", "@pipeline()x", "@concat('a'", "@", "@'a", "@1 2"]
)
def test_what_cannot_be_read_is_an_error(written: str) -> None:
    """No pipeline relies on what was not tried."""
    with pytest.raises(ExpressionError):
        evaluate(written, SCOPE)
