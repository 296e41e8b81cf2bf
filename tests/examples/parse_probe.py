"""Run in a process of its own by `test_flights_pipelines`: parses pipeline YAML with Azure's SDK, cut off the network.

Arguments: YAML files. Prints one JSON document.
"""

import json
import socket
import sys
from typing import Any, NoReturn


def refuse(*_: Any) -> NoReturn:
    """Stands in for connecting."""
    raise OSError("the parser tried to reach the network")


def main(files: list[str]) -> None:
    """Parses and validates each file."""
    socket.socket.connect = refuse  # type: ignore[method-assign]  # the guard of this process
    from azure.ai.ml import load_job

    report = {}
    for file in files:
        job = load_job(file)
        report[file] = {
            "valid": job._validate().passed,
            "inputs": sorted(job.inputs),
            "outputs": {name: output.type for name, output in job.outputs.items()},
            "commands": {name: step.component.command.split()[:2] for name, step in job.jobs.items()},
        }
    print(json.dumps(report))  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    main(sys.argv[1:])
