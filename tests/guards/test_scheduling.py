"""Which test files follow each other on one worker."""

from types import SimpleNamespace
from typing import Any

from shared.settings import APP_ROOT
from tests.scheduling import TOGETHER, put_in_order


def _order(*files: str) -> list[str]:
    items: list[Any] = [SimpleNamespace(nodeid=f"{file}::test") for file in files]
    put_in_order(items)
    return [item.nodeid.removesuffix("::test") for item in items]


def test_every_file_of_a_group_exists_and_is_in_one_group() -> None:
    """A renamed file would silently start a stack of its own."""
    files = [file for members in TOGETHER.values() for file in members]
    assert [file for file in files if not (APP_ROOT / file).is_file()] == []
    assert len(files) == len(set(files))


def test_a_group_runs_in_its_order_where_its_first_file_was() -> None:
    """Everything else stays where it was, also when only some of the group are run."""
    first, second, *_ = TOGETHER["the released stack"]
    assert _order("a", second, "b", first, "c") == ["a", first, second, "b", "c"]
    assert _order("a", second, "b") == ["a", second, "b"]
    assert _order("b", "a") == ["b", "a"]
