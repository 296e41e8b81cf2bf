"""The group of all commands: what its words mean, what was probably meant by others, and how every command ends."""

import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Any, Final, override

import typer
from typer.core import TyperCommand, TyperGroup

from cli.bash_words import completing
from cli.examples import EXAMPLES, SHORT, WORDS
from cli.failures import FAILED, INTERRUPTED, MISUSED, CommandError, interrupted, printed, tell
from cli.resource import RESOURCE

_NAME: Final = "signalbox"
#: What commands are for, in the order in which the help tells it.
PANELS: Final = ("Look", "Order", "Data", "Build", "Local")
_JSON: Final = "--json"
#: By it a shell asks for what a line may go on with.
_COMPLETE: Final = "_SIGNALBOX_COMPLETE"
#: Typer's error of a group that no command follows; its message is the group's help.
_ONLY_A_GROUP: Final = "NoArgsIsHelpError"


class Group(TyperGroup):
    """Commands under one word; another word is answered by the one that was probably meant."""

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        word = args[0] if args else ""
        if not ctx.resilient_parsing and not word.startswith("-") and self.get_command(ctx, word) is None:
            ctx.fail(f"{ctx.command_path} has no command `{word}`{_meant(self, ctx, word)}")
        return super().resolve_command(ctx, args)

    @override
    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        TyperCommand.format_options(self, ctx, formatter)  # type: ignore[arg-type]  # a group's own has commands last

    @override
    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The commands by what they are for. Without rich, which would take half of the time that help may take."""
        by_panel: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                panel = getattr(command, "rich_help_panel", None) or "Commands"
                told = command.short_help or (command.help or "").partition("\n\n")[0]
                by_panel.setdefault(panel, []).append((name, " ".join(told.split())))
        for panel, rows in by_panel.items():
            with formatter.section(panel):
                formatter.write_dl(rows)


class Root(Group):
    """The whole command line."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = dict(sorted(self.commands.items(), key=lambda one: _panel(one[1])))
        for name, text in SHORT.items():
            if name in self.commands:
                self.commands[name].short_help = text
        option = _entra_option()
        for path, command in commands_of(self, hidden=True):
            command.epilog = f"For example: {EXAMPLES[path]}" if path in EXAMPLES else None
            if any(param.name == "url" for param in command.params):
                command.params.append(option)

    @override
    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command; end the process with its exit code, whatever happens, and say why in words or as JSON."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            _require_text(given)
            try:
                run = partial(
                    super().main, given, prog_name or _NAME, complete_var, standalone_mode=False,
                    windows_expand_args=windows_expand_args, **extra,
                )  # fmt: skip
                code = completing(run) if os.environ.get(_COMPLETE) == "complete_bash" else run()
                if code == INTERRUPTED:
                    raise interrupted("stopped")
            except SystemExit as ended:
                code = ended.code
            sys.stdout.flush()  # a full disk is told while there is somebody to tell it
        except CommandError as error:
            code = tell(error, as_json=_wants_json(given))
        except BrokenPipeError:  # whoever read it has seen enough
            printed("")
            code = FAILED
        except OSError as error:
            detail = f"{error.filename or 'what was to be printed'}: {error.strerror or error}"
            code = tell(CommandError("not-possible", detail), as_json=_wants_json(given))
        except typer.Abort as error:
            code = tell(_left_at_a_question(error), as_json=_wants_json(given))
        except typer.TyperException as error:
            code = _tell_misuse(error, self, given, as_json=_wants_json(given))
        sys.exit(code if isinstance(code, int) else 0)


def command_group(app: typer.Typer) -> TyperGroup:
    """An app of several commands, as Typer runs it."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return group


def commands_of(group: TyperGroup, *, hidden: bool = False) -> Iterator[tuple[str, TyperCommand]]:
    """Every command with the words that lead to it: `run list`."""
    for name, command in group.commands.items():
        if command.hidden and not hidden:
            continue
        if isinstance(command, TyperGroup):
            yield from ((f"{name} {path}", one) for path, one in commands_of(command, hidden=hidden))
        elif isinstance(command, TyperCommand):
            yield name, command


def _panel(command: Any) -> int:
    """Where a command's panel stands; groups and commands, in whatever order they were added."""
    panel = getattr(command, "rich_help_panel", None)
    return PANELS.index(panel) if panel in PANELS else len(PANELS)


def _entra_option() -> Any:
    """The option that every command has which asks an app: its value goes to where the credentials are made."""

    def remember(resource: str) -> str:
        RESOURCE.set(resource)
        return resource

    donor = typer.Typer()

    @donor.command()
    def _(
        *,
        entra: Annotated[
            str,
            typer.Option(
                "--entra",
                metavar="RESOURCE",
                envvar="SIGNALBOX_ENTRA",
                callback=remember,
                help="The app's resource in Entra ID, api://CLIENT-ID: asks with a token of whoever is logged in.",
            ),
        ] = "",
    ) -> None:
        del entra

    option = next(param for param in typer.main.get_command(donor).params if param.name == "entra")
    option.expose_value = False
    return option


def _wants_json(args: Sequence[str]) -> bool:
    """Whether the caller is a program: also of a command line that could not be understood."""
    return _JSON in args


def _require_text(args: Sequence[str]) -> None:
    """Refuse words that cannot be sent to anybody."""
    for word in args:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise CommandError("usage", f"{word!a} is no text in UTF-8", exit_code=MISUSED) from None


def _left_at_a_question(error: typer.Abort) -> CommandError:
    if isinstance(error.__context__, EOFError) or isinstance(error.__cause__, EOFError):
        return CommandError("nobody-here", "nobody is here to answer: nothing was done", "add --yes", exit_code=FAILED)
    return interrupted("left at the question: nothing was done")


def _tell_misuse(error: typer.TyperException, root: TyperGroup, given: Sequence[str], *, as_json: bool) -> int:
    """A command line that was not understood: what of it, what was meant, and how it is written."""
    ctx: Any = getattr(error, "ctx", None)
    if type(error).__name__ == _ONLY_A_GROUP:
        if not as_json:
            typer.echo(error.message)
            return MISUSED
        error.message = f"{ctx.command_path} needs a command"
    detail = _said(error)
    path = ctx.command_path.removeprefix(_NAME).strip() if ctx is not None else _path_in(root, given)
    lines = [f"for example: {EXAMPLES[path]}"] if path in EXAMPLES else []
    lines.append(f"all that there is: {f'{_NAME} {path}'.strip()} --help")
    return tell(CommandError("usage", detail, "\n".join(lines), exit_code=MISUSED), as_json=as_json)


def _path_in(root: TyperGroup, given: Sequence[str]) -> str:
    """The words of a command line that lead to a command; its parser does not tell of which it was."""
    path: list[str] = []
    group: Any = root
    for word in given:
        if not isinstance(group, TyperGroup) or word not in group.commands:
            break
        path.append(word)
        group = group.commands[word]
    return " ".join(path)


def _said(error: typer.TyperException) -> str:
    option = getattr(error, "option_name", None)
    ctx = getattr(error, "ctx", None)
    if option is None or ctx is None or "No such option" not in error.message:
        return error.format_message().removeprefix("Invalid value: ")
    known = [name for param in ctx.command.params for name in param.opts if name.startswith("--")]
    found = _nearest(option, known)
    return f"{ctx.command_path} has no option {option}" + (f": did you mean {found}?" if found else "")


def _meant(group: TyperGroup, ctx: Any, word: str) -> str:
    """Another word for a command, a command of a group below, or one that is spelt like it."""
    root = ctx.find_root().command
    if group is root and (told := WORDS.get(word.lower())):
        return f": did you mean `{_NAME} {told}`?"
    visible = [name for name, command in group.commands.items() if not command.hidden]
    if found := _nearest(word, visible):
        return f": did you mean `{ctx.command_path} {found}`?"
    paths = [path for path, _ in commands_of(root)]
    if below := next((path for path in paths if path.split()[-1] == word.lower()), None):
        return f": did you mean `{_NAME} {below}`?"
    return "" if group is root else f"; there are {', '.join(visible)}"


def _nearest(word: str, known: Sequence[str]) -> str | None:
    from shared.near_names import meant  # noqa: PLC0415 - --help must be quick, and asks for no name

    return meant(word, known)
