"""Run the blob events of one container; see ``--help``."""

import argparse
import logging
from pathlib import Path

import uvicorn

from local.services.blob_events.app import BlobEvents, control_app
from local.services.blob_events.arrivals import AzuriteContainer
from local.services.blob_events.delivery import Delivery, RetryPolicy
from local.services.blob_events.outbox import Outbox


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    policy = RetryPolicy()
    parser = argparse.ArgumentParser(prog="python -m local.services.blob_events")
    parser.add_argument("--connection", required=True, help="connection string of Azurite")
    parser.add_argument("--container", required=True, help="the container to watch")
    parser.add_argument("--target", required=True, help="the URL that events are posted to")
    parser.add_argument("--state", required=True, type=Path, help="SQLite file that keeps what was seen and delivered")
    parser.add_argument("--port", required=True, type=int, help="loopback port of the health and control endpoint")
    parser.add_argument("--poll-seconds", type=float, default=0.25, help="pause between two looks (%(default)s)")
    parser.add_argument("--batch", type=int, default=1, help="most events in one request (%(default)s)")
    parser.add_argument("--max-attempts", type=int, default=policy.attempts, help="attempts before an event is buried")
    parser.add_argument("--retry-scale", type=float, default=policy.scale, help="factor on Event Grid's pauses")
    parser.add_argument("--longest-pause", type=float, default=policy.longest, help="longest pause in seconds")
    return parser.parse_args()


def main() -> None:
    """Serve until SIGTERM."""
    arguments = parse_arguments()
    logging.basicConfig(format="%(asctime)s %(levelname)-7s %(message)s")
    outbox = Outbox(arguments.state)
    policy = RetryPolicy(arguments.retry_scale, arguments.longest_pause, arguments.max_attempts)
    delivery = Delivery(outbox, arguments.target, policy, batch=arguments.batch)
    source = AzuriteContainer(arguments.connection, arguments.container)
    events = BlobEvents(source, outbox, delivery, poll_seconds=arguments.poll_seconds)
    try:
        uvicorn.run(control_app(events), host="127.0.0.1", port=arguments.port, access_log=False)
    finally:
        outbox.close()


if __name__ == "__main__":
    main()
