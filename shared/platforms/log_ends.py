"""Why a job failed, as much of it as travels with the job's state."""

from typing import Final

#: Characters. With the words around it, the job's name among them, it still fits into the 500 of an outcome's reason.
ERROR_LIMIT: Final = 340
#: So much of the beginning of a long text is kept: it says which step.
_BEGINNING: Final = 90


def log_ends(text: str, limit: int = ERROR_LIMIT) -> str:
    """A text that ends as a log does; where it is too long, its beginning and its end, which names the exception."""
    if len(text) <= limit:
        return text
    begin = min(_BEGINNING, limit // 4)
    return f"{text[:begin]} … {text[begin + 3 + len(text) - limit :]}"
