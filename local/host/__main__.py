"""``python -m local.host --app DIR``: run a function app until SIGTERM or Ctrl+C."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from local.host.run import Command, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the host; returns the exit code: 0 after a signal, 1 when it cannot start."""
    options = _parser().parse_args(arguments)
    command = Command(
        app=Path(options.app),
        port=options.port,
        state=Path(options.state) if options.state else None,
        drain_seconds=options.drain_seconds,
        functions=tuple(name for text in options.functions or () for name in text.replace(",", " ").split()),
        enforce_auth=options.enforce_auth,
        keys=Path(options.keys) if options.keys else None,
        max_payload_mb=options.max_payload_mb,
        watch=options.watch,
        verbose=options.verbose,
    )
    return run(command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.host", description="Run an Azure Functions app (Python v2).")
    parser.add_argument("--app", required=True, metavar="DIR", help="directory with function_app.py and host.json")
    parser.add_argument("--port", type=int, metavar="N", help="HTTP port; 0 takes a free one (default: 7071)")
    parser.add_argument("--state", metavar="FILE", help="durable state (default: DIR/.signalbox/host/durable.db)")
    parser.add_argument(
        "--drain-seconds", type=int, default=10, metavar="N", help="what runs gets N seconds to finish at the end"
    )
    parser.add_argument("--functions", nargs="+", metavar="NAME", help="load only these functions")
    parser.add_argument("--enforce-auth", action="store_true", help="ask for the keys of the authorization levels")
    parser.add_argument("--keys", metavar="FILE", help="the keys (default: keys.json beside the state)")
    parser.add_argument(
        "--max-payload-mb",
        type=_size,
        default=1,
        metavar="N",
        help="largest durable payload (default: 1, as on Azure; 0: any)",
    )
    parser.add_argument("--watch", action="store_true", help="begin again when a file of the app changes")
    parser.add_argument("--verbose", action="store_true", help="log every turn, and what the libraries say")
    return parser


def _size(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of megabytes")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
