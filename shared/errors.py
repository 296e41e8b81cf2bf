"""The errors of Signalbox: what a caller can tell apart, and nothing more."""


class SignalboxError(Exception):
    """The root of every error that Signalbox raises itself."""


class PermanentError(SignalboxError):
    """Trying again cannot help: bad input, a refused name, a missing column.

    An activity that raises it ends with one attempt; the orchestrator sees `PermanentFailure`.

    Args:
        code: Stable, machine-readable, `PascalCase`: `RecipeMismatch`.
        message: What is wrong and what would be right, for a person.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class TransientError(SignalboxError):
    """A later attempt may succeed: a service is down, busy or slow.

    Args:
        message: What has failed, for a person.
        retry_after: For how many seconds the service asks not to be asked again. The message ends with it:
            `(again in 900 s)`.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message if retry_after is None else f"{message} {asked_again(retry_after)}")
        self.retry_after = retry_after


class ConfigurationError(SignalboxError):
    """A setting or the fleet file is wrong; the message names it, its place and the remedy."""


def asked_again(seconds: float) -> str:
    """How a message says when a service wants to be asked again; to whole milliseconds, at most 999,999 s."""
    return f"(again in {min(round(seconds, 3), 999_999):.12g} s)"
