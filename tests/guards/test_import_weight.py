"""`import function_app` stays light: a cold start pays for every module, and a first call for those of its room."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("azure.ai.ml", "azure.data.tables", "azure.identity", "azure.storage", "httpx", "jinja2", "matplotlib",
         "mlflow", "numpy", "pandas", "polars", "pyarrow", "requests", "sklearn", "yaml")  # fmt: skip
#: What of ours the app's import may load; an entity's class is wanted at once.
OURS = {
    "function_app", "functions", "functions.entities", "functions.entities.job_slots",
    "functions.entities.model_interlock", "functions.in_front", "functions.index", "functions.registration", "shared",
    "shared.names",
}  # fmt: skip
#: What conditions is loaded by the first activity that conditions, since it is made of polars.
ALL_ROOMS = """
import importlib, pkgutil, functions
for module in pkgutil.walk_packages(functions.__path__, "functions."):
    if not module.name.startswith("functions.conditioning."):
        importlib.import_module(module.name)
"""
#: Every thread begins with another function, so that all wait for all.
MANY_FIRST_CALLS = """
import sys, threading, function_app
from functions import index
from functions.registration import load
places = [(f"functions.activities.{room}", found[0]) for room, found in index.ACTIVITIES.items()]
places += [(f"functions.orchestrators.{name}", name) for name in index.ORCHESTRATORS]
places += [(f"functions.triggers.{room}", found[0].name) for room, found in index.ROUTES.items()]
begin, failed = threading.Barrier(12), []
def call(first):
    begin.wait()
    try:
        for place in places[first:] + places[:first]:
            load(*place)
    except BaseException as error:
        failed.append(error)
sys.setswitchinterval(1e-5)
threads = [threading.Thread(target=call, args=(3 * one,)) for one in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failed, failed
"""


def _loaded(statement: str) -> set[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    return set(json.loads(done.stdout))


def test_importing_the_app_loads_no_room() -> None:
    """The app's own import loads the table, the entities' classes, and neither contracts nor pydantic."""
    loaded = _loaded("import function_app")
    assert {name for name in loaded if name.split(".")[0] in ("function_app", "functions", "shared")} == OURS
    assert [name for name in (*HEAVY, "pydantic") if name in loaded] == []


def test_importing_all_rooms_loads_nothing_heavy() -> None:
    """No room imports a heavy package, so no first call pays for one that it does not use."""
    loaded = _loaded(ALL_ROOMS)
    assert {"functions.orchestrators.train_model", "functions.activities.scoring", "functions.triggers.http"} <= loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_many_first_calls_at_once() -> None:
    """Threads that call into every room for the first time at the same moment all find what they call."""
    assert "functions.orchestrators.train_model" in _loaded(MANY_FIRST_CALLS)


@pytest.mark.parametrize("name", ["polars", "pydantic"])
def test_the_guard_notices(name: str) -> None:
    """An import of a heavy package is seen."""
    assert name in _loaded(f"import {name}")
