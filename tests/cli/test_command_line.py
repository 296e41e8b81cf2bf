"""The command line as a whole: what every command has in common, and what is said of one that is not understood."""

import json
import os
import shlex
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.core import TyperCommand
from typer.testing import CliRunner, Result

from cli.examples import EXAMPLES, SHORT, WORDS
from cli.main import app
from cli.reference import DOCUMENT, document
from cli.root import PANELS, command_group, commands_of

ROOT = command_group(app)
COMMANDS = dict(commands_of(ROOT))
#: Of a command that would start something: another call of it, that is refused before.
REFUSED = {
    "demo": "demo --environment nowhere",
    "fleet show": "fleet show nothing",
    "fleet graph": "fleet graph --file none.yaml",
}
NOBODY = "http://127.0.0.1:1"


def signalbox(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "100"})


def is_option(command: TyperCommand, name: str) -> bool:
    """Whether a command has an option."""
    return any(name in param.opts for param in command.params)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_prints_json_and_has_an_example(path: str) -> None:
    """The example is a call of this command that is understood as it stands."""
    command = COMMANDS[path]
    assert is_option(command, "--json")
    assert (command.help or "").strip().endswith(".")
    words = shlex.split(EXAMPLES[path])
    assert words[: 1 + len(path.split())] == ["signalbox", *path.split()]
    command.make_context(path, words[1 + len(path.split()) :])
    assert command.epilog == f"For example: {EXAMPLES[path]}"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_tells_an_error_as_json(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One object on stdout, with code, detail, remedy, and the exit code that the process has."""
    monkeypatch.chdir(tmp_path)
    words = shlex.split(REFUSED.get(path) or EXAMPLES[path].removeprefix("signalbox "))
    where = ["--app", NOBODY] if is_option(COMMANDS[path], "--entra") else []
    done = signalbox(*words, *where, "--json")
    error = json.loads(done.stdout)["error"]
    assert set(error) == {"code", "detail", "remedy", "exit_code"}
    assert (error["exit_code"], bool(error["code"]), bool(error["detail"])) == (done.exit_code, True, True)
    assert done.exit_code in (1, 2, 3)


def test_commands_of_the_list_and_words_are_there() -> None:
    """Neither an example nor a short text nor another tool's word leads to a command that there is not."""
    assert set(EXAMPLES) >= set(COMMANDS)
    assert set(SHORT) >= {name for name, command in ROOT.commands.items() if not command.hidden}
    leads = {" ".join(word for word in told.split() if word.islower() and word[0] != "-") for told in WORDS.values()}
    assert leads - {""} <= set(EXAMPLES)
    assert not set(WORDS) & {name for name, command in ROOT.commands.items() if not command.hidden}


def test_the_help_lists_commands_by_what_they_are_for() -> None:
    """In this order; alone it is the same, and lines fit 80 columns."""
    alone, asked = signalbox(), signalbox("--help")
    assert (alone.exit_code, alone.stdout.strip()) == (0, asked.stdout.strip())
    places = [alone.stdout.index(f"\n{panel}:\n") for panel in PANELS]
    assert places == sorted(places)
    assert max(map(len, CliRunner().invoke(app, [], env={"COLUMNS": "80"}).stdout.splitlines())) <= 80
    assert " dataset " not in alone.stdout


def test_the_help_needs_neither_rich_nor_http() -> None:
    """They take more than all the rest."""
    code = """
import sys
from cli.main import app
try:
    app(["--help"])
except SystemExit:
    print([name for name in ("rich", "httpx", "pydantic", "local", "shared", "asyncio") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=40)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("modls", "no command `modls`: did you mean `signalbox models`?"),
        ("run shwo x", "signalbox run has no command `shwo`: did you mean `signalbox run show`?"),
        ("verify", "did you mean `signalbox ledger verify`?"),
        ("deploy m@1", "did you mean `signalbox release MODEL@VERSION`?"),
        ("zzzzzz", "no command `zzzzzz`"),
        ("ledger zzzzzz", "; there are show, verify, export"),
        ("hold m --reson x", "signalbox hold has no option --reson: did you mean --reason?"),
        ("models --zzzzzz", "signalbox models has no option --zzzzzz"),
        ("model", "Missing argument 'MODEL'"),
        ("run list --limit many", "--limit"),
        ("hold --fleet", "for example: signalbox hold --fleet flights"),
        ("run list --limit", "signalbox run list --help"),
        ("models --select origin", "write for example --select origin=JFK,LGA"),
    ],
)
def test_what_was_not_understood_is_named_with_what_was_meant(words: str, told: str) -> None:
    """On stderr, with exit code 2 and an example or where the list is; as JSON too."""
    done = signalbox(*words.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert "for example: signalbox" in done.stderr or "--help" in done.stderr
    error = json.loads(signalbox(*words.split(), "--json").stdout)["error"]
    assert (error["code"], error["exit_code"]) == ("usage", 2)


def test_a_group_alone_shows_its_commands() -> None:
    """It is no command yet."""
    done = signalbox("run")
    assert (done.exit_code, "train" in done.stdout, done.stderr) == (2, True, "")


@pytest.mark.parametrize("word", ["dataset", "datasets"])
def test_datasets_have_their_former_name_too(word: str) -> None:
    """With the same commands."""
    assert "diff" in signalbox(word, "--help").stdout


def test_ctrl_c_is_told_and_leaves_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 130; of an order, that the app may have taken it."""

    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.asking.httpx.Client.request", interrupt)
    look = signalbox("models", "--app", NOBODY)
    assert (look.exit_code, look.stderr) == (130, "stopped\n")
    order = signalbox("hold", "m", "--reason", "r", "--app", NOBODY)
    assert order.exit_code == 130
    assert "it may have taken the order" in order.stderr
    read = signalbox("retention", "--app", NOBODY)
    assert (read.exit_code, read.stderr) == (130, "stopped\n")
    assert json.loads(signalbox("models", "--app", NOBODY, "--json").stdout)["error"]["code"] == "interrupted"


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt, 130), (EOFError, 1)])
def test_a_question_that_nobody_answers_does_nothing(
    monkeypatch: pytest.MonkeyPatch, raised: type[BaseException], code: int
) -> None:
    """Ctrl-C and the end of the input are told apart."""

    def leave(*_: Any, **__: Any) -> bool:
        try:
            raise raised
        except (KeyboardInterrupt, EOFError):
            raise typer.Abort from None

    monkeypatch.setattr("cli.confirming.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr("cli.confirming.typer.confirm", leave)
    done = signalbox("rollback", "m", "--reason", "r", "--app", NOBODY)
    assert done.exit_code == code
    assert "nothing was done" in done.stderr


def test_ctrl_c_in_the_first_moment_is_quiet() -> None:
    """While the command line itself is being read."""
    code = """
import os, signal, sys
import cli.__main__ as entry

class Interrupts:
    def find_spec(self, *_):
        os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
entry.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=40, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "")


def test_what_is_no_text_is_refused() -> None:
    """A shell passes any bytes."""
    done = signalbox("model", "\udcff", "--app", NOBODY)
    assert (done.exit_code, "is no text in UTF-8" in done.stderr) == (2, True)


def test_the_version_is_told() -> None:
    """That of the package."""
    assert signalbox("--version").stdout == f"signalbox {version('signalbox')}\n"


@pytest.mark.parametrize("words", [["fleet", "show"], ["fleet", "show", "--json"], ["models", "--app", "x", "--json"]])
def test_a_full_disk_is_told(words: list[str]) -> None:
    """In words, without a traceback, to programs too; a terminal without Unicode is no obstacle."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=40,
            check=False, env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )  # fmt: skip
    assert done.returncode == (2 if "models" in words else 1)
    assert ("is no URL" if "models" in words else "No space left on device") in done.stderr
    assert ("Traceback" in done.stderr, "Exception ignored" in done.stderr) == (False, False)


def test_the_reference_is_that_of_the_commands() -> None:
    """`python -m cli.reference` writes it anew."""
    assert DOCUMENT.read_text() == document(app)
