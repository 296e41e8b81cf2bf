"""Contracts as JSON in the data container: what is too large to travel. All of it blocks."""

import json
from typing import Final

from functions import adapters
from shared.contracts.base import Contract
from shared.errors import PermanentError

JSON: Final = "application/json"
CSV: Final = "text/csv; charset=utf-8"


def read_document[C: Contract](path: str, kind: type[C]) -> C:
    """What was kept under a path.

    Raises:
        PermanentError: `BlobNotFound`.
    """
    return kind.from_wire(json.loads(adapters.data().read(path)))


def find_document[C: Contract](path: str, kind: type[C]) -> C | None:
    """What was kept under a path, if anything."""
    try:
        return read_document(path, kind)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return None


def keep_document(path: str, value: Contract) -> None:
    """Keep a contract under a path."""
    adapters.data().write(path, value.model_dump_json().encode(), content_type=JSON)
