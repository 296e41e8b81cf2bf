"""What a managed deployment's YAML says of its scaling: read once, and refused where it cannot be."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.platforms.azureml.definitions import SCALE_TAG, read_definition
from shared.platforms.azureml.scale_settings import ScaleSettings, scale_settings

FILE = Path("online.yml")


def _scale(**settings: Any) -> ScaleSettings | None:
    return scale_settings({"scale_settings": {"type": "target_utilization", **settings}}, FILE)


@given(least=st.integers(1, 100), more=st.integers(0, 100), target=st.integers(1, 100))
def test_what_can_be_is_read_as_it_stands(least: int, more: int, target: int) -> None:
    """Any counts in order, and any target in percent, are what the file says."""
    settings = {"min_instances": least, "max_instances": least + more, "target_utilization_percentage": target}
    assert _scale(**settings) == ScaleSettings(least, least + more, target)


def test_the_rest_is_azure_mls_own() -> None:
    """One instance at least and 70 %, as on Kubernetes, in each casing that Azure ML takes."""
    assert _scale(max_instances=3, polling_interval=10) == ScaleSettings(1, 3, 70)
    assert _scale(type="TargetUtilization", max_instances=3) == ScaleSettings(1, 3, 70)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"scale_settings": None},
        {"scale_settings": {"type": "default"}},
        {"scale_settings": {}},
        {"type": "kubernetes", "scale_settings": {"type": "target_utilization", "max_instances": "many"}},
    ],
)
def test_what_is_not_ours_is_left_alone(content: dict[str, Any]) -> None:
    """Nothing said, Azure ML's default, and what Azure ML itself does on Kubernetes."""
    assert scale_settings(content, FILE) is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "max_instances is missing: say how many"),
        ({"min_instances": 4, "max_instances": 3}, "min_instances is 4, more than max_instances, which is 3: let"),
        ({"min_instances": 0, "max_instances": 3}, "min_instances is 0: write a whole number of 1 or more"),
        ({"max_instances": "3"}, "max_instances is '3': write a whole number"),
        ({"max_instances": True}, "max_instances is True"),
        ({"max_instances": 2.5}, "max_instances is 2.5"),
        ({"max_instances": 3, "target_utilization_percentage": 101}, "percentage is 101: write a whole number from 1"),
        ({"max_instances": 3, "target_utilization_percentage": 0}, "percentage is 0: write"),
        ({"max_instances": 3, "polling_interval": "PT1M"}, "polling_interval is 'PT1M': write"),
        ({"max_instance": 3}, "'max_instance' is not known: write some of type, min_instances"),
    ],
)
def test_what_cannot_be_is_told_with_the_remedy(settings: dict[str, Any], said: str) -> None:
    """The file, the key and what would be right are in the message."""
    with pytest.raises(PermanentError) as caught:
        _scale(**settings)
    assert caught.value.code == "InvalidDefinition"
    assert caught.value.message.startswith("online.yml: scale_settings: ")
    assert said in caught.value.message


def test_it_begins_with_the_least(tmp_path: Path) -> None:
    """Azure ML gets the least number of instances and its default scaling; only one that may scale has the tag."""
    file = tmp_path / "online.yml"
    file.write_text(
        "instance_type: Standard_F4s_v2\n"
        "scale_settings: {type: target_utilization, min_instances: 2, max_instances: 5}\n"
    )
    definition = read_definition("departures", "v3-1", "departures-jfk", "3", file)
    entity = definition.deployment()
    assert (entity.scale_settings.type, entity.instance_count) == ("default", 2)
    assert entity.tags[SCALE_TAG] == "2-5"
    tested = read_definition("departures", "qa-v3-1", "departures-jfk", "3", file, scales=False)
    assert SCALE_TAG not in tested.tags
    assert (tested.deployment().instance_count, tested.hash) == (2, definition.hash)
    file.write_text("instance_type: Standard_F4s_v2\ninstance_count: 2\n")
    assert SCALE_TAG not in read_definition("departures", "v3-1", "departures-jfk", "3", file).tags


def test_another_number_to_begin_with_is_refused() -> None:
    """`instance_count` would say otherwise than `min_instances`: one of them is a mistake."""
    content = {"instance_count": 3, "scale_settings": {"type": "target_utilization", "max_instances": 5}}
    with pytest.raises(PermanentError, match="instance_count is 3, but min_instances is 1: leave instance_count out"):
        scale_settings(content, FILE)
    assert scale_settings({**content, "instance_count": 1}, FILE) == ScaleSettings(1, 5, 70)
