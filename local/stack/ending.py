"""Ctrl-C and SIGTERM for a command that runs a stack: the first begins an orderly end, and no other disturbs it."""

import signal
from types import FrameType, TracebackType
from typing import Final, Self

INTERRUPTED: Final = 128 + signal.SIGINT


class OrderlyEnd:
    """While this is entered, the first signal raises `KeyboardInterrupt`, and those that follow are ignored.

    An end lasts seconds at most: what does not end itself is killed.
    """

    def __init__(self) -> None:
        self._number = 0

    @property
    def code(self) -> int:
        """The exit code of a command that was ended: 130 after Ctrl-C, 0 after SIGTERM, which asks for nothing else."""
        return 0 if self._number == signal.SIGTERM else INTERRUPTED

    def __enter__(self) -> Self:
        self._before = {one: signal.signal(one, self._begin) for one in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _begin(self, number: int, _frame: FrameType | None) -> None:
        self._number = number
        for one in self._before:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt
