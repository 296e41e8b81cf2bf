"""What Signalbox asks of a channel."""

from typing import Protocol

from shared.contracts.notification import Message


class Channel(Protocol):
    """Somewhere that people look. Every call is blocking and has a deadline."""

    def send(self, message: Message) -> None:
        """Put a message there.

        Raises:
            PermanentError: The channel refuses it.
            TransientError: The channel is down, busy or slow.
        """
        ...
