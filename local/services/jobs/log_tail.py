"""The end of a step's log, for the message of a failed job."""

from pathlib import Path

_LIMIT = 3500  # bytes: with the words around it the message stays below 4 KB


def tail(log: Path, lines: int = 30) -> str:
    """At most the last ``lines`` lines and 3500 bytes of ``log``, as text; "" if there is no log."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - _LIMIT))
            content = stream.read()
    except FileNotFoundError:
        return ""
    return "\n".join(content.decode(errors="ignore").strip().splitlines()[-lines:])
