"""How versions did in periods, as somebody has told: kept for people to look at. All of it blocks.

What follows from it is decided by the model alone; this decides nothing.
"""

from typing import Final

from pydantic import ValidationError

from functions import adapters
from shared.contracts.conditioning import BlobArrival
from shared.contracts.monitoring import ObservedPeriod
from shared.errors import PermanentError
from shared.storage.tables import table_key

_ALL: Final = "observations/"


def keep_observed(told: ObservedPeriod) -> None:
    """Keep a period's figures, in place of what was told of that period before."""
    path = f"{_folder(told.model)}{table_key(told.period)}.json"
    adapters.data().write(path, told.model_dump_json().encode(), content_type="application/json")


def observed_periods(model: str, most: int) -> tuple[ObservedPeriod, ...]:
    """The newest periods of a model, oldest first; periods sort by their names."""
    paths = sorted(blob.path for blob in adapters.data().list(_folder(model)))[-most:]
    return tuple(one for path in paths if (one := _read(path)) is not None)


def all_periods() -> list[BlobArrival]:
    """The blobs of all models, by path."""
    return sorted(adapters.data().list(_ALL), key=lambda blob: blob.path)


def key_of(model: str) -> str:
    """The name of a model's folder among them."""
    return table_key(model)


def _read(path: str) -> ObservedPeriod | None:
    """A period; `None` where it was deleted meanwhile, or is of a form that is not known here."""
    try:
        return ObservedPeriod.model_validate_json(adapters.data().read(path))
    except ValidationError:
        return None
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None


def _folder(model: str) -> str:
    return f"{_ALL}{key_of(model)}/"
