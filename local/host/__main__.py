"""``python -m local.host --app DIR``: run a function app until SIGTERM or Ctrl+C."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from local.host.errors import HostError
from local.host.host import Host, HostOptions
from local.host.settings import local_port

# Libraries that tell of every call: their warnings are wanted, their chatter is not.
_CHATTY = ("azure", "durabletask", "uvicorn", "grpc", "httpx", "asyncio")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the host; returns the exit code: 0 after a signal, 1 when it cannot start."""
    options = _parser().parse_args(arguments)
    _set_up_logging(verbose=options.verbose)
    app = Path(options.app).resolve()
    state = Path(options.state).resolve() if options.state else app / ".signalbox" / "host" / "durable.db"
    try:
        port = options.port if options.port is not None else local_port(app)
        host = HostOptions(app=app, port=port, state=state, drain_seconds=options.drain_seconds)
        threads_left = asyncio.run(_run(host))
    except HostError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if threads_left:
        # A thread that never returns would keep the interpreter from ending.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
    return 0


async def _run(options: HostOptions) -> bool:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            os._exit(128 + number)  # the second signal means now, and a stuck thread would outlive sys.exit
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    async with Host(options) as host:
        sys.stdout.write(f"\n{host.functions_text}\nReady on {host.base_url}, stop with Ctrl+C\n")
        sys.stdout.flush()
        await stop.wait()
        logging.getLogger("local.host").info("stopping")
    return host.threads_left


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.host", description="Run an Azure Functions app (Python v2).")
    parser.add_argument("--app", required=True, metavar="DIR", help="directory with function_app.py and host.json")
    parser.add_argument("--port", type=int, metavar="N", help="HTTP port; 0 takes a free one (default: 7071)")
    parser.add_argument("--state", metavar="FILE", help="durable state (default: DIR/.signalbox/host/durable.db)")
    parser.add_argument(
        "--drain-seconds", type=int, default=10, metavar="N", help="what runs gets N seconds to finish at the end"
    )
    parser.add_argument("--verbose", action="store_true", help="log every turn, and what the libraries say")
    return parser


def _set_up_logging(*, verbose: bool) -> None:
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="[%(asctime)s] %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr)
    for name in () if verbose else _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


if __name__ == "__main__":
    sys.exit(main())
