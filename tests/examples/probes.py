"""Runs the probes of this folder: scripts that need a process of their own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def probe(script: str, *arguments: Path) -> Any:
    """The JSON that a script of this folder prints, run in a process without this one's paths."""
    command = [sys.executable, "-I", str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=HERE.anchor)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
