"""Retry policies: ``@app.retry(...)`` on a function, or ``retry`` in host.json for all of them.

The host runs the function again itself, in the same place, until it succeeds or the count is used up. That holds for
triggers that support it, which is the timer's among those served here: a queue and a blob trigger retry by their
message's dequeue count, a caller of HTTP or Event Grid tries again itself, and durable functions have policies of their
own (https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages).
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.host.timespans import parse_span
from local.host.wire import Message

RETRYING_TRIGGERS = frozenset({"timerTrigger"})
_FIXED = frozenset({"fixeddelay", "fixed_delay"})
_EXPONENTIAL = frozenset({"exponentialbackoff", "exponential_backoff"})


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and how long to wait in between.

    Attributes:
        max_retries: tries after the first one; -1 means without end.
        shortest: the first pause; the only one when ``longest`` is the same.
        longest: what pauses grow up to.
    """

    max_retries: int
    shortest: timedelta
    longest: timedelta

    def allows(self, retry: int) -> bool:
        """Whether there may be a retry with this number, the first being 1."""
        return self.max_retries < 0 or retry <= self.max_retries

    def pause(self, retry: int) -> float:
        """Seconds before the retry with this number: doubling, with a spread of 20 %, unless the delay is fixed."""
        if self.shortest == self.longest:
            return self.shortest.total_seconds()
        # The first pause of an exponential policy must be more than nothing for the next ones to grow.
        first = max(self.shortest.total_seconds(), 0.1)
        grown = first * 2.0 ** min(retry - 1, 40) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, no secret
        return min(max(grown, self.shortest.total_seconds()), self.longest.total_seconds())


def read_retry(section: Mapping[str, Any]) -> RetryPolicy:
    """The policy in host.json.

    Raises:
        ValueError: it is not complete or not readable.
    """
    strategy = str(section.get("strategy", "")).lower()
    count = section.get("maxRetryCount")
    if not isinstance(count, int) or isinstance(count, bool):
        raise ValueError("retry.maxRetryCount must be a whole number")  # noqa: TRY004 - a value of the file is wrong
    if strategy in _FIXED:
        delay = _span(section, "delayInterval")
        return RetryPolicy(count, delay, delay)
    if strategy in _EXPONENTIAL:
        return RetryPolicy(count, _span(section, "minimumInterval"), _span(section, "maximumInterval"))
    raise ValueError(f"retry.strategy must be fixedDelay or exponentialBackoff, and is {strategy!r}")


def retry_of(options: Message | None) -> RetryPolicy | None:
    """The policy in a function's metadata (RpcRetryOptions); None when it has none."""
    if options is None:
        return None
    fields = vars(options)
    if "delay_interval" in fields:
        return RetryPolicy(options.max_retry_count, options.delay_interval, options.delay_interval)
    return RetryPolicy(options.max_retry_count, options.minimum_interval, options.maximum_interval)


def _span(section: Mapping[str, Any], name: str) -> timedelta:
    if name not in section:
        raise ValueError(f"retry.{name} is missing")
    return parse_span(str(section[name]))
