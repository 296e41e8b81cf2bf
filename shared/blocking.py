"""The one way from async code to a blocking call: a pool of its own, the caller's context, a deadline.

The Functions worker replays orchestrators in its own thread pool. A vendor SDK that blocks there makes every replay
wait, so activities never use that pool.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import Any, Final

from shared.errors import TransientError

#: Blocking calls at once; more wait their turn, and the wait counts against their deadline.
THREADS: Final = 16
DEFAULT_TIMEOUT_SECONDS: Final = 60.0


async def run_blocking[T](
    function: Callable[..., T],
    *args: Any,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,  # noqa: ASYNC109 - a deadline that cannot end the thread is no asyncio.timeout
    pool: Executor | None = None,
    **kwargs: Any,
) -> T:
    """Call a blocking function in a thread, with the caller's context variables.

    A thread cannot be interrupted: after the deadline, or when the caller is cancelled, a call that has begun runs on
    unseen until its own timeouts end it. So whatever is called here must bear being repeated.

    Args:
        function: What to call.
        args: Its positional arguments.
        timeout: Seconds until the caller is answered, the wait for a free thread included.
        pool: Where it runs; the common one, unless it is given.
        kwargs: Its keyword arguments; ones named `timeout` or `pool` have to be bound with `functools.partial`.

    Raises:
        TransientError: The deadline passed; the message names the function.
    """
    work = (pool or _pool()).submit(partial(copy_context().run, function, *args, **kwargs))
    answer = asyncio.wrap_future(work)
    try:
        done, _ = await asyncio.wait({answer}, timeout=timeout)
    finally:
        work.cancel()  # a call that still waits for a thread is dropped; nothing happens to one that has begun or ended
        answer.cancel()
    if not done:
        msg = f"{_name(function)} did not answer within {timeout:g} s"
        raise TransientError(msg)
    return answer.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="signalbox-blocking")


def _name(function: Callable[..., Any]) -> str:
    while isinstance(function, partial):
        function = function.func
    module = getattr(function, "__module__", type(function).__module__)
    return f"{module}.{getattr(function, '__qualname__', type(function).__name__)}"
