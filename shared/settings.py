"""Every setting that the app reads, once: its name, its meaning, its default."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shared.errors import ConfigurationError

#: The folder of `function_app.py`: relative paths in settings start here.
APP_ROOT = Path(__file__).resolve().parent.parent
_PREFIX = "SIGNALBOX_"
#: What follows says which channel of a fleet file it is the address of.
_CHANNEL = f"{_PREFIX}CHANNEL_"
#: The settings that a platform cannot do without.
_NEEDED = {"local": ("jobs_url", "scoring_url"), "azureml": ("azureml_workspace",)}


class Settings(BaseModel):
    """The app's settings, read from environment variables named `SIGNALBOX_` and the field in capitals.

    Attributes:
        fleet: Fleet files, separated by `;`, relative to the app's folder.
        environment: The environment of the fleet files that is laid over them; the files as they are when empty.
        storage: Storage account: a connection string, or the blob endpoint's URL to use the managed identity.
        landing_container: Where raw files land.
        data_container: Where conditioned data, quarantine, manifests and predictions are kept.
        anchor_container: Where heads of the ledger are kept; a container of its own, which Azure can make immutable.
        platform: Where models are trained and served: `local` or `azureml`.
        jobs_url: The local job service.
        scoring_url: The local scoring service.
        azureml_workspace: The Azure ML workspace, as its resource id.
        azureml_datastore: The workspace's datastore that is the data container.
        azureml_url: Azure Resource Manager, where it is not the public cloud's.
        azureml_ca: PEM file of the authority that signed that one's certificate, where it is not a public one.
        registry_uri: The model registry: an MLflow tracking URI, `databricks`, or `azureml` for the workspace's own.
        authentication: Who may call: `keys`, whoever has a function key, or `entra`, by roles (see `authorization`).
        webhook_secret: Shared secret of the registry's webhooks.
        webhook_max_age_seconds: Older webhook deliveries are refused; longer than MLflow's whole retry span.
        telemetry: Where spans go: `file:PATH`, `console` or `off`.
        reconcile_schedule: NCRONTAB of the search for lost events; the timer's binding needs it as a setting.
        tick_schedule: NCRONTAB of the look at the fleets' own schedules: every minute, since they are to the minute.
        retention_schedule: NCRONTAB of the deletion of what has expired.
        anchor_schedule: NCRONTAB of the keeping of the ledger's heads.
        git_commit: The commit of the fleet files that are deployed, where the deployment knows it.
        burst_seconds: How long no other file of a cell must have landed before a version is made of it.
        conditioning_at_once: Pieces of raw files, of 16 MiB, that a worker conditions at once; two need 512 MiB
            where `MALLOC_ARENA_MAX` is 1.
        public_url: Where people reach the app, for links in messages; no links when empty.
        channels: Where messages go, by channel: `SIGNALBOX_CHANNEL_TEAMS_DEMAND` is the address of `teams:demand`. Each
            is a secret, and a Key Vault reference on Azure.
        settle_seconds: How old a thing must be before its missing event counts as lost.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    fleet: str = "examples/flights/fleet.yaml"
    environment: str = ""
    storage: str
    landing_container: str = "landing"
    data_container: str = "signalbox"
    anchor_container: str = "ledger-heads"
    platform: str = "local"
    jobs_url: str | None = None
    scoring_url: str | None = None
    azureml_workspace: str | None = None
    azureml_datastore: str = "signalbox"
    azureml_url: str | None = None
    azureml_ca: str | None = None
    registry_uri: str
    authentication: Literal["keys", "entra"] = "keys"
    webhook_secret: str = Field(min_length=16)
    webhook_max_age_seconds: int = Field(default=600, ge=30)
    telemetry: str = "off"
    reconcile_schedule: str
    retention_schedule: str
    tick_schedule: str
    anchor_schedule: str
    git_commit: str = Field(default="", pattern="^([0-9a-fA-F]{7,64})?$")
    burst_seconds: int = Field(default=5, ge=0, le=3600)
    conditioning_at_once: int = Field(default=2, ge=1, le=16)
    public_url: str = Field(default="", pattern="^(https?://[^\\s]+)?$")
    channels: dict[str, str] = Field(default={}, repr=False)
    settle_seconds: int = Field(default=30, ge=0)

    @field_validator("platform")
    @classmethod
    def _known_platform(cls, platform: str) -> str:
        if platform not in _NEEDED:
            msg = f"{platform!r} is no platform; use 'azureml', or 'local' on a laptop"
            raise ValueError(msg)
        return platform

    @property
    def fleet_files(self) -> tuple[Path, ...]:
        """The fleet files, as absolute paths."""
        return tuple(APP_ROOT / part.strip() for part in self.fleet.split(";") if part.strip())


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from an environment.

    Raises:
        ConfigurationError: A setting is missing, unknown or wrong; all of them at once, with their names.
    """
    values: dict[str, Any] = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(_PREFIX) and not name.startswith(_CHANNEL)
    }
    values["channels"] = {
        name.removeprefix(_CHANNEL).lower(): value for name, value in environment.items() if name.startswith(_CHANNEL)
    }
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_explain(error)) from error
    missing = [
        f"{_PREFIX}{name.upper()}: needed by the platform {settings.platform!r}"
        for name in _NEEDED[settings.platform]
        if not getattr(settings, name)
    ]
    if missing:
        raise ConfigurationError("Settings that do not fit:\n" + "\n".join(f"  {line}" for line in missing))
    return settings


@cache
def settings() -> Settings:
    """The settings of this process, read once, at first use."""
    return read_settings(os.environ)


def _explain(error: ValidationError) -> str:
    fields = (name for name in Settings.model_fields if name != "channels")
    known = ", ".join(sorted([*(f"{_PREFIX}{name.upper()}" for name in fields), f"{_CHANNEL}KIND_NAME"]))
    lines = []
    for problem in error.errors():
        name = _PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else _PREFIX
        what = {
            "missing": "is not set",
            "extra_forbidden": f"is not a setting; known are {known}",
        }.get(problem["type"], problem["msg"])
        lines.append(f"  {name}: {what}")
    return "Settings that do not fit:\n" + "\n".join(lines)
