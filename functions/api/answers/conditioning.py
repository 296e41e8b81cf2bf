"""What is answered of data that is being conditioned."""

from pydantic import ConfigDict

from shared.contracts.base import Contract


class CellInProgress(Contract):
    """A cell of a dataset that is being conditioned.

    Attributes:
        cause: The arrival that it began with.
        files: The conditionings of its large files.
    """

    instance: str
    fleet: str
    cell: str
    cause: str
    step: str
    files: tuple[str, ...]


class FileInProgress(Contract):
    """A large file that is being conditioned, with what it says of its progress.

    Attributes:
        of: The cell's conditioning; null where that one was ended from outside.
    """

    model_config = ConfigDict(extra="allow")

    instance: str
    of: str | None
    fleet: str
    file: str
    step: str


class InProgress(Contract):
    """What is being conditioned now."""

    cells: tuple[CellInProgress, ...]
    files: tuple[FileInProgress, ...]
