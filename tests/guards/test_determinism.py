"""Orchestrators and entities are replayed: they must not look at a clock, at chance, at the environment or outside."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What is replayed, and the rooms of pure code that it may call.
REPLAYED = ("functions/orchestrators", "functions/entities")
CALLED = ("shared/contracts", "shared/evaluation", "shared/fleet_runs", "shared/interlock", "shared/release",
          "shared/retention")  # fmt: skip
FILES = [path for room in (*REPLAYED, *CALLED) for path in sorted((ROOT / room).glob("*.py"))]
SINGLE = ("functions/boundary.py", "functions/registration.py", "shared/names.py", "shared/waiting.py")
FILES += [ROOT / one for one in SINGLE]
MODULES = frozenset(
    [
        "asyncio",
        "httpx",
        "logging",
        "os",
        "pathlib",
        "random",
        "requests",
        "secrets",
        "socket",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
    ]
)
#: Names that look at the clock, at chance or outside, however they are reached.
CALLS = frozenset(
    ["now", "utcnow", "today", "time", "uuid1", "uuid4", "open", "print", "input", "id", "hash", "random"]
)
#: What is not for orchestrators there is not replayed.
ALLOWED = {"boundary.py": {"AsyncFunctionDef", "Await"}, "registration.py": {"AsyncFunctionDef", "Await"}}


def offences(source: str) -> list[str]:
    """What a source does that a replay would do differently."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [one.name for one in names if one.name.split(".")[0] in MODULES]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in MODULES:
                found.append(module)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in CALLS and not _ours(node):
                found.append(name)
            case ast.AsyncFunctionDef() | ast.Await() | ast.Global():
                found.append(type(node).__name__)
            case ast.For(iter=over) | ast.comprehension(iter=over) if _is_set(over):
                found.append("iteration over a set")
    return found


def _is_set(node: ast.expr) -> bool:
    made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")
    return made or isinstance(node, ast.Set | ast.SetComp)


def _ours(call: ast.Call) -> bool:
    """`now(context)` is the orchestrator's own clock."""
    return isinstance(call.func, ast.Name) and [ast.unparse(one) for one in call.args] == ["context"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_replayed_code_is_deterministic(path: Path) -> None:
    """No replayed file uses a clock, chance, the environment or I/O."""
    allowed = ALLOWED.get(path.name, set())
    assert [one for one in offences(path.read_text()) if one not in allowed] == []


def test_all_that_replayed_code_calls_is_looked_at() -> None:
    """It imports nothing of `shared` that is in no room above; names and errors do nothing."""
    known = {room.replace("/", ".") for room in CALLED} | {"shared.names", "shared.errors", "shared.waiting", "shared"}
    imported = {
        ".".join(node.module.split(".")[:2])
        for room in REPLAYED
        for path in (ROOT / room).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("shared")
    }
    assert imported <= known


@pytest.mark.parametrize(
    "line",
    ["import random", "from time import time", "x = datetime.now()", "import datetime as dt; dt.datetime.now()",
     "from uuid import uuid4 as u", "y = uuid4()", "open('f')", "for a in {1, 2}: pass", "for a in set(b): pass",
     "[a for a in {1, 2}]", "async def f(): pass"],
)  # fmt: skip
def test_the_guard_notices(line: str) -> None:
    """Each seeded non-determinism is found."""
    assert offences(line)
