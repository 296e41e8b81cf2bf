"""Azurite, Microsoft's emulator of Azure Storage: blobs, queues and tables in one Node process.

The version and all that it depends on are pinned by the ``package-lock.json`` in this directory. ``install`` brings it
in once (``python -m local.services.azurite install``); ``server`` says how to run it and how to reach it.
"""

from local.services.azurite.install import AzuriteMissing, ensure_azurite, installed_azurite
from local.services.azurite.server import AzuritePorts, azurite_service, connection_string, create_resources

__all__ = [
    "AzuriteMissing",
    "AzuritePorts",
    "azurite_service",
    "connection_string",
    "create_resources",
    "ensure_azurite",
    "installed_azurite",
]
