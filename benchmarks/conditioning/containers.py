"""What all sides share: the Azurite where raw files land and each side writes, and what is installed."""

import sys
from typing import Final, NamedTuple

LANDING: Final = "landing"
OUT: Final = "signalbox"


class Account(NamedTuple):
    """What a client needs that takes no connection string."""

    name: str
    key: str
    url: str


def account_of(storage: str) -> Account:
    """The parts of a connection string; the URL is the service's, without the account."""
    parts = dict(part.split("=", 1) for part in storage.split(";") if part)
    return Account(parts["AccountName"], parts["AccountKey"], parts["BlobEndpoint"].rpartition("/")[0])


def only_required() -> None:
    """Hide what only the local stack needs, and the storage SDK imports where it is installed."""
    sys.modules["aiohttp"] = None  # type: ignore[assignment] # so that its import fails, as it does on Azure
