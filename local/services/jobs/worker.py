"""What runs inside the process of a step: becomes the step's script, or runs its shell command."""

import os
import runpy
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from local.services.warm import forget_service


@dataclass(frozen=True)
class Invocation:
    """One run of a step.

    Attributes:
        arguments: those of ``python`` (a script, or ``-m`` and a module), or None for a shell command.
        command: the shell command, used when ``arguments`` is None.
        folder: the working directory: the step's code.
        environment: additional environment variables.
    """

    arguments: list[str] | None
    command: str
    folder: Path
    environment: dict[str, str]


def run_step(invocation: Invocation) -> None:
    """Run the step; it has succeeded if this returns, or if the step itself exits with 0."""
    os.chdir(invocation.folder)
    os.environ.update(invocation.environment)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    if invocation.arguments is None:
        sys.exit(subprocess.run(["bash", "-c", invocation.command], check=False).returncode)
    forget_service()
    sys.path.insert(0, str(invocation.folder))
    _run_python(invocation.arguments)


def _run_python(arguments: list[str]) -> None:
    status = "FAILED"
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")
        status = "FINISHED"
    except SystemExit as end:
        status = "FINISHED" if end.code in {None, 0} else "FAILED"
        raise
    except BaseException:  # noqa: BLE001 - as an interpreter does: show it, then end with 1
        traceback.print_exc()
        sys.exit(1)
    finally:
        _end_run(status)


def _end_run(status: str) -> None:
    """End an MLflow run that the step left open. MLflow's own exit handler was left behind in the forkserver."""
    mlflow = sys.modules.get("mlflow")
    if mlflow is not None and mlflow.active_run() is not None:
        mlflow.end_run(status)
