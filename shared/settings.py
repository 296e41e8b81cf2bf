"""Every setting that the app reads itself, once: its name, its meaning, its default, and where it comes from.

What others read for the app, under names of their own, is in `shared.settings_of_others`. `docs/settings.md` and
`local.settings.example.json` are made of both: `python -m shared.settings_reference`.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from shared import ncrontab, settings_checks
from shared.errors import ConfigurationError
from shared.near_names import meant
from shared.notification.callback_hosts import PUBLIC_HOSTS, parse_hosts
from shared.telemetry.setting import parse_telemetry

#: The folder of `function_app.py`: relative paths in settings start here.
APP_ROOT: Final = Path(__file__).resolve().parent.parent
PREFIX: Final = "SIGNALBOX_"
#: What follows says which channel of a fleet file it is the address of.
CHANNEL: Final = f"{PREFIX}CHANNEL_"
#: The command line's own (docs/cli.md): they may lie in the environment of a stack that is started by it.
OF_THE_COMMAND_LINE: Final = frozenset(f"{PREFIX}{name}" for name in ("APP", "KEY", "TOKEN", "ENTRA"))


class About(NamedTuple):
    """What is told of a setting beside its type and its default.

    Attributes:
        meaning: What it says.
        azure: Where it comes from on Azure; `None` where nothing there sets it, `leave` says why.
        laptop: What it is in `local.settings.example.json`; `None` where a laptop does not need it.
        leave: Why it is left alone where it is not set.
    """

    meaning: str
    azure: str | None
    laptop: str | None
    leave: str = ""


_SCHEDULE: Final = "NCRONTAB"
_USER_INFO: Final = re.compile(r"//[^/@\s]+@")


class Settings(BaseModel):
    """The app's settings, read from environment variables named `SIGNALBOX_` and the field in capitals.

    Each field says what it means, where it comes from on Azure, and what a laptop has. An empty one counts as not set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    fleet: Annotated[
        str,
        About(
            "Fleet files, separated by `;`, relative to the app's folder.",
            azure="parameter `fleet`",
            laptop="examples/flights/fleet.yaml",
        ),
    ] = "examples/flights/fleet.yaml"
    environment: Annotated[
        str,
        About(
            "The environment of the fleet files that is laid over them; the files as they are when empty.",
            azure="parameter `fleetEnvironment`",
            laptop="dev",
        ),
    ] = ""
    storage: Annotated[
        str,
        About(
            "Storage account: a connection string, or the blob endpoint's URL to use the managed identity.",
            azure="the storage account's blob endpoint",
            laptop="UseDevelopmentStorage=true",
        ),
    ] = Field(repr=False)
    landing_container: Annotated[
        str, About("Where raw files land.", azure="the container that is made", laptop="landing")
    ] = "landing"
    data_container: Annotated[
        str,
        About(
            "Where conditioned data, quarantine, manifests and predictions are kept.",
            azure="the container that is made",
            laptop="signalbox",
        ),
    ] = "signalbox"
    anchor_container: Annotated[
        str,
        About(
            "Where heads of the ledger are kept; a container of its own, which Azure can make immutable.",
            azure="the container that is made",
            laptop="ledger-heads",
        ),
    ] = "ledger-heads"
    platform: Annotated[
        str,
        About(
            "Where models are trained and served: `local` or `azureml`.",
            azure="`azureml`",
            laptop="local",
        ),
    ] = "local"
    jobs_url: Annotated[
        str | None,
        About("The local job service.", azure=None, laptop="http://127.0.0.1:7081", leave="of the platform `local`"),
    ] = None
    scoring_url: Annotated[
        str | None,
        About(
            "The local scoring service.", azure=None, laptop="http://127.0.0.1:7082", leave="of the platform `local`"
        ),
    ] = None
    azureml_workspace: Annotated[
        str | None,
        About(
            "The Azure ML workspace, as its resource id.",
            azure="the workspace that is made, or parameter `azureMlWorkspaceId`",
            laptop=None,
            leave="of the platform `azureml`",
        ),
    ] = None
    azureml_datastore: Annotated[
        str,
        About(
            "The workspace's datastore that is the data container.",
            azure="the datastore that is made",
            laptop=None,
            leave="of the platform `azureml`",
        ),
    ] = "signalbox"
    azureml_url: Annotated[
        str | None,
        About(
            "Azure Resource Manager, where it is not the public cloud's.",
            azure=None,
            laptop=None,
            leave="for other clouds",
        ),
    ] = None
    azureml_ca: Annotated[
        str | None,
        About(
            "PEM file of the authority that signed that one's certificate, where it is not a public one.",
            azure=None,
            laptop=None,
            leave="for other clouds",
        ),
    ] = None
    registry_uri: Annotated[
        str,
        About(
            "The model registry: an MLflow server's URL, `databricks`, `databricks-uc`, or `azureml` for the "
            "workspace's own.",
            azure="parameter `registryUri`, or the MLflow server that is made",
            laptop="http://127.0.0.1:5000",
        ),
    ]
    authentication: Annotated[
        Literal["keys", "entra"],
        About(
            "Who may call: `keys`, whoever has a function key, or `entra`, by roles (see [orders](orders.md)).",
            azure="`entra` with parameter `entraClientId`",
            laptop="keys",
        ),
    ] = "keys"
    webhook_secret: Annotated[
        str,
        About(
            "Shared secret of the registry's webhooks, at least 16 characters.",
            azure="Key Vault",
            laptop="of-this-laptop-only",
        ),
    ] = Field(min_length=16, repr=False)
    webhook_max_age_seconds: Annotated[
        int,
        About(
            "Older webhook deliveries are refused; longer than MLflow's whole retry span.",
            azure=None,
            laptop=None,
            leave="its default fits",
        ),
    ] = Field(default=600, ge=30)
    telemetry: Annotated[
        str,
        About(
            "Where spans and metrics go: several of `azure_monitor`, `otlp:URL`, `console`, `file:PATH` and "
            "`opencensus`, separated by commas; or `off`, which leaves it to the host.",
            azure="parameter `telemetry`; `azure_monitor`",
            laptop="console",
        ),
    ] = "off"
    reconcile_schedule: Annotated[
        str,
        About(
            f"{_SCHEDULE} of the search for lost events; the timer's binding needs it as a setting.",
            azure="`0 */5 * * * *`",
            laptop="0 */5 * * * *",
        ),
    ]
    retention_schedule: Annotated[
        str, About(f"{_SCHEDULE} of the deletion of what has expired.", azure="`0 30 3 * * *`", laptop="0 30 3 * * *")
    ]
    tick_schedule: Annotated[
        str,
        About(
            f"{_SCHEDULE} of the look at the fleets' own schedules: every minute, since they are to the minute.",
            azure="`0 * * * * *`",
            laptop="0 * * * * *",
        ),
    ]
    anchor_schedule: Annotated[
        str, About(f"{_SCHEDULE} of the keeping of the ledger's heads.", azure="`0 0 * * * *`", laptop="0 0 * * * *")
    ]
    git_commit: Annotated[
        str,
        About(
            "The commit of the fleet files that are deployed, 7 to 64 hexadecimal digits, where the deployment knows "
            "it.",
            azure="parameter `gitCommit`",
            laptop=None,
            leave="nothing is deployed",
        ),
    ] = Field(default="", pattern="^([0-9a-fA-F]{7,64})?$")
    burst_seconds: Annotated[
        int,
        About(
            "How long no other file of a cell must have landed before a version is made of it.",
            azure=None,
            laptop=None,
            leave="its default fits",
        ),
    ] = Field(default=5, ge=0, le=3600)
    conditioning_at_once: Annotated[
        int,
        About(
            "Pieces of raw files, of 16 MiB, that a worker conditions at once; two need 512 MiB where "
            "`MALLOC_ARENA_MAX` is 1.",
            azure="one for each GiB of parameter `instanceMemory`",
            laptop="2",
        ),
    ] = Field(default=2, ge=1, le=16)
    public_url: Annotated[
        str,
        About(
            "Where people reach the app, for links in messages; no links when empty.",
            azure="the app's host name",
            laptop="http://localhost:7071",
        ),
    ] = Field(default="", pattern="^(https?://[^\\s]+)?$")
    channels: Annotated[
        dict[str, str],
        About(
            "Where messages go, by channel: `SIGNALBOX_CHANNEL_TEAMS_DEMAND` is the address of `teams:demand`. Each is "
            "a secret, but for a topic of Event Grid.",
            azure="Key Vault, one for each in parameter `channels`; the topic that is made",
            laptop=None,
            leave="messages go nowhere",
        ),
    ] = Field(default={}, repr=False)
    callback_hosts: Annotated[
        str,
        About(
            "Hosts that are called back when a run has ended, separated by commas: `dp.example.com`, `*.example.com` "
            "for any one name there, either with `:PORT`; or an origin such as `http://127.0.0.1:8080`, which is "
            "trusted whatever its address.",
            azure=None,
            laptop=None,
            leave="its default names the public hosts of Data Factory and Synapse",
        ),
    ] = PUBLIC_HOSTS
    settle_seconds: Annotated[
        int,
        About(
            "How old a thing must be before its missing event counts as lost.",
            azure=None,
            laptop=None,
            leave="its default fits",
        ),
    ] = Field(default=30, ge=0)

    @field_validator("platform")
    @classmethod
    def _known_platform(cls, platform: str) -> str:
        if platform not in settings_checks.NEEDED:
            msg = f"{platform!r} is no platform; use 'azureml', or 'local' on a laptop"
            raise ValueError(msg)
        return platform

    @field_validator("telemetry")
    @classmethod
    def _known_telemetry(cls, telemetry: str) -> str:
        try:
            parse_telemetry(telemetry)
        except ConfigurationError as error:
            raise ValueError(str(error).removeprefix("SIGNALBOX_TELEMETRY is ")) from error
        return telemetry

    @field_validator("callback_hosts")
    @classmethod
    def _known_hosts(cls, hosts: str) -> str:
        parse_hosts(hosts)
        return hosts

    @field_validator("reconcile_schedule", "retention_schedule", "tick_schedule", "anchor_schedule")
    @classmethod
    def _schedule(cls, schedule: str) -> str:
        if problem := ncrontab.problem_of(schedule):
            raise ValueError(problem)
        return schedule

    @property
    def fleet_files(self) -> tuple[Path, ...]:
        """The fleet files, as absolute paths."""
        return tuple(APP_ROOT / part.strip() for part in self.fleet.split(";") if part.strip())


def about(field: str) -> About:
    """What is told of a field of `Settings`.

    Raises:
        LookupError: Nothing is.
    """
    told = next((one for one in Settings.model_fields[field].metadata if isinstance(one, About)), None)
    if told is None:
        raise LookupError(f"say in shared/settings.py what the setting {field} is about: Annotated[..., About(...)]")
    return told


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Settings from an environment.

    Raises:
        ConfigurationError: Settings are missing, unknown, wrong, or contradict each other; all of them at once, with
            their names.
    """
    read, problems = _read(environment)
    problems += settings_checks.contradictions(_plain(environment), environment)
    if read is None or problems:
        raise misfit(problems)
    return read


def problems_of(environment: Mapping[str, str]) -> list[str]:
    """What `read_settings` would complain of, a sentence each; none where all is well."""
    return _read(environment)[1] + settings_checks.contradictions(_plain(environment), environment)


def misfit(problems: list[str]) -> ConfigurationError:
    """The error that tells of all of them; what stands before the `@` of an address is a secret, and left out."""
    lines = (_USER_INFO.sub("//…@", f"  {line}") for line in problems)
    return ConfigurationError("Settings that do not fit:\n" + "\n".join(lines))


def fleet_files(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The fleet files of an environment, as absolute paths, whatever else is wrong with it."""
    return Settings.model_construct(fleet=_plain(environment)["fleet"]).fleet_files


@cache
def settings() -> Settings:
    """The settings of this process, read once, at first use; a host's start has checked them, see `settings_start`."""
    return read_settings(os.environ)


def _read(environment: Mapping[str, str]) -> tuple[Settings | None, list[str]]:
    """The settings, or what is wrong with each by itself."""
    given = _given(environment)
    channels = {
        name.removeprefix(CHANNEL).lower(): one for name, one in environment.items() if name.startswith(CHANNEL)
    }
    each = f"{variable('channels')}: is not a setting; each channel has one of its own, {CHANNEL}KIND_NAME"
    problems = [each] if "channels" in given else []
    try:
        return Settings.model_validate({**given, "channels": channels}), problems
    except ValidationError as error:
        return None, problems + [_explain(problem) for problem in error.errors()]


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """What is set, by field; channels apart."""
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and not name.startswith(CHANNEL) and name not in OF_THE_COMMAND_LINE and value
    }


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    """What is set, and else the defaults, as text; what is wrong by itself too, since all problems are told at once."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    return {name: str(one) for name, one in defaults.items() if isinstance(one, (str, int))} | _given(environment)


def _explain(problem: ErrorDetails) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else ""
    if problem["type"] == "extra_forbidden":
        known = sorted([*Settings.model_fields.keys() - {"channels"}, "channel_kind_name"])
        near = meant(field, known)  # without the prefix, which would make all of them alike
        told = f"did you mean {variable(near)}?" if near else f"known are {', '.join(map(variable, known))}"
        return f"{variable(field)}: is not a setting; {told}"
    meaning = about(field).meaning
    what = "is not set" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
    return f"{variable(field)}: {what}. Expected: {meaning}"
