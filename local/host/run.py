"""Runs a host in this process until a signal, or until the app changed.

That is what both commands do: ``python -m local.host`` and ``signalbox host start``.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from local.host.errors import HostError
from local.host.host import Host, HostOptions
from local.host.log_context import InvocationFilter
from local.host.reload import AppFiles, Beginning
from local.host.settings import local_port

# Libraries that tell of every call: their warnings are wanted, their chatter is not.
_CHATTY = ("azure", "durabletask", "uvicorn", "grpc", "httpx", "asyncio")

log = logging.getLogger("local.host")


@dataclass(frozen=True)
class Command:
    """What the command line asks for.

    Attributes:
        app: the app's directory.
        port: None takes that of local.settings.json, or 7071.
        state: the durable engine's file; None puts it into the app's directory.
        drain_seconds: what runs gets so long to finish at the end.
        functions: names of the only functions to load; empty means all.
        enforce_auth: whether requests need keys.
        keys: the file with the keys; None means beside the state.
        max_payload_mb: largest durable input, output or event; 0 means no limit.
        watch: whether to begin again when a file of the app changes.
        verbose: whether to log every turn, and what the libraries say.
        as_json: whether what is printed is for a program.
    """

    app: Path
    port: int | None = None
    state: Path | None = None
    drain_seconds: int = 10
    functions: tuple[str, ...] = ()
    enforce_auth: bool = False
    keys: Path | None = None
    max_payload_mb: int = 1
    watch: bool = False
    verbose: bool = False
    as_json: bool = False


def run(command: Command) -> int:
    """Run the host; returns the exit code: 0 after a signal, 1 when it cannot start.

    Raises:
        HostError: It cannot start, and a program wants to know why.
    """
    _set_up_logging(verbose=command.verbose)
    beginning = Beginning()
    try:
        ending = asyncio.run(_Run(command).main())
    except HostError as error:
        if command.as_json:
            raise
        sys.stderr.write(f"error: {error}\n")
        return 1
    if ending.reload:
        port = ["--port", str(ending.port)] if command.port == 0 and ending.port else []
        beginning.repeat(port)
    if ending.threads_left:
        # A thread that never returns would keep the interpreter from ending.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
    return 0


@dataclass(frozen=True)
class _Ending:
    reload: bool = False
    threads_left: bool = False
    port: int = 0


class _Run:
    """One life of the process."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._stop = asyncio.Event()

    async def main(self) -> _Ending:
        self._listen_to_signals()
        options = _options(self._command)
        # Taken before the app is loaded: a change meanwhile is noticed too.
        files = AppFiles(options.app) if self._command.watch else None
        try:
            async with Host(options) as host:
                sys.stdout.write(self._ready(host))
                sys.stdout.flush()
                changed = await self._until_end(files)
                log.info("stopping")
        except HostError as error:
            if files is None:
                raise
            sys.stderr.write(f"error: {error}\nwaiting for a change of the app\n")
            return _Ending(reload=await self._until_end(files))
        return _Ending(changed, host.threads_left, host.port)

    def _ready(self, host: Host) -> str:
        if self._command.as_json:
            return json.dumps({"url": host.base_url, "functions": host.function_names}) + "\n"
        return f"\n{host.functions_text}\nReady on {host.base_url}, stop with Ctrl+C\n"

    async def _until_end(self, files: AppFiles | None) -> bool:
        """Wait for a signal, or for a change of the app; whether it was a change."""
        stopped = asyncio.create_task(self._stop.wait())
        if files is None:
            await stopped
            return False
        change = asyncio.create_task(files.changed())
        await asyncio.wait({stopped, change}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stopped, change):
            task.cancel()
        if self._stop.is_set():
            return False
        paths = await change
        names = ", ".join(path.relative_to(self._command.app.resolve()).as_posix() for path in paths[:5])
        log.info("changed: %s%s; beginning again", names, " and more" if len(paths) > 5 else "")
        return True

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()

        def on_signal(number: signal.Signals) -> None:
            if self._stop.is_set():
                os._exit(128 + number)  # the second signal means now, and a stuck thread would outlive sys.exit
            self._stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_signal, number)


def _options(command: Command) -> HostOptions:
    app = command.app.resolve()
    state = command.state.resolve() if command.state else app / ".signalbox" / "host" / "durable.db"
    return HostOptions(
        app=app,
        port=command.port if command.port is not None else local_port(app),
        state=state,
        drain_seconds=command.drain_seconds,
        functions=command.functions,
        enforce_auth=command.enforce_auth,
        keys=command.keys.resolve() if command.keys else None,
        max_payload_mb=command.max_payload_mb,
    )


def _set_up_logging(*, verbose: bool) -> None:
    level = logging.DEBUG if verbose else logging.INFO
    logging.basicConfig(level=level, format="[%(asctime)s] %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(InvocationFilter())
    for name in () if verbose else _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
