"""The page of all settings, and the example for a laptop: `python -m shared.settings_reference` writes both."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from pydantic_core import PydanticUndefined

from shared.settings import APP_ROOT, CHANNEL, Settings, about, variable
from shared.settings_of_others import OPTIONAL, OTHERS, Other, on_laptop

#: The committed page, and the committed example; neither travels to Azure.
PAGE: Final = APP_ROOT / "docs" / "settings.md"
EXAMPLE: Final = APP_ROOT / "local.settings.example.json"

_HEAD: Final = """\
# Settings

Made of the code that reads them; do not edit it (`python -m shared.settings_reference` writes it, and
`local.settings.example.json`). Settings are environment variables: app settings on Azure, `Values` of
`local.settings.json` for Core Tools and the local host. What a fleet does is not among them: that is in
[the fleet file](fleet.md).

The app looks at all of them when the host loads it. Where one is missing, unknown or wrong by itself, where two
contradict each other, where a file is not there that one names, and where a Key Vault reference was not resolved, no
function is loaded, and the host's log names every one of them with what is expected. A setting of the app that is empty
counts as not set.

**On a laptop** `make up` sets everything. To run the app with Azure Functions Core Tools instead, copy
`local.settings.example.json` to `local.settings.json` and start what it names: Azurite, MLflow and the local services
on their usual ports (`python -m local.stack up --no-host`), and the Durable Task Scheduler emulator on port 8080 with
the task hub of `host.json` (`DTS_TASK_HUB_NAMES=signalbox`); then `func start`. The local host reads the same file, and
needs no emulator: `signalbox host start`. It has been run on the local host; on Core Tools with the emulator not yet.
"""
_OWN: Final = """\
## The app's own

| setting | meaning | default | on Azure | on a laptop |
|---|---|---|---|---|
"""
_OTHERS: Final = """\
## Read by others for the app

| setting | read by | meaning | on Azure | on a laptop |
|---|---|---|---|---|
"""
_OPTIONAL: Final = """\
## Read by others where something asks for it

| setting | read by | meaning | on Azure | on a laptop |
|---|---|---|---|---|
"""
_TAIL: Final = """\
## Of the command line and the local stack

They are not the app's, and the app leaves them alone.

| setting | meaning |
|---|---|
| `SIGNALBOX_APP` | The app that commands talk to, as `--app`. |
| `SIGNALBOX_KEY` | A function key, as `--key`. |
| `SIGNALBOX_TOKEN` | A token of Entra ID that you have already. |
| `SIGNALBOX_ENTRA` | The resource to get one for, as `--entra`. |
| `SIGNALBOX_FLEET`, `SIGNALBOX_ENVIRONMENT` | The app's own; `signalbox fleet` takes them where none is named. |
| `AZURE_TOKEN_CREDENTIALS` | Narrows how azure-identity finds who you are. |
| `AZUREML` | `double`: the local stack works with a double of Azure ML. |
| `STACK_PORT_HOST`, `STACK_PORT_MLFLOW`, … | Another port of a service of the local stack. |
| `KEEP` | Not empty: `make demo` leaves the stack up. |
"""
_DASH: Final = "–"


def page_text() -> str:
    """The page."""
    own = _OWN + "".join(_rows(_own_rows()))
    others = _OTHERS + "".join(_rows(map(_other_row, OTHERS)))
    optional = _OPTIONAL + "".join(_rows(map(_other_row, OPTIONAL)))
    return "\n".join((_HEAD, own, others, optional, _TAIL))


def example_text() -> str:
    """`local.settings.example.json`, in the form of Azure Functions Core Tools."""
    return json.dumps({"IsEncrypted": False, "Values": on_laptop()}, indent=2) + "\n"


def _own_rows() -> Iterator[tuple[str, ...]]:
    for field in Settings.model_fields:
        told = about(field)
        name = f"{CHANNEL}KIND_NAME" if field == "channels" else variable(field)
        yield f"`{name}`", told.meaning, _default(field), told.azure or _left(told.leave), _laptop(told)


def _other_row(one: Other) -> tuple[str, ...]:
    return f"`{one.name}`", one.reader, one.meaning, one.azure or _left(one.leave), _laptop(one)


def _laptop(told: Any) -> str:
    return f"`{told.laptop}`" if told.laptop is not None else _left(told.leave)


def _left(leave: str) -> str:
    return f"{_DASH} ({leave})" if leave else _DASH


def _default(field: str) -> str:
    default = Settings.model_fields[field].default
    if default is PydanticUndefined:
        return "**needed**"
    return "nothing" if default in (None, "", {}) else f"`{default}`"


def _rows(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    return ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)


def write(page: Path = PAGE, example: Path = EXAMPLE) -> None:
    """Write both anew."""
    page.write_text(page_text(), encoding="utf-8")
    example.write_text(example_text(), encoding="utf-8")


if __name__ == "__main__":
    write()
