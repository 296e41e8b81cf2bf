"""Ask the installed program for schemas: one process answers them all, line by line, over its standard streams.

The program is a server of the Model Context Protocol; only `initialize` and its tool `bicepschema_get` are used. A type
takes it a tenth of a second there, against a second and more as a command of its own.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Timer
from typing import IO, Any

from infra.checks.schema_book.install import SchemasMissing

ANSWER_TIMEOUT_SECONDS = 300.0
_PROTOCOL = "2024-11-05"


def ask(azmcp: Path, folder: Path, kinds: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each type with its answer: an object with a `status` (200 if it has the schema) and `results`.

    Args:
        azmcp: The program.
        folder: Everything that the program writes stays in it.
        kinds: Resource types.

    Raises:
        SchemasMissing: The program could not run, ended or took longer than `ANSWER_TIMEOUT_SECONDS` in all.
    """
    quiet = {
        "AZURE_MCP_COLLECT_TELEMETRY": "false",
        "DOTNET_BUNDLE_EXTRACT_BASE_DIR": str(folder / "unpacked"),
        "HOME": str(folder),
    }
    command = [str(azmcp), "server", "start", "--mode", "all", "--namespace", "bicepschema", "--read-only"]
    try:
        process = subprocess.Popen(  # noqa: S603 - the pinned program, with arguments of our own
            command,
            env=os.environ | quiet,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError as error:
        raise SchemasMissing(f"The program that prints the schemas could not start: {error}") from error
    watch = Timer(ANSWER_TIMEOUT_SECONDS, process.kill)
    watch.start()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        yield from _converse(process.stdin, process.stdout, kinds)
    except (OSError, json.JSONDecodeError) as error:
        raise SchemasMissing(f"The program that prints the schemas ended before it answered: {error}") from error
    finally:
        watch.cancel()
        process.kill()
        process.communicate()


def _converse(to: IO[str], of: IO[str], kinds: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    client = {"name": "signalbox", "version": "1"}
    _call(to, of, 0, "initialize", {"protocolVersion": _PROTOCOL, "capabilities": {}, "clientInfo": client})
    to.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}) + "\n")
    for number, kind in enumerate(kinds, start=1):
        arguments = {"name": "bicepschema_get", "arguments": {"resource-type": kind}}
        result = _call(to, of, number, "tools/call", arguments)
        answer = json.loads(result["content"][0]["text"])
        yield kind, {key: answer.get(key) for key in ("status", "message", "results")}


def _call(to: IO[str], of: IO[str], number: int, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    to.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": arguments}) + "\n")
    to.flush()
    while True:
        message = json.loads(of.readline())
        if message.get("id") == number:
            if "result" not in message:
                raise SchemasMissing(f"The program that prints the schemas refuses {method}: {message.get('error')}")
            result: Mapping[str, Any] = message["result"]
            return result
