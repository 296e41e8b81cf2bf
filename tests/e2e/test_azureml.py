"""The whole way over Azure ML's SDK: app, adapters and the double of the service, whose jobs are really run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.stack, pytest.mark.soak, pytest.mark.timeout(600)]


def test_the_demo_comes_to_the_same_over_azure_ml(tmp_path: Path) -> None:
    """An online and a batch model: trained, registered, judged, tested on their golden sets, released and asked."""
    options = ["--azureml", "double", "--environment", "dev", "--state", str(tmp_path)]
    command = [sys.executable, "-m", "local.demo", *options]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "Everything expected was observed" in done.stdout
    kept = json.loads((tmp_path / "azureml" / "world.json").read_text())["resources"]
    kinds = {path.split("/")[1] for path in kept}
    assert kinds >= {"jobs", "components", "codes", "models", "onlineendpoints"}, "all of it went through Azure ML"
