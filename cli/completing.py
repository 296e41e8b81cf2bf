"""Names for the shell's completion, from the app that runs: quickly, or none; never an error, never a word."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import typer

#: Nobody waits longer at a prompt.
_SECONDS: Final = 1.5
_LARGEST: Final = 32 << 20  # bytes of an answer

type Found = dict[str, Any]
type Find = Callable[[Found], Iterator[str]]
#: What to look for, by what stands on the line already.
type FindFor = Callable[[typer.Context, str], Find]


def _completes(path: str, find: Find) -> Callable[[typer.Context, str], list[str]]:
    """Completes by what an app tells at a path."""
    return _completes_for(path, lambda _ctx, _incomplete: find)


def _completes_for(path: str, find_for: FindFor) -> Callable[[typer.Context, str], list[str]]:
    """Likewise, where that depends on the rest of the line."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        find = find_for(ctx, incomplete)
        url = ctx.params.get("url") or os.environ.get("SIGNALBOX_APP", "")
        key = ctx.params.get("key") or os.environ.get("SIGNALBOX_KEY", "")
        told: list[Found] = []
        # A thread, since neither a slow name server nor an app that sends byte by byte keeps to a socket's time-out.
        asking = threading.Thread(target=_ask, args=(url, key, path, told), daemon=True)
        asking.start()
        asking.join(_SECONDS)
        names = dict.fromkeys(name for one in told for name in _found(find, one))
        return [name for name in names if name.startswith(incomplete)]

    return complete


def _found(find: Find, told: Found) -> list[str]:
    try:
        return list(find(told))
    except (LookupError, TypeError, AttributeError):
        return []


def _ask(url: str, key: str, path: str, told: list[Found]) -> None:
    """Add what an app tells, without the weight of the commands' own client."""
    import http.client  # noqa: PLC0415 - only a completion needs it
    import json  # noqa: PLC0415 - as above
    from urllib.parse import urlsplit  # noqa: PLC0415 - as above

    from cli.credentials import headers_for  # noqa: PLC0415 - as above
    from cli.failures import CommandError  # noqa: PLC0415 - as above
    from cli.finding import find_app  # noqa: PLC0415 - as above

    try:
        app = find_app(url)
        parts = urlsplit(app.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        with closing(kind(parts.netloc, timeout=_SECONDS)) as connection:
            connection.request("GET", parts.path + path, headers=headers_for(app, key))
            told.append(json.loads(connection.getresponse().read(_LARGEST)))
    except (CommandError, OSError, http.client.HTTPException, ValueError):
        return


def _each(key: str, name: str) -> Find:
    return lambda told: (str(row[name]) for row in told[key])


def _versions(told: Found) -> Iterator[str]:
    """Versions that somebody may mean: what was made last, and what is in production."""
    for row in told["models"]:
        yield from (f"{row['model']}@{row[name]}" for name in ("version", "champion") if row.get(name))


def _selections(ctx: typer.Context, incomplete: str) -> Find:
    """Labels with a value that models of the fleet have, which also have what is selected already.

    After a comma one more value of the same label; none that was given.
    """
    given, comma, _ = incomplete.rpartition(",")
    chosen: dict[str, set[str]] = {}
    for text in (*(ctx.params.get("select") or ()), given):
        label, _, values = text.partition("=")
        chosen.setdefault(label, set()).update(values.split(","))
    fleet, own = ctx.params.get("fleet"), incomplete.partition("=")[0] if comma else ""

    def find(told: Found) -> Iterator[str]:
        for row in told["models"]:
            for label, value in row["labels"].items():
                others = {name: values for name, values in chosen.items() if name not in ("", label)}
                fits = fleet in (None, row["fleet"]) and _has(row["labels"], others)
                if fits and own in ("", label) and value not in chosen.get(label, ()):
                    yield f"{given},{value}" if comma else f"{label}={value}"

    return find


def _has(labels: Found, chosen: dict[str, set[str]]) -> bool:
    return all(labels.get(label) in values for label, values in chosen.items())


def _models_and_versions(told: Found) -> Iterator[str]:
    yield from (str(row["model"]) for row in told["models"])
    yield from _versions(told)


def _dataset_versions(told: Found) -> Iterator[str]:
    return (str(version["version"]) for one in told["datasets"] for version in one["versions"])


models = _completes("/api/models?brief=true", _each("models", "model"))
fleets = _completes("/api/models?brief=true", _each("models", "fleet"))
selections = _completes_for("/api/models?brief=true", _selections)
states = _completes("/api/models?brief=true", _each("models", "state"))
versions = _completes("/api/models?brief=true", _versions)
models_or_versions = _completes("/api/models?brief=true", _models_and_versions)
runs = _completes("/api/runs?limit=50", _each("runs", "run"))
datasets = _completes("/api/datasets?limit=1", _each("datasets", "dataset"))
dataset_versions = _completes("/api/datasets?limit=50", _dataset_versions)
