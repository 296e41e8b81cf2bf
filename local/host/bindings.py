"""Storage bindings: blobs that a function reads, and blobs and queue messages that it writes.

What a blob or queue output may hold is what ``azure.functions`` encodes: text, bytes, a list of messages as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from local.durable.worker import FunctionFailed
from local.host.expressions import ExpressionError, fill
from local.host.functions import Binding, Function
from local.host.queue_listener import QueueWakes
from local.host.queue_messages import Encoding, encode, send
from local.host.storage import StorageAccounts, connection_of
from local.host.wire import ParameterBinding, TypedData


class StorageBindings:
    """Reads inputs and writes outputs.

    Args:
        accounts: where.
        encoding: how the text of a queue message travels.
        wakes: told of each message written, so that a listener of this host need not wait for its next poll.
    """

    def __init__(self, accounts: StorageAccounts, encoding: Encoding, wakes: QueueWakes) -> None:
        self._accounts = accounts
        self._encoding = encoding
        self._wakes = wakes

    async def read(self, function: Function, values: Mapping[str, Any]) -> list[ParameterBinding]:
        """The values of a function's input bindings; a blob that does not exist is no value.

        Raises:
            FunctionFailed: the storage cannot be read, or a path refers to something unknown.
        """
        return [
            ParameterBinding(name=binding["name"], data=await self._download(function, binding, values))
            for binding in function.storage_inputs
        ]

    async def write(
        self,
        function: Function,
        outputs: Sequence[ParameterBinding],
        returned: TypedData | None,
        values: Mapping[str, Any],
    ) -> None:
        """Write what the function set, and what it returned where ``$return`` is bound to storage.

        Raises:
            FunctionFailed: the storage cannot be written, or a path refers to something unknown.
        """
        given = {output.name: output.data for output in outputs}
        for binding in function.storage_outputs:
            value = returned if binding["name"] == "$return" else given.get(binding["name"])
            if value is None or value.kind is None:
                continue
            if binding["type"] == "queue":
                await self._send(function, binding, value, values)
            else:
                await self._upload(function, binding, value, values)

    async def _download(self, function: Function, binding: Binding, values: Mapping[str, Any]) -> TypedData:
        from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415 - loaded with the accounts

        path = _fill(function, binding, "path", values)
        try:
            stream = await self._accounts.blob(connection_of(binding), path).download_blob()
            return blob_data(binding, await stream.readall())
        except ResourceNotFoundError:
            return TypedData()
        except (AzureError, ValueError) as error:
            raise _failed(function, binding, f"cannot read the blob {path}", error) from error

    async def _upload(self, function: Function, binding: Binding, value: TypedData, values: Mapping[str, Any]) -> None:
        from azure.core.exceptions import AzureError, ResourceNotFoundError  # noqa: PLC0415 - loaded with the accounts

        path, connection = _fill(function, binding, "path", values), connection_of(binding)
        blob, content = self._accounts.blob(connection, path), _octets(value)
        try:
            try:
                await blob.upload_blob(content, overwrite=True)
            except ResourceNotFoundError:
                await self._accounts.container(connection, path.partition("/")[0]).create_container()
                await blob.upload_blob(content, overwrite=True)
        except AzureError as error:
            raise _failed(function, binding, f"cannot write the blob {path}", error) from error

    async def _send(self, function: Function, binding: Binding, value: TypedData, values: Mapping[str, Any]) -> None:
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - loaded with the accounts

        name, connection = _fill(function, binding, "queueName", values), connection_of(binding)
        queue = self._accounts.queue(connection, name)
        try:
            for message in _messages(value):
                await send(queue, encode(message, self._encoding))
        except AzureError as error:
            raise _failed(function, binding, f"cannot write to the queue {name}", error) from error
        self._wakes.wake(connection, name)


def blob_data(binding: Binding, content: bytes) -> TypedData:
    """A blob's content as the worker receives it: text when the binding asks for it, else bytes.

    Raises:
        ValueError: text is asked for, and it is none.
    """
    if str(binding.get("dataType", "")).upper() != "STRING":
        return TypedData(bytes=content)
    try:
        return TypedData(string=content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        text = f"it is not UTF-8 text ({error.reason} at byte {error.start}), as the binding's data_type STRING needs"
        raise ValueError(f"{text}; bind it as BINARY, or write it as UTF-8") from error


def _messages(value: TypedData) -> list[bytes]:
    """The messages in an output: a JSON array is many; an object with a body, as QueueMessage gives, is that body."""
    if value.kind != "json":
        return [_octets(value)]
    document = json.loads(value.content)
    items = document if isinstance(document, list) else [document]
    return [_message(item) for item in items]


def _message(item: Any) -> bytes:
    if isinstance(item, Mapping) and item.keys() == {"id", "body"}:
        item = item["body"]
    return item.encode() if isinstance(item, str) else json.dumps(item).encode()


def _octets(value: TypedData) -> bytes:
    content = value.content
    return content if isinstance(content, bytes) else str(content).encode()


def _fill(function: Function, binding: Binding, key: str, values: Mapping[str, Any]) -> str:
    try:
        return fill(str(binding[key]), values)
    except ExpressionError as error:
        raise _failed(function, binding, f"its {key} {binding[key]!r} cannot be filled in", error) from error


def _failed(function: Function, binding: Binding, what: str, error: Exception) -> FunctionFailed:
    text = f"function {function.name}, binding {binding['name']} ({binding['type']}): {what}: {error}"
    return FunctionFailed("BindingFailed", text)
