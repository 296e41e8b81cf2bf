"""The Azurite that all sides share: where raw files land, and where each side writes."""

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
