"""Binding expressions, and the path patterns of blob triggers."""

import re
import uuid

import pytest

from local.host.blob_paths import parse_path
from local.host.errors import AppLoadError
from local.host.expressions import ExpressionError, fill


def test_names_are_filled_in_without_case() -> None:
    """Plain and nested names; numbers become text; what has no braces stays."""
    values = {"name": "a", "order": {"Id": 7}}
    assert fill("x/{Name}/{order.id}.csv", values) == "x/a/7.csv"
    assert fill("plain", values) == "plain"


def test_a_name_that_is_not_there_is_told() -> None:
    """With what is there."""
    with pytest.raises(ExpressionError, match=r"\{nme\} has no value here: this invocation has name"):
        fill("{nme}", {"name": "a"})


def test_random_ids_and_times() -> None:
    """``{rand-guid}`` in two forms, ``{DateTime}`` in .NET's."""
    assert uuid.UUID(fill("{rand-guid}", {})).version == 4
    assert re.fullmatch(r"[0-9a-f]{32}", fill("{rand-guid:N}", {}))
    assert re.fullmatch(r"\d{4}/\d{2}/\d{2}", fill("{DateTime:yyyy/MM/dd}", {}))
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z", fill("{DateTime}", {}))


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("c/{name}", "a/b.csv", {"name": "a/b.csv"}),
        ("c", "anything", {"name": "anything"}),
        ("c/{name}.csv", "a.txt", None),
        ("c/{name}.{ext}", "a.b.csv", {"name": "a.b", "ext": "csv"}),
        ("c/in/{day}/{name}", "in/1/x", {"day": "1", "name": "x"}),
        ("c/in/{day}/{name}", "out/1/x", None),
        ("c/{{raw}}-{n}", "{raw}-1", {"n": "1"}),
        ("c/fixed.txt", "fixed.txt", {}),
    ],
)
def test_blob_paths_match_as_in_the_extension(path: str, name: str, expected: dict[str, str] | None) -> None:
    """Parameters are greedy and may span folders; doubled braces are braces."""
    parsed = parse_path(path, "f")
    assert parsed.container == "c"
    assert parsed.match(name) == expected
    assert expected is None or name.startswith(parsed.prefix)


@pytest.mark.parametrize("path", ["{container}/x", "c/{a}{a}", "c/{1}"])
def test_paths_that_mean_nothing_are_refused(path: str) -> None:
    """The message names the function."""
    with pytest.raises(AppLoadError, match="function f"):
        parse_path(path, "function f")
