"""A setting that is missing or wrong is named, with what is expected."""

from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.settings import APP_ROOT, read_settings

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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SIGNALBOX_STORAGE": None}, "SIGNALBOX_STORAGE: is not set"),
        ({"SIGNALBOX_WEBHOOK_SECRET": "short"}, "SIGNALBOX_WEBHOOK_SECRET: String should have at least 16"),
        ({"SIGNALBOX_STORRAGE": "x"}, "SIGNALBOX_STORRAGE: is not a setting; known are SIGNALBOX_ANCHOR_CONTAINER"),
        ({"SIGNALBOX_GIT_COMMIT": "main"}, "SIGNALBOX_GIT_COMMIT: String should match pattern"),
        ({"SIGNALBOX_JOBS_URL": None}, "SIGNALBOX_JOBS_URL: needed by the platform 'local'"),
        ({"SIGNALBOX_PUBLIC_URL": "signalbox"}, "SIGNALBOX_PUBLIC_URL: String should match pattern"),
        ({"SIGNALBOX_PLATFORM": "azureml"}, "SIGNALBOX_AZUREML_WORKSPACE: needed by the platform 'azureml'"),
        ({"SIGNALBOX_PLATFORM": "sagemaker"}, "SIGNALBOX_PLATFORM: Value error, 'sagemaker' is no platform"),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, str | None], message: str) -> None:
    """The message holds the variable's name and what is wrong with it."""
    environment = {name: value for name, value in (GOOD | change).items() if value is not None}
    with pytest.raises(ConfigurationError) as error:
        read_settings(environment)
    assert message in str(error.value)


def test_all_problems_are_told_at_once() -> None:
    """Nobody wants to learn of mistakes one at a time."""
    with pytest.raises(ConfigurationError) as error:
        read_settings({})
    for name in ("SIGNALBOX_STORAGE", "SIGNALBOX_REGISTRY_URI", "SIGNALBOX_WEBHOOK_SECRET"):
        assert name in str(error.value)
