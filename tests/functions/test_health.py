"""What a deployment is told of the app: whether it reaches what it needs, which code it is, what is under way."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest

from functions import adapters
from functions.api.answers.health import Health
from functions.triggers import callers, health
from functions.triggers.http import BadRequestError
from shared import telemetry
from shared.code_digest import code_digest, packaged_commit
from shared.settings import APP_ROOT
from tests.functions.dashboard.builders import policy

_CODE = "0" * 64


class Client:
    """A durable client that knows orchestrations by name, or raises."""

    def __init__(self, *names: str, error: Exception | None = None) -> None:
        self._names, self._error = names, error

    async def get_all_orchestration_states(self, query: Any) -> list[Any]:
        """Those under way."""
        assert {one.name for one in query.runtime_status} == {"RUNNING", "PENDING", "SUSPENDED"}
        if self._error is not None:
            raise self._error
        return [SimpleNamespace(name=name) for name in self._names]


@pytest.fixture(autouse=True)
def _app(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app with one model, whose storage answers."""
    monkeypatch.setattr(adapters, "policies", lambda: (policy("m"),))
    monkeypatch.setattr(adapters, "read_model", lambda: SimpleNamespace(get=lambda name: None))
    monkeypatch.setattr(health, "packaged_commit", lambda root: "0a1b2c3")
    monkeypatch.setattr(health, "_code", lambda: _CODE)
    monkeypatch.setattr(callers, "knows_people", lambda: False)


async def _ask(client: Client) -> dict[str, Any]:
    answer = await health.get_health(func.HttpRequest("GET", "http://app/api", body=b""), client)  # type: ignore[arg-type]
    assert answer.status_code == 200
    told: dict[str, Any] = json.loads(answer.get_body())
    Health.model_validate(told)
    return told


async def test_a_healthy_app_tells_what_is_under_way() -> None:
    """Orchestrations are counted by name; those of the SDK are not the app's."""
    told = await _ask(Client("train_model", "train_model", "run_fleet", "BuiltIn__x"))
    assert told["healthy"]
    assert told["in_flight"] == {"run_fleet": 1, "train_model": 2}
    assert (told["stranded"], told["commit"], told["code"], told["dropped"]) == ([], "0a1b2c3", _CODE, [])
    assert list(told["fleets"].values()) == [1]


async def test_a_commit_that_only_a_setting_tells_is_not_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be that of a deployment whose code never came, and histories are compared by it."""
    monkeypatch.setattr(health, "packaged_commit", packaged_commit)
    monkeypatch.setenv("SIGNALBOX_GIT_COMMIT", "fffffff")
    assert (await _ask(Client()))["commit"] == ""


async def test_an_orchestration_that_this_code_does_not_have_is_told() -> None:
    """It cannot end, since nobody can replay it."""
    assert (await _ask(Client("train_model", "train_model_1")))["stranded"] == ["train_model_1"]


@pytest.mark.parametrize("part", ["fleets", "storage", "durable"])
async def test_what_does_not_answer_is_named_and_its_secrets_are_not(
    part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The other parts are told all the same; why it failed is in the log only."""

    def fail(*_: object) -> Any:
        raise ConnectionError("AccountKey=hidden")

    if part == "fleets":
        monkeypatch.setattr(adapters, "policies", fail)
    if part == "storage":
        monkeypatch.setattr(adapters, "read_model", fail)
    told = await _ask(Client("train_model", error=ConnectionError("AccountKey=hidden") if part == "durable" else None))
    assert not told["healthy"]
    assert {one["name"]: one["ok"] for one in told["parts"]} == {
        name: name != part for name in ("fleets", "storage", "durable")
    }
    assert "hidden" not in json.dumps(told)
    assert f"{part} does not answer" in caplog.text


async def test_a_part_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its time."""
    import asyncio

    async def hang(_: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "_PATIENCE", 0.05)
    monkeypatch.setattr(Client, "get_all_orchestration_states", lambda self, query: hang(query))
    assert not (await _ask(Client()))["healthy"]


async def test_lost_telemetry_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By exporter and reason."""
    monkeypatch.setattr(telemetry, "dropped", lambda: [("azure_monitor", "refused", 512)])
    assert (await _ask(Client()))["dropped"] == [{"exporter": "azure_monitor", "reason": "refused", "count": 512}]


async def test_who_may_not_read_the_whole_app_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to no model."""

    def refuse(*_: object) -> None:
        raise BadRequestError(403, "not-allowed", "no")

    monkeypatch.setattr(health, "require", refuse)
    with pytest.raises(BadRequestError):
        await health.get_health(func.HttpRequest("GET", "http://app/api", body=b""), Client())  # type: ignore[arg-type]


def _copy(target: Path) -> Path:
    for name in ("function_app.py", "host.json", "requirements.txt"):
        shutil.copy(APP_ROOT / name, target)
    (target / "functions" / "deep").mkdir(parents=True)
    (target / "shared").mkdir()
    (target / "functions" / "deep" / "a.py").write_text("a = 1\n")
    (target / "shared" / "b.py").write_text("b = 1\n")
    return target


def test_the_same_code_has_the_same_digest_wherever_it_lies(tmp_path: Path) -> None:
    """Neither the folder, nor compiled files, nor settings and installed packages beside it count."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        _copy(tmp_path / name)
    (tmp_path / "two" / "functions" / "__pycache__").mkdir()
    (tmp_path / "two" / "functions" / "__pycache__" / "a.cpython-313.pyc").write_bytes(b"x")
    (tmp_path / "two" / ".python_packages").mkdir()
    (tmp_path / "two" / "local.settings.json").write_text("{}")
    assert code_digest(tmp_path / "one") == code_digest(tmp_path / "two")


@pytest.mark.parametrize("change", ["edited", "moved", "added", "deleted", "host"])
def test_other_code_has_another_digest(change: str, tmp_path: Path) -> None:
    """A file that is edited, moved, added or gone is other code."""
    root = _copy(tmp_path)
    before = code_digest(root)
    one = root / "functions" / "deep" / "a.py"
    if change == "edited":
        one.write_text("a = 2\n")
    elif change == "moved":
        one.rename(root / "functions" / "a.py")
    elif change == "added":
        (root / "shared" / "c.py").touch()
    elif change == "deleted":
        one.unlink()
    else:
        (root / "host.json").write_text("{}")
    assert code_digest(root) != before
