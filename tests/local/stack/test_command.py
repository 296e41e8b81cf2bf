"""What the command says of its stack, and what it refuses before there is one."""

import argparse
import json
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from local.stack.__main__ import _overview, _places
from local.stack.ending import INTERRUPTED, OrderlyEnd
from local.stack.options import add_azureml
from local.stack.stack import NAMES, Stack


class _Told(Stack):
    """A stack that is up as far as the overview knows."""

    def service(self, name: str) -> Any:
        """Something that runs."""
        return SimpleNamespace(pid=7, service=SimpleNamespace(log=self.state.logs / f"{name}.log"))


def _text(stack: Stack) -> str:
    console = Console(width=200)
    with console.capture() as shown:
        console.print(_overview(stack))
    return shown.get()


@pytest.mark.parametrize("azureml", [True, False])
def test_the_overview_shows_the_double_where_it_is_on(tmp_path: Path, azureml: bool) -> None:
    """With its address and its log."""
    stack = _Told(tmp_path, azureml=azureml)
    text = _text(stack)
    assert (f"https://127.0.0.1:{stack.ports.azureml}" in text) == azureml
    assert ("logs/azureml.log" in text) == azureml
    assert stack.host_url in text


def test_a_stack_without_a_host_shows_the_others(tmp_path: Path) -> None:
    """Its port is another one's: Core Tools', say."""
    stack = _Told(tmp_path, only=[name for name in NAMES if name != "host"])
    assert set(_places(stack)["addresses"]) == {"mlflow", "azurite", "jobs", "scoring", "blob_events"}
    assert not stack.has("host")
    assert "logs/host.log" not in _text(stack)


def test_an_unknown_value_of_the_variable_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the choices, as on the command line."""
    monkeypatch.setenv("AZUREML", "banana")
    with pytest.raises(SystemExit) as caught:
        add_azureml(argparse.ArgumentParser())
    assert caught.value.code == 2
    assert "AZUREML=banana: choose double, or leave it out" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "wanted"), [("double", "double"), ("", None)])
def test_the_variable_says_the_same_as_the_option(
    monkeypatch: pytest.MonkeyPatch, value: str, wanted: str | None
) -> None:
    """An empty one says nothing."""
    monkeypatch.setenv("AZUREML", value)
    parser = argparse.ArgumentParser()
    add_azureml(parser)
    assert parser.parse_args([]).azureml == wanted


def test_a_program_is_told_where_everything_is(tmp_path: Path) -> None:
    """The app, its dashboard, and each service with its process."""
    stack = _Told(tmp_path)
    places = json.loads(json.dumps(_places(stack)))
    assert places["dashboard"] == f"{stack.host_url}/api/dashboard"
    assert places["addresses"].keys() == places["processes"].keys()
    assert places["addresses"]["mlflow"] == stack.mlflow_url


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, 0)])
def test_the_first_signal_ends_and_no_other_disturbs_it(number: signal.Signals, code: int) -> None:
    """Afterwards signals mean what they did."""
    before = signal.getsignal(number)
    with OrderlyEnd() as ending:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert (ending.code, signal.getsignal(number)) == (code, before)
