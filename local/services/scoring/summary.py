"""How a deployment's requests have fared, in three figures."""

import math
from typing import Any


def summary(answers: list[tuple[float, bool]]) -> dict[str, Any]:
    """Requests, failed ones among them, and seconds within which 95 of 100 were answered (nearest rank; None without).

    Args:
        answers: Seconds of each, and whether it was answered.
    """
    seconds = sorted(seconds for seconds, ok in answers if ok)
    p95 = seconds[math.ceil(len(seconds) * 0.95) - 1] if seconds else None
    return {"requests": len(answers), "failed": len(answers) - len(seconds), "seconds_p95": p95}
