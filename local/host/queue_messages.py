"""Queue messages on the wire: their text encoding, and sending to a queue that may not exist yet."""

import base64
import binascii
import contextlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

type Encoding = Literal["base64", "none"]


async def send(queue: "QueueClient", text: str) -> None:
    """Send a message with this text on the wire, and make the queue first when it does not exist.

    Raises:
        AzureError: the storage refuses or is out of reach.
    """
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError  # noqa: PLC0415 - came with the client

    try:
        await queue.send_message(text)
    except ResourceNotFoundError:
        with contextlib.suppress(ResourceExistsError):  # somebody else was faster
            await queue.create_queue()
        await queue.send_message(text)


def encode(message: bytes, encoding: Encoding) -> str:
    """The text of a message on the wire."""
    return base64.b64encode(message).decode() if encoding == "base64" else message.decode(errors="replace")


def decode(text: str, encoding: Encoding) -> bytes | None:
    """The message in a text from the wire; None when it is not in that encoding."""
    if encoding == "none":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
