"""`import function_app` stays light: a cold start pays for every module."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("azure.ai.ml", "azure.data.tables", "azure.identity", "azure.storage", "httpx", "mlflow", "numpy", "pandas",
         "polars", "pyarrow", "requests", "sklearn", "yaml")  # fmt: skip


def _loaded(statement: str) -> set[str]:
    code = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    return set(json.loads(done.stdout))


def test_importing_the_app_loads_nothing_heavy() -> None:
    """None of the heavy packages is imported by the app's own import."""
    loaded = _loaded("import function_app")
    assert {"functions.orchestrators.train_model", "functions.orchestrators.run_fleet"} <= loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_the_guard_notices() -> None:
    """An import of a heavy package is seen."""
    assert "polars" in _loaded("import polars")
