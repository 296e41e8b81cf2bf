"""A program to be killed: `python -m tests.local.testing.victim DATABASE COUNT` runs lifecycles on a file."""

import asyncio
import json
import sys
from pathlib import Path

from local.durable.errors import InstanceExistsError
from local.testing.app import TestApp
from tests.local.testing.app import functions

PARTS = 3


async def main(database: Path, count: int) -> None:
    """Start what was not started yet, and print all outputs."""
    async with TestApp(functions, database=database, synchronous="FULL") as app:
        for number in range(count):
            if app.engine.get_instance(f"life-{number}") is None:
                await start(app, f"life-{number}")
        outputs = [await app.output(f"life-{number}") for number in range(count)]
        counters = [app.entity("counter", f"life-{number}") for number in range(count)]
        sys.stdout.write(json.dumps({"outputs": outputs, "counters": counters}))


async def start(app: TestApp, instance_id: str) -> None:
    """Start one lifecycle."""
    try:
        await app.start("lifecycle", PARTS, instance_id=instance_id)
    except InstanceExistsError:
        return


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
