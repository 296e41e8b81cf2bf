"""A shell that a reader types into: what they export and where they go stays for the next command."""

import os
import pty
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.docs.console import ROOT

#: Nothing that is shown takes longer, also on a busy machine.
_SECONDS = 100
_SCRIPT = """\
[ -f "$KEPT/env" ] && . "$KEPT/env" && cd "$(cat "$KEPT/cwd")"
{command}
code=$?
export -p > "$KEPT/env"
pwd > "$KEPT/cwd"
exit $code
"""


class Done(NamedTuple):
    """How a command ended, and what it printed to either stream."""

    code: int
    output: str


class Shell:
    """One reader at one page.

    Args:
        folder: Where they are.
        kept: A folder of the shell's own.
        variables: Of its environment, beside the usual ones.
    """

    def __init__(self, folder: Path, kept: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self._kept = kept
        path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
        self._env = {**os.environ, **variables, "PATH": path, "KEPT": str(kept), "COLUMNS": "200", "NO_COLOR": "1"}

    @property
    def here(self) -> Path:
        """Where the reader is by now."""
        kept = self._kept / "cwd"
        return Path(kept.read_text().strip()) if kept.exists() else self.folder

    def run(self, command: str) -> Done:
        """Run a command to its end at a terminal; who is asked for a confirmation says yes."""
        typed, terminal = pty.openpty()
        os.write(typed, b"y\n")
        try:
            done = subprocess.run(
                ["bash", "-c", _SCRIPT.replace("{command}", command)],
                cwd=self.folder, env=self._env, stdin=terminal, capture_output=True, text=True,
                timeout=_SECONDS, check=False,
            )  # fmt: skip
        finally:
            os.close(terminal)
            os.close(typed)
        return Done(done.returncode, done.stdout + done.stderr)


def shows(output: str, line: str) -> bool:
    """Whether an output has a line as a page shows it: blanks count once, and `…` stands for any text."""
    wanted = ".*".join(re.escape(part) for part in " ".join(line.split()).split("…"))
    return re.search(wanted, " ".join(output.split())) is not None
