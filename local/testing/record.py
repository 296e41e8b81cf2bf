"""``python -m local.testing.record``: histories of a hub, running or not, as recordings to be replayed.

    python -m local.testing.record --database .signalbox/host/durable.db train-m1-1 --output tests/replay/histories
    python -m local.testing.record --engine 127.0.0.1:4001 train-m1-1 --version 2 --output tests/replay/histories

Each is written to ``OUTPUT/<orchestrator>/<version>.json``.
"""

import argparse
import asyncio
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import durabletask.internal.orchestrator_service_pb2 as pb
import durabletask.internal.orchestrator_service_pb2_grpc as stubs
import grpc

from local.durable import reads
from local.durable.engine import Engine
from local.durable.errors import InstanceNotFoundError
from local.durable.wire import past_events
from local.testing.recording import Recording, UnusableRecordingError

SECONDS = 30.0
"""What a service gets to answer."""


def from_engine(engine: Engine, instance_id: str) -> Recording:
    """The recording of an instance of an engine in this process.

    Raises:
        InstanceNotFoundError: there is no such instance.
        UnusableRecordingError: its history cannot be replayed.
    """
    events = [event for frames in engine.history_frames(instance_id) for event in past_events(frames)]
    return Recording.of(events, f"instance {instance_id}")


def from_database(database: Path, instance_id: str) -> Recording:
    """The recording of an instance from an engine's file, which its owner may be using: it is only read.

    Raises:
        FileNotFoundError: there is no such file.
        InstanceNotFoundError: there is no such instance in it.
        UnusableRecordingError: its history cannot be replayed.
    """
    if not database.is_file():
        raise FileNotFoundError(f"There is no durable database {database}.")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        if reads.instance(connection, instance_id, payloads=False) is None:
            raise InstanceNotFoundError(instance_id)
        events = [event for frames in reads.history_frames(connection, instance_id) for event in past_events(frames)]
    return Recording.of(events, f"instance {instance_id}")


async def from_service(address: str, instance_id: str) -> Recording:
    """The recording of an instance from any backend of the durabletask protocol, over an insecure channel.

    Raises:
        InstanceNotFoundError: there is no such instance.
        UnusableRecordingError: its history cannot be replayed.
        grpc.aio.AioRpcError: nobody answers.
    """
    options = [("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub = stubs.TaskHubSidecarServiceStub(channel)
        found = await stub.GetInstance(pb.GetInstanceRequest(instanceId=instance_id), timeout=SECONDS)
        if not found.exists:
            raise InstanceNotFoundError(instance_id)
        request = pb.StreamInstanceHistoryRequest(instanceId=instance_id)
        chunks = [chunk async for chunk in stub.StreamInstanceHistory(request, timeout=SECONDS)]
    return Recording.of([event for chunk in chunks for event in chunk.events], f"instance {instance_id}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, or 1 with a message."""
    options = _parser().parse_args(arguments)
    for instance_id in options.instance:
        try:
            if options.database:
                recording = from_database(options.database, instance_id)
            else:
                recording = asyncio.run(from_service(options.engine, instance_id))
        except (FileNotFoundError, InstanceNotFoundError, UnusableRecordingError) as error:
            sys.stderr.write(f"error: {error}\n")
            return 1
        except grpc.aio.AioRpcError as error:
            sys.stderr.write(f"error: {options.engine} did not answer ({error.code().name}): is the engine running?\n")
            return 1
        file = options.output / recording.orchestrator / f"{options.version}.json"
        recording.write(file)
        sys.stdout.write(f"{file}: {len(recording.events)} events in {len(list(recording.turns))} turns\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.testing.record", description="Record histories.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--database", type=Path, metavar="FILE", help="an engine's file; its host may be running")
    source.add_argument("--engine", metavar="HOST:PORT", help="a durabletask gRPC service")
    parser.add_argument("instance", nargs="+", help="ids of orchestration instances")
    parser.add_argument("--version", default="1", help="which version of the code made them (default: 1)")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where recordings are kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
