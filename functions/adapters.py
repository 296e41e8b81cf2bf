"""The outside world as the functions see it: every adapter made once, from settings, at first use.

Adapters import their vendor SDKs themselves, so that nothing heavy is loaded by `import function_app`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from shared.settings import settings

if TYPE_CHECKING:
    from shared.contracts.policy import ModelPolicy
    from shared.fleet.fleet import Fleet, Fleets
    from shared.notification.base import Channel
    from shared.notification.callback import Callbacks
    from shared.platforms.azureml.connection import Connection
    from shared.platforms.base import Platform
    from shared.registry.base import Registry
    from shared.storage.base import (
        Anchors,
        BlobStore,
        CallbackStore,
        DatasetIndex,
        Holds,
        Inbox,
        Ledger,
        ReadModel,
        Runs,
    )


def fleets() -> Fleets:
    """The fleets of this app, as far as who asks may see them; read again when a file has changed."""
    from functions.sight import seen_of
    from shared.fleet.loader import load_fleets

    return seen_of(load_fleets(settings().fleet_files, settings().environment or None))


def policies() -> tuple[ModelPolicy, ...]:
    """Every model of every fleet."""
    return tuple(policy for one in fleets().all for policy in one.models)


def fleet(name: str) -> Fleet:
    """One fleet by name."""
    return fleets().fleet(name)


def fleet_file(name: str, relative: str) -> Path:
    """A file that a fleet refers to: a pipeline, a recipe, a golden set."""
    return fleet(name).path.parent / relative


@cache
def landing() -> BlobStore:
    """Where raw files land."""
    from shared.storage.blobs import AzureBlobStore

    return AzureBlobStore(settings().storage, settings().landing_container)


@cache
def data() -> BlobStore:
    """Where conditioned data, quarantine, manifests and predictions are kept."""
    from shared.storage.blobs import AzureBlobStore

    return AzureBlobStore(settings().storage, settings().data_container)


@cache
def inbox() -> Inbox:
    """The record of deliveries."""
    from shared.storage.inbox import TableInbox

    return TableInbox(settings().storage)


@cache
def read_model() -> ReadModel:
    """One row per model."""
    from shared.storage.read_model import TableReadModel

    return TableReadModel(settings().storage)


@cache
def runs() -> Runs:
    """Runs of fleets, and what became of their cells."""
    from shared.storage.runs import StoredRuns

    return StoredRuns(settings().storage, data())


@cache
def holds() -> Holds:
    """Holds by fleet and label."""
    from shared.storage.holds import TableHolds

    return TableHolds(settings().storage)


@cache
def dataset_index() -> DatasetIndex:
    """Published dataset versions."""
    from shared.storage.datasets import TableDatasetIndex

    return TableDatasetIndex(settings().storage)


@cache
def ledger() -> Ledger:
    """The hash-chained record of effects."""
    from shared.storage.ledger import TableLedger

    return TableLedger(settings().storage)


@cache
def anchors() -> Anchors:
    """Heads of all chains of the ledger, kept apart from it."""
    from shared.storage.anchors import BlobAnchors
    from shared.storage.blobs import AzureBlobStore

    return BlobAnchors(AzureBlobStore(settings().storage, settings().anchor_container))


@cache
def platform() -> Platform:
    """Where models are trained and served."""
    configured = settings()
    if configured.platform == "azureml":
        from shared.platforms.azureml.platform import AzureMlPlatform

        return AzureMlPlatform(azureml())
    from shared.platforms.local import LocalPlatform

    assert configured.jobs_url is not None  # read_settings has checked both
    assert configured.scoring_url is not None
    return LocalPlatform(configured.jobs_url, configured.scoring_url, configured.data_container)


@cache
def azureml() -> Connection:
    """The Azure ML workspace."""
    from shared.platforms.azureml.connection import Connection, Workspace

    configured = settings()
    assert configured.azureml_workspace is not None  # both who call this have it, see `read_settings`
    return Connection(
        Workspace.parse(configured.azureml_workspace),
        url=configured.azureml_url,
        ca=configured.azureml_ca,
        datastore=configured.azureml_datastore,
        container=configured.data_container,
        storage=configured.storage,
    )


def channel(name: str) -> Channel:
    """A channel by its name in a fleet file."""
    from shared.notification.channels import channel as made

    return made(name, settings().channels)


@cache
def callbacks() -> CallbackStore:
    """Callbacks that are not done."""
    from shared.storage.callbacks import TableCallbacks

    return TableCallbacks(settings().storage)


@cache
def caller_back() -> Callbacks:
    """Who posts them."""
    from shared.notification.callback import Callbacks
    from shared.notification.callback_hosts import parse_hosts

    return Callbacks(parse_hosts(settings().callback_hosts))


@cache
def registry() -> Registry:
    """The model registry."""
    from shared.registry.choice import make_registry

    configured = settings()
    return make_registry(configured.registry_uri, azureml() if configured.azureml_workspace else None)
