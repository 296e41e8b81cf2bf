"""A setting that is missing or wrong is named, with what is expected."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.errors import ConfigurationError
from shared.settings import APP_ROOT, read_settings
from shared.settings_start import check_in_a_host

GOOD = {
    "SIGNALBOX_STORAGE": "UseDevelopmentStorage=true",
    "SIGNALBOX_REGISTRY_URI": "http://127.0.0.1:5000",
    "SIGNALBOX_WEBHOOK_SECRET": "0123456789abcdef",
    "SIGNALBOX_RECONCILE_SCHEDULE": "0 */5 * * * *",
    "SIGNALBOX_TICK_SCHEDULE": "0 * * * * *",
    "SIGNALBOX_RETENTION_SCHEDULE": "0 30 3 * * *",
    "SIGNALBOX_ANCHOR_SCHEDULE": "0 0 * * * *",
    "SIGNALBOX_JOBS_URL": "http://127.0.0.1:1",
    "SIGNALBOX_SCORING_URL": "http://127.0.0.1:2",
}


def test_good_settings_are_read() -> None:
    """Defaults hold where nothing is said, and other variables are left alone."""
    settings = read_settings({**GOOD, "PATH": "/usr/bin"})
    assert settings.landing_container == "landing"
    assert settings.fleet_files[0].name == "fleet.yaml"
    assert settings.environment == ""


@pytest.mark.parametrize("name", ["APP", "KEY", "TOKEN", "ENTRA"])
def test_what_is_the_command_lines_is_left_alone(name: str) -> None:
    """A stack is started from a shell that has it."""
    assert read_settings({**GOOD, f"SIGNALBOX_{name}": "x"}) == read_settings(GOOD)


def test_several_fleet_files_and_their_environment_are_read() -> None:
    """Separated by semicolons, of which one too many is forgiven; relative to the app."""
    settings = read_settings({**GOOD, "SIGNALBOX_FLEET": "a/one.yaml; /b/two.yaml;", "SIGNALBOX_ENVIRONMENT": "dev"})
    assert settings.fleet_files == (APP_ROOT / "a/one.yaml", Path("/b/two.yaml"))
    assert settings.environment == "dev"


def test_addresses_of_channels_are_read_by_their_names_and_never_shown() -> None:
    """Each is a secret: whoever knows it can write there."""
    settings = read_settings({**GOOD, "SIGNALBOX_CHANNEL_TEAMS_DEMAND": "https://contoso.example/secret"})
    assert settings.channels == {"teams_demand": "https://contoso.example/secret"}
    assert "contoso.example" not in repr(settings)
    assert read_settings(GOOD).channels == {}


AZUREML = {
    **GOOD,
    "SIGNALBOX_PLATFORM": "azureml",
    "SIGNALBOX_JOBS_URL": None,
    "SIGNALBOX_SCORING_URL": None,
    "SIGNALBOX_STORAGE": "https://signalbox.blob.core.windows.net/",
    "SIGNALBOX_REGISTRY_URI": "azureml",
    "SIGNALBOX_AZUREML_WORKSPACE": "/subscriptions/1/resourceGroups/g/providers/Microsoft.MachineLearningServices"
    "/workspaces/w",
}
DOUBLE = {
    **AZUREML,
    **GOOD,
    "SIGNALBOX_PLATFORM": "azureml",
    "SIGNALBOX_AZUREML_URL": "https://127.0.0.1:7084",
}
SCHEDULER = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"


def problems(environment: Mapping[str, str | None]) -> str:
    """What is told of an environment."""
    with pytest.raises(ConfigurationError) as error:
        read_settings(without_none(environment))
    return str(error.value)


def without_none(environment: Mapping[str, str | None]) -> dict[str, str]:
    """`None` is for what is not set."""
    return {name: value for name, value in environment.items() if value is not None}


@pytest.mark.parametrize(
    "storage",
    [
        "https://signalbox.blob.core.windows.net",
        "https://signalbox.z07.blob.storage.azure.net/",
        "https://signalbox.blob.core.chinacloudapi.cn/",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5PT0=;EndpointSuffix=core.windows.net",
        "AccountName=a;SharedAccessSignature=sv=2026&sig=x",
        "BlobEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:2/a;AccountName=a;AccountKey=k",
    ],
)
def test_storage_is_an_endpoint_or_a_connection_string(storage: str) -> None:
    """Of any cloud, and of an account with a zone in its name."""
    assert read_settings({**GOOD, "SIGNALBOX_STORAGE": storage}).storage == storage


@pytest.mark.parametrize("uri", ["databricks", "databricks-uc://team", "http://mlflow:5000", "https://h/mlflow"])
def test_registries(uri: str) -> None:
    """A server, or one of Databricks'."""
    assert read_settings({**GOOD, "SIGNALBOX_REGISTRY_URI": uri}).registry_uri == uri


@pytest.mark.parametrize("environment", [AZUREML, DOUBLE])
def test_azure_ml_and_its_double_are_both_right(environment: Mapping[str, str | None]) -> None:
    """The double is on this machine, as are the services that it drives."""
    assert read_settings(without_none(environment)).platform == "azureml"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SIGNALBOX_STORAGE": None}, "SIGNALBOX_STORAGE: is not set. Expected: Storage account"),
        ({"SIGNALBOX_STORAGE": ""}, "SIGNALBOX_STORAGE: is not set"),
        ({"SIGNALBOX_STORAGE": "https://a.dfs.core.windows.net"}, "SIGNALBOX_STORAGE: is neither the blob endpoint"),
        ({"SIGNALBOX_STORAGE": "https://a123.blob.core.windows.net/landing"}, "SIGNALBOX_STORAGE: is neither"),
        ({"SIGNALBOX_STORAGE": "AccountName=a"}, "SIGNALBOX_STORAGE: is neither"),
        ({"SIGNALBOX_LANDING_CONTAINER": "Landing"}, "SIGNALBOX_LANDING_CONTAINER: 'Landing' is no container's name"),
        ({"SIGNALBOX_ANCHOR_CONTAINER": "landing"}, "'landing' is SIGNALBOX_LANDING_CONTAINER too"),
        ({"SIGNALBOX_WEBHOOK_SECRET": "short"}, "SIGNALBOX_WEBHOOK_SECRET: String should have at least 16"),
        ({"SIGNALBOX_STORRAGE": "x"}, "SIGNALBOX_STORRAGE: is not a setting; did you mean SIGNALBOX_STORAGE?"),
        ({"SIGNALBOX_XYZ": "x"}, "SIGNALBOX_XYZ: is not a setting; known are SIGNALBOX_ANCHOR_CONTAINER"),
        ({"SIGNALBOX_GIT_COMMIT": "main"}, "SIGNALBOX_GIT_COMMIT: String should match pattern"),
        ({"SIGNALBOX_BURST_SECONDS": "5s"}, "SIGNALBOX_BURST_SECONDS: Input should be a valid integer"),
        ({"SIGNALBOX_FLEET": " ; "}, "SIGNALBOX_FLEET: names no file"),
        ({"SIGNALBOX_JOBS_URL": None}, "SIGNALBOX_JOBS_URL: is not set, and is needed by the platform 'local'"),
        ({"SIGNALBOX_JOBS_URL": "localhost:7081"}, "SIGNALBOX_JOBS_URL: 'localhost:7081' is no http or https URL"),
        ({"SIGNALBOX_PUBLIC_URL": "signalbox"}, "SIGNALBOX_PUBLIC_URL: String should match pattern"),
        ({"SIGNALBOX_PLATFORM": "sagemaker"}, "SIGNALBOX_PLATFORM: 'sagemaker' is no platform"),
        ({"SIGNALBOX_REGISTRY_URI": "mlflow"}, "SIGNALBOX_REGISTRY_URI: is neither the URL of an MLflow server"),
        ({"SIGNALBOX_REGISTRY_URI": "azureml"}, "name it in SIGNALBOX_AZUREML_WORKSPACE"),
        ({"SIGNALBOX_TICK_SCHEDULE": "00:01:00"}, "SIGNALBOX_TICK_SCHEDULE: '00:01:00' has 1 field; it needs six"),
        ({"SIGNALBOX_TICK_SCHEDULE": "0 60 * * * *"}, "SIGNALBOX_TICK_SCHEDULE: '60' is no minute of a schedule"),
        ({"SIGNALBOX_WEBHOOK_SECRET": "@Microsoft.KeyVault(SecretUri=https://v/s)"}, "was not resolved"),
        ({"SIGNALBOX_CHANNEL_TEAMS_A": "@Microsoft.KeyVault(SecretUri=https://v/s)"}, "SIGNALBOX_CHANNEL_TEAMS_A: its"),
        ({"SIGNALBOX_CHANNEL_TEAMS_A": "https:contoso"}, "SIGNALBOX_CHANNEL_TEAMS_A: is no https address"),
        ({"SIGNALBOX_CHANNEL_MAIL_A": "https://a.example"}, "SIGNALBOX_CHANNEL_MAIL_A: names no channel"),
        ({"SIGNALBOX_CHANNELS": "https://a.example"}, "each channel has one of its own, SIGNALBOX_CHANNEL_KIND_NAME"),
        ({"SIGNALBOX_": "x"}, "SIGNALBOX_: is not a setting"),
        ({SCHEDULER: "Endpoint=https://x.durabletask.io"}, f"{SCHEDULER}: needs an Endpoint and an Authentication"),
        ({SCHEDULER: "x.durabletask.io"}, f"{SCHEDULER}: needs an Endpoint"),
        ({SCHEDULER: "Endpoint=x.durabletask.io;Authentication=ManagedIdentity"}, "is no http or https URL"),
        ({SCHEDULER: "Endpoint=https://x.durabletask.io;Authentication=Key"}, "'Key' is none of AzureCLI"),
        ({SCHEDULER: "Endpoint=https://x.durabletask.io;Authentication=None"}, "is for the emulator on this machine"),
        ({"SIGNALBOX_AUTHENTICATION": "entra", "WEBSITE_AUTH_ENABLED": "False"}, "App Service authentication is off"),
        (
            {
                "SIGNALBOX_TELEMETRY": "azure_monitor",
                "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=00000000-0000-0000-0000-000000000000",
                "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": "yes",
            },
            "the worker sends there already",
        ),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, str | None], message: str) -> None:
    """The message holds the variable's name and what is wrong with it, and it is the only one."""
    told = problems({**GOOD, **change})
    assert message in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SIGNALBOX_AZUREML_WORKSPACE": None}, "SIGNALBOX_AZUREML_WORKSPACE: is not set, and is needed"),
        ({"SIGNALBOX_AZUREML_WORKSPACE": "w"}, "SIGNALBOX_AZUREML_WORKSPACE: 'w' is not the id"),
        ({"SIGNALBOX_JOBS_URL": "http://127.0.0.1:7081"}, "SIGNALBOX_JOBS_URL: is of the platform 'local'"),
        ({"SIGNALBOX_REGISTRY_URI": "http://localhost:5000"}, "SIGNALBOX_REGISTRY_URI: is on this machine"),
        ({"SIGNALBOX_STORAGE": "UseDevelopmentStorage=true"}, "SIGNALBOX_STORAGE: is on this machine"),
    ],
)
def test_what_azure_ml_cannot_reach_is_named(change: dict[str, str | None], message: str) -> None:
    """A workspace in Azure with something of a laptop would fail at the first job."""
    assert message in problems({**AZUREML, **change})


def test_on_azure_nothing_of_a_laptop_is_taken_for_granted() -> None:
    """Neither the local platform nor a host without a provider of durable state."""
    told = problems({**GOOD, "WEBSITE_SKU": "FlexConsumption"})
    assert "SIGNALBOX_PLATFORM: is 'local', whose services are on a laptop, but this is Azure" in told
    assert f"{SCHEDULER}: is not set, and host.json names it" in told
    provider = "AzureFunctionsJobHost__extensions__durableTask__storageProvider__type"
    for durable in ({provider: "AzureStorage"}, {SCHEDULER: "Endpoint=https://x.y;Authentication=ManagedIdentity"}):
        assert read_settings(without_none({**AZUREML, **durable, "WEBSITE_SKU": "FlexConsumption"}))


def test_all_problems_are_told_at_once() -> None:
    """Nobody wants to learn of mistakes one at a time: what is missing, unknown, and wrong together."""
    told = problems({SCHEDULER: "x", "SIGNALBOX_LANDING_CONTAINER": "signalbox", "SIGNALBOX_X": "1"})
    for name in ("STORAGE", "REGISTRY_URI", "WEBHOOK_SECRET", "TICK_SCHEDULE", "JOBS_URL", "X", "DATA_CONTAINER"):
        assert f"\n  SIGNALBOX_{name}: " in told
    assert f"\n  {SCHEDULER}: " in told


def test_no_secret_is_repeated() -> None:
    """What is wrong with a secret is told without it: the message goes to logs."""
    secret = "s3cr3t"
    wrong = {"SIGNALBOX_WEBHOOK_SECRET": secret, "SIGNALBOX_STORAGE": f"AccountKey={secret}", SCHEDULER: secret}
    assert secret not in problems({**GOOD, **wrong})
    assert GOOD["SIGNALBOX_WEBHOOK_SECRET"] not in repr(read_settings(GOOD))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIGNALBOX_TELEMETRY", "otlp:http://user:s3cr3t@"),
        ("SIGNALBOX_JOBS_URL", "ftp://s3cr3t@jobs.example"),
        ("SIGNALBOX_CALLBACK_HOSTS", "http://user:s3cr3t@127.0.0.1:9"),
    ],
)
def test_an_address_is_told_without_its_password(name: str, value: str) -> None:
    """The rest is shown, so that it can be mended."""
    told = problems({**GOOD, name: value})
    assert f"  {name}" in told
    assert "s3cr3t" not in told
    assert "//…@" in told


@given(st.dictionaries(st.sampled_from([*GOOD, SCHEDULER, "SIGNALBOX_AZUREML_URL"]), st.text(max_size=30)))
def test_any_values_are_read_or_refused(values: dict[str, str]) -> None:
    """Nothing but an error of the configuration is raised."""
    with suppress(ConfigurationError):
        read_settings({**GOOD, **values})


def test_without_a_host_nothing_is_looked_at() -> None:
    """Who only imports the app has no settings."""
    check_in_a_host({})


def test_a_host_is_told_of_files_that_are_not_there_too() -> None:
    """Beside all else that is wrong."""
    with pytest.raises(ConfigurationError) as error:
        check_in_a_host({**GOOD, "WEBSITE_HOSTNAME": "x", "SIGNALBOX_FLEET": "a.yaml", "SIGNALBOX_AZUREML_CA": "b.pem"})
    for name, file in (("SIGNALBOX_FLEET", "a.yaml"), ("SIGNALBOX_AZUREML_CA", "b.pem")):
        assert f"{name}: there is no file {APP_ROOT / file}" in str(error.value)
    check_in_a_host({**GOOD, "WEBSITE_HOSTNAME": "x"})
