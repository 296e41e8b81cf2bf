"""What the code reads, what Azure sets, what a laptop has and what the page tells are the same settings."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from infra.checks.bicep.declarations import Parameter
from infra.checks.settings import check_settings
from shared.settings import APP_ROOT, CHANNEL, Settings, about, problems_of, read_settings, variable
from shared.settings_of_others import OPTIONAL, OTHERS, left_to_a_choice, names_read, on_azure, on_laptop
from shared.settings_reference import EXAMPLE, PAGE, example_text, page_text
from tests.infra import reading
from tests.infra.bicep_values import APP_SETTINGS, INFRA, filled, literals, parsed, settings
from tests.local.host.running_host import RunningHost

#: What the platform sets by itself.
PLATFORMS = {"WEBSITE_HOSTNAME", "WEBSITE_AUTH_ENABLED"}
#: Refused beside what the app does itself, and so never set.
REFUSED = {"PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY"}

#: What stands for the parameters of app_settings.bicep.
DEPLOYED = {
    "hostStorageName": "sthdev",
    "identityClientId": "00000000-0000-0000-0000-000000000001",
    "insightsConnectionString": "InstrumentationKey=00000000-0000-0000-0000-000000000002;IngestionEndpoint=https://i/",
    "fleet": "examples/flights/fleet.yaml",
    "fleetEnvironment": "",
    "gitCommit": "",
    "blobEndpoint": "https://stddev.blob.core.windows.net/",
    "landingContainer": "landing",
    "dataContainer": "signalbox",
    "anchorContainer": "ledger-heads",
    "workspaceId": "/subscriptions/1/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w",
    "datastoreName": "signalbox",
    "registryUri": "azureml",
    "authentication": "entra",
    "keyVaultUri": "https://kv.vault.azure.net/",
    "webhookSecretName": "webhook-secret",
    "mlflowPasswordName": "mlflow-password",
    "telemetry": "azure_monitor",
    "eventTopicEndpoint": "https://evgt.northeurope-1.eventgrid.azure.net/api/events",
    "publicUrl": "https://func.azurewebsites.net",
    "schedulerEndpoint": "https://dts.northeurope.durabletask.io",
}


@cache
def read_by_the_code() -> set[str]:
    """All settings that code, `host.json` and bindings name."""
    trees = reading.parsed()
    constants = reading.constants_of(trees)
    own = {variable(field) for tree in trees for field in reading.fields(tree) & Settings.model_fields.keys()}
    named = {name for tree in trees for name in reading.variables(tree, constants)}
    return own | named | reading.of_the_host() | reading.of_bindings()


def test_every_setting_that_is_read_is_written_down() -> None:
    """In `Settings`, or among those of others."""
    assert read_by_the_code() - PLATFORMS - REFUSED <= set(names_read()) | {variable("channels")}


def test_every_setting_of_the_app_is_read() -> None:
    """One that nobody reads would only look as if it did something."""
    whole = {variable(field) for field in Settings.model_fields} - {"SIGNALBOX_FLEET"}  # that one by `fleet_files`
    assert whole <= read_by_the_code()


def test_the_scan_finds_each_way_of_reading() -> None:
    """And leaves alone what is only set."""
    code = """
NAME: Final = "B"
a = os.environ["A"]; b = environment.get(NAME, ""); c = os.getenv("C"); d = "D" in os.environ
os.environ["E"] = "1"; os.environ.setdefault("F", "1")
known = settings(); known.storage, settings().fleet, other.platform
"""
    tree = ast.parse(code)
    assert reading.variables(tree, reading.constants_of([tree])) == {"A", "B", "C", "D"}
    assert reading.fields(tree) == {"storage", "fleet"}


def test_azure_sets_what_is_read_and_nothing_else() -> None:
    """Each needed one, and of the others only what somebody reads there; none of a laptop's."""
    assert check_settings(APP_SETTINGS, needed=on_azure(), known=left_to_a_choice()) == ()


def test_the_page_tells_what_azure_sets() -> None:
    """Where it is a value that is written out: the same one."""
    told = {variable(field): about(field).azure for field in Settings.model_fields}
    told |= {one.name: one.azure for one in OTHERS}
    written = {name: value for name, value in literals().items() if name in told}
    assert {name: f"`{value}`" for name, value in written.items()} == {name: told[name] for name in written}
    assert len(written) > 10


def test_the_parameters_that_the_page_names_are_there() -> None:
    """Whoever wants another value finds where to give it."""
    told = [about(field).azure for field in Settings.model_fields] + [one.azure for one in (*OTHERS, *OPTIONAL)]
    named = {name for text in told for name in re.findall(r"parameter `(\w+)`", text or "")}
    assert len(named) > 8
    assert named <= {one.name for one in parsed(INFRA / "main.bicep").of(Parameter)}


def test_what_azure_sets_is_right_in_the_apps_own_eyes() -> None:
    """With what a deployment puts in, and secrets resolved; references that are not resolved are refused."""
    made = {name: filled(value, DEPLOYED) for name, value in settings().items()}
    made |= {"SIGNALBOX_CONDITIONING_AT_ONCE": "2"}
    unknown = [name for name, value in made.items() if value is None]
    assert unknown == []
    raw = {"WEBSITE_SKU": "FlexConsumption"} | {name: value for name, value in made.items() if value is not None}
    resolved = {name: "0123456789abcdef" if "@Microsoft.KeyVault" in value else value for name, value in raw.items()}
    assert problems_of(resolved) == []
    assert any("was not resolved" in problem for problem in problems_of(raw))


@pytest.mark.parametrize(
    ("old", "new", "rule", "name"),
    [
        ("SIGNALBOX_TICK_SCHEDULE:", "SIGNALBOX_TIC_SCHEDULE:", "setting-missing", "SIGNALBOX_TICK_SCHEDULE"),
        ("SIGNALBOX_TICK_SCHEDULE:", "SIGNALBOX_TIC_SCHEDULE:", "setting-unread", "SIGNALBOX_TIC_SCHEDULE"),
        ("SIGNALBOX_PUBLIC_URL:", "SIGNALBOX_JOBS_URL: publicUrl\n    SIGNALBOX_PUBLIC_URL:", "setting-unread",
         "SIGNALBOX_JOBS_URL"),
    ],
)  # fmt: skip
def test_a_difference_is_found(tmp_path: Path, old: str, new: str, rule: str, name: str) -> None:
    """One that is missing, one that nobody reads, and one that is a laptop's."""
    file = tmp_path / "app_settings.bicep"
    file.write_text(APP_SETTINGS.read_text().replace(old, new, 1))
    found = check_settings(file, needed=on_azure(), known=left_to_a_choice())
    assert (rule, name) in {(one.rule, one.subject) for one in found}


def test_what_is_left_alone_says_why() -> None:
    """A reader of the page sees why a place has no value."""
    told = [about(field) for field in Settings.model_fields]
    assert all(one.meaning.endswith(".") for one in told)
    places = [(one.azure, one.laptop, one.leave) for one in told]
    places += [(one.azure, one.laptop, one.leave) for one in (*OTHERS, *OPTIONAL)]
    assert all(leave for azure, laptop, leave in places if azure is None or laptop is None)


def test_the_committed_page_and_example_are_current() -> None:
    """After a change: `python -m shared.settings_reference`."""
    assert PAGE.read_text(encoding="utf-8") == page_text()
    assert EXAMPLE.read_text(encoding="utf-8") == example_text()


def test_every_setting_has_a_row() -> None:
    """Of the app, and of others."""
    rows = re.findall(r"^\| `(\w+)` \|", page_text(), re.MULTILINE)
    assert sorted(set(names_read()) | {f"{CHANNEL}KIND_NAME"}) == sorted(
        {name for name in rows if name in names_read() or name.startswith("SIGNALBOX_")}
    )


def test_pages_and_messages_name_settings_that_there_are() -> None:
    """A name with a slip in it would be set in vain."""
    pages = [path.read_text() for path in (*(APP_ROOT / "docs").rglob("*.md"), APP_ROOT / "README.md")]
    named = {name for text in (*reading.sources().values(), *pages) for name in reading.mentioned(text)}
    unknown = {name for name in named if not name.startswith(CHANNEL.rstrip("_"))} - set(names_read())
    assert unknown == set()


# ── The example, through the real worker ────────────────────────────────────────────────────────────────────────────


def test_the_example_is_what_a_laptop_has() -> None:
    """In the form of Core Tools: not encrypted, texts only, and right in the app's own eyes."""
    document = json.loads(EXAMPLE.read_text())
    assert document == {"IsEncrypted": False, "Values": on_laptop()}
    assert read_settings(document["Values"]).platform == "local"


def test_the_example_starts_the_app(tmp_path: Path) -> None:
    """The real worker loads every function with it."""
    app = _app(tmp_path, json.loads(EXAMPLE.read_text()))
    with RunningHost(app, "--state", str(tmp_path / "durable.db"), environment={"PYTHONPATH": str(APP_ROOT)}) as host:
        assert host.client.get("/admin/host/status").json()["state"] == "Running"
        assert "begin_scheduled_runs" in host.output


def test_a_wrong_setting_stops_the_app_at_its_start(tmp_path: Path) -> None:
    """The host's log names all that is wrong, with what is expected, and no function is loaded."""
    values = on_laptop() | {
        "SIGNALBOX_STORAGE": "",
        "SIGNALBOX_TICK_SCHEDULE": "hourly",
        "SIGNALBOX_FLEET": "none.yaml",
    }
    app = _app(tmp_path, {"IsEncrypted": False, "Values": values | {"SIGNALBOX_BURST": "5"}})
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALBOX_")}
    done = subprocess.run(
        [sys.executable, "-m", "local.host", "--app", str(app), "--port", "0", "--state", str(tmp_path / "state.db")],
        cwd=APP_ROOT, env=kept | {"PYTHONPATH": str(APP_ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert "SIGNALBOX_STORAGE: is not set. Expected: Storage account" in told
    assert "SIGNALBOX_TICK_SCHEDULE: 'hourly' has 1 field; it needs six fields" in told
    assert "SIGNALBOX_FLEET: there is no file" in told
    assert "SIGNALBOX_BURST: is not a setting; did you mean SIGNALBOX_BURST_SECONDS?" in told
    assert "begin_scheduled_runs" not in told


def _app(folder: Path, document: Mapping[str, object]) -> Path:
    """The app's own files, in a folder with settings."""
    app = folder / "app"
    app.mkdir()
    for name in ("function_app.py", "host.json"):
        shutil.copy(APP_ROOT / name, app)
    (app / "local.settings.json").write_text(json.dumps(document))
    return app
