"""What a pipeline asks of a deployed app, before it replaces the code and after; and in which order it does what."""

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.api.document import document
from functions.index import ORCHESTRATORS
from infra.pipelines import drain, parameters, validate_deployment
from infra.pipelines.asking import HEALTH
from shared.settings import APP_ROOT

APP = "https://signalbox.example"
OURS, THEIRS = "a" * 64, "b" * 64
MODEL = "departures-jfk"


class Deployed:
    """An app that answers as told; each account of itself once, the last one for ever."""

    def __init__(self) -> None:
        self.healths: list[Any] = []
        self.paths: dict[str, Any] = {path: {} for path in document()["paths"]}
        self.models = [{"model": MODEL}]
        self.explained = [MODEL]
        self.anybody = 401
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request."""
        path = request.url.path
        self.asked.append(path)
        if path == HEALTH:
            if "x-functions-key" not in request.headers:
                return httpx.Response(self.anybody)
            told = self.healths.pop(0) if len(self.healths) > 1 else self.healths[0]
            return told if isinstance(told, httpx.Response) else httpx.Response(200, json=told)
        if path == "/api/openapi.json":
            return httpx.Response(200, json={"paths": self.paths})
        if path == "/api/models":
            return httpx.Response(200, json={"models": self.models})
        told = {
            "accepted": True,
            "reason": "It is known.",
            "summary": "It trains.",
            "models": [{"model": name} for name in self.explained],
        }
        return httpx.Response(200, json={"events": [told]})


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """The app in the place of a deployed one; the checkout's code is `OURS`."""
    found = Deployed()
    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(found))
    monkeypatch.setattr("cli.asking.httpx.Client", client)
    monkeypatch.setattr(drain, "code_digest", lambda root: OURS)
    monkeypatch.setattr(validate_deployment, "code_digest", lambda root: OURS)
    return found


def health(code: str = OURS, in_flight: dict[str, int] | None = None, **more: Any) -> dict[str, Any]:
    """An app's account of itself."""
    parts = [{"name": name, "ok": True, "detail": ""} for name in ("fleets", "storage", "durable")]
    told = {"healthy": True, "version": "0.1.0", "commit": "0a1b2c3", "code": code, "python": "3.13.1", "parts": parts,
            "fleets": {"flights": 12}, "in_flight": in_flight or {}, "stranded": [], "dropped": []}  # fmt: skip
    return told | more


def run(main: Callable[..., int], *more: str) -> int:
    """Run it without waiting."""
    return main(["--app", APP, "--key", "k", *more], sleep=lambda seconds: None)


def rewritten(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Orchestrators whose recorded histories were changed since the deployed commit."""
    monkeypatch.setattr(drain, "rewritten_since", lambda commit: frozenset(names))


def test_what_goes_on_is_not_waited_for(
    app: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Orchestrations whose recorded history still replays go on with the new code."""
    rewritten(monkeypatch)
    app.healths = [health(THEIRS, {"train_model": 3})]
    assert run(drain.main) == 0
    assert "3 go on" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["train_model", "train_model_of_old"])
def test_what_would_break_is_waited_for(
    name: str, app: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose history was recorded over, and one whose name is gone."""
    rewritten(monkeypatch, "train_model")
    app.healths = [health(THEIRS, {name: 2}), health(THEIRS, {name: 1}), health(THEIRS, {"run_fleet": 1})]
    assert run(drain.main) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [f"Waiting for 2 {name}", f"Waiting for 1 {name}"]


def test_the_wait_ends_and_nothing_is_deployed(
    app: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what may be done."""
    rewritten(monkeypatch, "train_model")
    app.healths = [health(THEIRS, {"train_model": 2})]
    assert run(drain.main, "--patience", "0") == 1
    told = capsys.readouterr().out
    assert "Nothing was deployed" in told
    assert "signalbox hold" in told


@pytest.mark.parametrize("commit", ["", "--output=stolen", "0123456789abcdef0123456789abcdef01234567"])
def test_where_the_commit_is_unknown_all_is_waited_for(
    commit: str, app: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can tell then which histories were recorded over."""
    app.healths = [health(THEIRS, {"run_fleet": 1}, commit=commit), health(THEIRS)]
    assert run(drain.main) == 0
    assert "Waiting for 1 run_fleet" in capsys.readouterr().out


def test_a_backend_that_cannot_be_asked_stops_the_deployment(app: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """That nothing is told to be under way means nothing then."""
    rewritten(monkeypatch)
    app.healths = [health(THEIRS, parts=[{"name": "durable", "ok": False, "detail": "away"}])]
    assert run(drain.main) == 1


def test_nothing_to_replace_is_nothing_to_wait_for(app: Deployed) -> None:
    """This code is there already."""
    app.healths = [health(OURS, {"train_model_of_old": 1})]
    assert run(drain.main) == 0


@pytest.mark.parametrize("status", [404, 503])
@pytest.mark.parametrize("before", [[], [health(THEIRS, {"train_model": 1})]])
def test_an_app_that_cannot_be_asked_stops_the_deployment(
    before: list[Any], status: int, app: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older release without the door, one that does not start, one that goes away: it may have work all the same."""
    rewritten(monkeypatch, "train_model")
    app.healths = [*before, httpx.Response(status)]
    assert run(drain.main) == 1
    told = capsys.readouterr().out.splitlines()[-1]
    assert told.startswith(
        f"The app answers {status} at {HEALTH}. An app that does not start, or a release from before"
    )
    assert "DRAIN_MINUTES=none" in told


def test_an_instance_that_is_away_for_a_moment_stops_nothing(app: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one takes its place within a minute."""
    rewritten(monkeypatch)
    app.healths = [*[httpx.Response(503)] * 4, health(THEIRS)]
    assert run(drain.main) == 0


@pytest.mark.parametrize("main", [drain.main, validate_deployment.main])
@pytest.mark.parametrize(("status", "code"), [(401, 1), (403, 1), (500, 1)])
def test_a_refusal_is_told_and_fails(
    main: Callable[..., int], status: int, code: int, app: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words of the command line, and never as success."""
    app.healths = [httpx.Response(status)]
    assert run(main) == code
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize("main", [drain.main, validate_deployment.main])
def test_no_app_is_no_stack_that_runs_by_chance(
    main: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipeline names what it means."""
    monkeypatch.delenv("SIGNALBOX_APP", raising=False)
    assert main([]) == 2
    assert "SIGNALBOX_APP" in capsys.readouterr().err


def _git(folder: Path, *words: str) -> str:
    given = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    return subprocess.run(given, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_a_history_that_was_recorded_over_is_found_by_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed and deleted ones since the commit; what is new beside them breaks nothing."""
    histories = tmp_path / drain.HISTORIES
    for name in ("train_model", "run_fleet", "condition_file"):
        (histories / name).mkdir(parents=True)
        (histories / name / "0.1.0.json").write_text("{}")
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "one")
    commit = _git(tmp_path, "rev-parse", "HEAD")
    (histories / "train_model" / "0.1.0.json").write_text("[]")
    (histories / "run_fleet" / "0.1.0.json").unlink()
    (histories / "condition_file" / "0.2.0.json").write_text("{}")
    _git(tmp_path, "add", "-A")
    _git(tmp_path, "commit", "-qm", "two")
    monkeypatch.setattr(drain, "APP_ROOT", tmp_path)
    assert drain.rewritten_since(commit[:10]) == frozenset({"train_model", "run_fleet"})
    assert drain.rewritten_since(_git(tmp_path, "rev-parse", "HEAD")) == frozenset()
    assert drain.rewritten_since("f" * 40) is None
    assert drain.rewritten_since("") is None


def test_every_orchestrator_of_today_may_go_on() -> None:
    """What this checkout registers is not breaking by its name."""
    assert drain.breaking(dict.fromkeys(ORCHESTRATORS, 1), frozenset()) == {}


# ── After the deployment ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_deployment_is_well(app: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    """Of this code and commit; an instance of before, or a host that starts, is waited for; lost telemetry is told."""
    lost = [{"exporter": "azure_monitor", "reason": "refused", "count": 7}]
    of_before = [health(THEIRS), health(commit="fffffff"), health(commit="")]
    app.healths = [httpx.Response(503), httpx.Response(404), *of_before, health(dropped=lost)]
    assert run(validate_deployment.main, "--commit", "0a1b2c3" + "0" * 33) == 0
    told = capsys.readouterr().out
    assert "telemetry: 7 lost by azure_monitor (refused)" in told
    assert told.splitlines()[-1] == "All is well: 12 models, 0 under way."


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"parts": [{"name": "storage", "ok": False, "detail": "ConnectionError"}]}, "storage does not answer"),
        ({"in_flight": {"old": 2}, "stranded": ["old"]}, "2 old are under way"),
        ({"fleets": {}}, "has no models"),
    ],
)
def test_what_is_wrong_fails_and_is_told(
    told: dict[str, Any], wrong: str, app: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each in a line."""
    app.healths = [health(**told)]
    assert run(validate_deployment.main, "--commit", "0a1b2c3" + "0" * 33) == 1
    assert wrong in capsys.readouterr().out


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (health(THEIRS), "the app is other code: bbbbbbbbbbbb"),
        (health(commit="fffffff"), "the app is of commit fffffff, not 0a1b2c3"),
        (health(commit=""), "the app is of commit (none told), not 0a1b2c3"),
    ],
)
def test_another_package_fails_after_a_while(
    told: dict[str, Any], wrong: str, app: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """The deployment did not arrive: other code, or other fleet files, recipes and steps, which the commit tells."""
    app.healths = [told]
    assert run(validate_deployment.main, "--patience", "0", "--commit", "0a1b2c3" + "0" * 33) == 1
    assert wrong in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda app: app.paths.pop("/models"), "doors are missing"),
        (lambda app: app.paths.update({"/more": {}}), "doors are there that this checkout does not have: /more"),
        (lambda app: setattr(app, "anybody", 200), "without a key or a token is answered 200"),
        (lambda app: setattr(app, "models", []), "shows no model to this caller"),
        (lambda app: setattr(app, "explained", []), "was explained without that model"),
    ],
)
def test_doors_that_are_not_as_described_fail(
    change: Callable[[Deployed], Any], wrong: str, app: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Doors, who is let in, and what an event would start."""
    app.healths = [health()]
    change(app)
    assert run(validate_deployment.main) == 1
    assert wrong in capsys.readouterr().out


# ── The order of it all ─────────────────────────────────────────────────────────────────────────────────────────────

_TOOL = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$(basename "$0") $*" in
  "azd env get-value SIGNALBOX_APP") echo https://app.example ;;
  "azd env select"*) [ -n "$KEPT" ] || exit 1 ;;
  "azd env get-value AZURE_SUBSCRIPTION_ID") echo "$KEPT" ;;
  "az group exists"*) if [ "$DEPLOYED" = none ]; then echo false; else echo true; fi ;;
  "az functionapp list"*) if [ "$DEPLOYED" != app ]; then printf 'func-dev\tfunc-dev.example\n'; fi ;;
  "az functionapp function list"*) echo "$DEPLOYED" ;;
  *"infra.pipelines.drain"*) exit "$DRAIN" ;;
  *"infra.parameters dev --show") printf 'ALWAYS_READY=0\nFLEET_ENVIRONMENT=a = b\nEMAILS=\n' ;;
  "azd provision"*) echo "$ALWAYS_READY|$FLEET_ENVIRONMENT|$EMAILS|$AZURE_PRINCIPAL_TYPE" >> "$LOG" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The script in a checkout whose tools only say that they were called."""
    script = tmp_path / "infra" / "pipelines" / "deploy.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(APP_ROOT / "infra" / "pipelines" / "deploy.sh", script)
    for tool in ("bin/az", "bin/azd", "bin/git", ".venv/bin/python"):
        path = tmp_path / tool
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_TOOL)
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
    (tmp_path / "signalbox.zip").write_text("zip")
    return tmp_path


def deploy(checkout: Path, drained: str = "0", deployed: str = "1", **more: str) -> tuple[int, list[str], str]:
    """Exit code, calls in order, and what was said."""
    log = checkout / "log"
    environment = {
        "PATH": f"{checkout}/bin:{os.environ['PATH']}", "LOG": str(log), "DRAIN": drained,
        "DEPLOYED": deployed, "AZURE_ENV_NAME": "dev", "AZURE_LOCATION": "westeurope",
        "AZURE_SUBSCRIPTION_ID": "s", "ENTRA_CLIENT_ID": "e", **more,
    }  # fmt: skip
    done = subprocess.run(
        ["bash", checkout / "infra/pipelines/deploy.sh", "dev", str(checkout / "signalbox.zip")],
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    calls = [line for line in (log.read_text().splitlines() if log.exists() else []) if "get-value" not in line]
    return done.returncode, calls, done.stdout + done.stderr


def test_a_deployment_drains_provisions_deploys_and_looks(checkout: Path) -> None:
    """In this order, so that old code gets no new settings while it works; with the package that was made before."""
    code, calls, _ = deploy(checkout)
    assert code == 0
    skipped = ("azd config", "git", "python -m infra.parameters", "az account")
    steps = [" ".join(call.split()[:3]) for call in calls if "|" not in call and not call.startswith(skipped)]
    assert steps == [
        "az group exists", "az functionapp list", "az functionapp function", "python -m infra.pipelines.drain",
        "azd env select", "azd env new", "azd provision --no-prompt", "azd deploy app",
        "python -m infra.pipelines.validate_deployment",
    ]  # fmt: skip
    assert any("drain --app https://func-dev.example --patience 30" in call for call in calls)
    assert any(call.startswith("azd deploy app --from-package") for call in calls)


def test_parameters_of_the_environment_reach_azd(checkout: Path) -> None:
    """As its file says, but for what the pipeline sets itself."""
    _, calls, _ = deploy(checkout, ALWAYS_READY="3")
    assert [call for call in calls if "|" in call] == ["3|a = b||ServicePrincipal"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_every_parameter_is_read_from_a_variable(environment: str) -> None:
    """What is set for an environment must not be lost on the way."""
    told = parameters.variables(APP_ROOT / "infra" / "parameters" / f"{environment}.json")
    assert "ALWAYS_READY" in told
    assert not {"AZURE_ENV_NAME", "AZURE_LOCATION"} & set(told)


def test_a_parameter_that_azd_does_not_hear_of_is_told(tmp_path: Path) -> None:
    """By its name."""
    file = tmp_path / "test.json"
    file.write_text(json.dumps({"parameters": {"colour": {"value": "red"}}}))
    with pytest.raises(ValueError, match="colour is read from no variable"):
        parameters.variables(file)


def test_what_is_under_way_stops_the_deployment(checkout: Path) -> None:
    """Nothing is provisioned or deployed when the wait has failed."""
    code, calls, _ = deploy(checkout, drained="1")
    assert code == 1
    assert not any(call.startswith("azd") for call in calls)


@pytest.mark.parametrize("deployed", ["none", "app", "0"])
def test_the_first_deployment_waits_for_nothing(deployed: str, checkout: Path) -> None:
    """There is no group yet, no Function App in it, or no function in that."""
    code, calls, told = deploy(checkout, deployed=deployed)
    assert code == 0
    assert not any("drain" in call for call in calls)
    assert "the first deployment" in told


@pytest.mark.parametrize(("kept", "deployed"), [("s", True), ("another", False)])
def test_what_was_drained_is_what_is_deployed(kept: str, deployed: bool, checkout: Path) -> None:
    """Azd may have kept another subscription for the environment, and that would go before what the pipeline says."""
    code, calls, told = deploy(checkout, KEPT=kept)
    assert (code == 0) is deployed
    assert any(call.startswith("azd provision") for call in calls) is deployed
    assert not any(call.startswith("azd env new") for call in calls)
    assert ("is of the subscription another" in told) is not deployed


def test_an_app_that_cannot_be_asked_can_be_replaced(checkout: Path) -> None:
    """By a word of whoever deploys, since one that does not start would stop its own mending."""
    code, calls, told = deploy(checkout, drained="1", DRAIN_MINUTES="none")
    assert code == 0
    assert not any("drain" in call for call in calls)
    assert "DRAIN_MINUTES is none" in told


def test_tokens_are_asked_for_before_the_long_steps(checkout: Path) -> None:
    """What a federated login shows for them is good for minutes: the app's resource, and azd's."""
    _, calls, _ = deploy(checkout)
    asked = [call.split("--resource ")[1].split()[0] for call in calls if "get-access-token" in call]
    assert asked == ["api://e", "https://management.azure.com/"]
    last = max(place for place, call in enumerate(calls) if "get-access-token" in call)
    assert not any(word in call for call in calls[:last] for word in ("drain", "azd ", "validate"))


def test_the_groups_name_is_the_templates() -> None:
    """The script asks for the app before azd has told where it is."""
    assert "resourceGroup: take('rg-${environmentName}', 90)" in (APP_ROOT / "infra" / "main.bicep").read_text()
    assert "group=rg-$AZURE_ENV_NAME " in (APP_ROOT / "infra" / "pipelines" / "deploy.sh").read_text()


@pytest.mark.parametrize("name", ["AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID", "ENTRA_CLIENT_ID"])
def test_a_variable_that_is_missing_is_named(name: str, checkout: Path) -> None:
    """Before anything is done."""
    code, calls, told = deploy(checkout, **{name: ""})
    assert code != 0
    assert not calls
    assert name in told


def test_the_document_of_the_doors_is_json() -> None:
    """It is compared with what the app tells."""
    assert json.loads(json.dumps(sorted(document()["paths"])))
