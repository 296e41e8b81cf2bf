"""Ids of spans: random, but for work that is told of more than once and has to be the same span each time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

_GIVEN: Final[ContextVar[int | None]] = ContextVar("given_span_id", default=None)


class GivenIds(RandomIdGenerator):
    """Gives the next span the id that was chosen for it."""

    def generate_span_id(self) -> int:
        """A random id, unless one was given."""
        return _GIVEN.get() or super().generate_span_id()


@contextmanager
def given_span_id(number: int) -> Iterator[None]:
    """Within it a span has this id."""
    token = _GIVEN.set(number)
    try:
        yield
    finally:
        _GIVEN.reset(token)
