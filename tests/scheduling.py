"""Which worker runs what: files that use one stack, or the same services, follow each other on one of them."""

from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

#: Files by what they share. Each adds to what the ones before it have left, and says so where it depends on it.
TOGETHER: Final = {
    "the released stack": tuple(
        f"tests/e2e/test_{name}.py"
        for name in (
            "main_path",
            "ledger",
            "dashboard",
            "retention",
            "second_version",
            "service_down",
            "bad_input",
            "crash",
            "retirement",
        )
    ),
    "the stack with one slot": tuple(
        f"tests/e2e/test_{name}.py" for name in ("data_factory_without_data", "fleet_runs", "data_factory")
    ),
    "one MLflow server": (
        *(f"tests/shared/platforms/contract/test_{name}.py" for name in ("jobs", "assets", "batch", "endpoints")),
        "tests/shared/platforms/contract/test_local_only.py",
        "tests/shared/registry/contract/test_registry.py",
        "tests/shared/registry/test_mlflow.py",
    ),
}
_GROUPS: Final = {file: group for group, files in TOGETHER.items() for file in files}
_ORDER: Final = {file: number for files in TOGETHER.values() for number, file in enumerate(files)}


class GroupedFiles(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives a worker whole files, and all that share something: each stack and server is started once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _GROUPS.get(file, file)


def scheduler(config: pytest.Config, log: Producer) -> GroupedFiles | None:
    """The scheduler for `--dist loadfile`; xdist's own for everything else."""
    return GroupedFiles(config, log) if config.getvalue("dist") == "loadfile" else None


def put_in_order(items: list[pytest.Item]) -> None:
    """Put the files of a group in its order, at the place of the first of them; all other tests stay where they are."""
    files = [item.nodeid.partition("::")[0] for item in items]
    first = {file: number for number, file in reversed(list(enumerate(files)))}
    place = {group: min(first[file] for file in members if file in first)
             for group, members in TOGETHER.items() if first.keys() & set(members)}  # fmt: skip
    keys = [(place[_GROUPS[file]], _ORDER[file]) if file in _GROUPS else (first[file], 0) for file in files]
    order = sorted(range(len(items)), key=lambda number: keys[number])
    items[:] = [items[number] for number in order]
