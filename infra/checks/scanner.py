"""checkov, the security scanner: installed by uv's tool runner into an environment of its own, and read as JSON.

It pins many packages exactly, ours among them, so it never enters the project's environment. Its exit code does not
tell what it could not read, so that is read from its answer: a file that it skips, and a check that fails to run.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.checks.findings import Finding
from infra.node_packages import one_at_a_time
from local.services.azurite.install import DEFAULT_TOOLS

PACKAGES = Path(__file__).with_name("checkov_packages.txt")
INSTALL_COMMAND = "python -m infra.checks install"
RUN_TIMEOUT_SECONDS = 600.0
_CRASHED = re.compile(r"Failed to run check (?P<check>\S+) on (?P<file>\S+?):(?P<resource>\S+)")


class ScannerMissing(Exception):  # noqa: N818 - names the condition
    """checkov is not installed, or could not be, or did not answer."""


def ensure_scanner(tools: Path = DEFAULT_TOOLS) -> Path:
    """Install checkov below `tools` unless it is there; return its path.

    Raises:
        ScannerMissing: uv is not there, or could not install it.
    """
    tools.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(tools / "checkov.lock"):
        if not _is_current(tools):
            _install(tools)
    return _program(tools)


def scan(root: Path, tools: Path = DEFAULT_TOOLS) -> tuple[Finding, ...]:
    """What checkov holds against the Bicep below `root`, under the ids of its checks.

    `scanner-blind` is a file that it could not read, or a check of its own that failed. An answer is kept, and given
    again for the same files.

    Raises:
        ScannerMissing: It is not installed, or did not answer.
    """
    if not _is_current(tools):
        raise ScannerMissing(f"checkov is not installed in {tools}. Run `{INSTALL_COMMAND}` once.")
    kept = _home(tools) / "answers" / f"{_hash_of(root)}.json"
    if not kept.exists():
        answer = _run(_program(tools), root)
        kept.parent.mkdir(parents=True, exist_ok=True)
        aside = kept.with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(answer))
        aside.rename(kept)
    return tuple(sorted(_findings(json.loads(kept.read_text()))))


def _findings(answer: Mapping[str, Any]) -> Iterator[Finding]:
    for failed in answer["failed"]:
        symbol = failed["resource"].rpartition(".")[2]
        line = int(failed["line"])
        yield Finding(failed["file"], line, 1, failed["check"], f"{symbol}: {failed['name']}", symbol)
    for file in answer["unread"]:
        yield Finding(file, 1, 1, "scanner-blind", "checkov cannot read this file, so it checks nothing in it", file)
    for crashed in answer["crashed"]:
        said = f"checkov's {crashed['check']} fails on this resource by a fault of its own"
        yield Finding(crashed["file"], 1, 1, "scanner-blind", said, crashed["check"])


def _run(checkov: Path, root: Path) -> Mapping[str, Any]:
    """One run, reduced to what is used of it; paths are from `root`."""
    command = [str(checkov), "-d", ".", "--framework", "bicep", "-o", "json", "--skip-download"]
    try:
        done = subprocess.run(  # noqa: S603 - the pinned program, with arguments of our own
            command, cwd=root, capture_output=True, text=True, timeout=RUN_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScannerMissing(f"checkov could not run: {error}") from error
    try:
        results = json.loads(done.stdout)["results"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ScannerMissing(f"checkov gave no answer: {(done.stdout + done.stderr)[-1000:]}") from error
    failed = [
        {
            "check": entry["check_id"],
            "name": entry["check_name"],
            "file": entry["file_path"].lstrip("/"),
            "line": entry["file_line_range"][0],
            "resource": entry["resource"],
        }
        for entry in results["failed_checks"]
    ]
    unread = [Path(os.path.relpath(path, root.resolve())).as_posix() for path in results["parsing_errors"]]
    crashed = [match.groupdict() for match in _CRASHED.finditer(done.stderr)]
    return {"failed": failed, "unread": unread, "crashed": crashed}


def _hash_of(root: Path) -> str:
    digest = hashlib.sha256(PACKAGES.read_bytes())
    for path in sorted(root.rglob("*.bicep")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _home(tools: Path) -> Path:
    return tools / "checkov"


def _program(tools: Path) -> Path:
    return _home(tools) / "bin" / "checkov"


def _is_current(tools: Path) -> bool:
    stamp = _home(tools) / "installed.sha256"
    wanted = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()
    return stamp.exists() and stamp.read_text() == wanted and _program(tools).exists()


def _install(tools: Path) -> None:
    uv = tools / "uv" / "bin" / "uv"
    pinned = next(line for line in PACKAGES.read_text().splitlines() if line.startswith("checkov=="))
    command = [str(uv), "tool", "install", "--quiet", "--force", "--python", sys.executable, pinned]
    places = {"UV_TOOL_DIR": str(_home(tools)), "UV_TOOL_BIN_DIR": str(_home(tools) / "bin")}
    try:
        done = subprocess.run(  # noqa: S603 - uv, with arguments of our own
            [*command, "--overrides", str(PACKAGES)],
            env=os.environ | places,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScannerMissing(f"uv could not run: {error}. `make setup` installs it.") from error
    if done.returncode:
        raise ScannerMissing(f"uv could not install {pinned} (exit code {done.returncode}):\n{done.stderr[-2000:]}")
    (_home(tools) / "installed.sha256").write_text(hashlib.sha256(PACKAGES.read_bytes()).hexdigest())
