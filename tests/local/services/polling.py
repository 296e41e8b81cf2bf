"""Wait for a fact instead of sleeping."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], seconds: float = 90.0) -> bool:
    """Ask again and again until a condition holds or the time is up; return whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
