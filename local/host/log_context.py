"""Ties what an app logs to the invocation that logged it, as the real host does."""

import logging
import sys
from contextvars import ContextVar

invocation_of_task: ContextVar[str] = ContextVar("invocation_of_task", default="")
"""Id of the invocation that the current task runs."""

_SHOWN = 8  # characters of an id; the line that ends an invocation has all of them


class InvocationFilter(logging.Filter):
    """Puts the invocation's id before the message of records that are not the host's own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record, and mark it."""
        invocation_id = _current()
        if invocation_id and not record.name.startswith("local."):
            record.msg, record.args = f"[{invocation_id[:_SHOWN]}] {record.getMessage()}", None
        return True


def _current() -> str:
    if found := invocation_of_task.get():
        return found
    # A synchronous function runs in a thread, where only the library's own variable is set. Importing the library here
    # could come before the settings that it reads.
    executor = sys.modules.get("azure_functions_runtime.utils.executor")
    return (executor.invocation_id_cv.get() or "") if executor is not None else ""
