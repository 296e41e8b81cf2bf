"""What can go wrong before the host serves: each message says what to change."""


class HostError(Exception):
    """The host cannot start or go on; the message is one line for the person at the terminal."""


class AppLoadError(HostError):
    """The function app cannot be indexed; the message names the exception, and file and line where known."""
