"""What the engine refuses, and why. Every message says what to do."""


class EngineError(Exception):
    """Base of the errors that a caller of the engine can meet."""


class DatabaseInUseError(EngineError):
    """Another engine owns the database file."""


class SchemaTooNewError(EngineError):
    """The database file was written by a newer version of the engine."""


class EngineStoppedError(EngineError):
    """The engine stopped while a caller waited, or is not running."""


class InstanceExistsError(EngineError):
    """The instance id is taken by an instance that may not be replaced."""


class InvalidIdError(EngineError, ValueError):
    """An instance id is not one that Durable Functions allows."""


class InstanceNotFoundError(EngineError):
    """There is no instance with that id."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"Orchestration instance '{instance_id}' was not found.")


class WrongStateError(EngineError):
    """The instance is not in a state in which this can be done with it."""


class PayloadTooLargeError(EngineError, ValueError):
    """A payload is over the budget of the engine's limits."""


class StorageError(EngineError):
    """The storage below the database does not take or give data: it is full, read-only, locked or damaged."""

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        self.full = full


class MalformedAnswerError(EngineError):
    """The worker answered with what is not the message that the protocol asks for."""


class StaleTurnError(EngineError):
    """The instance or entity moved on while its turn ran, so the turn's result must not be applied."""


class UnsupportedActionError(EngineError):
    """The SDK asked for something that this engine does not know."""
