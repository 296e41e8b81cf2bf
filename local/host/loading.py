"""Loads a function app through Microsoft's worker library, once per process since that library's state is global."""

import inspect
import os
import sys
import traceback
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, SimpleNamespace, TracebackType
from typing import Any

from local.host.errors import AppLoadError
from local.host.functions import Function, read_function, select_functions
from local.host.retries import retry_of
from local.host.wire import MESSAGES, RpcException, StatusResult


@dataclass(frozen=True)
class LoadedApp:
    """What the library made of an app.

    Attributes:
        functions: all of them.
        http_address: where the library itself takes HTTP requests, when the app streams them (a web extension such as
            ``azurefunctions-extensions-http-fastapi``); None when it does not.
    """

    functions: tuple[Function, ...]
    http_address: str | None = None


async def load_app(directory: Path, only: Collection[str] = ()) -> LoadedApp:
    """Import the app in ``directory`` and index its functions; the process then works in that directory, as on Azure.

    Args:
        directory: absolute.
        only: names of the only functions to give; empty means all.

    Raises:
        AppLoadError: the app cannot be imported or indexed, and then the message names the exception, file and line; or
            it has no function of a name in ``only``.
        HostError: a binding refers to a setting that does not exist.
    """
    from azure_functions_runtime import handle_event  # noqa: PLC0415 - it reads settings, which must be loaded first
    from azure_functions_runtime.utils.threadpool import start_threadpool_executor  # noqa: PLC0415 - as above

    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (directory / script).is_file():
        raise AppLoadError(f"{directory / script} not found: --app must name the directory of a Python v2 function app")
    sys.path.insert(0, str(directory))
    os.chdir(directory)
    start_threadpool_executor()
    try:
        answer = await handle_event.worker_init_request(_init_request(directory))
    except SystemExit as error:
        raise AppLoadError(f"the app in {directory} called sys.exit({error.code!r}) while it was imported") from error
    if answer.result.status != StatusResult.Success:
        raise AppLoadError(_describe(answer.result.exception, directory))
    metadata = await handle_event.functions_metadata_request(None)
    found = select_functions(metadata.function_metadata_results or (), only)
    functions = (
        read_function(f.name, f.function_id, f.raw_bindings, os.environ, retry_of(f.retry_options)) for f in found
    )
    return LoadedApp(tuple(functions), answer.capabilities.get("HttpUri"))


def _init_request(directory: Path) -> SimpleNamespace:
    request = SimpleNamespace(capabilities={}, function_app_directory=str(directory))
    properties = {"host": "127.0.0.1", "protos": MESSAGES}
    return SimpleNamespace(request=SimpleNamespace(worker_init_request=request), properties=properties)


def _describe(failure: RpcException, directory: Path) -> str:
    error = failure.error
    # The library rewords an import error with its own advice and the whole search path: the first one says it better.
    if isinstance(error, ImportError) and isinstance(error.__context__, ImportError):
        error = error.__context__
    if error is None:
        return f"the app in {directory} does not load: {failure.message}"
    text = "".join(traceback.format_exception_only(error)).strip()
    place = _place(error, directory)
    return "\n  ".join(part for part in (f"the app in {directory} does not load", place, text) if part)


def _place(error: BaseException, directory: Path) -> str:
    """File and line of the app's own code that failed: the deepest frame inside ``directory``."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(directory)]
    if frames:
        return f"{frames[-1].filename}:{frames[-1].lineno}, in {frames[-1].name}"
    code = _function_being_indexed(error.__traceback__)
    return f"{code.co_filename}:{code.co_firstlineno}, function {code.co_name}" if code else ""


def _function_being_indexed(trace: TracebackType | None) -> CodeType | None:
    """The function whose signature the library was checking: no frame is the app's then, but a local variable is."""
    while trace is not None:
        candidate: Any = trace.tb_frame.f_locals.get("func")
        if callable(candidate) and isinstance(code := getattr(inspect.unwrap(candidate), "__code__", None), CodeType):
            return code
        trace = trace.tb_next
    return None
