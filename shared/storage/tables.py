"""Tables in Azure Storage, or in Azurite on a laptop: what the inbox, the read model and the ledger are built on.

Limits of the service that show here: keys of at most 512 characters without slashes, `#`, `?` and control characters;
64 KiB (32 Ki UTF-16 characters) per property; 1 MiB per entity; transactions within one partition only.
(Source: Microsoft, "Understanding the Table service data model".)
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from pydantic import ValidationError

from shared.contracts.base import Contract
from shared.errors import PermanentError
from shared.storage.account import error_code, storage_errors, table_service

if TYPE_CHECKING:
    from azure.data.tables import TableClient

#: What Azure must allow: a table is made at its first use; rows are inserted, replaced and deleted in transactions.
PERMISSIONS: Final = (
    "Microsoft.Storage/storageAccounts/tableServices/tables/write",
    "Microsoft.Storage/storageAccounts/tableServices/tables/entities/read",
    "Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action",
    "Microsoft.Storage/storageAccounts/tableServices/tables/entities/update/action",
    "Microsoft.Storage/storageAccounts/tableServices/tables/entities/delete",
)
_NOT_FOUND: Final = "TableNotFound"
_CONFLICTS: Final = frozenset({"EntityAlreadyExists", "UpdateConditionNotSatisfied", "ConditionNotMet"})
_GONE: Final = frozenset({"ResourceNotFound", "EntityNotFound"})
_KEY_LIMIT: Final = 500
_CHUNK: Final = 30_000
_CHUNKS: Final = 15
_JSON: Final = "json{:02}"

type Columns = dict[str, str | int]


@dataclass(frozen=True)
class Row:
    """An entity as it was read.

    Attributes:
        key: Its row key.
        columns: Its properties, without the keys.
        etag: Makes a later `replace` conditional on nobody having written since.
    """

    key: str
    columns: Columns
    etag: str


@dataclass(frozen=True)
class Change:
    """One change of a transaction.

    Attributes:
        key: Row key.
        columns: All properties afterwards; `None` removes the row.
        etag: `None` inserts; otherwise the row is replaced, or removed, if it still has this ETag.
    """

    key: str
    columns: Columns | None
    etag: str | None = None


class Table:
    """One table of an account, made at its first use. Instances are cheap and thread-safe.

    Every call is blocking and has a deadline.

    Raises:
        PermanentError: Storage refuses.
        TransientError: Storage is down, busy or slow.
    """

    def __init__(self, storage: str, name: str) -> None:
        self._storage = storage
        self._name = name

    def get(self, partition: str, key: str) -> Row | None:
        """One row, or `None`."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - vendor SDKs are loaded at first use

        def call(client: "TableClient") -> Row | None:
            try:
                return _row(client.get_entity(partition, key))
            except ResourceNotFoundError as error:
                if error_code(error) not in _GONE:
                    raise
                return None

        return self._do(f"read a row of table {self._name!r}", call)

    def between(
        self, partition: str, first: str, end: str, limit: int | None = None, *, columns: Sequence[str] | None = None
    ) -> list[Row]:
        """Rows of a partition with `first <= key < end`, by key; of `columns` only, where they are named."""

        def call(client: "TableClient") -> list[Row]:
            found = client.query_entities(
                "PartitionKey eq @partition and RowKey ge @first and RowKey lt @end",
                parameters={"partition": partition, "first": first, "end": end},
                results_per_page=limit,
                select=["PartitionKey", "RowKey", *columns] if columns is not None else None,
            )
            return [_row(entity) for entity in islice(found, limit)]

        return self._do(f"list rows of table {self._name!r}", call)

    def change(self, partition: str, changes: Sequence[Change]) -> bool:
        """Make changes of one partition, all or none.

        Returns:
            `False` when one of them conflicts: a row to insert is there, or a row to replace or remove was written or
            removed since.
        """
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415 - vendor SDKs are loaded at first use

        def call(client: "TableClient") -> bool:
            try:
                client.submit_transaction([_operation(partition, change) for change in changes])
            except HttpResponseError as error:
                if error_code(error) not in _CONFLICTS | _GONE:
                    raise
                return False
            return True

        return self._do(f"write to table {self._name!r}", call)

    def remove(self, partition: str, key: str) -> None:
        """Remove a row; nothing happens when it is absent."""
        self._do(f"remove a row of table {self._name!r}", lambda client: client.delete_entity(partition, key))

    def _do[T](self, operation: str, call: Callable[["TableClient"], T]) -> T:
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415 - vendor SDKs are loaded at first use

        with storage_errors(operation, _NOT_FOUND):
            service = table_service(self._storage)
            client = service.get_table_client(self._name)
            try:
                return call(client)
            except HttpResponseError as error:
                if error_code(error) != "TableNotFound":
                    raise
            service.create_table_if_not_exists(self._name)
            return call(client)


def table_key(text: str) -> str:
    """Any text as a partition or row key: readable, reversible where it is short, unique always.

    Letters, digits and `_.-~` stay; everything else becomes `=XX` per byte of its UTF-8 form.
    """
    plain = quote(text, safe="").replace("%", "=")
    if len(plain) <= _KEY_LIMIT:
        return plain
    return f"{plain[: _KEY_LIMIT - 65]}={hashlib.sha256(text.encode()).hexdigest()}"


def packed(value: Contract, column: str = _JSON, *, short: bool = False) -> Columns:
    """A contract as properties: its JSON, in ASCII, in as many pieces as it takes.

    Args:
        value: What is kept.
        column: The pieces' name, with a place for their number.
        short: Leave out what is as its default.

    Raises:
        PermanentError: `RowTooLarge`: more than 450,000 characters.
    """
    wire = value.model_dump(mode="json", exclude_defaults=True) if short else value.to_wire()
    text = json.dumps(wire, separators=(",", ":"))
    pieces = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    if len(pieces) > _CHUNKS:
        msg = f"a {type(value).__name__} of {len(text)} characters does not fit into a table; keep data in blobs"
        raise PermanentError("RowTooLarge", msg)
    return {column.format(number): piece for number, piece in enumerate(pieces)}


def unpacked[C: Contract](kind: type[C], columns: Mapping[str, str | int]) -> C:
    """Read back what `packed` wrote.

    Raises:
        PermanentError: `RowUnreadable`: somebody else wrote the row, or its contract has changed incompatibly.
    """
    names = (_JSON.format(number) for number in range(_CHUNKS))
    text = "".join(str(columns[name]) for name in names if name in columns)
    try:
        return kind.from_wire(json.loads(text))
    except (ValidationError, json.JSONDecodeError) as error:
        msg = f"a stored {kind.__name__} cannot be read: {error}"
        raise PermanentError("RowUnreadable", msg) from error


def _row(entity: Mapping[str, Any]) -> Row:
    columns = {name: value for name, value in entity.items() if name not in ("PartitionKey", "RowKey")}
    metadata: dict[str, Any] = entity.metadata  # type: ignore[attr-defined]  # TableEntity is a dict with metadata
    return Row(key=entity["RowKey"], columns=columns, etag=metadata["etag"])


def _operation(partition: str, change: Change) -> tuple[Any, ...]:
    entity = {"PartitionKey": partition, "RowKey": change.key, **(change.columns or {})}
    if change.etag is None:
        return ("create", entity)
    from azure.core import MatchConditions  # noqa: PLC0415 - vendor SDKs are loaded at first use

    unchanged = {"etag": change.etag, "match_condition": MatchConditions.IfNotModified}
    if change.columns is None:
        return ("delete", entity, unchanged)
    mode: Literal["replace"] = "replace"
    return ("update", entity, {"mode": mode, **unchanged})
