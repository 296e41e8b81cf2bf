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
    """A later attempt may succeed: a service is down, busy or slow."""


class ConfigurationError(SignalboxError):
    """A setting or the fleet file is wrong; the message names it, its place and the remedy."""
