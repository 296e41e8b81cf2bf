"""``python -m tests.cli.drafted_types``: strict types of the steps that ``signalbox init`` drafts.

They import the ``settings`` that is drafted beside them; its template says each value's type.
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

STEPS = Path(__file__).parents[2] / "cli" / "templates" / "forecast" / "steps"


def main() -> int:
    """Mypy's exit code."""
    with TemporaryDirectory() as folder:
        declared = re.findall(r"^[A-Z_]+: .+?(?= =)", (STEPS / "settings.py.jinja").read_text(), re.MULTILINE)
        stub = Path(folder, "settings.pyi")
        stub.write_text("\n".join(re.sub(r"Final\[(.+)\]$", r"\1", one) for one in declared))
        steps = sorted(map(str, STEPS.glob("*.py")))
        options = ["--no-namespace-packages", "--exclude", "^$", "--config-file", "pyproject.toml"]
        command = [sys.executable, "-m", "mypy", *options, str(stub), *steps]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
