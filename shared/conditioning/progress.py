"""How far the conditioning of a large file is, in words: of the custom status of `condition_file`."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

_MINUTE: Final = 60
_HOUR: Final = 3600


class FileProgress(NamedTuple):
    """How far a file is.

    Attributes:
        file: Its path in the landing container.
        percent: Of its bytes, rounded down: 100 only when no byte is left.
        text: `42 %, 1,260,000 rows, 210,000 rows/s, 18.3 MB/s, 12 s left`; what is done where no bytes are read.
    """

    file: str
    percent: int
    text: str


def file_progress(status: Mapping[str, Any]) -> FileProgress:
    """How far a file is.

    Args:
        status: `step` and `file`; while its bytes are read also `bytes`, `of_bytes`, `rows`, `rows_per_s`, `mb_per_s`
            and `seconds_left`, which is `None` before the first of them are done.
    """
    if "bytes" not in status:
        return FileProgress(status["file"], 100 if status["step"] == "committing" else 0, status["step"])
    percent = status["bytes"] * 100 // max(status["of_bytes"], 1)
    said = [f"{percent} %", f"{status['rows']:,} rows"]
    if status["seconds_left"] is not None:
        said += [f"{status['rows_per_s']:,} rows/s", f"{status['mb_per_s']:,.1f} MB/s", _left(status["seconds_left"])]
    return FileProgress(status["file"], percent, ", ".join(said))


def _left(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s left"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s left"
    return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min left"
