"""Requests asked one by one, each with its time and its end: what a platform's client does not tell by itself."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from shared.contracts.platform_models import Answered
from shared.errors import PermanentError, TransientError

#: Seconds after which no further request is asked: those that came are judged. One that is under way is waited for.
BUDGET_SECONDS: Final = 180.0
_ERROR_LIMIT: Final = 200

type Rows = list[dict[str, Any]]


def probed(ask: Callable[[Rows], list[float]], requests: Sequence[Rows]) -> list[Answered]:
    """What became of each request, in their order; fewer where the time is up.

    Args:
        ask: Asks one request: predictions, one per row, NaN where there is none. What it raises is that request's end.
        requests: The rows of each.
    """
    begun, answers = time.perf_counter(), list[Answered]()
    for rows in requests:
        if time.perf_counter() - begun > BUDGET_SECONDS:
            break
        answers.append(_asked(ask, rows))
    return answers


def _asked(ask: Callable[[Rows], list[float]], rows: Rows) -> Answered:
    begun = time.perf_counter()
    try:
        numbers = ask(rows)
    except (PermanentError, TransientError) as error:
        return Answered(
            seconds=time.perf_counter() - begun,
            predictions=(None,) * len(rows),
            error=str(error)[:_ERROR_LIMIT],
            may_heal=isinstance(error, TransientError),
        )
    seconds = time.perf_counter() - begun
    return Answered(seconds=seconds, predictions=tuple(one if math.isfinite(one) else None for one in numbers))
