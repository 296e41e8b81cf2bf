"""Asking somebody before something is done that cannot be taken back."""

import sys

import typer

from cli.failures import CommandError


def confirm(question: str) -> None:
    """Go on only if somebody is here and says yes.

    Raises:
        typer.BadParameter: Nobody is here.
        CommandError: They said no.
    """
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is here to confirm it: add --yes")
    if not typer.confirm(question, err=True):
        raise CommandError("declined", "nothing was done")
