"""Who may import whom: the table of the design, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Vendor packages: each belongs to one adapter, and to no decision.
VENDORS = (
    "azure.ai", "azure.core", "azure.data", "azure.eventgrid", "azure.identity", "azure.monitor", "azure.storage",
    "httpx", "mlflow", "opencensus", "pandas", "requests", "sklearn",
)  # fmt: skip
HOST = ("azure.functions", "azure.durable_functions", "durabletask")
ADAPTERS = ("shared.notification", "shared.platforms", "shared.registry", "shared.storage")

IMPURE = ("functions.adapters", "functions.conditioning", "shared.settings", "shared.fleet", "shared.conditioning",
          "shared.telemetry", "polars", *ADAPTERS, *VENDORS)  # fmt: skip

PURE = (*HOST, *VENDORS, *ADAPTERS, "polars", "functions")

#: Room, or files: what they must never import.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "functions/triggers": ("functions.orchestrators", "functions.activities", "functions.entities",
                           "functions.conditioning", "polars", *VENDORS),
    "functions/entities": ("functions.triggers", "functions.activities", "functions.orchestrators", *IMPURE),
    "functions/orchestrators": ("functions.triggers", "functions.activities", "functions.entities", *IMPURE),
    "functions/activities": ("functions.triggers", "functions.orchestrators", "functions.entities", "durabletask",
                             *VENDORS),
    "functions/api": ("functions.orchestrators", "functions.entities", "functions.activities", "functions.conditioning",
                      "polars", *HOST, *VENDORS),
    "functions/conditioning": ("functions.triggers", "functions.orchestrators", "functions.entities",
                               "functions.activities", *HOST, *VENDORS),
    "functions/dashboard": ("functions.triggers", "functions.orchestrators", "functions.entities",
                            "functions.activities", "functions.conditioning", "polars", "durabletask", *VENDORS),
    "functions/*.py": ("functions.triggers", "functions.orchestrators", "functions.entities", "functions.activities",
                       "polars", *VENDORS),
    "shared/contracts": PURE,
    "shared/evaluation": PURE,
    "shared/interlock": PURE,
    "shared/release": PURE,
    "shared/lineage": PURE,
    "shared/fleet": PURE,
    "shared/fleet_runs": PURE,
    "shared/retention": PURE,
    "shared/conditioning": (*HOST, *VENDORS, *ADAPTERS, "functions"),
    "shared/notification": (*HOST, "functions", "shared.interlock", "shared.platforms", "shared.registry",
                            "shared.storage", "mlflow"),
    "shared/platforms": (*HOST, "functions", "shared.interlock", "shared.registry", "mlflow"),
    # A workspace's own registry is reached over the workspace's connection, in `shared.platforms.azureml`.
    "shared/registry": (*HOST, "functions", "shared.interlock", "shared.platforms.base", "shared.platforms.local",
                        "shared.platforms.local_endpoints", "shared.platforms.local_jobs",
                        "shared.platforms.local_service", "httpx"),
    "shared/storage": (*HOST, "functions", "shared.interlock", "shared.registry", "mlflow", "httpx"),
    "shared": ("local", "cli", "functions", *HOST),
    "functions": ("local", "cli"),
    "local/durable": ("functions", "shared", "cli"),
    "local/host": ("functions", "shared", "cli"),
    "local/testing": ("functions", "shared", "cli", "local.host"),
    "examples": ("functions", "local", "cli"),
}  # fmt: skip


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _files(room: str, root: Path = ROOT) -> list[Path]:
    return sorted(root.glob(room if room.endswith(".py") else f"{room}/**/*.py"))


def _offences(files: list[Path], forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path}:{line} imports {name}"
        for path in files
        for line, name in _imports(path)
        if any(name == bad or name.startswith(f"{bad}.") for bad in forbidden)
    ]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    """No file of a room imports what the design forbids it."""
    assert _files(room), f"{room} has no files: the rule guards nothing"
    assert not _offences(_files(room), FORBIDDEN[room])


def test_every_room_has_a_rule() -> None:
    """A room that is added says what it may not import."""
    rooms = {f"{path.parent.name}/{path.name}" for one in ("functions", "shared") for path in (ROOT / one).iterdir()
             if (path / "__init__.py").exists()}  # fmt: skip
    assert rooms - set(FORBIDDEN) == {"shared/telemetry"}  # the spans' own SDK is its business


def test_the_rule_notices_an_offence(tmp_path: Path) -> None:
    """A seeded wrong import is found, also inside a function, so the guard can fail."""
    (tmp_path / "wrong.py").write_text("def f() -> None:\n    from azure.storage import blob\n")
    assert _offences(_files("*.py", tmp_path), VENDORS) == [f"{tmp_path}/wrong.py:2 imports azure.storage.blob"]
