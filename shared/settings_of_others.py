"""The settings of the app that others read for it, under names of their own: the host, the worker, SDKs, the C library.

They are written down once, here, with who reads them, so that `docs/settings.md`, the example for a laptop and the
infrastructure can be held against them.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from shared.settings import CHANNEL, OF_THE_COMMAND_LINE, Settings, about, variable
from shared.settings_checks import PROVIDER, SCHEDULER
from shared.telemetry.setting import CONNECTION_STRING


class Other(NamedTuple):
    """A setting that the app does not name itself.

    Attributes:
        name: The environment variable.
        reader: Who reads it.
        meaning: What it says.
        azure: Where it comes from on Azure; `None` where nothing there sets it.
        laptop: What it is in `local.settings.example.json`; `None` where a laptop does not need it.
        leave: Why it is left alone where it is not set.
    """

    name: str
    reader: str
    meaning: str
    azure: str | None
    laptop: str | None
    leave: str = ""


_HOST: Final = "Functions host"
_WORKER: Final = "Python worker"
_LIBC: Final = "C library"

OTHERS: Final = (
    Other(
        "FUNCTIONS_WORKER_RUNTIME",
        _HOST,
        "The language. Flex Consumption refuses it as a setting, and has it in the app's configuration.",
        azure=None,
        laptop="python",
        leave="in the configuration there",
    ),
    Other(
        "AzureWebJobsStorage",
        _HOST,
        "Storage of the host itself: keys, timers, leases. A connection string is for a laptop.",
        azure=None,
        laptop="UseDevelopmentStorage=true",
        leave="by identity there, see the next ones",
    ),
    Other(
        "AzureWebJobsStorage__accountName",
        _HOST,
        "The account of the host's storage, used by identity.",
        azure="the storage account",
        laptop=None,
        leave="a connection string there",
    ),
    Other(
        "AzureWebJobsStorage__credential",
        _HOST,
        "`managedidentity`: how the host signs in to it.",
        azure="`managedidentity`",
        laptop=None,
        leave="a connection string there",
    ),
    Other(
        "AzureWebJobsStorage__clientId",
        _HOST,
        "Which identity that is.",
        azure="the identity that is made",
        laptop=None,
        leave="a connection string there",
    ),
    Other(
        SCHEDULER,
        f"{_HOST}, named in `host.json`",
        "Durable Task Scheduler: `Endpoint=URL;Authentication=WAY`, with `ClientID=ID` for a user-assigned identity.",
        azure="the scheduler that is made",
        laptop="Endpoint=http://localhost:8080;Authentication=None",
    ),
    Other(
        CONNECTION_STRING,
        f"{_HOST}, and the app for `azure_monitor` and `opencensus`",
        "Application Insights.",
        azure="the resource that is made",
        laptop=None,
        leave="telemetry stays there",
    ),
    Other(
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        f"{_HOST}, and Azure Monitor's exporter in the app",
        "`Authorization=AAD;ClientId=ID`: telemetry is sent by identity, where the resource takes no keys.",
        azure="the identity that is made, unless `opencensus` sends, which needs the key",
        laptop=None,
        leave="telemetry stays there",
    ),
    Other(
        "AZURE_CLIENT_ID",
        "azure-identity",
        "The user-assigned identity by which the app calls storage, Azure ML and Key Vault.",
        azure="the identity that is made",
        laptop=None,
        leave="`az login` there",
    ),
    Other(
        "PYTHON_ENABLE_OPENTELEMETRY",
        _WORKER,
        "`true`: each call of a function goes on with the trace that the host began (`telemetryMode` in `host.json`). "
        "`PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY` does that too, and sends to Application Insights by itself: it "
        "is refused beside `azure_monitor` or `opencensus`, since all would be sent twice.",
        azure="`true`",
        laptop="true",
    ),
    Other(
        "PYTHON_THREADPOOL_THREAD_COUNT",
        _WORKER,
        "Threads for turns of orchestrators and entities; as many as `host.json` lets run at once, or some would wait.",
        azure="`16`",
        laptop="16",
    ),
    Other(
        "MALLOC_ARENA_MAX",
        _LIBC,
        "`1`: what a thread has freed is there for all. Without it, conditioning takes 90 MiB more.",
        azure="`1`",
        laptop="1",
    ),
    Other(
        "MALLOC_MMAP_THRESHOLD_",
        _LIBC,
        "Bytes from which on a buffer is the system's own; 64 MiB, so that the next piece of a file finds its buffers.",
        azure="`67108864`",
        laptop="67108864",
    ),
    Other(
        "MALLOC_TRIM_THRESHOLD_",
        _LIBC,
        "Bytes that are kept before memory is given back; 256 MiB, likewise.",
        azure="`268435456`",
        laptop="268435456",
    ),
    Other(
        "OPENBLAS_NUM_THREADS",
        "NumPy",
        "`1`: nothing here multiplies matrices, and its threads take 0.1 s to start.",
        azure="`1`",
        laptop="1",
    ),
)
#: Others read them where a choice asks for it; neither the infrastructure nor the example sets them.
OPTIONAL: Final = (
    Other(
        f"{PROVIDER}type",
        _HOST,
        "`AzureStorage` in place of Durable Task Scheduler; it overrides `host.json`.",
        azure="where parameter `durableProvider` is `storage`",
        laptop=None,
        leave="the emulator there",
    ),
    Other(
        f"{PROVIDER}connectionName",
        _HOST,
        "`AzureWebJobsStorage`: the account that Azure Storage as provider keeps its state in.",
        azure="where parameter `durableProvider` is `storage`",
        laptop=None,
        leave="the emulator there",
    ),
    Other(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OpenTelemetry",
        "Headers for `otlp:URL`: `api-key=SECRET,tenant=a`.",
        azure=None,
        laptop=None,
        leave="for `otlp:URL` only",
    ),
    Other(
        "MLFLOW_TRACKING_USERNAME",
        "MLflow",
        "Who the app is to an MLflow server that asks for a password.",
        azure="with parameter `withMlflow`",
        laptop=None,
        leave="no password there",
    ),
    Other(
        "MLFLOW_TRACKING_PASSWORD",
        "MLflow",
        "That password; a secret.",
        azure="Key Vault, with parameter `withMlflow`",
        laptop=None,
        leave="no password there",
    ),
    Other(
        "DATABRICKS_HOST",
        "MLflow",
        "The Databricks workspace, where the registry is there and no profile is named.",
        azure=None,
        laptop=None,
        leave="for `databricks` only",
    ),
    Other(
        "DATABRICKS_TOKEN",
        "MLflow",
        "A token for it. `ARM_USE_MSI=true` and its like take the managed identity instead.",
        azure=None,
        laptop=None,
        leave="for `databricks` only",
    ),
)


def on_azure() -> frozenset[str]:
    """The settings that the infrastructure has to set, whatever is chosen; channels come on top."""
    own = (variable(field) for field in Settings.model_fields if field != "channels" and about(field).azure)
    return frozenset((*own, *(one.name for one in OTHERS if one.azure)))


def on_laptop() -> dict[str, str]:
    """The values of `local.settings.example.json`: those of others first, since a host does not start without them."""
    others = {one.name: one.laptop for one in OTHERS if one.laptop is not None}
    own = {variable(field): told for field in Settings.model_fields if (told := about(field).laptop) is not None}
    return others | own


def left_to_a_choice() -> frozenset[str]:
    """What the infrastructure may set and need not: what is read, and is neither always set there nor a laptop's."""
    return frozenset(names_read()) - on_azure() - on_laptop().keys() - OF_THE_COMMAND_LINE | {f"{CHANNEL}*"}


def names_read() -> Iterator[str]:
    """All settings that somebody reads for the app, or the app itself, or the command line; channels apart."""
    yield from (variable(field) for field in Settings.model_fields if field != "channels")
    yield from (one.name for one in (*OTHERS, *OPTIONAL))
    yield from OF_THE_COMMAND_LINE
