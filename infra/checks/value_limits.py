"""Lengths, values and letters that a schema allows."""

import re
from collections.abc import Iterator

from infra.checks.kinds import Limits


def exceeded(value: object, limits: Limits) -> Iterator[str]:
    """What a literal value breaks, each as `'x' has 25 characters; at most 24 are allowed`."""
    if isinstance(value, str):
        yield from _of_text(value, limits)
    elif isinstance(value, int) and not isinstance(value, bool):
        if limits.min_value is not None and value < limits.min_value:
            yield f"{value} is too little; at least {limits.min_value} is allowed"
        if limits.max_value is not None and value > limits.max_value:
            yield f"{value} is too much; at most {limits.max_value} is allowed"


def _of_text(value: str, limits: Limits) -> Iterator[str]:
    if limits.min_length is not None and len(value) < limits.min_length:
        yield f"{value!r} has {len(value)} characters; at least {limits.min_length} are needed"
    if limits.max_length is not None and len(value) > limits.max_length:
        yield f"{value!r} has {len(value)} characters; at most {limits.max_length} are allowed"
    if limits.pattern is not None and not _matches(limits.pattern, value):
        yield f"{value!r} does not match {limits.pattern}"


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # a pattern of another dialect, which Python cannot tell
        return True
