"""``python -m cli.reference``: writes the list of all commands into ``docs/cli.md``, from the commands themselves."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperCommand

from cli.examples import EXAMPLES
from cli.root import PANELS, command_group, commands_of

DOCUMENT: Final = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
#: What stands above it is written by hand.
MARK: Final = "<!-- From here on made by `python -m cli.reference`. -->\n"
#: Options that are told once, above.
_COMMON: Final = {"--app", "--key", "--entra", "--json", "--help"}


def reference(app: typer.Typer) -> str:
    """All commands that are not hidden, by what they are for, as Markdown."""
    root = command_group(app)
    by_panel: dict[str, list[tuple[str, TyperCommand]]] = {panel: [] for panel in PANELS}
    for path, command in commands_of(root):
        by_panel[getattr(root.commands[path.split()[0]], "rich_help_panel", None) or PANELS[-1]].append((path, command))
    return "\n".join(line for panel, commands in by_panel.items() for line in _panel(panel, commands))


def document(app: typer.Typer) -> str:
    """The whole page, with a new list."""
    by_hand, _, _ = DOCUMENT.read_text(encoding="utf-8").partition(MARK)
    return f"{by_hand}{MARK}\n{reference(app)}"


def _panel(panel: str, commands: list[tuple[str, TyperCommand]]) -> Iterator[str]:
    yield f"## {panel}\n"
    for path, command in commands:
        yield f"### `{' '.join(('signalbox', path, *_arguments(command)))}`\n"
        yield f"{' '.join((command.help or '').split())}\n"
        options = [param for param in command.params if param.param_type_name == "option" and not _is_common(param)]
        if options:
            yield "| option | |\n|---|---|"
            yield from (_option(option) for option in options)
            yield ""
        if path in EXAMPLES:
            yield f"For example: `{EXAMPLES[path]}`\n"


def _arguments(command: TyperCommand) -> Iterator[str]:
    return (str(param.metavar) for param in command.params if param.param_type_name == "argument")


def _is_common(option: Any) -> bool:
    return option.opts[0] in _COMMON


def _option(option: Any) -> str:
    metavar = "" if option.is_flag else f" {option.metavar or _kind(option)}"
    needed = " Needed." if option.required else ""
    names = ", ".join(f"`{name}{metavar}`" for name in option.opts).replace("|", "\\|")  # else it would end the cell
    return f"| {names} | {option.help}{needed} |"


def _kind(option: Any) -> str:
    kind: str = option.bare_type().upper()
    return {"STR": "TEXT", "INT": "NUMBER", "FLOAT": "NUMBER", "PATH": "PATH"}.get(kind, "TEXT")


def main() -> None:
    """Write the page anew."""
    from cli.main import app  # noqa: PLC0415 - its commands need not be there to say what a reference is

    DOCUMENT.write_text(document(app), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.name} is written\n")


if __name__ == "__main__":
    main()
