"""An engine in a process of its own, to be killed: `python -m tests.local.durable.crash_server DATABASE PORT`."""

import asyncio
import sys
from pathlib import Path

from tests.local.durable.conftest import open_engine


async def main(path: Path, port: int) -> None:
    """Serve until killed."""
    _running = await open_engine(path, port)  # kept: a server that nobody holds stops
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
