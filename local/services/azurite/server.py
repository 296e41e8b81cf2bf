"""How to run Azurite and how to reach it."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.services.azurite.install import DEFAULT_TOOLS, find_node, installed_azurite
from local.services.loopback import HOST, LocalServiceError, Port, probe
from local.services.process import Service

ACCOUNT = "devstoreaccount1"
# The account key that Azurite documents for everybody: public, and worth nothing outside of it.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


TIMEOUTS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 15, "retry_total": 3}


@dataclass(frozen=True)
class AzuritePorts:
    """The three ports of one Azurite."""

    blob: Port
    queue: Port
    table: Port


def connection_string(blob: int, queue: int, table: int) -> str:
    """The connection string of an Azurite on these loopback ports, as every Azure Storage SDK reads it."""
    endpoints = {"BlobEndpoint": blob, "QueueEndpoint": queue, "TableEndpoint": table}
    parts = [f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY}"]
    parts += [f"{name}=http://{HOST}:{port}/{ACCOUNT}" for name, port in endpoints.items()]
    return ";".join(parts) + ";"


def azurite_service(
    directory: Path, ports: AzuritePorts, log: Path, *, tools: Path = DEFAULT_TOOLS, holds: tuple[int, ...] = ()
) -> Service:
    """Azurite with its data in ``directory``; ``AzuriteMissing`` if it is not installed.

    It writes its data to disk every five seconds and when it is stopped in an orderly way: a kill can lose what was
    stored in the last five seconds.
    """
    numbered = (("blob", ports.blob), ("queue", ports.queue), ("table", ports.table))
    addresses = [part for kind, port in numbered for part in _address(kind, port)]
    options = ["--disableTelemetry", "--silent", "--skipApiVersionCheck", "--location", str(directory)]
    return Service(
        name="azurite",
        argv=(str(find_node()), str(installed_azurite(tools)), *options, *addresses),
        log=log,
        health=lambda: all(_listens(port.number) for _, port in numbered),
        ports=tuple(port for _, port in numbered),
        holds=holds,
        remedy="If its data is damaged, remove the state directory and start again.",
    )


def create_resources(connection: str, containers: Iterable[str], tables: Iterable[str]) -> None:
    """Create blob containers and tables that do not exist yet; ``LocalServiceError`` if Azurite refuses."""
    from azure.core.exceptions import AzureError  # noqa: PLC0415 - the SDKs take long to import

    try:
        _create_containers(connection, containers)
        _create_tables(connection, tables)
    except AzureError as error:
        raise LocalServiceError(f"Azurite did not create its containers and tables: {error}") from error


def _create_containers(connection: str, names: Iterable[str]) -> None:
    from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415 - the SDKs take long to import
    from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - the same

    with BlobServiceClient.from_connection_string(connection, **TIMEOUTS) as blobs:
        for name in names:
            with contextlib.suppress(ResourceExistsError):
                blobs.create_container(name)


def _create_tables(connection: str, names: Iterable[str]) -> None:
    from azure.data.tables import TableServiceClient  # noqa: PLC0415 - the SDKs take long to import

    with TableServiceClient.from_connection_string(connection, **TIMEOUTS) as tables:
        for name in names:
            tables.create_table_if_not_exists(name)


def _address(kind: str, port: Port) -> tuple[str, ...]:
    return f"--{kind}Host", HOST, f"--{kind}Port", str(port.number)


def _listens(port: int) -> bool:
    """Azurite has no health endpoint; an anonymous request that it refuses shows that it serves."""
    status = probe(f"http://{HOST}:{port}/{ACCOUNT}?comp=list")
    return status is not None and status < 500
