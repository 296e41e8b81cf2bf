"""A newcomer's first minutes, as they type them, on data that the example does not use; and how they are recorded.

    python -m tests.e2e.newcomer docs/first-15-minutes.cast

plays the session in a fresh folder and writes what it saw, in the format of asciinema (asciicast v2: a header, then
`[seconds, "o", text]` a line). `test_newcomer` plays it again and compares.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from vega_datasets import local_data

_BIN: Final = Path(sys.executable).parent
_PROMPT: Final = "$ "
_TYPING_SECONDS: Final = 1.0  # a person types, too; only waiting for a command counts beside it
_WIDTH, _HEIGHT = 120, 40
_READY: Final = "Stop with Ctrl-C"
_PATIENCE: Final = 600.0


class Command(NamedTuple):
    """What is typed.

    Attributes:
        line: The command.
        where: The folder, from the one of the session.
        stays: Whether it goes on running, in a terminal of its own, until the session ends.
        code: The exit code that it has to have.
        alike: How many lines of its output are the same every time; all of them when absent.
    """

    line: str
    where: str = "."
    stays: bool = False
    code: int = 0
    alike: int | None = None


class Seen(NamedTuple):
    """A command, what it printed, and for how many seconds it ran."""

    command: Command
    output: str
    seconds: float


SESSION: Final = (
    Command("head -4 stocks.csv"),
    Command("signalbox init --data stocks.csv --target prize --time date --by symbol", code=1),
    Command("signalbox init --data stocks.csv --target price --time date --by symbol"),
    Command("signalbox fleet check stocks/fleet.yaml"),
    Command("signalbox recipe check stocks/recipes/stocks.yaml"),
    Command("signalbox check stocks/pipelines/train.yml"),
    Command("signalbox init --run --keep --data stocks.csv", stays=True),
    Command("signalbox models", where="stocks"),
    Command("signalbox why stocks-price-ibm", where="stocks", alike=1),
    Command("signalbox adopt models:/stocks-price-ibm@champion --reason 'is it known?'", where="stocks"),
    Command(
        "signalbox adopt models:/stocks-price-baseline/1 --as stocks-price-ibm --reason 'the old one'",
        where="stocks",
        code=1,
    ),
    Command(
        "signalbox adopt models:/stocks-price-baseline/1 --as stocks-price-ibm --reason 'the old one' --replace",
        where="stocks",
    ),
    Command("signalbox adopt models:/stocks-price-baseline/1 --as stocks-price-ibm --reason 'again'", where="stocks"),
)


def play(folder: Path) -> Iterator[Seen]:
    """Play the session in a folder; what stays is ended with it, as by Ctrl-C.

    Raises:
        AssertionError: A command has another exit code than it should.
    """
    shutil.copyfile(local_data.stocks.filepath, folder / "stocks.csv")
    left: list[subprocess.Popen[str]] = []
    try:
        for command in SESSION:
            began = time.monotonic()
            if command.stays:
                process, output = _begin(command, folder)
                left.append(process)
            else:
                output = _run(command, folder)
            yield Seen(command, output, time.monotonic() - began)
    finally:
        for process in left:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def equal_part(seen: Seen) -> list[str]:
    """The lines of an output that are the same every time: no progress, no times, no hashes, no ports."""
    lines = []
    for line in seen.output.splitlines()[: seen.command.alike]:
        if re.match(r" *\d+\.\d s  ", line):
            continue
        text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z| UTC)?", "TIME", line)
        text = re.sub(r"since 20\d\d-\d\d-\d\d", "since DAY", text)
        text = re.sub(r"[0-9a-f]{12,}", "HASH", text)
        text = re.sub(r"0x[0-9A-F]+", "ETAG", text)
        text = re.sub(r"127\.0\.0\.1:\d+", "HOST", text)
        text = re.sub(r"\d+\.\d{6,}", lambda match: f"{float(match[0]):.4g}", text)
        lines.append(text.rstrip())
    return lines


def written(session: list[Seen], folder: Path) -> str:
    """The session as an asciicast; the folder in which it was played is told nowhere."""
    header = {"version": 2, "width": _WIDTH, "height": _HEIGHT, "title": "Signalbox: the first 15 minutes"}
    lines, at = [json.dumps(header)], 0.0
    for seen in session:
        line = seen.command.line if seen.command.where == "." else f"cd {seen.command.where} && {seen.command.line}"
        at += _TYPING_SECONDS
        lines.append(_event(at, f"{_PROMPT}{line}\r\n"))
        at += seen.seconds
        shown = _without(folder, seen.output).replace("\n", "\r\n")
        lines.append(_event(at, shown))
    return "\n".join(lines) + "\n"


def read(cast: str) -> list[tuple[str, str]]:
    """The commands of a recording, each with its output."""
    events = [json.loads(line) for line in cast.splitlines()[1:]]
    texts = [str(event[2]).replace("\r\n", "\n") for event in events]
    return [(one.removeprefix(_PROMPT).strip(), shown) for one, shown in zip(texts[::2], texts[1::2], strict=True)]


def _event(at: float, text: str) -> str:
    event: list[Any] = [round(at, 2), "o", text]
    return json.dumps(event, ensure_ascii=False)


def _without(folder: Path, text: str) -> str:
    return text.replace(str(folder.resolve()), "~").replace(str(folder), "~")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALBOX_")}
    return kept | {"PATH": f"{_BIN}{os.pathsep}{os.environ.get('PATH', '')}", "USER": "ana", "LOGNAME": "ana"}


def _run(command: Command, folder: Path) -> str:
    ended = subprocess.run(
        ["bash", "-c", command.line], cwd=folder / command.where, env=_environment(), capture_output=True, text=True,
        check=False, timeout=_PATIENCE,
    )  # fmt: skip
    output = ended.stdout + ended.stderr
    assert ended.returncode == command.code, f"{command.line}: exit code {ended.returncode}\n{output}"
    return output


def _begin(command: Command, folder: Path) -> tuple["subprocess.Popen[str]", str]:
    """Start a command in a terminal of its own, and wait until it says that it is ready."""
    log = folder / "terminal.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command.line.split(), cwd=folder, env=_environment(), stdout=file, stderr=subprocess.STDOUT, text=True,
            executable=str(_BIN / "signalbox"), start_new_session=True,
        )  # fmt: skip
    deadline = time.monotonic() + _PATIENCE
    while _READY not in log.read_text():
        output = log.read_text()
        assert process.poll() is None, f"{command.line}: ended by itself\n{output}"
        if time.monotonic() > deadline:
            process.send_signal(signal.SIGINT)
            raise AssertionError(f"{command.line}: not ready in {_PATIENCE:.0f} s\n{output}")
        time.sleep(0.2)
    return process, log.read_text()


def main() -> None:
    """Play the session, and write the recording."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="signalbox-newcomer-") as name:
        session = list(play(Path(name)))
        target.write_text(written(session, Path(name)), encoding="utf-8")
    total = sum(seen.seconds for seen in session)
    sys.stdout.write(f"{target}: {len(session)} commands, {total:.0f} s\n")


if __name__ == "__main__":
    main()
