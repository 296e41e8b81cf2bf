"""Orchestrators and entities are replayed: they must not look at a clock, at chance, at the environment or outside."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: What is replayed, and the pure code that it calls.
REPLAYED = ("functions/orchestrators", "functions/entities", "shared/interlock")
MODULES = ("random", "secrets", "time", "os", "socket", "subprocess", "threading", "asyncio", "tempfile", "pathlib",
           "urllib", "requests", "httpx", "logging")  # fmt: skip
CALLS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid4", "uuid.uuid4", "uuid1", "open",
         "print", "input", "id", "hash")  # fmt: skip


def offences(source: str) -> list[str]:
    """What a source does that a replay would do differently."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            found += [name] if name in CALLS else []
        elif isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.Global)):
            found.append(type(node).__name__)
        elif isinstance(node, ast.For) and isinstance(node.iter, (ast.Set, ast.SetComp)):
            found.append("iteration over a set")
    return found


@pytest.mark.parametrize("room", REPLAYED)
def test_replayed_code_is_deterministic(room: str) -> None:
    """No file of the replayed rooms uses a clock, chance, the environment or I/O."""
    files = sorted((ROOT / room).glob("*.py"))
    assert len(files) > 1
    assert {str(path): offences(path.read_text()) for path in files if offences(path.read_text())} == {}


@pytest.mark.parametrize(
    "line",
    ["import random", "from time import time", "x = datetime.now()", "y = uuid4()", "open('f')",
     "for a in {1, 2}: pass", "async def f(): pass"],
)  # fmt: skip
def test_the_guard_notices(line: str) -> None:
    """Each seeded non-determinism is found."""
    assert offences(line)
