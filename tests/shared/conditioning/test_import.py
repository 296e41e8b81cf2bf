"""Importing the app must stay cheap."""

import subprocess
import sys


def test_fleet_and_conditioning_load_nothing_heavy_at_import() -> None:
    """Triggers import the fleet in every worker process: YAML and polars wait for their first use."""
    code = (
        "import sys, shared.fleet, shared.conditioning.recipe.loader, shared.lineage.manifest;"
        "print(sorted({'yaml', 'polars'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
